//! What operators write lies on `control` and `prices` as the schemas have it, read back by somebody else.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use crate::broker::broker;
use crate::command::{Called, Installation};
use crate::reader::{Isolation, Record, read_all, topic};
use crate::records::{CONTROL, PRICE, account_in, order_id, place};

const INSTRUMENT: [&str; 9] =
    ["control", "instrument", "BTC-USD.SIM", "--currency", "USD", "--tick", "0.01", "--lot", "0.001"];
const STATED: [&str; 4] = ["--reason", "test", "--by", "ops"];

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_nanos()).expect("before 2262")
}

fn read(here: &Installation, role: &str) -> Vec<Record> {
    read_all(broker(), &format!("{}{role}", here.prefix), Isolation::Committed)
}

fn key(record: &Record) -> &str {
    std::str::from_utf8(record.key.as_deref().expect("a key")).expect("UTF-8")
}

/// The record of `control`, without what is null.
fn control(record: &Record) -> Json {
    let decoded = CONTROL.decode(record.value.as_deref().expect("a value"))["record"].take();
    let Json::Object(fields) = decoded else { panic!("{decoded} is no record") };
    Json::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

/// A command, and what its record must say besides who, why and when.
struct Case {
    flags: &'static [&'static str],
    fields: Json,
}

fn cases() -> Vec<Case> {
    let case = |flags, fields| Case { flags, fields };
    vec![
        case(&["halt", "--global"], json!({"command": "HALT", "scope_type": "GLOBAL", "scope_id": ""})),
        case(
            &["halt", "--account", "A1", "--cancel-open-orders"],
            json!({"command": "HALT", "scope_type": "ACCOUNT", "scope_id": "A1", "cancel_open_orders": true}),
        ),
        case(
            &["reduce", "--account", "A1", "--strategy", "S1", "--resumes", "anomaly-0-12"],
            json!({"command": "REDUCE", "scope_type": "STRATEGY", "scope_id": "A1/S1", "resumes": "anomaly-0-12"}),
        ),
        case(
            &["resume", "--instrument", "BTC-USD.SIM", "--resumes", "halt-1"],
            json!({"command": "RESUME", "scope_type": "INSTRUMENT", "scope_id": "BTC-USD.SIM", "resumes": "halt-1"}),
        ),
        case(
            &["cancel-all", "--lane", "1"],
            json!({"command": "CANCEL_ALL", "scope_type": "LANE", "scope_id": "1"}),
        ),
        case(
            &["release", "--account", "A1", "--client-order-id", "o-1"],
            json!({"command": "FORCE_RELEASE", "scope_type": "ACCOUNT", "scope_id": "A1", "account_id": "A1",
                "order_id": order_id("A1", "o-1")}),
        ),
        case(
            &[
                "adjust",
                "--account",
                "A1",
                "--strategy",
                "S1",
                "--instrument",
                "BTC-USD.SIM",
                "--qty",
                "-1.5",
            ],
            json!({"command": "POSITION_ADJUST", "scope_type": "ACCOUNT", "scope_id": "A1", "account_id": "A1",
                "strategy_id": "S1", "instrument_id": "BTC-USD.SIM", "qty": "-1.5"}),
        ),
    ]
}

#[test]
fn each_command_lies_on_control_as_it_was_given_under_its_own_id() {
    let here = Installation::new(broker(), "operators-commands");
    here.done(&["init", "--partitions", "2"]);
    here.done(&INSTRUMENT);
    for (index, Case { flags, fields }) in cases().into_iter().enumerate() {
        let begun = now();
        let called = here.done(&[&["control"], flags, &STATED, &["--output", "json"]].concat());
        let answer = &called.json()[0];
        let id = answer["id"].as_str().expect("an id");
        assert_eq!(answer["offset"], index + 1, "the instrument is before them");
        assert!(
            called.err.contains(&format!("--command-id {id}")),
            "it is told how to repeat it: {}",
            called.err
        );

        let lies = read(&here, "control").pop().expect("the record");
        let mut found = control(&lies);
        let issued_at = found["issued_at"].take().as_i64().expect("a time");
        assert!((begun..=now()).contains(&issued_at), "{issued_at}");
        let mut expected = json!({"command_id": id, "cancel_open_orders": false, "issued_by": "ops",
            "reason": "test", "issued_at": null});
        expected.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        assert_eq!(found, expected, "{flags:?}");
        assert_eq!(key(&lies), id);
    }
}

