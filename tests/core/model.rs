//! A second opinion: orders and positions by the contract's table, in plain numbers.
//!
//! It reads the trail and nothing else. It knows no batches, no reservations kept along, no index:
//! what it says, it adds up anew.

use std::collections::BTreeMap;

use onefill::core::amount::Numeral;
use onefill::core::entry::{Anomaly, Body, Decision, Entry, Prior, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentType, Side, TimeInForce};
use onefill::core::verdict::Reason;

#[derive(Debug, Default)]
pub struct Model {
    pub keys: BTreeMap<(String, String), (u64, Option<Reason>)>,
    pub orders: BTreeMap<OrderId, Order>,
    said: BTreeMap<ReportId, Said>,
}

type ReportId = (String, String, String);

#[derive(Clone, Debug)]
pub struct Order {
    pub account: String,
    pub instrument: String,
    pub side: Side,
    day: bool,
    pub total: i128,
    pub filled: i128,
    pub leaves: i128,
    pub pending: Option<i128>,
    pub dead: bool,
}

/// What is known under a report's id.
#[derive(Clone, Debug)]
enum Said {
    Trade { account: String, instrument: String, signed: i128, order: Option<OrderId>, worth: i128 },
    About(ReportId),
    Other,
    Awaited(Claim),
}

/// What a bust or correction says of a trade.
#[derive(Clone, Debug)]
struct Claim {
    account: String,
    side: Side,
    order: Option<OrderId>,
    worth: i128,
    leaves: Option<i128>,
    /// Before what it is about: more may be left by now.
    came_before: bool,
}

impl Order {
    pub fn reserved(&self) -> i128 {
        let pending = self.pending.map_or(0, |total| total - self.filled);
        if self.dead { 0 } else { self.leaves.max(pending).max(0) }
    }
}

impl Model {
    /// Follows one entry.
    pub fn follow(&mut self, entry: &Entry<'_>) {
        match &entry.body {
            Body::Decision(Decision { ruling, .. }) => self.ruled(entry.seq, ruling),
            Body::Execution(taken) => {
                let ignored = [
                    Anomaly::DuplicateExec,
                    Anomaly::ExecIdConflict,
                    Anomaly::AccountMismatch,
                    Anomaly::ExecutionUnapplied,
                ];
                if let (Ok(report), false) =
                    (&taken.report, taken.anomaly.is_some_and(|it| ignored.contains(&it)))
                {
                    self.reported(report);
                }
            }
            _ => {}
        }
    }

    pub fn position(&self, account: &str, instrument: &str) -> i128 {
        let worth = |said: &Said| match said {
            Said::Trade { account: of, instrument: in_, signed, worth, .. }
                if of == account && in_ == instrument =>
            {
                signed * worth
            }
            _ => 0,
        };
        self.said.values().map(worth).sum()
    }

    fn ruled(&mut self, seq: u64, ruling: &Ruling<'_>) {
        let known = |account: &str, key: &str| self.keys.get(&(account.to_owned(), key.to_owned())).copied();
        match ruling {
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => {}
            Ruling::Duplicate { ids, of, .. } => {
                assert_eq!(known(ids.account_id.as_str(), ids.intent_id.as_str()), Some((of.seq, of.reason)));
            }
            Ruling::Conflict { intent, of, .. } => {
                assert_eq!(
                    known(intent.account_id.as_str(), intent.intent_id.as_str()),
                    Some((of.seq, of.reason))
                );
            }
            Ruling::Rejected { intent, of, .. } => {
                let taken = of.map(|Prior { seq, .. }| seq);
                assert!(taken.is_none_or(|of| of < seq), "an order is taken by an earlier entry");
                self.bind(seq, intent, ruling.reason());
            }
            Ruling::Accepted { intent, converted_to_cancel, .. } => {
                self.bind(seq, intent, None);
                self.accepted(intent, *converted_to_cancel);
            }
        }
    }

    fn bind(&mut self, seq: u64, intent: &Intent<'_>, reason: Option<Reason>) {
        let key = (intent.account_id.to_string(), intent.intent_id.to_string());
        assert_eq!(self.keys.insert(key, (seq, reason)), None, "a key is decided once");
    }

    fn accepted(&mut self, intent: &Intent<'_>, converted_to_cancel: bool) {
        let order_id = OrderId::of(intent.account_id, intent.client_order_id);
        match intent.intent_type {
            IntentType::New => {
                let total = whole(intent.terms.order_qty).expect("a NEW has a quantity");
                let order = Order {
                    account: intent.account_id.to_string(),
                    instrument: intent.instrument_id.to_string(),
                    side: intent.terms.side.expect("a NEW has a side"),
                    day: intent.terms.time_in_force == Some(TimeInForce::Day),
                    total,
                    filled: 0,
                    leaves: total,
                    pending: None,
                    dead: false,
                };
                assert!(self.orders.insert(order_id, order).is_none(), "an order is accepted once");
            }
            IntentType::Replace if !converted_to_cancel => {
                let order =
                    self.orders.get_mut(&order_id).expect("an order is replaced after it was accepted");
                order.pending = Some(whole(intent.terms.order_qty).unwrap_or(order.total));
            }
            IntentType::Cancel | IntentType::Replace => {}
        }
    }

