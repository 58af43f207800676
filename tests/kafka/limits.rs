//! What operators are told of limits: what is odd about them, and how much of them is used.

use std::net::TcpListener;

use serde_json::Value;

use crate::broker::broker;
use crate::command::Installation;
use crate::reader::eventually;

/// Topics, and one instrument.
fn setup(name: &str) -> Installation {
    let here = Installation::new(broker(), name);
    here.done(&["init", "--partitions", "2"]);
    let steps = ["--currency", "USD", "--tick", "0.01", "--lot", "1", "--max-qty", "500"];
    here.done(&[&["control", "instrument", "BTC-USD.SIM"][..], &steps].concat());
    here
}

fn limit(here: &Installation, limit_id: &str, fields: &[&str]) {
    here.done(&[&["control", "limit", "--limit-id", limit_id, "--reason", "test"][..], fields].concat());
}

/// Limits with all that A1 needs to trade.
fn desk(here: &Installation) {
    let most = ["--max-order-qty", "10", "--max-long-qty", "20", "--max-short-qty", "20"];
    limit(here, "DESK", &[&["--account", "A1"][..], &most].concat());
}

/// The lints of a check: name, subject, what was found.
fn lints(here: &Installation) -> Vec<[String; 3]> {
    let called = here.done(&["check", "--output", "json"]);
    let findings = called.json()[0]["findings"].as_array().expect("findings").clone();
    let text = |finding: &Value, field: &str| finding[field].as_str().expect("a text").to_owned();
    let known = ["limit-", "price-", "trading-", "account-", "order-", "record-"];
    let is_lint = |finding: &&Value| known.iter().any(|start| text(finding, "setting").starts_with(start));
    let told = |finding: &Value| {
        assert_ne!(finding["severity"], "fault", "{finding}");
        ["setting", "subject", "is"].map(|field| text(finding, field))
    };
    findings.iter().filter(is_lint).map(told).collect()
}

#[test]
fn check_names_what_is_odd_about_limits_and_forgives_it() {
    let here = setup("limits-check");
    desk(&here);
    assert_eq!(lints(&here), [[""; 3]; 0]);

    limit(
        &here,
        "S1",
        &["--account", "A1", "--strategy", "S1", "--max-order-qty", "600", "--instrument", "BTC-USD.SIM"],
    );
    limit(&here, "S2", &["--account", "A2", "--strategy", "S1", "--price-collar-bps", "500"]);
    here.done(&["control", "halt", "--account", "A1", "--reason", "test", "--command-id", "stop-1"]);
    let odd = lints(&here);
    let due = [
        ["trading-restricted", "ACCOUNT A1", "HALTED, held by stop-1"],
        ["account-unnamed", "account A2", "named by limits of its strategies alone: S1"],
        ["price-missing", "instrument BTC-USD.SIM", "no price on prices"],
        ["limit-never-binds", "limit S1", "max_order_qty 600"],
        ["order-above-instrument", "limit S1", "max_order_qty 600"],
        ["order-above-position", "limit S1", "max_order_qty 600"],
    ];
    assert_eq!(odd, due);
    let shown = here.done(&["check"]).out;
    assert!(shown.contains("stricter than in limit DESK of ACCOUNT A1 for *"), "{shown}");

    // An old price is no better than none; a fresh one is.
    here.done(&["prices", "set", "BTC-USD.SIM", "100", "--as-of", "1700000000000000000"]);
    assert_eq!(lints(&here)[2][0], "price-unusable");
    here.done(&["control", "resume", "--account", "A1", "--resumes", "stop-1", "--reason", "test"]);
    assert_eq!(lints(&here)[0][0], "account-unnamed");
}

#[test]
fn status_shows_how_much_of_the_limits_is_used_and_who_is_halted() {
    let here = setup("limits-status");
    desk(&here);
    limit(&here, "ALL", &["--global", "--max-open-orders", "50"]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let asked = ["status", "--http", &address];
    assert_eq!(here.call(&asked).status, 1, "nobody serves there yet");
    let _router = here.router_at(&address);
    let ask = || here.call(&[&asked[..], &["--output", "json"]].concat()).json().remove(0)["lanes"].clone();
    // An intent that waits for the first start is too old when it is decided.
    eventually("both lanes run", || {
        let lanes = ask();
        (0..2).all(|lane| lanes[lane]["stage"] == "RUNNING").then_some(())
    });
    let order =
        ["submit", "--account", "A1", "--strategy", "S1", "--instrument", "BTC-USD.SIM", "--side", "BUY"];
    let terms = ["--order-type", "LIMIT", "--price", "100", "--qty", "10", "--intent-id", "k1", "--wait"];
    here.done(&[&order[..], &terms].concat());
    here.done(&[
        "control",
        "halt",
        "--instrument",
        "BTC-USD.SIM",
        "--reason",
        "t",
        "--command-id",
        "h1",
        "--wait",
    ]);

    let json = eventually("the use is measured", || {
        let lanes = ask().as_array()?.clone();
        let is_known = |lane: &Value| lane["risk"]["states"][0]["holder"] == "h1";
        let used = |lane: &Value| lane["risk"]["limits"][0]["used"] == "10";
        (lanes.iter().all(is_known) && lanes.iter().any(used)).then_some(lanes)
    });
    let lane = json.iter().find(|lane| lane["risk"]["limits"][0]["used"] == "10").expect("the lane of A1");
    let [first, last] = [0, 2].map(|row| lane["risk"]["limits"][row].clone());
    let told =
        ["limit_id", "scope", "owner", "instrument_id", "field", "limit"].map(|field| first[field].clone());
    assert_eq!(told, ["DESK", "ACCOUNT", "A1", "BTC-USD.SIM", "max_long_qty", "20"]);
    assert_eq!((&first["ratio"], &last["ratio"]), (&0.5.into(), &0.0.into()));
    assert_eq!(lane["risk"]["limits"][1]["field"], "max_open_orders");
    assert_eq!(lane["risk"]["owed_cancels"], 0);
    let other = json.iter().find(|lane| lane["risk"]["limits"][0]["used"] != "10").expect("another lane");
    assert_eq!(other["risk"]["limits"].as_array().map(Vec::len), Some(0), "A1 trades elsewhere");

    let shown = here.done(&asked).out;
    assert!(shown.contains("50.0 %") && shown.contains("DESK"), "{shown}");
    let halted = shown.lines().find(|line| line.starts_with("INSTRUMENT")).expect("a state");
    assert!(halted.contains("HALTED") && halted.ends_with("0, 1"), "{halted}");
}
