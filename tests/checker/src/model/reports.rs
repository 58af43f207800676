//! Section 7: what an execution report does, once.

use super::Model;
use super::orders::{Side, Valued};
use super::states::State;
use crate::avro::Value;
use crate::number::{Number, canonical, excess, zero};

/// Venue, instrument, `exec_id`.
pub type ReportId<'a> = (&'a str, &'a str, &'a str);

/// A report that bound its id.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    content: String,
    meaning: Meaning<'a>,
}

#[derive(Clone, Debug)]
enum Meaning<'a> {
    Trade(Trade<'a>),
    /// A bust or correction of that report.
    About(ReportId<'a>),
    Other,
}

#[derive(Clone, Debug)]
struct Trade<'a> {
    account: &'a str,
    strategy: Option<&'a str>,
    side: Side,
    /// The order that it counts for.
    order: Option<String>,
    worth: Number,
}

/// What a bust or correction says of a trade that has not come.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    account: &'a str,
    side: Side,
    /// As it names it, known or not; empty where it names none.
    order: &'a str,
    worth: Number,
    leaves: Option<Number>,
}

impl<'a> Model<'a> {
    /// Applies a report that can be applied; the anomaly that its entry must name.
    pub fn report(&mut self, report: &Value<'a>) -> Option<&'static str> {
        let anomaly = self.judged(report);
        let account = report["account_id"].str();
        let order = self.orders.get(report["order_id"].str());
        let (other, strategy) = (order.map(|order| order.account), order.map(|order| order.strategy));
        match anomaly {
            None | Some("DUPLICATE_EXEC") => {}
            Some("EXEC_ID_CONFLICT") => self.restrict(account, State::Halted),
            Some("ACCOUNT_MISMATCH") => {
                self.restrict(account, State::Halted);
                if let Some(other) = other {
                    self.restrict(other, State::Halted);
                }
            }
            Some(_) => self.by_policy(account, strategy, report["instrument_id"].str()),
        }
        anomaly
    }

    /// A report that the router could not apply restricts the account that its key names, or the lane.
    pub fn unapplied(&mut self, account: Option<&str>) {
        match account {
            Some(account) => self.restrict(account, State::Halted),
            None => {
                let (scope, holder) = (("LANE", self.partition.to_string()), self.anomaly_holder());
                self.states.tighten(scope, State::Halted, &holder);
            }
        }
    }

    /// Whether its id is bound.
    pub(super) fn is_known(&self, report: &Value<'a>) -> bool {
        self.reports.contains_key(&own_id(report))
    }

    fn restrict(&mut self, account: &str, state: State) {
        let holder = self.anomaly_holder();
        self.states.tighten(("ACCOUNT", account.to_owned()), state, &holder);
    }

    /// `on_anomaly`: the strictest that counts, REDUCE where none is set.
    fn by_policy(&mut self, account: &str, strategy: Option<&str>, instrument: &str) {
        let groups = self.limits.groups(account, strategy, instrument);
        let set = groups.iter().flat_map(|group| &group.limits).filter_map(|limit| limit.on_anomaly);
        let strictness = |policy: &str| ["WARN", "REDUCE", "HALT"].iter().position(|one| *one == policy);
        match set.map(strictness).max().flatten().unwrap_or(1) {
            0 => {}
            1 => self.restrict(account, State::Reducing),
            _ => self.restrict(account, State::Halted),
        }
    }

    fn judged(&mut self, report: &Value<'a>) -> Option<&'static str> {
        let content = content(report);
        if let Some(known) = self.reports.get(&own_id(report)) {
            let is_same = known.content == content;
            return Some(if is_same { "DUPLICATE_EXEC" } else { "EXEC_ID_CONFLICT" });
        }
        let order = report["order_id"].str();
        let account = report["account_id"].str();
        if self.orders.get(order).is_some_and(|order| order.account != account) {
            return Some("ACCOUNT_MISMATCH");
        }
        let (meaning, anomaly) = match report["exec_type"].str() {
            "TRADE" => self.trade(report),
            "TRADE_CANCEL" | "TRADE_CORRECT" => self.correct(report),
            _ => (Meaning::Other, self.alter(order, report)),
        };
        self.reports.insert(own_id(report), Report { content, meaning });
        anomaly
    }

    fn trade(&mut self, report: &Value<'a>) -> (Meaning<'a>, Option<&'static str>) {
        let (worth, leaves) = match self.claim_on(report) {
            Some(Claim { worth, leaves, .. }) => (worth.clone(), leaves.clone()),
            None => (report["last_qty"].number().unwrap_or_else(zero), None),
        };
        let id = report["order_id"].str();
        let (anomaly, strategy) = match self.orders.get(id) {
            None => (Some("UNKNOWN_ORDER_FILL"), None),
            Some(order) if order.is_dead => (Some("LATE_FILL"), Some(order.strategy)),
            Some(order) => {
                let is_beyond = &order.filled + &worth > order.now.terms.qty;
                (is_beyond.then_some("OVERFILL"), Some(order.strategy))
            }
        };
        self.change(id, |order| {
            order.fill(&worth);
            if let Some(leaves) = leaves {
                order.leaves = leaves;
            }
        });
        let (account, side) = (report["account_id"].str(), Side::of(&report["side"]));
        let change = side.signed(worth.clone());
        self.holdings.trade(account, strategy, report["instrument_id"].str(), &change);
        let order = strategy.is_some().then(|| id.to_owned());
        (Meaning::Trade(Trade { account, strategy, side, order, worth }), anomaly)
    }

    /// What was said of this report before it came, unless of another account, side or order.
    fn claim_on(&self, report: &Value<'a>) -> Option<&Claim<'a>> {
        let order = report["order_id"].str();
        let is_elsewhere = |claimed: &str| {
            claimed != order && [claimed, order].iter().all(|order| self.orders.contains_key(*order))
        };
        self.awaited.get(&own_id(report)).filter(|claim| {
            let agrees =
                (claim.account, claim.side) == (report["account_id"].str(), Side::of(&report["side"]));
            agrees && !is_elsewhere(claim.order)
        })
    }

    fn correct(&mut self, report: &Value<'a>) -> (Meaning<'a>, Option<&'static str>) {
        let is_bust = report["exec_type"].str() == "TRADE_CANCEL";
        let said = report["last_qty"].number().filter(|_| !is_bust).unwrap_or_else(zero);
        // A later correction of this one may have come before it.
        let (worth, leaves) = match self.claim_on(report) {
            Some(Claim { worth, leaves, .. }) => (worth.clone(), leaves.clone()),
            None => (said, report["leaves_qty"].number()),
        };
        let mut about = named_id(report, report["exec_ref_id"].str());
        while let Some(Report { meaning: Meaning::About(next), .. }) = self.reports.get(&about) {
            about = *next;
        }
        let found = self.reports.get_mut(&about).map(|report| &mut report.meaning);
        let anomaly = match found {
            Some(Meaning::Trade(trade)) => {
                let change = &worth - &trade.worth;
                trade.worth = worth;
                let trade = trade.clone();
                let signed = trade.side.signed(change.clone());
                self.holdings.trade(trade.account, trade.strategy, report["instrument_id"].str(), &signed);
                self.change(&trade.order.unwrap_or_default(), |order| {
                    order.fill(&change);
                    if let Some(leaves) = leaves {
                        order.leaves = leaves;
                    }
                });
                None
            }
            Some(Meaning::About(_) | Meaning::Other) => Some("UNKNOWN_EXEC_REF"),
            None => {
                let named = report["order_id"].str();
                let order = match self.awaited.get(&about) {
                    Some(before) if named.is_empty() => before.order,
                    _ => named,
                };
                let (account, side) = (report["account_id"].str(), Side::of(&report["side"]));
                self.awaited.insert(about, Claim { account, side, order, worth, leaves });
                Some("UNKNOWN_EXEC_REF")
            }
        };
        (Meaning::About(about), anomaly)
    }

    /// A report that is no fill.
    fn alter(&mut self, id: &str, report: &Value<'a>) -> Option<&'static str> {
        let kind = report["exec_type"].str();
        let total = report["order_qty"].number();
        let leaves = report["leaves_qty"].number();
        self.change(id, |order| match kind {
            "CANCELED" | "EXPIRED" | "REJECTED" => order.is_dead = true,
            "DONE_FOR_DAY" => order.is_dead |= order.now.terms.time_in_force == "DAY",
            "REPLACED" => {
                if let Some(Valued { terms, valuation }) = order.pending.take() {
                    order.now = Valued { terms, valuation };
                }
                order.now.terms.qty = total.unwrap_or_else(zero);
                order.leaves = excess(&order.now.terms.qty - &order.filled);
            }
            "RESTATED" => {
                order.now.terms.qty = total.unwrap_or_else(zero);
                order.leaves = leaves.unwrap_or_else(zero);
            }
            "REPLACE_REJECTED" => order.pending = None,
            "CANCEL_REJECTED" => order.cancel_pending = false,
            _ => {}
        });
        let is_refused = ["REPLACE_REJECTED", "CANCEL_REJECTED"].contains(&kind);
        let is_unknown =
            is_refused && report["reject_code"].long() == Some(1) && self.orders.contains_key(id);
        is_unknown.then_some("VENUE_UNKNOWN_ORDER")
    }
}

fn own_id<'a>(report: &Value<'a>) -> ReportId<'a> {
    named_id(report, report["exec_id"].str())
}

fn named_id<'a>(report: &Value<'a>, exec_id: &'a str) -> ReportId<'a> {
    (report["venue"].str(), report["instrument_id"].str(), exec_id)
}

/// What tells a report that comes again from another one, numbers by their value.
fn content(report: &Value<'_>) -> String {
    const NUMBERS: [&str; 5] = ["last_qty", "last_px", "order_qty", "cum_qty", "leaves_qty"];
    let Value::Record(record) = report else { return String::new() };
    let fields = record.schema.fields.iter().zip(&record.values);
    let lines = fields.filter(|(_, value)| !value.is_null()).map(|((name, _), value)| {
        let text = value.to_string();
        let text = if NUMBERS.contains(&name.as_str()) { canonical(&text) } else { &text };
        format!("{name}={}:{text}\n", text.len())
    });
    lines.collect()
}
