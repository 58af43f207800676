//! A trail with limits and fills: recomputed from itself alone, explained by its numbers, and looked up at any point.

use std::sync::OnceLock;

use apache_avro::types::Value;
use serde_json::{Value as Json, json};

use super::damage::{Copy, append, instrument, relink};
use crate::broker::broker;
use crate::command::Installation;
use crate::reader::{Isolation, Record, eventually, read_all};
use crate::records::{ENTRY, EXECUTION, order_id};

/// An opening, limits, an instrument, an order, its fill, then the order that is one too large.
const REFUSED: usize = 5;

/// What a router wrote: ten bought, four of them filled, fifteen refused, ten more bought; twenty may be held.
struct Limited {
    here: Installation,
    audit: Vec<Record>,
}

fn limited() -> &'static Limited {
    static LIMITED: OnceLock<Limited> = OnceLock::new();
    LIMITED.get_or_init(|| {
        let here = Installation::new(broker(), "audit-limited");
        here.done(&["init", "--partitions", "1"]);
        let _router = here.router();
        let limit = ["control", "limit", "--limit-id", "A1", "--account", "A1", "--reason", "test"];
        let values = ["--max-order-qty", "100", "--max-long-qty", "20", "--max-short-qty", "30"];
        here.done(&[&limit[..], &values, &["--max-open-orders", "5"]].concat());
        here.done(&instrument());
        assert_eq!(buy(&here, "k1", "10"), "ACCEPTED");
        append(&format!("{}executions", here.prefix), &[fill()]);
        let reports =
            || here.done(&["audit", "show", "--kind", "EXECUTION", "--output", "json"]).json().len();
        eventually("the fill is taken in", || (reports() == 1).then_some(()));
        assert_eq!(buy(&here, "k2", "15"), "REJECTED");
        assert_eq!(buy(&here, "k3", "10"), "ACCEPTED");
        let audit = read_all(broker(), &format!("{}audit", here.prefix), Isolation::Committed);
        Limited { here, audit }
    })
}

/// The verdict on a limit order of `A1`.
fn buy(here: &Installation, key: &str, quantity: &str) -> String {
    let named = ["submit", "--account", "A1", "--strategy", "S1", "--intent-id", key, "--wait"];
    let terms = ["--instrument", "BTC-USD.SIM", "--side", "BUY", "--order-type", "LIMIT", "--price", "100"];
    let called = here.call(&[&named[..], &terms, &["--qty", quantity, "--output", "json"]].concat());
    let verdict = called.json().remove(0)["verdict"].as_str().map(str::to_owned);
    verdict.unwrap_or_else(|| panic!("{}\n{}", called.out, called.err))
}

/// Four of the first order, whose client order id is its key.
fn fill() -> Record {
    let report = json!({
        "venue": "SIM", "exec_id": "e1", "exec_type": "TRADE", "order_id": order_id("A1", "k1"), "account_id": "A1",
        "instrument_id": "BTC-USD.SIM", "side": "BUY", "last_qty": "4", "last_px": "100",
        "transact_time": 1_700_000_000_000_000_000_i64,
    });
    let (key, value) = (Some(b"A1".to_vec()), Some(EXECUTION.encode(&report)));
    Record { partition: 0, offset: 0, key, value, headers: Vec::new(), timestamp: None }
}

fn report(here: &Installation, arguments: &[&str]) -> Json {
    here.done(&[arguments, &["--output", "json"]].concat()).json().remove(0)
}

#[test]
fn every_verdict_is_recomputed_from_the_trail_alone() {
    let here = &limited().here;
    let lane = report(here, &["audit", "verify", "--recompute"])["partitions"][0].take();
    assert_eq!(
        (&lane["recomputed"], &lane["as_recorded"], &lane["faults"]),
        (&json!(6), &json!(1), &json!([]))
    );
    let text = here.done(&["audit", "verify", "--recompute"]).out;
    assert!(
        text.contains("every verdict follows from the trail: 6 recomputed, 1 taken as recorded"),
        "{text}"
    );
    assert_eq!(report(here, &["audit", "verify"])["faults"], 0);
}

/// The same value with other text in the place of this one, wherever it stands.
fn replaced(value: Value, from: &str, to: &str) -> Value {
    let again = |value: Value| replaced(value, from, to);
    match value {
        Value::Enum(_, text) | Value::String(text) if text == from => Value::String(to.to_owned()),
        Value::Union(branch, inner) => Value::Union(branch, Box::new(again(*inner))),
        Value::Array(items) => Value::Array(items.into_iter().map(again).collect()),
        Value::Record(fields) => {
            Value::Record(fields.into_iter().map(|(name, field)| (name, again(field))).collect())
        }
        other => other,
    }
}

