//! Section 7: what a report does to its order and to positions, and what is odd about it.

use onefill::core::control::Scope;
use onefill::core::decide::Arrival;
use onefill::core::entry::{Anomaly, EntryKind};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::{Id, OrderId};
use onefill::core::intent::TimeInForce;

use super::expected::Expected;
use super::fills::{Correction, Meaning, Trade, content, report_id};
use super::model::Model;
use super::number::{Amount, excess, is_countable, is_whole, zero};
use super::states::State;

/// It cannot be applied.
struct Unapplied;

impl Model {
    pub(super) fn report(&mut self, arrival: &Arrival<'_>, report: Option<&Execution<'_>>) -> Expected {
        let bare = self.bare(EntryKind::Execution);
        let Some(report) = report else { return self.unapplied(arrival, bare) };
        let account = report.account_id.as_str();
        let is_placed = arrival.key == Some(account.as_bytes()) && self.is_placed_here(account);
        let judged = if is_placed { self.judged(report) } else { Err(Unapplied) };
        let entry = match judged {
            Err(Unapplied) => self.unapplied(arrival, bare),
            Ok(None) => bare,
            Ok(Some(anomaly)) => {
                self.punish(report, anomaly);
                Expected { anomaly: Some(anomaly), ..bare }
            }
        };
        Expected { after: self.after(account, report.instrument_id.as_str()), ..entry }
    }

    fn judged(&mut self, report: &Execution<'_>) -> Result<Option<Anomaly>, Unapplied> {
        if !self.instruments.contains_key(report.instrument_id.as_str()) {
            return Err(Unapplied);
        }
        if let Some(known) = self.reports.get(&report_id(report, report.exec_id)) {
            return Ok(Some(match known.content == content(report) {
                true => Anomaly::DuplicateExec,
                false => Anomaly::ExecIdConflict,
            }));
        }
        let order = self.order_of(report);
        self.is_whole_report(report, order.is_some()).ok_or(Unapplied)?;
        if self.leads_back(report) {
            return Err(Unapplied);
        }
        if order.is_some_and(|index| self.orders[index].account != report.account_id.as_str()) {
            return Ok(Some(Anomaly::AccountMismatch));
        }
        // What contradicts its order could be counted nowhere.
        if order.is_some_and(|index| self.orders[index].instrument != report.instrument_id.as_str()) {
            return Err(Unapplied);
        }
        let mut applied = self.clone();
        let anomaly = applied.apply(order, report)?;
        if !applied.is_countable() {
            return Err(Unapplied);
        }
        *self = applied;
        Ok(anomaly)
    }

    fn order_of(&self, report: &Execution<'_>) -> Option<usize> {
        self.find(OrderId::parse(report.order_id)?)
    }

    /// Fields that the type needs are there, and quantities are lots.
    fn is_whole_report(&self, report: &Execution<'_>, is_known: bool) -> Option<()> {
        let lot = &self.instruments[report.instrument_id.as_str()].lot;
        let lots = |number| {
            let amount = Amount::of(number);
            let is_lots = is_whole(&amount.value, lot) && is_countable(&amount.value, lot);
            !amount.overlong && amount.value >= zero() && is_lots
        };
        let needs = |number: Option<_>| number.is_some_and(lots);
        let (optional_leaves, refers) = (report.leaves_qty.is_none_or(lots), report.exec_ref_id.is_some());
        let is_whole = match report.exec_type {
            ExecType::Trade => needs(report.last_qty) && report.last_px.is_some(),
            ExecType::TradeCorrect => {
                needs(report.last_qty) && report.last_px.is_some() && refers && optional_leaves
            }
            ExecType::TradeCancel => refers && optional_leaves,
            // Of an unknown order they have no effect, and lack nothing.
            ExecType::Replaced if is_known => needs(report.order_qty),
            ExecType::Restated if is_known => needs(report.order_qty) && needs(report.leaves_qty),
            ExecType::Replaced | ExecType::Restated => report.order_qty.is_none_or(lots) && optional_leaves,
            _ => true,
        };
        is_whole.then_some(())
    }

