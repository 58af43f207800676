//! Trades, their busts and corrections: a trade counts once, with what it is worth by now.

use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::Side;

use super::model::Model;
use super::number::{Amount, Rat, excess, is_countable, zero};

/// Venue, instrument, `exec_id`.
pub type ReportId = (String, String, String);

/// A report that bound its id.
#[derive(Clone, Debug)]
pub struct Report {
    pub content: String,
    pub meaning: Meaning,
}

#[derive(Clone, Debug)]
pub enum Meaning {
    Trade(Trade),
    /// A bust or correction of that report.
    About(ReportId),
    Other,
}

#[derive(Clone, Debug)]
pub struct Trade {
    pub account: String,
    /// Of the order, where there was one.
    pub strategy: Option<String>,
    pub instrument: String,
    pub side: Side,
    /// The order that it counts for.
    pub order: Option<OrderId>,
    pub worth: Rat,
}

/// What a bust or correction says of a trade.
#[derive(Clone, Debug)]
pub struct Claim {
    account: String,
    side: Side,
    /// The order that it names, known or not.
    order: Option<OrderId>,
    pub worth: Rat,
    /// What is left of the order with that.
    leaves: Option<Rat>,
    /// Whether it came before what it is about: what is left may be more by now.
    came_before: bool,
}

impl Claim {
    /// What is left of the order, if it is so much when it is computed.
    pub fn left(&self, computed: Rat) -> Rat {
        match &self.leaves {
            Some(leaves) if self.came_before => computed.max(leaves.clone()),
            Some(leaves) => leaves.clone(),
            None => computed,
        }
    }
}

/// A POSITION_ADJUST that was applied.
#[derive(Clone, Debug)]
pub struct Adjustment {
    pub account: String,
    pub strategy: Option<String>,
    pub instrument: String,
    pub qty: Rat,
}

/// What a bust or correction found.
pub enum Correction {
    Applied,
    /// No trade of that id, or none yet.
    NotYet,
    /// It says something else than the trade, or what cannot be counted.
    Contradictory,
}

pub fn report_id(report: &Execution<'_>, exec_id: &str) -> ReportId {
    (report.venue.to_string(), report.instrument_id.to_string(), exec_id.to_owned())
}

