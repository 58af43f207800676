//! What a router says of itself over HTTP, held against the topics.

use std::collections::BTreeMap;
use std::net::TcpListener;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use serde_json::Value;

use crate::ask::ask;
use crate::broker::broker;
use crate::command::Installation;
use crate::reader::{Isolation, eventually, read_all};

/// Of a value in single-object encoding: the marker and the schema's fingerprint.
const HEADER: usize = 10;

/// A port that is free now.
pub fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// Every sample that is a whole number, by its name with labels.
pub fn metrics(address: &str) -> BTreeMap<String, u64> {
    let (code, text) = ask(address, "/metrics").expect("an answer");
    assert_eq!(code, 200, "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.filter_map(|line| line.rsplit_once(' '));
    samples.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

fn ready(address: &str) {
    let is_ready = || ask(address, "/readyz").filter(|(code, _)| *code == 200);
    assert_eq!(eventually("the router is ready", is_ready).1, "ready\n");
}

fn setup(name: &str) -> Installation {
    let here = Installation::new(broker(), name);
    here.done(&["init", "--partitions", "2"]);
    here
}

fn instrument(here: &Installation) {
    here.allow("A1");
    let record =
        ["control", "instrument", "BTC-USD.SIM", "--currency", "USD", "--tick", "0.01", "--lot", "1"];
    here.done(&[&record[..], &["--wait"]].concat());
}

fn submit(here: &Installation, key: &str, quantity: &str) {
    let whose = ["submit", "--account", "A1", "--strategy", "S1", "--instrument", "BTC-USD.SIM"];
    let what = ["--side", "BUY", "--order-type", "LIMIT", "--price", "100", "--qty", quantity];
    here.done(&[&whose[..], &what, &["--intent-id", key, "--wait", "--output", "json"]].concat());
}

/// How many entries have this symbol in this field, read without any of the project's code.
fn entries(here: &Installation, field: &str) -> BTreeMap<String, u64> {
    let schema = Schema::parse_str(include_str!("../../schemas/Entry.v1.avsc")).expect("a schema");
    let reader = GenericDatumReader::builder(&schema).build().expect("a reader");
    let mut found = BTreeMap::new();
    for record in read_all(broker(), &format!("{}audit", here.prefix), Isolation::Committed) {
        let value = record.value.expect("an entry has a value");
        let entry = reader.read_value(&mut &value[HEADER..]).expect("an entry");
        let Avro::Record(fields) = entry else { panic!("an entry is a record") };
        let symbol = match fields.into_iter().find(|(name, _)| name == field).expect("the field").1 {
            Avro::Union(_, inner) => *inner,
            plain => plain,
        };
        if let Avro::Enum(_, symbol) | Avro::String(symbol) = symbol {
            *found.entry(symbol).or_default() += 1;
        }
    }
    found
}

#[test]
fn the_counters_are_what_the_trail_says() {
    let (here, address) = (setup("http-counters"), free());
    let _router = here.router_at(&address);
    ready(&address);
    instrument(&here);
    for (key, quantity) in [("k1", "1"), ("k2", "2"), ("k1", "1"), ("k1", "3"), ("k3", "0.5")] {
        submit(&here, key, quantity);
    }
    let (verdicts, reasons) = (entries(&here, "verdict"), entries(&here, "reason"));
    assert_eq!(verdicts.values().sum::<u64>(), 5, "{verdicts:?}");
    // A verdict is read as soon as it is committed, a moment before it is counted.
    let samples = eventually("all five are counted", || {
        let samples = metrics(&address);
        (samples["onefill_intent_to_commit_seconds_count"] == 5).then_some(samples)
    });
    let counted = |name: &str, label: &str| -> BTreeMap<String, u64> {
        let labelled = |key: &str| {
            let value = key.strip_prefix(&format!("onefill_{name}{{{label}=\""))?.strip_suffix("\"}")?;
            Some(value.to_owned())
        };
        let all = samples.iter().filter_map(|(key, value)| Some((labelled(key)?, *value)));
        all.filter(|(_, value)| *value > 0).collect()
    };
    assert_eq!(counted("intents_total", "verdict"), verdicts);
    assert_eq!(counted("rejections_total", "reason"), reasons);
    let orders = read_all(broker(), &format!("{}orders", here.prefix), Isolation::Committed);
    assert_eq!(counted("orders_total", "command"), BTreeMap::from([("NEW".to_owned(), orders.len() as u64)]));
    assert_eq!(samples["onefill_assigned_lanes"], 2);
    assert_eq!(samples["onefill_producer_replacements_total{cause=\"opening\"}"], 2);
    let heads: u64 = (0..2).map(|one| samples[&format!("onefill_audit_seq{{partition=\"{one}\"}}")]).sum();
    assert_eq!(heads, entries(&here, "kind").values().sum::<u64>());
}

#[test]
fn the_status_shows_lanes_with_their_lag() {
    let (here, address) = (setup("http-status"), free());
    let _router = here.router_at(&address);
    ready(&address);
    let lanes = eventually("the lag of both lanes is known", || {
        let status: Value = serde_json::from_str(&ask(&address, "/status")?.1).ok()?;
        let lanes = status["lanes"].as_array()?.clone();
        lanes.iter().all(|lane| lane["lag"].is_object()).then_some(lanes)
    });
    assert_eq!(lanes.len(), 2);
    for lane in lanes {
        assert_eq!((&lane["stage"], &lane["halt"]), (&"RUNNING".into(), &Value::Null));
        assert_eq!(lane["input_blocked"], Value::Array(Vec::new()));
        assert_eq!((&lane["lag"]["intents"], &lane["seq"]), (&0.into(), &1.into()));
    }
    assert_eq!(ask(&address, "/livez").expect("an answer").0, 200);
}

#[test]
fn a_port_that_is_taken_ends_the_router_before_it_joins() {
    let here = setup("http-taken");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let called = here.call(&["run", "--http", &address]);
    assert_eq!(called.status, 1);
    assert!(called.err.contains(&address) && called.err.contains("--http"), "{}", called.err);
}