    fn reported(&mut self, report: &Execution<'_>) {
        let own = id_of(report, report.exec_id);
        let order_id = OrderId::parse(report.order_id).filter(|id| self.orders.contains_key(id));
        match report.exec_type {
            ExecType::Trade => {
                let now = self.netted(&own, Claim::of(report), None);
                let worth = now.worth;
                let signed = if report.side == Side::Buy { 1 } else { -1 };
                if let Some(order) = order_id.and_then(|id| self.orders.get_mut(&id)) {
                    order.filled += worth;
                    order.leaves = now.left((order.leaves - worth).max(0));
                }
                let (account, instrument) = (report.account_id.to_string(), report.instrument_id.to_string());
                self.said.insert(own, Said::Trade { account, instrument, signed, order: order_id, worth });
            }
            ExecType::TradeCancel | ExecType::TradeCorrect => self.restated(report, own),
            _ => {
                self.said.insert(own, Said::Other);
                if let Some(order) = order_id.and_then(|id| self.orders.get_mut(&id)) {
                    change(order, report);
                }
            }
        }
    }

    fn known(&self, order: Option<OrderId>) -> Option<OrderId> {
        order.filter(|id| self.orders.contains_key(id))
    }

    fn agree(&self, one: &Claim, other: &Claim) -> bool {
        let orders = self.known(one.order).zip(self.known(other.order));
        (&one.account, one.side) == (&other.account, other.side) && orders.is_none_or(|(a, b)| a == b)
    }

    fn meant(&self, later: Option<OrderId>, earlier: Option<OrderId>) -> Option<OrderId> {
        self.known(later).or(self.known(earlier)).or(later).or(earlier)
    }

    /// What a report says, or what was said of it before it came, if that is not of something else.
    fn netted(&self, own: &ReportId, said: Claim, about: Option<&Claim>) -> Claim {
        let Some(Said::Awaited(before)) = self.said.get(own) else { return said };
        let order = self.meant(said.order, before.order);
        let all = Claim { order, ..said.clone() };
        let agrees = self.agree(&all, before) && about.is_none_or(|about| self.agree(&all, about));
        if agrees { Claim { order, came_before: true, ..before.clone() } } else { said }
    }

    fn restated(&mut self, report: &Execution<'_>, own: ReportId) {
        let mut first = id_of(report, report.exec_ref_id.expect("it names a trade"));
        while let Some(Said::About(next)) = self.said.get(&first) {
            first = next.clone();
        }
        let before = match self.said.get(&first) {
            Some(Said::Awaited(claim)) => Some(claim.clone()),
            Some(Said::Trade { account, signed, order, worth, .. }) => Some(Claim {
                account: account.clone(),
                side: if *signed > 0 { Side::Buy } else { Side::Sell },
                order: *order,
                worth: *worth,
                leaves: None,
                came_before: false,
            }),
            Some(Said::Other | Said::About(_)) | None => None,
        };
        let mut now = self.netted(&own, Claim::of(report), before.as_ref());
        let order = self.meant(now.order, before.as_ref().and_then(|before| before.order));
        match self.said.get_mut(&first) {
            None | Some(Said::Awaited(_)) => {
                let moved = |before: Claim| Some((before.leaves? - (now.worth - before.worth)).max(0));
                now.leaves = now.leaves.or_else(|| before.and_then(moved));
                self.said.insert(first.clone(), Said::Awaited(Claim { order, ..now }));
            }
            Some(Said::Trade { worth: before, order, .. }) => {
                let change = now.worth - *before;
                *before = now.worth;
                if let Some(order) = order.and_then(|id| self.orders.get_mut(&id)) {
                    order.filled += change;
                    order.leaves = now.left((order.leaves - change).max(0));
                }
            }
            Some(Said::Other | Said::About(_)) => {}
        }
        self.said.insert(own, Said::About(first));
    }
}

impl Claim {
    fn of(report: &Execution<'_>) -> Self {
        let is = |exec_type| report.exec_type == exec_type;
        Self {
            account: report.account_id.to_string(),
            side: report.side,
            order: OrderId::parse(report.order_id),
            worth: whole(report.last_qty).filter(|_| !is(ExecType::TradeCancel)).unwrap_or(0),
            leaves: whole(report.leaves_qty).filter(|_| !is(ExecType::Trade)),
            came_before: false,
        }
    }

    fn left(&self, computed: i128) -> i128 {
        match self.leaves {
            Some(leaves) if self.came_before => leaves.max(computed),
            Some(leaves) => leaves,
            None => computed,
        }
    }
}

fn change(order: &mut Order, report: &Execution<'_>) {
    match report.exec_type {
        ExecType::Canceled | ExecType::Expired | ExecType::Rejected => order.dead = true,
        ExecType::DoneForDay => order.dead |= order.day,
        ExecType::Replaced => {
            order.total = whole(report.order_qty).expect("REPLACED has a total");
            (order.leaves, order.pending) = ((order.total - order.filled).max(0), None);
        }
        ExecType::Restated => {
            order.total = whole(report.order_qty).expect("RESTATED has a total");
            order.leaves = whole(report.leaves_qty).expect("RESTATED has leaves");
        }
        ExecType::ReplaceRejected => order.pending = None,
        _ => {}
    }
}

fn id_of(report: &Execution<'_>, exec_id: &str) -> ReportId {
    (report.venue.to_string(), report.instrument_id.to_string(), exec_id.to_owned())
}

/// A quantity of lots of 1.
fn whole(number: Option<Numeral<'_>>) -> Option<i128> {
    number.map(|number| number.to_string().parse().expect("what was applied is whole"))
}