#[test]
fn a_command_that_is_repeated_keeps_its_id() {
    let here = Installation::new(broker(), "operators-repeated");
    here.done(&["init", "--partitions", "2"]);
    let halt = ["control", "halt", "--global", "--reason", "test", "--command-id", "halt-1"];
    for _ in 0..2 {
        let called = here.done(&halt);
        assert!(called.err.is_empty(), "nothing was made, so nothing is told: {}", called.err);
        assert!(called.out.starts_with("HALT halt-1 is record "), "{}", called.out);
    }
    let lie = read(&here, "control");
    assert_eq!(lie.iter().map(key).collect::<Vec<_>>(), ["halt-1", "halt-1"]);
}

#[test]
fn what_only_the_cluster_shows_to_be_invalid_is_not_sent_either() {
    let here = Installation::new(broker(), "operators-refused");
    here.done(&["init", "--partitions", "2"]);
    here.done(&INSTRUMENT);
    let refused = |flags: &[&str], said: &str| {
        let called = here.call(&[&["control"], flags, &STATED].concat());
        assert_eq!(called.status, 2, "{flags:?}: {}", called.err);
        assert!(called.err.contains(said) && called.err.contains("nothing was sent"), "{}", called.err);
    };
    refused(&["halt", "--lane", "2"], "there is no lane 2, there are 2");
    let adjust = ["adjust", "--account", "A1", "--instrument", "BTC-USD.SIM", "--qty", "0.0005"];
    refused(&adjust, "qty: 0.0005 is no whole number of lots, 0.001 of BTC-USD.SIM");
    assert_eq!(read(&here, "control").len(), 1, "the instrument");
}

/// What each lane answered to each record.
fn results(called: &Called) -> Vec<Vec<Json>> {
    let lanes = |answer: &Json| {
        let lanes = answer["lanes"].as_array().expect("lanes").iter();
        lanes.map(|lane| lane["result"].clone()).collect()
    };
    called.json().iter().map(lanes).collect()
}

#[test]
fn waiting_tells_what_every_lane_made_of_a_command() {
    let here = Installation::new(broker(), "operators-waiting");
    here.done(&["init", "--partitions", "2"]);
    let _router = here.router();
    here.done(&[&INSTRUMENT[..], &["--wait"]].concat());
    let account = account_in(0, 2);
    let ends = |flags: &[&str], status: i32, expected: [&str; 2]| {
        let called = here.call(&[&["control"], flags, &STATED, &["--wait", "--output", "json"]].concat());
        assert_eq!(
            (called.status, results(&called)),
            (status, vec![expected.map(Json::from).to_vec()]),
            "{flags:?}"
        );
    };
    let halt = ["halt", "--account", &account, "--command-id", "halt-1"];
    ends(&halt, 0, ["APPLIED", "APPLIED"]);
    // What it was answered before may have been something else: only the trail says.
    ends(&halt, 1, ["DUPLICATE_COMMAND", "DUPLICATE_COMMAND"]);
    let resume = |holder| ["resume", "--account", &account, "--resumes", holder];
    ends(&resume("halt-2"), 1, ["STALE_RESUME", "STALE_RESUME"]);
    ends(&resume("halt-1"), 0, ["APPLIED", "APPLIED"]);
    ends(&["halt", "--lane", "1"], 0, ["OTHER_LANE", "APPLIED"]);
    ends(&["release", "--account", &account, "--client-order-id", "o-1"], 1, ["NOT_FOUND", "OTHER_LANE"]);
    let adjust = ["adjust", "--account", &account, "--instrument", "BTC-USD.SIM", "--qty", "-1.5"];
    ends(&adjust, 0, ["APPLIED", "OTHER_LANE"]);

    let shown = here.done(&["audit", "show", "--kind", "CONTROL", "--partition", "0"]).out;
    assert!(shown.contains(&format!("HALT ACCOUNT {account} by ops, id halt-1: test")), "{shown}");
}