    fn apply(&mut self, order: Option<usize>, report: &Execution<'_>) -> Result<Option<Anomaly>, Unapplied> {
        match report.exec_type {
            ExecType::Trade => Ok(self.trade(order, report)),
            ExecType::TradeCancel | ExecType::TradeCorrect => match self.corrected(report) {
                Correction::Applied => Ok(None),
                Correction::NotYet => Ok(Some(Anomaly::UnknownExecRef)),
                Correction::Contradictory => Err(Unapplied),
            },
            _ => {
                self.bind(report, Meaning::Other);
                Ok(order.and_then(|index| self.change(index, report)))
            }
        }
    }

    fn trade(&mut self, order: Option<usize>, report: &Execution<'_>) -> Option<Anomaly> {
        let claim = self.claim(report, None);
        let worth = claim.worth.clone();
        let anomaly = match order {
            None => Some(Anomaly::UnknownOrderFill),
            Some(index) if self.orders[index].dead => Some(Anomaly::LateFill),
            Some(index) => {
                let order = &self.orders[index];
                (self.filled(order) + &worth > *order.total()).then_some(Anomaly::Overfill)
            }
        };
        if let Some(index) = order {
            let order = &mut self.orders[index];
            order.leaves = claim.left(excess(&order.leaves - &worth));
        }
        let order = order.map(|index| &self.orders[index]);
        let trade = Trade {
            account: report.account_id.to_string(),
            strategy: order.map(|order| order.strategy.clone()),
            instrument: report.instrument_id.to_string(),
            side: report.side,
            order: order.map(|order| order.id),
            worth,
        };
        self.bind(report, Meaning::Trade(trade));
        anomaly
    }

    /// A report that is no fill.
    fn change(&mut self, index: usize, report: &Execution<'_>) -> Option<Anomaly> {
        let filled = self.filled(&self.orders[index]);
        let order = &mut self.orders[index];
        match report.exec_type {
            ExecType::Canceled | ExecType::Expired | ExecType::Rejected => order.dead = true,
            ExecType::DoneForDay => order.dead |= order.terms.time_in_force == TimeInForce::Day,
            ExecType::Replaced => {
                if let Some(pending) = order.pending.take() {
                    (order.terms, order.valuation) = (pending.terms, pending.valuation);
                }
                order.terms.qty = Amount::of(report.order_qty?);
                order.leaves = excess(order.total() - filled);
            }
            ExecType::Restated => {
                order.terms.qty = Amount::of(report.order_qty?);
                order.leaves = Amount::of(report.leaves_qty?).value;
            }
            ExecType::ReplaceRejected => order.pending = None,
            ExecType::CancelRejected => order.cancel_pending = false,
            _ => {}
        }
        let refused = matches!(report.exec_type, ExecType::ReplaceRejected | ExecType::CancelRejected);
        (refused && report.reject_code == Some(1)).then_some(Anomaly::VenueUnknownOrder)
    }

    /// What an anomaly does to trading states.
    fn punish(&mut self, report: &Execution<'_>, anomaly: Anomaly) {
        let (account, order) = (report.account_id.as_str(), self.order_of(report));
        match anomaly {
            Anomaly::DuplicateExec => {}
            Anomaly::ExecIdConflict => self.tighten_account(account, State::Halted),
            Anomaly::AccountMismatch => {
                let other = order.map(|index| self.orders[index].account.clone());
                [Some(account.to_owned()), other]
                    .into_iter()
                    .flatten()
                    .for_each(|account| self.tighten_account(&account, State::Halted));
            }
            _ => {
                let strategy = order.map(|index| self.orders[index].strategy.clone());
                self.on_anomaly(account, strategy.as_deref(), report.instrument_id.as_str());
            }
        }
    }

    fn unapplied(&mut self, arrival: &Arrival<'_>, bare: Expected) -> Expected {
        let named = arrival.key.and_then(|key| std::str::from_utf8(key).ok()).and_then(Id::parse);
        match named {
            Some(account) => self.tighten_account(account.as_str(), State::Halted),
            None => {
                let (lane, holder) = ((Scope::Lane, self.partition.to_string()), self.anomaly_holder());
                self.tighten(lane, State::Halted, &holder);
            }
        }
        Expected { anomaly: Some(Anomaly::ExecutionUnapplied), ..bare }
    }
}