#[test]
fn a_verdict_that_was_rewritten_and_linked_anew_is_shown_with_what_it_should_be() {
    let mut audit = limited().audit.clone();
    let entry = ENTRY.decode_value(audit[REFUSED].value.as_ref().expect("an entry"));
    let rewritten = replaced(entry, "POSITION_LIMIT_EXCEEDED", "MAX_OPEN_ORDERS_EXCEEDED");
    audit[REFUSED].value = Some(ENTRY.encode_value(rewritten));
    relink(&mut audit);
    let copy = Copy::new("reasoned", Some(&audit), None);
    let called = copy.verify(&["--recompute", "--output", "json"]);
    assert_eq!(called.status, 5, "{}", called.err);
    let lane = called.json().remove(0)["partitions"][0].take();
    let faults = lane["faults"].as_array().expect("faults");
    assert!(
        faults.iter().all(|fault| (&fault["seq"], &fault["offset"]) == (&json!(REFUSED), &json!(REFUSED)))
    );
    let reason = faults.iter().find(|fault| fault["field"] == "reason").expect("the reason differs");
    assert_eq!(
        (&reason["is"], &reason["should_be"]),
        (&json!("MAX_OPEN_ORDERS_EXCEEDED"), &json!("POSITION_LIMIT_EXCEEDED"))
    );
    assert_eq!(lane["differing"]["intent_id"], "k2");
    let text = copy.verify(&["--recompute"]);
    assert_eq!(text.status, 5);
    assert!(text.out.contains(&format!("at offset {REFUSED}, entry {REFUSED}")), "{}", text.out);
    assert!(text.out.contains("should be: POSITION_LIMIT_EXCEEDED"), "{}", text.out);
}

#[test]
fn a_refusal_is_explained_with_the_numbers_that_were_compared() {
    let here = &limited().here;
    let story = report(here, &["audit", "explain", "A1/k2"]);
    let checks = story["checks"].as_array().expect("checks");
    let position = checks.iter().find(|check| check["check"] == 19).expect("the check");
    let compared = json!([{"reason": "POSITION_LIMIT_EXCEEDED", "scope": "ACCOUNT", "holds": false, "limit": "20",
        "observed": "25", "headroom": "-5"}]);
    assert_eq!((&position["result"], &position["compared"]), (&json!("failed"), &compared));
    assert_eq!(story["grounds"]["nearest"], json!({"order_qty": "10"}));
    let open = checks.iter().find(|check| check["check"] == 18).expect("the check");
    assert_eq!(open["with"], "ACCOUNT 2 of at most 5, headroom 3");
    let text = here.done(&["audit", "explain", "A1/k2"]).out;
    assert!(text.contains("would have passed: with quantity 10 instead of 15"), "{text}");
    assert!(text.contains("ACCOUNT 25 of at most 20, headroom -5"), "{text}");
}

#[test]
fn an_account_is_shown_as_it_stood_at_any_entry() {
    let here = &limited().here;
    let holding = |account: &Json| {
        let whole = &account["holdings"][0];
        (
            whole["position"].clone(),
            whole["reserved_buy_qty"].clone(),
            account["open_orders"].as_array().map(Vec::len),
        )
    };
    let now = report(here, &["state", "--account", "A1"]);
    assert_eq!(holding(&now), (json!("4"), json!("16"), Some(2)));
    let long = now["limits"].as_array().expect("limits").iter().find(|it| it["limit"] == "max_long_qty");
    assert_eq!(
        long.expect("a limit")["uses"],
        json!([{"instrument_id": "BTC-USD.SIM", "used": "20", "headroom": "0"}])
    );
    let before = report(here, &["state", "--account", "A1", "--at", "3"]);
    assert_eq!(holding(&before), (json!("0"), json!("10"), Some(1)));
    assert_eq!(before["seq"], 3);
    let text = here.done(&["state", "--account", "A1", "--at", "4"]).out;
    assert!(text.contains("A1 after entry 4 of partition 0") && text.contains("BUY LIMIT 100 DAY"), "{text}");
    let beyond = here.call(&["state", "--account", "A1", "--at", "99"]);
    assert_eq!(beyond.status, 1);
    assert!(beyond.err.contains("its last is 6"), "{}", beyond.err);
}
