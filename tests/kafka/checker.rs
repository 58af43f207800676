//! What must be true of the topics of any router at any time, found by reading them back: asked at the end of every
//! test that is not about a broken trail.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::reader::{Isolation, Record};
use crate::records::{CONTROL, ENTRY, ORDER, bytes, leaf, order_id, sha256_hex};
use crate::world::World;

/// What a trail says, by partition.
pub struct Trail {
    pub entries: BTreeMap<i32, Vec<Json>>,
    pub orders: BTreeMap<i32, Vec<Json>>,
}

impl Trail {
    /// The answers to intents, of all partitions, by partition and number.
    pub fn decisions(&self) -> Vec<&Json> {
        self.entries.values().flatten().filter(|entry| entry["kind"] == "DECISION").collect()
    }

    /// Verdict and reason of every answer of a partition, in order: `ACCEPTED`, `REJECTED INVALID_PRICE`.
    pub fn verdicts(&self, partition: i32) -> Vec<String> {
        let entries = self.entries.get(&partition).into_iter().flatten();
        entries.filter(|entry| entry["kind"] == "DECISION").map(verdict).collect()
    }

    /// How many answers have this verdict.
    pub fn count(&self, wanted: &str) -> usize {
        self.decisions().into_iter().filter(|entry| verdict(entry) == wanted).count()
    }
}

pub fn verdict(entry: &Json) -> String {
    let parts = [&entry["verdict"], &entry["reason"]];
    parts.into_iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" ")
}

/// Checks everything, and hands over what it read. Every committed intent must be answered.
pub fn check(world: &World) -> Trail {
    let audit = by_partition(world.read("audit", Isolation::Committed));
    let orders = by_partition(world.read("orders", Isolation::Committed));
    let intents = by_partition(world.read("intents", Isolation::Committed));
    let control = world.read("control", Isolation::Committed);
    let mut trail = Trail { entries: BTreeMap::new(), orders: BTreeMap::new() };
    let mut malformed = Vec::new();
    for partition in 0..world.partitions {
        let of = |records: &BTreeMap<i32, Vec<Record>>| records.get(&partition).cloned().unwrap_or_default();
        let entries = linked(&of(&audit));
        if entries.is_empty() {
            assert_eq!((of(&intents).len(), of(&orders).len()), (0, 0), "no trail, no traffic: {partition}");
            continue;
        }
        let cursors = follow(world, &entries, &of(&intents));
        assert_eq!(world.committed("intents").get(&partition), Some(&cursors.0), "intents/{partition}");
        assert_eq!(world.committed("executions").get(&partition), Some(&cursors.1), "executions/{partition}");
        answered(world, &entries, &of(&intents), &control);
        decided(&entries);
        malformed.extend(malformed_inputs(&entries, &of(&intents)));
        trail.orders.insert(partition, published(&entries, &of(&orders)));
        trail.entries.insert(partition, entries);
    }
    quarantined(world, malformed);
    trail
}

fn by_partition(records: Vec<Record>) -> BTreeMap<i32, Vec<Record>> {
    let mut by = BTreeMap::<i32, Vec<Record>>::new();
    for record in records {
        by.entry(record.partition).or_default().push(record);
    }
    by
}

/// Numbered from 0 without a gap, each linked to the one before, the first a GENESIS and no other.
fn linked(records: &[Record]) -> Vec<Json> {
    let mut prev = [0; 32];
    let mut decided_at = i64::MIN;
    let mut entries = Vec::new();
    for (seq, record) in records.iter().enumerate() {
        let at = format!("entry {seq} of {}", record.partition);
        let value = record.value.as_ref().expect("an entry has a value");
        let entry = ENTRY.decode(value);
        assert_eq!(entry["seq"], seq, "{at}: its number");
        assert_eq!(record.key.as_deref(), Some(&(seq as u64).to_be_bytes()[..]), "{at}: its key");
        assert_eq!(bytes(&entry["prev"]), prev, "{at}: its link");
        assert_eq!(entry["kind"] == "GENESIS", seq == 0, "{at}: {}", entry["kind"]);
        let time = entry["decided_at"].as_i64().expect("a time");
        assert!(time >= decided_at, "{at}: time runs back");
        (prev, decided_at) = (leaf(value), time);
        entries.push(entry);
    }
    entries
}

