//! G1: what is on `orders`, by itself and beside the entry that it names. What its terms must be, the model says.

use std::collections::{HashMap, HashSet};

use crate::avro::Value;
use crate::identity::{order_id, shown};
use crate::lane::{Lane, publishes};
use crate::log::Role;
use crate::report::{Guarantee::G1, Place, Report};

/// Fields that an order has from its entry.
const SAME: [&str; 6] =
    ["order_id", "intent_id", "client_order_id", "account_id", "strategy_id", "instrument_id"];

#[derive(Debug, Default)]
struct Seen {
    versions: HashMap<String, i64>,
    published: HashSet<(String, i64)>,
    /// Account and `client_order_id` of each NEW.
    begun: HashSet<(String, String)>,
    /// Account and intent of each order that an intent became; of a command, and the order too.
    caused: HashSet<(String, String, String)>,
    /// Entries that have their order.
    allowed: HashSet<i64>,
}

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    let entries: HashMap<i64, &Value<'_>> =
        lane.entries.iter().filter_map(|entry| Some((entry.value["seq"].long()?, &entry.value))).collect();
    let is_whole = lane.of(Role::Orders).start == 0;
    let mut seen = Seen::default();
    let mut last = -1;
    for order in &lane.orders {
        let (value, place) = (&order.value, lane.place(Role::Orders, order.record.offset));
        let account = value["account_id"].str();
        report.equal(G1, &place, "key", account.to_owned(), shown(order.record.key.as_deref()));
        let due = order_id(account, value["client_order_id"].str());
        report.equal(G1, &place, "order_id", due.as_str(), value["order_id"].str());
        once(value, &place, &mut seen, is_whole, report);
        let seq = value["audit_seq"].long().unwrap_or(-1);
        if seq <= last {
            report.violation(G1, &place, "audit_seq", format!("above {last}, in the order of entries"), seq);
        }
        last = last.max(seq);
        match entries.get(&seq).filter(|entry| publishes(entry)) {
            Some(entry) => beside(value, entry, &place, report),
            None => report.violation(G1, &place, "audit_seq", "an entry that allows it", seq),
        }
        if !seen.allowed.insert(seq) {
            report.violation(
                G1,
                &place,
                "audit_seq",
                "one order for each entry",
                format!("another of entry {seq}"),
            );
        }
    }
    let first = lane.orders.first().and_then(|order| order.value["audit_seq"].long());
    for entry in lane.entries.iter().filter(|entry| publishes(&entry.value)) {
        let seq = entry.value["seq"].long().unwrap_or(-1);
        if !is_whole && first.is_none_or(|first| seq < first) {
            report.count(G1, "orders that retention removed", 1);
        } else if !seen.allowed.contains(&seq) {
            report.violation(G1, &lane.entry_place(entry), "order", "the one that this entry allows", "none");
        }
    }
    report.count(G1, "orders", lane.orders.len());
    report.count(G1, "NEW", seen.begun.len());
}

/// Nothing is published twice, and versions are dense.
fn once(value: &Value<'_>, place: &Place, seen: &mut Seen, is_whole: bool, report: &mut Report) {
    let text = |name: &str| value[name].str().to_owned();
    let (id, version) = (text("order_id"), value["order_version"].long().unwrap_or(-1));
    if !seen.published.insert((id.clone(), version)) {
        report.violation(
            G1,
            place,
            "order_id, order_version",
            "published once",
            format!("{id}, {version} again"),
        );
    }
    match seen.versions.get(&id).copied() {
        None if !is_whole => {}
        before => report.equal(G1, place, "order_version", before.unwrap_or_default() + 1, version),
    }
    seen.versions.insert(id.clone(), version);
    let (is_new, account) = (value["command"].str() == "NEW", text("account_id"));
    report.equal(G1, place, "command is NEW", version == 1, is_new);
    if is_new && !seen.begun.insert((account.clone(), text("client_order_id"))) {
        let found = format!("another of {account}/{}", text("client_order_id"));
        report.violation(G1, place, "client_order_id", "one NEW for each", found);
    }
    let of_command = if value["origin"].str() == "CONTROL" { id } else { String::new() };
    if !seen.caused.insert((account.clone(), text("intent_id"), of_command)) {
        let found = format!("another of {account}/{}", text("intent_id"));
        report.violation(G1, place, "intent_id", "one order for each key", found);
    }
}

fn beside(value: &Value<'_>, entry: &Value<'_>, place: &Place, report: &mut Report) {
    for name in SAME {
        report.equal(G1, place, name, entry[name].str(), value[name].str());
    }
    let time = |of: &Value<'_>| of["decided_at"].long().unwrap_or(-1);
    report.equal(G1, place, "decided_at", time(entry), time(value));
    let is_owed = entry["kind"].str() == "OWED_CANCEL";
    report.equal(G1, place, "origin", if is_owed { "CONTROL" } else { "INTENT" }, value["origin"].str());
    let command = match is_owed || entry["converted_to_cancel"].is_true() {
        true => "CANCEL",
        false => entry["intent"]["intent_type"].str(),
    };
    report.equal(G1, place, "command", command, value["command"].str());
    report.count(G1, if is_owed { "owed cancels" } else { "orders of intents" }, 1);
}
