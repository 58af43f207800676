//! `onefill submit` and `control instrument`, with a router that answers.

use serde_json::{Value, json};

use crate::broker::broker;
use crate::command::Installation;
use crate::reader::{Isolation, read_all};

const INSTRUMENT: [&str; 9] =
    ["control", "instrument", "BTC-USD.SIM", "--currency", "USD", "--tick", "0.01", "--lot", "0.001"];

/// A NEW for two at a hundred, with these flags besides.
fn new(more: &[&str]) -> Vec<String> {
    let order = [
        "submit",
        "--wait",
        "--output",
        "json",
        "--account",
        "A1",
        "--strategy",
        "S1",
        "--instrument",
        "BTC-USD.SIM",
        "--side",
        "BUY",
        "--order-type",
        "LIMIT",
        "--price",
        "100",
    ];
    order.iter().chain(more).map(|text| (*text).to_owned()).collect()
}

fn verdict(here: &Installation, arguments: &[String]) -> Value {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    here.done(&arguments).json().remove(0)
}

#[test]
fn every_lane_says_what_it_made_of_an_instrument() {
    let here = Installation::new(broker(), "submit-control");
    here.done(&["init", "--partitions", "2"]);
    let _router = here.router();
    let lanes = |called: crate::command::Called| -> Vec<Value> {
        called.json()[0]["lanes"]
            .as_array()
            .expect("lanes")
            .iter()
            .map(|lane| lane["result"].clone())
            .collect()
    };
    let wait = ["--wait", "--output", "json"];
    let first = here.done(&[&INSTRUMENT[..], &wait].concat());
    assert_eq!(lanes(first), [json!("APPLIED"), json!("APPLIED")]);

    let stale = here.call(&[&INSTRUMENT[..], &["--version", "1"], &wait].concat());
    assert_eq!(stale.status, 1);
    assert_eq!(lanes(stale), [json!("STALE_VERSION"), json!("STALE_VERSION")]);

    // Without a number the next version is taken.
    let second = here.done(&[&INSTRUMENT[..], &["--min-qty", "1"], &wait].concat());
    assert!(second.json()[0]["record"].as_str().is_some_and(|record| record.ends_with("version 2")));
}

#[test]
fn a_retry_is_a_duplicate_and_another_content_a_conflict_with_its_fields() {
    let here = Installation::new(broker(), "submit-wait");
    here.done(&["init", "--partitions", "2"]);
    let _router = here.router();
    here.allow("A1");
    here.done(&[&INSTRUMENT[..], &["--wait"]].concat());

    let first = verdict(&here, &new(&["--qty", "2", "--intent-id", "k1"]));
    assert_eq!((&first["verdict"], &first["intent_id"]), (&json!("ACCEPTED"), &json!("k1")));
    let retry = verdict(&here, &new(&["--qty", "2.000", "--intent-id", "k1"]));
    assert_eq!(retry["verdict"], "DUPLICATE");
    assert_eq!((&retry["duplicate_of"], &retry["order_id"]), (&first["seq"], &first["order_id"]));

    let other = verdict(&here, &new(&["--qty", "3", "--intent-id", "k1"]));
    assert_eq!(other["reason"], "IDEMPOTENCY_KEY_CONFLICT");
    assert_eq!(other["duplicate_of"], first["seq"]);
    assert_eq!(other["differences"], json!([{"field": "order_qty", "first": "2", "second": "3"}]));

    let orders = read_all(broker(), &format!("{}orders", here.prefix), Isolation::Committed);
    assert_eq!(orders.len(), 1);
}

#[test]
fn a_file_that_is_submitted_twice_is_ordered_once() {
    let here = Installation::new(broker(), "submit-file");
    here.done(&["init", "--partitions", "2"]);
    let _router = here.router();
    (0..7).for_each(|number| here.allow(&format!("A{number}")));
    here.done(&[&INSTRUMENT[..], &["--wait"]].concat());

    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("intents.csv");
    let header =
        "intent_type,account_id,strategy_id,instrument_id,side,order_type,order_qty,price,time_in_force\n";
    let row = |number: usize| format!("NEW,A{},S1,BTC-USD.SIM,BUY,LIMIT,{number},100,DAY\n", number % 7);
    let rows: String = (1..=200).map(row).collect();
    std::fs::write(&file, format!("{header}{rows}")).expect("a file");
    let path = file.to_str().expect("UTF-8");

    let submitted = |expected: &str| {
        let mut called = here.done(&["submit", path, "--wait", "--output", "json"]).json();
        called.sort_by_key(|one| one["line"].as_u64());
        assert_eq!(called.len(), 200);
        assert!(called.iter().all(|one| one["verdict"] == expected), "{called:?}");
        called.into_iter().map(|one| one["order_id"].clone()).collect::<Vec<_>>()
    };
    let first = submitted("ACCEPTED");
    assert_eq!(submitted("DUPLICATE"), first, "the same keys, the same orders");
    let orders = read_all(broker(), &format!("{}orders", here.prefix), Isolation::Committed);
    assert_eq!(orders.len(), 200);
}

#[test]
fn nobody_answers_without_a_router_and_the_key_is_kept() {
    let here = Installation::new(broker(), "submit-alone");
    here.done(&["init", "--partitions", "2"]);
    let alone = new(&["--qty", "2", "--intent-id", "k1", "--timeout", "1"]);
    let called = here.call(&alone.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(called.status, 1);
    assert!(called.err.contains("A1/k1"), "{}", called.err);
}