/// Each entry says where the inputs stood before its own, and only LANE_OPENED moves past what is no record. The
/// cursors after the last entry: intents, executions.
fn follow(world: &World, entries: &[Json], intents: &[Record]) -> (i64, i64) {
    let mut cursors = [0, 0, 0];
    for entry in entries {
        let of = |field: &str| entry["as_of"][field].as_i64().expect("a cursor");
        let as_of = [of("intents"), of("executions"), of("control")];
        if entry["kind"] == "LANE_OPENED" {
            assert!(as_of[0] >= cursors[0] && as_of[1] >= cursors[1], "cursors run back at {entry}");
            let skipped = intents.iter().filter(|one| (cursors[0]..as_of[0]).contains(&one.offset)).count();
            assert_eq!((skipped, as_of[2]), (0, cursors[2]), "LANE_OPENED skips no record: {entry}");
        } else {
            assert_eq!(as_of, cursors, "as_of of {entry}");
        }
        cursors = as_of;
        if let Some(offset) = entry["input"]["offset"].as_i64() {
            let topic = entry["input"]["topic"].as_str().expect("a topic");
            let role = topic.strip_prefix(&world.prefix).expect("a topic of this router");
            let input = ["intents", "executions", "control"].iter().position(|name| *name == role);
            cursors[input.expect("an input")] = offset + 1;
        }
    }
    (cursors[0], cursors[1])
}

/// Every committed intent, and every control record up to some point, has one entry, in order.
fn answered(world: &World, entries: &[Json], intents: &[Record], control: &[Record]) {
    let inputs = |kind: &str, role: &str| {
        let of_kind = entries.iter().filter(|entry| entry["kind"] == kind);
        let inputs: Vec<i64> = of_kind
            .map(|entry| {
                assert_eq!(entry["input"]["topic"], world.topic(role));
                entry["input"]["offset"].as_i64().expect("an offset")
            })
            .collect();
        inputs
    };
    let offsets = |records: &[Record]| records.iter().map(|record| record.offset).collect::<Vec<_>>();
    assert_eq!(inputs("DECISION", "intents"), offsets(intents), "one entry for each intent, in order");
    let seen = inputs("CONTROL", "control");
    assert_eq!(seen, offsets(&control[..seen.len()]), "one entry for each control record, in order");
    for (entry, record) in entries.iter().filter(|entry| entry["kind"] == "CONTROL").zip(control) {
        assert_eq!(entry["control"], CONTROL.decode(record.value.as_ref().expect("a control record")));
    }
}

/// One deciding entry for each key; every later arrival names it; an order's identity is taken once.
fn decided(entries: &[Json]) {
    let mut keys = BTreeMap::<String, &Json>::new();
    let mut taken = BTreeMap::<String, &Json>::new();
    for entry in entries.iter().filter(|entry| entry["kind"] == "DECISION") {
        if ["MALFORMED_INTENT", "WRONG_PARTITION"].iter().any(|reason| entry["reason"] == *reason) {
            assert_eq!(entry["order_id"], Json::Null, "nothing is bound by {entry}");
            continue;
        }
        let text = |field: &str| entry[field].as_str().expect("an id").to_owned();
        let key = format!("{}/{}", text("account_id"), text("intent_id"));
        let order = format!("{}/{}", text("account_id"), text("client_order_id"));
        if let Some(first) = keys.get(&key) {
            let same = entry["fingerprint"] == first["fingerprint"];
            let due = if same { "DUPLICATE" } else { "REJECTED IDEMPOTENCY_KEY_CONFLICT" };
            assert_eq!(verdict(entry), due, "a later arrival of {key}");
            let named =
                ["duplicate_of", "first_verdict", "first_reason", "order_id"].map(|name| &entry[name]);
            assert_eq!(named, ["seq", "verdict", "reason", "order_id"].map(|name| &first[name]), "{key}");
            continue;
        }
        keys.insert(key, entry);
        assert_ne!(entry["verdict"], "DUPLICATE", "the first arrival: {entry}");
        assert!(entry["intent"].is_object(), "a deciding entry holds the intent: {entry}");
        let is_new = entry["intent"]["intent_type"] == "NEW";
        if let Some(holder) = taken.get(&order).filter(|_| is_new) {
            assert_eq!(verdict(entry), "REJECTED IDEMPOTENCY_KEY_CONFLICT", "the order {order} was taken");
            assert_eq!(entry["duplicate_of"], holder["seq"], "the order {order} was taken");
        } else if is_new && entry["verdict"] == "ACCEPTED" {
            taken.insert(order, entry);
        }
    }
}

