//! From the first entry of a trail to the last: G4, G5 and G7, and the terms of orders.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::Model;
use super::judge::{Becomes, Judged};
use super::orders::Order;
use super::prices::Prices;
use crate::avro::{CONTROL, EXECUTION, INTENT, Kind, PRICE, Value};
use crate::intent::is_id;
use crate::lane::{Lane, Read};
use crate::log::Role;
use crate::report::{Guarantee, Guarantee::G4, Guarantee::G5, Guarantee::G7, Place, Report};

/// Checks that a fact was missing or the world in doubt; all others are limits.
const FACTS: [&str; 10] = [
    "TIMESTAMP_IN_FUTURE",
    "INTENT_TOO_OLD",
    "INTENT_EXPIRED",
    "TRADING_HALTED",
    "UNKNOWN_ACCOUNT",
    "UNKNOWN_INSTRUMENT",
    "RESTRICTED_INSTRUMENT",
    "REFERENCE_PRICE_NOT_AVAILABLE",
    "REFERENCE_PRICE_STALE",
    "REFERENCE_PRICE_INVALID",
];

/// What a walk believes of intents, reports and control records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the entries recorded of them.
    Trail,
    /// The inputs' own bytes, where they are still there.
    Inputs,
}

/// Goes through a lane's trail, and says a digest of where it ends.
pub fn walk<'a>(lane: &'a Lane<'a>, source: Source, report: &mut Report) -> String {
    let mut model = Model::new(lane.partition, lane.count);
    let orders: HashMap<i64, &Read<'a>> =
        lane.orders.iter().filter_map(|order| Some((order.value["audit_seq"].long()?, order))).collect();
    for entry in &lane.entries {
        let order = entry.value["seq"].long().and_then(|seq| orders.get(&seq).copied());
        model.step(lane, source, &entry.value, &lane.entry_place(entry), order, report);
    }
    if let Some(last) = lane.entries.last() {
        model.audit_sums(&lane.entry_place(last), report);
    }
    report.count(G4, "instruments", model.instruments.len());
    model.digest()
}

/// The intent, report or control record that an entry is about.
fn said<'a>(lane: &Lane<'a>, source: Source, entry: &Value<'a>) -> Value<'a> {
    let (field, kind): (_, &'static Kind) = match entry["kind"].str() {
        "DECISION" => ("intent", &INTENT),
        "EXECUTION" => ("execution", &EXECUTION),
        _ => ("control", &CONTROL),
    };
    let recorded = &entry[field];
    let input = lane.input_of(entry).filter(|_| source == Source::Inputs && !recorded.is_null());
    input.and_then(|input| kind.decode(input.bytes())).unwrap_or_else(|| recorded.clone())
}

impl<'a> Model<'a> {
    fn step(
        &mut self,
        lane: &'a Lane<'a>,
        source: Source,
        value: &Value<'a>,
        place: &Place,
        order: Option<&'a Read<'a>>,
        report: &mut Report,
    ) {
        let said = said(lane, source, value);
        let decided_at = value["decided_at"].long().unwrap_or_default();
        if decided_at < self.clock {
            report.violation(G4, place, "decided_at", format!("{} or later", self.clock), decided_at);
        }
        (self.clock, self.seq) = (decided_at, value["seq"].long().unwrap_or(-1));
        let version = value["limits_version"].long().unwrap_or(-2);
        report.equal(G4, place, "limits_version", self.limits_version, version);
        let order = order.map(|order| (&order.value, lane.place(Role::Orders, order.record.offset)));
        match value["kind"].str() {
            "GENESIS" | "LANE_OPENED" => self.opened(value),
            "CONTROL" => self.answered(&said, value, place, report),
            "EXECUTION" => self.reported(lane, &said, value, place, report),
            "OWED_CANCEL" => {
                self.owed(value, place, report);
                self.publish(value, order, report);
                self.after(value, place, report);
            }
            "DECISION" => {
                self.decided(lane, &said, value, place, report);
                if value["verdict"].str() == "ACCEPTED" {
                    self.publish(value, order, report);
                }
                if !value["after"].is_null() || value["verdict"].str() == "ACCEPTED" {
                    self.after(value, place, report);
                }
            }
            _ => {}
        }
    }

