//! Trades, their busts and corrections: a trade counts once, with what it is worth by now.

use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::Side;

use super::model::Model;
use super::number::{Amount, Rat, excess, zero};

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
    pub leaves: Option<Rat>,
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
    /// It says something else than the trade.
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
    /// another account, side or order has none.
    pub(super) fn claim(&self, report: &Execution<'_>) -> Claim {
        let before = self.awaited.get(&report_id(report, report.exec_id));
        if let Some(before) = before.filter(|before| !self.contradicts(report, before)) {
            return before.clone();
        }
        let is_bust = report.exec_type == ExecType::TradeCancel;
        let said = report.last_qty.filter(|_| !is_bust).map_or_else(zero, |qty| Amount::of(qty).value);
        let leaves = report.leaves_qty.filter(|_| report.exec_type != ExecType::Trade);
        Claim {
            account: report.account_id.to_string(),
            side: report.side,
            order: OrderId::parse(report.order_id),
            worth: said,
            leaves: leaves.map(|leaves| Amount::of(leaves).value),
        }
    }

    fn contradicts(&self, report: &Execution<'_>, claim: &Claim) -> bool {
        let known = |order: Option<OrderId>| order.filter(|id| self.find(*id).is_some());
        let orders = known(claim.order).zip(known(OrderId::parse(report.order_id)));
        claim.account != report.account_id.as_str()
            || claim.side != report.side
            || orders.is_some_and(|(claimed, named)| claimed != named)
    }

    /// A bust or a correction: what it says of the trade, or what a later one that came before said.
    pub(super) fn corrected(&mut self, report: &Execution<'_>) -> Correction {
        let Claim { worth, leaves, .. } = self.claim(report);
        let first = self.first_of_chain(report_id(report, report.exec_ref_id.expect("it names a trade")));
        let named = OrderId::parse(report.order_id).filter(|id| self.find(*id).is_some());
        let found = self.reports.get_mut(&first).map(|report| &mut report.meaning);
        let correction = match found {
            Some(Meaning::Trade(trade)) => {
                let elsewhere = trade.order.is_some() && named.is_some() && trade.order != named;
                if trade.account != report.account_id.as_str() || trade.side != report.side || elsewhere {
                    return Correction::Contradictory;
                }
                let change = &worth - &trade.worth;
                trade.worth = worth;
                if let Some(order) = trade.order {
                    self.leave(order, &change, leaves);
                }
                Correction::Applied
            }
            Some(Meaning::Other | Meaning::About(_)) => Correction::NotYet,
            None => {
                let before = self.awaited.get(&first);
                if before.is_some_and(|before| self.contradicts(report, before)) {
                    return Correction::Contradictory;
                }
                let order = OrderId::parse(report.order_id).or(before.and_then(|before| before.order));
                let (account, side) = (report.account_id.to_string(), report.side);
                self.awaited.insert(first.clone(), Claim { account, side, order, worth, leaves });
                Correction::NotYet
            }
        };
        self.bind(report, Meaning::About(first));
        correction
    }

    /// What a corrected order still has open.
    fn leave(&mut self, order: OrderId, change: &Rat, leaves: Option<Rat>) {
        let index = self.find(order).expect("a trade counts for an order that is known");
        let order = &mut self.orders[index];
        order.leaves = leaves.unwrap_or_else(|| excess(&order.leaves - change));
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
