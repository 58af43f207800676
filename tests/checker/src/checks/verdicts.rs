//! G2: exactly one entry decides a key, and every later arrival names it.

use std::collections::HashMap;

use crate::avro::Value;
use crate::fingerprint::fingerprint;
use crate::identity::{hex, order_id, partition_of, shown};
use crate::intent::{Payload, payload};
use crate::lane::{Lane, Read};
use crate::report::{Guarantee::G2, Place, Report};
use crate::same::differences;

/// The entry that decided a key.
#[derive(Clone, Debug)]
struct Decided {
    fingerprint: String,
    seq: i64,
    verdict: String,
    reason: String,
    order_id: String,
}

type Key = (String, String);

#[derive(Debug, Default)]
struct Keys {
    decided: HashMap<Key, Decided>,
    /// The accepted NEW of each order.
    taken: HashMap<Key, i64>,
}

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    let mut keys = Keys::default();
    for entry in lane.entries.iter().filter(|entry| entry.value["kind"].str() == "DECISION") {
        let place = lane.entry_place(entry);
        let record = lane.input_of(&entry.value);
        let payload = record.map(payload);
        match &payload {
            Some(Payload::Malformed) => binds_nothing(entry, &place, "MALFORMED_INTENT", report),
            Some(Payload::Intent(intent)) => {
                let key = record.and_then(|record| record.key.as_deref());
                arrival(lane, entry, &place, key, intent, &mut keys, report);
            }
            // The bytes are gone, or cannot be read here: the entry's word is taken.
            Some(Payload::Foreign) | None => as_recorded(entry, &place, &mut keys, report),
        }
    }
    report.count(G2, "keys", keys.decided.len());
}

/// An intent by its own bytes: its place, its payload, its key.
fn arrival(
    lane: &Lane<'_>,
    entry: &Read<'_>,
    place: &Place,
    key: Option<&[u8]>,
    intent: &Value<'_>,
    keys: &mut Keys,
    report: &mut Report,
) {
    let account = intent["account_id"].str();
    let home = partition_of(account.as_bytes(), usize::try_from(lane.count).unwrap_or_default());
    if key != Some(account.as_bytes()) || home != lane.partition {
        binds_nothing(entry, place, "WRONG_PARTITION", report);
        return;
    }
    let value = &entry.value;
    if ["MALFORMED_INTENT", "WRONG_PARTITION"].contains(&value["reason"].str()) {
        let due = format!("another, for a whole intent in its place under the key {}", shown(key));
        report.violation(G2, place, "reason", due, &value["reason"]);
        return;
    }
    for name in ["account_id", "strategy_id", "instrument_id", "intent_id", "client_order_id"] {
        report.equal(G2, place, name, intent[name].str(), value[name].str());
    }
    if value["verdict"].str() != "DUPLICATE" {
        for name in differences(intent, &value["intent"]) {
            report.violation(G2, place, &format!("intent.{name}"), &intent[&*name], &value["intent"][&*name]);
        }
    }
    let print = hex(&fingerprint(intent));
    report.equal(G2, place, "fingerprint", &print, &hex(value["fingerprint"].bytes().unwrap_or_default()));
    judge(entry, place, intent["intent_type"].text(), &print, keys, report);
}

fn as_recorded(entry: &Read<'_>, place: &Place, keys: &mut Keys, report: &mut Report) {
    report.count(G2, "arrivals taken as recorded", 1);
    if !["MALFORMED_INTENT", "WRONG_PARTITION"].contains(&entry.value["reason"].str()) {
        let print = hex(entry.value["fingerprint"].bytes().unwrap_or_default());
        judge(entry, place, entry.value["intent"]["intent_type"].text(), &print, keys, report);
    }
}