    fn opened(&mut self, entry: &Value<'a>) {
        if let Value::Map(settings) = &entry["lane"]["settings"] {
            let number =
                |(name, value): &(&str, Value<'_>)| Some(((*name).to_owned(), value.str().parse().ok()?));
            self.settings = settings.iter().filter_map(number).collect();
        }
    }

    fn answered(&mut self, said: &Value<'a>, entry: &Value<'a>, place: &Place, report: &mut Report) {
        let offset = entry["input"]["offset"].long().unwrap_or(-1);
        let due = self.control(offset, Some(said).filter(|said| !said.is_null()));
        report.equal(G7, place, "control_result", due, entry["control_result"].str());
        report.count(G7, "control results recomputed", 1);
    }

    fn reported(
        &mut self,
        lane: &Lane<'a>,
        said: &Value<'a>,
        entry: &Value<'a>,
        place: &Place,
        report: &mut Report,
    ) {
        let anomaly = entry["anomaly"].str();
        let key = match lane.input_of(entry) {
            Some(input) => input.key.as_deref(),
            // Only of what was misplaced or unreadable the key is recorded.
            None => entry["record_key"].bytes().or(entry["account_id"].text().map(str::as_bytes)),
        };
        let is_applied = anomaly != "EXECUTION_UNAPPLIED";
        match self.applicable(said, key).filter(|_| !said.is_null()) {
            Some(due) => {
                report.equal(G5, place, "applied", due, is_applied);
                report.count(G5, "reports whose application is certain", 1);
            }
            None => report.count(G5, "reports not applied, as recorded", usize::from(!is_applied)),
        }
        if !is_applied || said.is_null() {
            report.equal(G5, place, "anomaly", "EXECUTION_UNAPPLIED", anomaly);
            self.unapplied(key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| is_id(key)));
        } else {
            let due = self.report(said).unwrap_or_default();
            report.equal(G5, place, "anomaly", due, anomaly);
            report.count(G5, "reports applied", 1);
        }
        if !entry["after"].is_null() {
            self.after(entry, place, report);
        }
    }

    /// The next cancel that is owed to an order which is still open; those before it have lapsed.
    fn owed(&mut self, entry: &Value<'a>, place: &Place, report: &mut Report) {
        let open = |(id, ..): &(String, &str, i64)| self.orders.get(id).is_some_and(Order::is_open);
        let next = self.owed.iter().position(open);
        let due = next.map(|next| self.owed.drain(..=next).next_back()).unwrap_or_default();
        let Some((order, command, offset)) = due else {
            report.violation(G7, place, "order_id", "no cancel, as none is owed", &entry["order_id"]);
            return;
        };
        report.equal(G7, place, "order_id", order.as_str(), entry["order_id"].str());
        report.equal(G7, place, "intent_id", command, entry["intent_id"].str());
        report.equal(G7, place, "input.offset", offset, entry["input"]["offset"].long().unwrap_or(-1));
        self.change(&order, |order| order.cancel_pending = true);
        report.count(G7, "owed cancels recomputed", 1);
    }

    /// An intent that its entry decides. Other arrivals change nothing, and are judged by G2.
    fn decided(
        &mut self,
        lane: &Lane<'a>,
        intent: &Value<'a>,
        entry: &Value<'a>,
        place: &Place,
        report: &mut Report,
    ) {
        if intent.is_null() || entry["verdict"].str() == "DUPLICATE" || !entry["duplicate_of"].is_null() {
            return;
        }
        let is_open = |(id, ..): &&(String, &str, i64)| self.orders.get(id).is_some_and(Order::is_open);
        if let Some((order, ..)) = self.owed.iter().find(is_open) {
            let due = format!("OWED_CANCEL of {order} before any intent");
            report.violation(G4, place, "kind", due, "DECISION");
        }
        let prices = Prices::of(entry);
        looked_at(lane, &prices, place, report);
        let judged = self.judge(intent, &prices);
        if entry["verdict"].str() == "ACCEPTED" {
            allowed(entry, &judged, place, report);
            let is_converted = entry["converted_to_cancel"].is_true();
            let becomes = match is_converted || intent["intent_type"].str() == "CANCEL" {
                true => Becomes::Cancel { is_converted },
                false => Becomes::Order,
            };
            self.accept(intent, becomes, judged.valuation);
        } else if entry["reason"].str() == "NUMERIC_OVERFLOW" {
            report.count(G7, "overflows taken as recorded", 1);
        } else {
            refused(entry, &judged, place, report);
        }
    }