#[test]
fn limits_of_flags_and_of_a_file_are_applied_by_every_lane() {
    let here = Installation::new(broker(), "operators-limits");
    here.done(&["init", "--partitions", "2"]);
    let _router = here.router();
    let wait = ["--wait", "--output", "json"];
    let limit = [
        "control",
        "limit",
        "--limit-id",
        "A1",
        "--account",
        "A1",
        "--max-order-qty",
        "10",
        "--max-orders",
        "100",
        "--orders-window-ms",
        "1000",
        "--market-orders",
        "reject",
    ];
    let first = here.done(&[&limit[..], &STATED, &wait].concat());
    assert_eq!(results(&first), [["APPLIED", "APPLIED"]]);

    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("limits.jsonl");
    let rows = [
        json!({"limit_id": "A1", "scope_type": "ACCOUNT", "scope_id": "A1", "max_long_qty": "5", "reason": "own"}),
        json!({"limit_id": "all", "scope_type": "GLOBAL", "instrument_id": "BTC-USD.SIM", "price_collar_bps": 50}),
    ];
    std::fs::write(&file, rows.map(|row| format!("{row}\n")).concat()).expect("a file");
    let path = file.to_str().expect("UTF-8");
    let second = here.done(&[&["control", "limit", "--file", path], &STATED[..], &wait].concat());
    assert_eq!(results(&second), [["APPLIED", "APPLIED"], ["APPLIED", "APPLIED"]]);

    let stale = here.call(&[&limit[..], &STATED, &["--version", "2"], &wait].concat());
    assert_eq!(
        (stale.status, results(&stale)),
        (1, vec![vec![json!("STALE_VERSION"), json!("STALE_VERSION")]])
    );

    let lie = read(&here, "control");
    assert_eq!(lie.iter().map(key).collect::<Vec<_>>(), ["A1", "A1", "all", "A1"]);
    let common = json!({"set_by": "ops", "reason": "test", "instrument_id": "*", "version": 1});
    for (record, fields) in lie.iter().zip([
        json!({"limit_id": "A1", "scope_type": "ACCOUNT", "scope_id": "A1", "max_order_qty": "10",
            "max_orders": 100, "orders_window_ms": 1000, "market_orders": "REJECT"}),
        json!({"limit_id": "A1", "version": 2, "scope_type": "ACCOUNT", "scope_id": "A1", "max_long_qty": "5",
            "reason": "own"}),
        json!({"limit_id": "all", "scope_type": "GLOBAL", "scope_id": "", "instrument_id": "BTC-USD.SIM",
            "price_collar_bps": 50}),
    ]) {
        let mut expected = common.clone();
        expected.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        assert_eq!(control(record), expected);
    }
}

#[test]
fn a_price_lies_on_the_partition_of_its_instrument() {
    let here = Installation::new(broker(), "operators-prices");
    topic(broker(), &format!("{}prices", here.prefix), 3, &[]);
    let begun = now();
    let called =
        here.done(&["prices", "set", "BTC-USD.SIM", "-100.50", "--publisher", "ops", "--output", "json"]);
    let flags = ["--source", "index", "--quality", "indicative", "--as-of", "5", "--publisher", "desk"];
    here.done(&[&["prices", "set", "BTC-USD.SIM", "7"], &flags[..]].concat());

    let lie = read(&here, "prices");
    let partition = place("BTC-USD.SIM", 3);
    assert_eq!(
        called.json()[0],
        json!({"instrument_id": "BTC-USD.SIM", "partition": partition, "offset": 0})
    );
    assert!(lie.iter().all(|record| key(record) == "BTC-USD.SIM" && record.partition == partition));
    let mut found: Vec<Json> =
        lie.iter().map(|record| PRICE.decode(record.value.as_deref().expect("a value"))).collect();
    let as_of = found[0]["as_of"].take().as_i64().expect("a time");
    assert!((begun..=now()).contains(&as_of), "{as_of}");
    assert_eq!(
        found,
        [
            json!({"instrument_id": "BTC-USD.SIM", "price": "-100.5", "source": "MARK", "as_of": null,
            "publisher": "ops", "quality": "GOOD"}),
            json!({"instrument_id": "BTC-USD.SIM", "price": "7", "source": "INDEX", "as_of": 5,
            "publisher": "desk", "quality": "INDICATIVE"}),
        ]
    );
}
