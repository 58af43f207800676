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
    order: Option<&'a str>,
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
    /// Before what it is about: more may be left by now.
    came_before: bool,
}

impl<'a> Claim<'a> {
    fn of(report: &Value<'a>) -> Self {
        let kind = report["exec_type"].str();
        let order = report["order_id"].str();
        let is_id = order.len() == 32 && order.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        Self {
            account: report["account_id"].str(),
            side: Side::of(&report["side"]),
            order: if is_id { order } else { "" },
            worth: report["last_qty"].number().filter(|_| kind != "TRADE_CANCEL").unwrap_or_else(zero),
            leaves: report["leaves_qty"].number().filter(|_| kind != "TRADE"),
            came_before: false,
        }
    }

    /// What is left of the order, if it is so much when it is computed.
    fn left(&self, computed: &Number) -> Number {
        match &self.leaves {
            Some(leaves) if self.came_before => leaves.max(computed).clone(),
            Some(leaves) => leaves.clone(),
            None => computed.clone(),
        }
    }
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
        let now = self.netted(report, None);
        let worth = now.worth.clone();
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
            order.leaves = now.left(&order.leaves);
        });
        let (account, side) = (report["account_id"].str(), Side::of(&report["side"]));
        let change = side.signed(worth.clone());
        self.holdings.trade(account, strategy, report["instrument_id"].str(), &change);
        let order = strategy.is_some().then_some(id);
        (Meaning::Trade(Trade { account, strategy, side, order, worth }), anomaly)
    }

    fn known(&self, order: &'a str) -> Option<&'a str> {
        Some(order).filter(|order| self.orders.contains_key(*order))
    }

    /// Of two orders that are named the one that is known, the later one first.
    fn meant(&self, later: &'a str, earlier: &'a str) -> &'a str {
        let named = Some(later).filter(|later| !later.is_empty()).unwrap_or(earlier);
        self.known(later).or(self.known(earlier)).unwrap_or(named)
    }

    fn agree(&self, one: &Claim<'a>, other: &Claim<'a>) -> bool {
        let orders = self.known(one.order).zip(self.known(other.order));
        (one.account, one.side) == (other.account, other.side)
            && orders.is_none_or(|(one, other)| one == other)
    }

    /// What a report says of its trade, or what was said of it before it came: not by one that contradicts it, or
    /// the trade that it is about.
    fn netted(&self, report: &Value<'a>, about: Option<&Claim<'a>>) -> Claim<'a> {
        let said = Claim::of(report);
        let Some(before) = self.awaited.get(&own_id(report)) else { return said };
        let order = self.meant(said.order, before.order);
        let all = Claim { order, ..said.clone() };
        if self.agree(&all, before) && about.is_none_or(|about| self.agree(&all, about)) {
            return Claim { order, came_before: true, ..before.clone() };
        }
        said
    }

    /// What is known of the trade that a bust or correction is about.
    fn known_of(&self, about: &ReportId<'a>) -> Option<Claim<'a>> {
        match self.reports.get(about).map(|report| &report.meaning) {
            Some(Meaning::Trade(trade)) => Some(Claim {
                account: trade.account,
                side: trade.side,
                order: trade.order.unwrap_or_default(),
                worth: trade.worth.clone(),
                leaves: None,
                came_before: false,
            }),
            Some(Meaning::About(_) | Meaning::Other) => None,
            None => self.awaited.get(about).cloned(),
        }
    }

    fn correct(&mut self, report: &Value<'a>) -> (Meaning<'a>, Option<&'static str>) {
        let mut about = named_id(report, report["exec_ref_id"].str());
        while let Some(Report { meaning: Meaning::About(next), .. }) = self.reports.get(&about) {
            about = *next;
        }
        let before = self.known_of(&about);
        let mut now = self.netted(report, before.as_ref());
        let order = self.meant(now.order, before.as_ref().map_or("", |before| before.order));
        let found = self.reports.get_mut(&about).map(|report| &mut report.meaning);
        let anomaly = match found {
            Some(Meaning::Trade(trade)) => {
                let change = &now.worth - &trade.worth;
                trade.worth = now.worth.clone();
                let trade = trade.clone();
                let signed = trade.side.signed(change.clone());
                self.holdings.trade(trade.account, trade.strategy, report["instrument_id"].str(), &signed);
                self.change(trade.order.unwrap_or_default(), |order| {
                    order.fill(&change);
                    order.leaves = now.left(&order.leaves);
                });
                None
            }
            Some(Meaning::About(_) | Meaning::Other) => Some("UNKNOWN_EXEC_REF"),
            None => {
                let moved = |before: Claim<'a>| Some(excess(before.leaves? - (&now.worth - before.worth)));
                now.leaves = now.leaves.clone().or_else(|| before.and_then(moved));
                self.awaited.insert(about, Claim { order, ..now });
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