    /// Where a walk ended, so that two can be compared: every order, and what its account holds.
    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for id in &self.accepted {
            let order = &self.orders[id];
            let Order { version, pending, cancel_pending, filled, leaves, is_dead, .. } = order;
            let pending = pending.as_ref().map(|pending| &pending.terms.qty);
            let held = self.holdings.of(order.account, order.instrument);
            let flags = (
                version,
                cancel_pending,
                is_dead,
                self.states.holder(&("ACCOUNT", order.account.to_owned())),
            );
            let line =
                format!("{id} {flags:?} {filled} {leaves} {pending:?} {} {held:?}\n", order.now.terms.qty);
            hasher.update(line.as_bytes());
        }
        crate::identity::hex(&hasher.finalize())
    }
}

/// An accept: every fact was there, and every limit holds.
fn allowed(entry: &Value<'_>, judged: &Judged, place: &Place, report: &mut Report) {
    for reason in &judged.reasons {
        let guarantee: Guarantee = if FACTS.contains(reason) { G4 } else { G5 };
        report.violation(guarantee, place, "verdict", format!("REJECTED {reason}"), "ACCEPTED");
    }
    let is_converted = judged.becomes == Becomes::Cancel { is_converted: true };
    report.equal(G7, place, "converted_to_cancel", is_converted, entry["converted_to_cancel"].is_true());
    report.count(G4, "accepts whose facts were there", usize::from(judged.reasons.is_empty()));
    report.count(G5, "accepts within limits", usize::from(judged.reasons.is_empty()));
    report.count(G7, "verdicts recomputed", 1);
}

/// A rejection: for the reasons that the contract gives, in its order.
fn refused(entry: &Value<'_>, judged: &Judged, place: &Place, report: &mut Report) {
    let listed = entry["failed_checks"].items().iter().map(|check| check["reason"].str());
    let found = listed.collect::<Vec<_>>().join(", ");
    let due = if judged.reasons.is_empty() { "none: ACCEPTED".to_owned() } else { judged.reasons.join(", ") };
    report.equal(G7, place, "failed_checks", due, found);
    let first = judged.reasons.first().copied().unwrap_or_default();
    report.equal(G7, place, "reason", first, entry["reason"].str());
    report.count(G7, "verdicts recomputed", 1);
}

/// Each price that was looked at is the one on `prices`, where that is still there.
fn looked_at(lane: &Lane<'_>, prices: &Prices<'_>, place: &Place, report: &mut Report) {
    for reference in prices.recorded {
        let number = |name: &str| reference[name].long().unwrap_or(-1);
        let topic = lane.log.topic(Role::Prices);
        let partition =
            usize::try_from(number("partition")).ok().and_then(|index| topic.partitions.get(index));
        let Some(record) = partition.and_then(|partition| partition.at(number("offset"))) else {
            report.count(G4, "prices that are gone", 1);
            continue;
        };
        let published = PRICE.decode(record.bytes());
        for name in ["instrument_id", "as_of", "source", "quality"] {
            let due = published.as_ref().map_or_else(|| "a price".to_owned(), |it| it[name].to_string());
            report.equal(G4, place, &format!("references.{name}"), due, reference[name].to_string());
        }
        let due = published.as_ref().and_then(|it| it["price"].number());
        if due != reference["price"].number() {
            let due = published.as_ref().map_or_else(|| "a price".to_owned(), |it| it["price"].to_string());
            report.violation(G4, place, "references.price", due, &reference["price"]);
        }
        report.count(G4, "prices compared", 1);
    }
}