/// The inputs without a meaning: their keys in `quarantine`, and their values.
fn malformed_inputs(entries: &[Json], intents: &[Record]) -> Vec<(String, Vec<u8>)> {
    let malformed = entries.iter().filter(|entry| entry["reason"] == "MALFORMED_INTENT");
    malformed
        .map(|entry| {
            let input = &entry["input"];
            let record = intents.iter().find(|record| input["offset"] == record.offset).expect("its input");
            let (topic, partition) = (input["topic"].as_str().expect("a topic"), record.partition);
            let value = record.value.clone().unwrap_or_default();
            assert_eq!(hex(&bytes(&entry["raw_sha256"])), sha256_hex(&value), "of {entry}");
            (format!("{topic}/{partition}/{}", record.offset), value)
        })
        .collect()
}

fn quarantined(world: &World, mut malformed: Vec<(String, Vec<u8>)>) {
    let mut found = Vec::new();
    for record in world.read("quarantine", Isolation::Committed) {
        let key = String::from_utf8(record.key.clone().expect("a key")).expect("text");
        found.push((key, record));
    }
    malformed.sort();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let keys = |of: &[(String, Vec<u8>)]| of.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    assert_eq!(found.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), keys(&malformed), "quarantine");
    for ((key, value), (_, record)) in malformed.iter().zip(&found) {
        let kept = &value[..value.len().min(64 * 1024)];
        assert!(record.value.clone().unwrap_or_default() == kept, "the raw value of {key}");
        let header = |name: &str| {
            let found = record.headers.iter().find(|(found, _)| found == name);
            let (_, value) = found.unwrap_or_else(|| panic!("{key} has the header {name}"));
            String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned()
        };
        let names: Vec<&str> = record.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["reason", "detail", "sha256", "length", "key"], "{key}");
        assert_eq!(
            [header("reason"), header("sha256"), header("length")],
            ["MALFORMED_INTENT".to_owned(), sha256_hex(value), value.len().to_string()],
            "{key}"
        );
        assert_ne!(header("detail"), "", "{key}: what was wrong");
    }
}

/// Every accepting entry has one order, and every order its entry, in the same order; versions are dense.
fn published(entries: &[Json], records: &[Record]) -> Vec<Json> {
    let accepted: Vec<&Json> = entries.iter().filter(|entry| entry["verdict"] == "ACCEPTED").collect();
    let orders: Vec<Json> =
        records.iter().map(|record| ORDER.decode(record.value.as_ref().expect("an order"))).collect();
    let of = |all: Vec<&Json>, name: &str| all.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        of(orders.iter().collect(), "audit_seq"),
        of(accepted.clone(), "seq"),
        "one order for each accept"
    );
    let mut versions = BTreeMap::<String, i64>::new();
    for ((order, entry), record) in orders.iter().zip(accepted).zip(records) {
        let [account, name] = ["account_id", "client_order_id"].map(|id| order[id].as_str().expect("an id"));
        assert_eq!(record.key.as_deref(), Some(account.as_bytes()), "the key of {order}");
        assert_eq!(order["order_id"], order_id(account, name), "{order}");
        for field in ["order_id", "intent_id", "account_id", "strategy_id", "instrument_id", "decided_at"] {
            assert_eq!(order[field], entry[field], "{field} of {order}");
        }
        assert_eq!(order["origin"], "INTENT", "{order}");
        let due = if entry["converted_to_cancel"] == true {
            "CANCEL".into()
        } else {
            entry["intent"]["intent_type"].clone()
        };
        assert_eq!(order["command"], due, "{order}");
        let version = versions.entry(order["order_id"].to_string()).or_default();
        *version += 1;
        assert_eq!(order["order_version"], *version, "versions are dense: {order}");
        assert_eq!(order["command"] == "NEW", *version == 1, "an order begins once: {order}");
    }
    orders
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