impl Model {
    pub(super) fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.reports.values().filter_map(|report| match &report.meaning {
            Meaning::Trade(trade) => Some(trade),
            Meaning::About(_) | Meaning::Other => None,
        })
    }

    /// What a report says of its trade, unless a bust or correction of it that came before has the last word: one of
    /// another account, side or order than the report, or the trade that it is about, has none.
    pub(super) fn claim(&self, report: &Execution<'_>, about: Option<&Claim>) -> Claim {
        let is_bust = report.exec_type == ExecType::TradeCancel;
        let said = report.last_qty.filter(|_| !is_bust).map_or_else(zero, |qty| Amount::of(qty).value);
        let leaves = report.leaves_qty.filter(|_| report.exec_type != ExecType::Trade);
        let own = Claim {
            account: report.account_id.to_string(),
            side: report.side,
            order: OrderId::parse(report.order_id),
            worth: said,
            leaves: leaves.map(|leaves| Amount::of(leaves).value),
            came_before: false,
        };
        let Some(before) = self.awaited.get(&report_id(report, report.exec_id)) else { return own };
        let order = self.meant(own.order, before.order);
        let all = Claim { order, ..own.clone() };
        if [Some(before), about].into_iter().flatten().any(|other| self.contradict(&all, other)) {
            return own;
        }
        Claim { order, came_before: true, ..before.clone() }
    }

    /// What is known of the trade that a bust or correction is about.
    fn known_of(&self, first: &ReportId) -> Option<Claim> {
        match self.reports.get(first).map(|report| &report.meaning) {
            Some(Meaning::Trade(trade)) => Some(Claim {
                account: trade.account.clone(),
                side: trade.side,
                order: trade.order,
                worth: trade.worth.clone(),
                leaves: None,
                came_before: false,
            }),
            Some(Meaning::Other | Meaning::About(_)) => None,
            None => self.awaited.get(first).cloned(),
        }
    }

    fn contradict(&self, one: &Claim, other: &Claim) -> bool {
        let orders = self.known(one.order).zip(self.known(other.order));
        (&one.account, one.side) != (&other.account, other.side) || orders.is_some_and(|(a, b)| a != b)
    }

    /// Of two orders that are named the one that is known, the later one first.
    fn meant(&self, later: Option<OrderId>, earlier: Option<OrderId>) -> Option<OrderId> {
        self.known(later).or(self.known(earlier)).or(later).or(earlier)
    }

    fn known(&self, order: Option<OrderId>) -> Option<OrderId> {
        order.filter(|id| self.find(*id).is_some())
    }

    /// A bust or a correction: what it says of the trade, or what a later one that came before said.
    pub(super) fn corrected(&mut self, report: &Execution<'_>) -> Correction {
        let first = self.first_of_chain(report_id(report, report.exec_ref_id.expect("it names a trade")));
        let before = self.known_of(&first);
        let mut now = self.claim(report, before.as_ref());
        if before.as_ref().is_some_and(|before| self.contradict(&now, before)) {
            return Correction::Contradictory;
        }
        let order = self.meant(now.order, before.as_ref().and_then(|before| before.order));
        let found = self.reports.get_mut(&first).map(|report| &mut report.meaning);
        let correction = match found {
            Some(Meaning::Trade(trade)) => {
                let change = &now.worth - &trade.worth;
                trade.worth = now.worth.clone();
                if let Some(order) = trade.order {
                    let index = self.find(order).expect("a trade counts for an order that is known");
                    let order = &mut self.orders[index];
                    order.leaves = now.left(excess(&order.leaves - change));
                }
                Correction::Applied
            }
            Some(Meaning::Other | Meaning::About(_)) => Correction::NotYet,
            None => {
                let moved = |before: Claim| Some(excess(before.leaves? - (&now.worth - before.worth)));
                now.leaves = now.leaves.clone().or_else(|| before.and_then(moved));
                let lot = &self.instruments[report.instrument_id.as_str()].lot;
                if now.leaves.as_ref().is_some_and(|leaves| !is_countable(leaves, lot)) {
                    return Correction::Contradictory;
                }
                self.awaited.insert(first.clone(), Claim { order, ..now });
                Correction::NotYet
            }
        };
        self.bind(report, Meaning::About(first));
        correction
    }

    /// Whether a bust or correction is, by way of others, about itself.
    pub(super) fn leads_back(&self, report: &Execution<'_>) -> bool {
        let own = report_id(report, report.exec_id);
        let referred = report.exec_ref_id.map(|exec_id| report_id(report, exec_id));
        referred.is_some_and(|referred| self.first_of_chain(referred) == own)
    }

    fn first_of_chain(&self, mut id: ReportId) -> ReportId {
        while let Some(Report { meaning: Meaning::About(next), .. }) = self.reports.get(&id) {
            id = next.clone();
        }
        id
    }

    pub(super) fn bind(&mut self, report: &Execution<'_>, meaning: Meaning) {
        let content = content(report);
        self.reports.insert(report_id(report, report.exec_id), Report { content, meaning });
    }
}

/// What tells a report that comes again from another one, numbers by their value.
pub fn content(report: &Execution<'_>) -> String {
    let numbers = [report.last_qty, report.last_px, report.order_qty, report.cum_qty, report.leaves_qty]
        .map(|number| number.map(|number| Amount::of(number).value));
    format!(
        "{:?}",
        (
            (report.exec_type, report.order_id, report.client_order_id, report.venue_order_id),
            (report.account_id, report.side, numbers, report.exec_ref_id),
            (report.reject_code, report.text, report.transact_time),
        )
    )
}