/// A whole intent in its place: whether it decides its key, or names the entry that did.
fn judge(
    entry: &Read<'_>,
    place: &Place,
    intent_type: Option<&str>,
    print: &str,
    keys: &mut Keys,
    report: &mut Report,
) {
    let value = &entry.value;
    let id = |name: &str| value[name].str().to_owned();
    let key = (id("account_id"), id("intent_id"));
    if let Some(first) = keys.decided.get(&key) {
        later(value, place, first, print, report);
        return;
    }
    let verdict = value["verdict"].str();
    if !["ACCEPTED", "REJECTED"].contains(&verdict) {
        report.violation(
            G2,
            place,
            "verdict",
            "ACCEPTED or REJECTED, as it is the first of its key",
            verdict,
        );
    }
    let order = (id("account_id"), id("client_order_id"));
    let is_new = intent_type == Some("NEW");
    match keys.taken.get(&order).filter(|_| is_new) {
        Some(holder) => {
            report.equal(G2, place, "reason", "IDEMPOTENCY_KEY_CONFLICT", value["reason"].str());
            names(value, place, (*holder, "ACCEPTED", "", &order_id(&order.0, &order.1)), report);
            report.count(G2, "orders that exist", 1);
        }
        None => {
            decides(value, place, &order, report);
            if is_new && verdict == "ACCEPTED" {
                keys.taken.insert(order, value["seq"].long().unwrap_or(-1));
            }
        }
    }
    let decided = Decided {
        fingerprint: print.to_owned(),
        seq: value["seq"].long().unwrap_or(-1),
        verdict: id("verdict"),
        reason: id("reason"),
        order_id: id("order_id"),
    };
    keys.decided.insert(key, decided);
}

/// The first arrival of a key, whose order nobody has taken.
fn decides(value: &Value<'_>, place: &Place, order: &Key, report: &mut Report) {
    if value["reason"].str() == "IDEMPOTENCY_KEY_CONFLICT" {
        let due = "another, as neither key nor order were taken";
        report.violation(G2, place, "reason", due, &value["reason"]);
    }
    if value["verdict"].str() == "ACCEPTED" {
        report.equal(G2, place, "order_id", order_id(&order.0, &order.1).as_str(), value["order_id"].str());
        report.count(G2, "accepted", 1);
    } else {
        report.count(G2, "rejected", 1);
    }
    if !value["duplicate_of"].is_null() {
        report.violation(G2, place, "duplicate_of", "null, as it decides its key", &value["duplicate_of"]);
    }
}

/// A later arrival of a key that is decided.
fn later(value: &Value<'_>, place: &Place, first: &Decided, print: &str, report: &mut Report) {
    let (verdict, reason) = if first.fingerprint == print {
        report.count(G2, "duplicates", 1);
        ("DUPLICATE", "")
    } else {
        report.count(G2, "conflicts", 1);
        ("REJECTED", "IDEMPOTENCY_KEY_CONFLICT")
    };
    report.equal(G2, place, "verdict", verdict, value["verdict"].str());
    report.equal(G2, place, "reason", reason, value["reason"].str());
    names(value, place, (first.seq, &first.verdict, &first.reason, &first.order_id), report);
}

/// Whether it names the deciding entry, what that said, and its order.
fn names(value: &Value<'_>, place: &Place, due: (i64, &str, &str, &str), report: &mut Report) {
    report.equal(G2, place, "duplicate_of", due.0, value["duplicate_of"].long().unwrap_or(-1));
    report.equal(G2, place, "first_verdict", due.1, value["first_verdict"].str());
    report.equal(G2, place, "first_reason", due.2, value["first_reason"].str());
    report.equal(G2, place, "order_id", due.3, value["order_id"].str());
}

fn binds_nothing(entry: &Read<'_>, place: &Place, reason: &'static str, report: &mut Report) {
    let value = &entry.value;
    report.equal(G2, place, "verdict", "REJECTED", value["verdict"].str());
    report.equal(G2, place, "reason", reason, value["reason"].str());
    let bound = ["order_id", "duplicate_of"].into_iter().find(|name| !value[*name].is_null());
    if let Some(name) = bound {
        report.violation(G2, place, name, "null, as nothing is bound", &value[name]);
    }
    report.count(G2, if reason == "WRONG_PARTITION" { "misplaced" } else { "malformed" }, 1);
}
