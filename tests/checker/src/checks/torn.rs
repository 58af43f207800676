//! Torn transactions: orders, entries, quarantined values and offsets of one batch are seen together or not at all.

use std::collections::{BTreeMap, HashSet};

use super::answers::Cursors;
use crate::avro::Value;
use crate::identity::{hex, sha256, shown};
use crate::lane::{Lane, publishes};
use crate::log::{Log, Record, Role};
use crate::report::{Guarantee::Torn, Place, Report};

/// How much of a value is kept.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// Orders and offsets beside entries.
pub fn check(lane: &Lane<'_>, cursors: Cursors, report: &mut Report) {
    let seq = |value: &Value<'_>, name: &str| value[name].long().unwrap_or(-1);
    let allowing: HashSet<i64> = lane
        .entries
        .iter()
        .filter(|entry| publishes(&entry.value))
        .map(|entry| seq(&entry.value, "seq"))
        .collect();
    let ordered: HashSet<i64> = lane.orders.iter().map(|order| seq(&order.value, "audit_seq")).collect();
    for order in lane.orders.iter().filter(|order| !allowing.contains(&seq(&order.value, "audit_seq"))) {
        let place = lane.place(Role::Orders, order.record.offset);
        report.violation(Torn, &place, "entry", "visible with its order", seq(&order.value, "audit_seq"));
    }
    // What retention removed is older than what it left.
    let first =
        if lane.of(Role::Orders).start == 0 { 0 } else { ordered.iter().min().copied().unwrap_or(i64::MAX) };
    for entry in lane.entries.iter().filter(|entry| publishes(&entry.value)) {
        let seq = seq(&entry.value, "seq");
        if seq >= first && !ordered.contains(&seq) {
            report.violation(Torn, &lane.entry_place(entry), "order", "visible with its entry", "none");
        }
    }
    for (index, role) in [Role::Intents, Role::Executions].into_iter().enumerate() {
        let Some(&offset) = lane.log.group.get(&(role, lane.partition)) else { continue };
        if offset > cursors[index] && !lane.is_halted {
            let place = lane.place(role, cursors[index]);
            report.violation(Torn, &place, "entries", format!("up to the group's offset {offset}"), "none");
        }
    }
    report.count(Torn, "entries with an order", ordered.intersection(&allowing).count());
}

/// What must be in quarantine, by its key there.
pub type Wanted<'a> = BTreeMap<String, (Place, &'a str, Option<&'a Record>)>;

/// Adds the values that this lane's entries say cannot be used.
pub fn wanted<'a>(lane: &Lane<'a>, into: &mut Wanted<'a>) {
    for entry in &lane.entries {
        let value = &entry.value;
        let reason = match (value["reason"].str(), value["anomaly"].str()) {
            ("MALFORMED_INTENT", _) => "MALFORMED_INTENT",
            (_, anomaly @ ("EXECUTION_UNAPPLIED" | "ACCOUNT_MISMATCH")) => anomaly,
            _ => continue,
        };
        let input = &value["input"];
        let key = format!("{}/{}/{}", input["topic"], input["partition"], input["offset"]);
        into.insert(key, (lane.entry_place(entry), reason, lane.input_of(value)));
    }
}

/// Each such value is there once, as it came, and nothing else is.
pub fn quarantined(log: &Log, wanted: &Wanted<'_>, report: &mut Report) {
    let topic = log.topic(Role::Quarantine);
    let mut found = HashSet::new();
    for (number, partition) in (0..).zip(&topic.partitions) {
        for record in &partition.committed {
            let place = Place { topic: topic.name.clone(), partition: number, offset: Some(record.offset) };
            let key = shown(record.key.as_deref());
            let Some((entry, reason, input)) = wanted.get(&key) else {
                report.violation(Torn, &place, "key", "an input that an entry says cannot be used", key);
                continue;
            };
            let home = entry.partition % i32::try_from(topic.partitions.len()).unwrap_or(1).max(1);
            report.equal(Torn, &place, "partition", home, number);
            as_it_came(record, reason, *input, &place, report);
            if !found.insert(key.clone()) {
                report.violation(Torn, &place, "key", "each input once", format!("{key} again"));
            }
        }
    }
    let is_whole = topic.partitions.iter().all(|partition| partition.start == 0);
    for (key, (entry, _, _)) in wanted.iter().filter(|(key, _)| is_whole && !found.contains(*key)) {
        report.violation(Torn, entry, "quarantine", format!("the value of {key}"), "none");
    }
    report.count(Torn, "quarantined values", found.len());
}

fn as_it_came(record: &Record, reason: &str, input: Option<&Record>, place: &Place, report: &mut Report) {
    let header = |name: &str| {
        let found = record.headers.iter().find(|(header, _)| header == name);
        found.map_or_else(|| "none".to_owned(), |(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    report.equal(Torn, place, "header reason", reason.to_owned(), header("reason"));
    if ["", "none"].contains(&header("detail").as_str()) {
        report.violation(Torn, place, "header detail", "what is wrong", header("detail"));
    }
    let Some(input) = input else { return };
    let bytes = input.bytes();
    report.equal(Torn, place, "header sha256", hex(&sha256(&[bytes])), header("sha256"));
    report.equal(Torn, place, "header length", bytes.len().to_string(), header("length"));
    let key = record.headers.iter().find(|(name, _)| name == "key").map(|(_, value)| value.as_slice());
    let due = shown(Some(input.key.as_deref().unwrap_or_default()));
    report.equal(Torn, place, "header key", due, shown(key));
    let kept = &bytes[..bytes.len().min(KEPT_BYTES_MAX)];
    if record.bytes() != kept {
        report.violation(Torn, place, "value", hex(&sha256(&[kept])), hex(&sha256(&[record.bytes()])));
    }
}
