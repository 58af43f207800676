//! What odd reports do to trading: they only ever tighten it.

use super::Ledger;
use super::names::Name;
use super::states::{ScopeKey, TradingState};
use crate::core::control::AnomalyPolicy;
use crate::core::entry::{Anomaly, ExecutionTaken, RawRecord};
use crate::core::execution::Execution;
use crate::core::ids::{Id, OrderId};

impl Ledger {
    /// Restricts whom the anomaly of a report concerns; the entry `seq` becomes the holder.
    pub(super) fn react(&mut self, seq: u64, taken: &ExecutionTaken<'_>) {
        let Some(anomaly) = taken.anomaly else { return };
        let holder = format!("anomaly-{}-{seq}", self.placement.partition);
        let halted = TradingState::Halted;
        match (anomaly, &taken.report) {
            (Anomaly::DuplicateExec, _) => {}
            (Anomaly::ExecutionUnapplied, report) => {
                let key = match (report, taken.misplaced) {
                    (Err(unreadable), _) => named_by(&unreadable.raw),
                    (Ok(_), Some(raw)) => named_by(&raw),
                    (Ok(execution), None) => Some(execution.account_id),
                };
                let scope = key.map_or(ScopeKey::Lane, |account| self.account_scope(account));
                self.tighten(scope, halted, &holder);
            }
            (Anomaly::AccountMismatch, Ok(execution)) => {
                let order = OrderId::parse(execution.order_id).and_then(|id| self.order(id));
                if let Some(account) = order.map(|order| order.account) {
                    self.tighten(ScopeKey::Account(account), halted, &holder);
                }
                let scope = self.account_scope(execution.account_id);
                self.tighten(scope, halted, &holder);
            }
            (Anomaly::ExecIdConflict, Ok(execution)) => {
                let scope = self.account_scope(execution.account_id);
                self.tighten(scope, halted, &holder);
            }
            (_, Ok(execution)) => {
                let scope = self.account_scope(execution.account_id);
                let state = match self.policy(execution) {
                    AnomalyPolicy::Warn => TradingState::Active,
                    AnomalyPolicy::Reduce => TradingState::Reducing,
                    AnomalyPolicy::Halt => halted,
                };
                self.tighten(scope, state, &holder);
            }
            (_, Err(_)) => {}
        }
    }

    fn account_scope(&mut self, account: Id<'_>) -> ScopeKey {
        ScopeKey::Account(self.names.intern(account.as_str()))
    }

    /// The strictest policy that is set, of the strategy too where the order is known.
    fn policy(&self, execution: &Execution<'_>) -> AnomalyPolicy {
        let account = self.name(execution.account_id.as_str());
        let instrument = self.name(execution.instrument_id.as_str());
        let order = OrderId::parse(execution.order_id).and_then(|id| self.order(id));
        let strategy = order.map_or(Name::NOBODY, |order| order.strategy);
        let limits = self.limits(account, strategy, instrument);
        limits.levels().filter_map(|level| level.bounds.on_anomaly).max().unwrap_or(AnomalyPolicy::Reduce)
    }
}

/// The account that a record key names.
fn named_by<'a>(raw: &RawRecord<'a>) -> Option<Id<'a>> {
    raw.key.and_then(|key| std::str::from_utf8(key).ok()).and_then(Id::parse)
}
