//! Checks 4 to 6 and 9, and the order of 4 to 9. The first that fails is the only one named.

use onefill::core::control::{InstrumentStatus, Scope};
use onefill::core::verdict::Reason;

use super::expected::Failed;
use super::intents::Proposal;
use super::limits::{Group, Limit, first_refusal};
use super::model::Model;
use super::number::{Amount, int, is_countable, zero};
use super::states::State;

impl Model {
    pub(super) fn groups_of(&self, it: &Proposal) -> Vec<Group<'_>> {
        self.groups(&it.whose.account, Some(&it.strategy), &it.instrument)
    }

    /// Checks 4 to 9.
    pub(super) fn early(&self, it: &Proposal) -> Option<Failed> {
        let checks = [Self::time, Self::trading_state, Self::permission, Self::shape, Self::increments];
        checks.iter().find_map(|check| check(self, it)).or_else(|| self.numbers(it))
    }

    /// Check 4.
    fn time(&self, it: &Proposal) -> Option<Failed> {
        let age = self.age_ms(it.created_at);
        let (ahead, skew) = (&age * int(-1), int(self.settings.skew_ms));
        if ahead > skew {
            return Some(Failed::compared(Reason::TimestampInFuture, &skew, &ahead));
        }
        let groups = self.groups_of(it);
        let too_old = |limit: &_| Failed::compared(Reason::IntentTooOld, limit, &age);
        let is_set = groups.iter().any(|it| it.smallest(|limit| limit.max_intent_age_ms.clone()).is_some());
        let field = |limit: &Limit| limit.max_intent_age_ms.clone();
        if let Some((scope, limit)) = first_refusal(&groups, field, |_, limit| age > *limit) {
            return Some(too_old(&limit).by(scope));
        }
        let limit = int(self.settings.max_intent_age_ms);
        if !is_set && limit > zero() && age > limit {
            return Some(too_old(&limit));
        }
        let expired = it.expires_at.is_some_and(|expires_at| self.clock >= expires_at);
        expired.then(|| Failed::plain(Reason::IntentExpired))
    }

    /// Check 5.
    fn trading_state(&self, it: &Proposal) -> Option<Failed> {
        let (state, scope) = self.state_of(it);
        (state == State::Halted).then(|| Failed::plain(Reason::TradingHalted).by(scope))
    }

    pub(super) fn state_of(&self, it: &Proposal) -> (State, Scope) {
        self.strictest_state(&it.whose.account, &it.strategies, &it.instrument)
    }

    /// Check 6.
    fn permission(&self, it: &Proposal) -> Option<Failed> {
        let reason = match self.instruments.get(&it.instrument) {
            _ if !self.is_known(&it.whose.account) => Reason::UnknownAccount,
            None => Reason::UnknownInstrument,
            Some(instrument) if instrument.status != InstrumentStatus::Trading => {
                Reason::RestrictedInstrument
            }
            Some(_) => return None,
        };
        Some(Failed::plain(reason))
    }

    /// Check 9: what the router counts, it must be able to count.
    fn numbers(&self, it: &Proposal) -> Option<Failed> {
        let instrument = &self.instruments[&it.instrument];
        let counts = |amount: &Amount, step| amount.exact().is_some_and(|value| is_countable(value, step));
        let prices = [&it.terms.price, &it.terms.trigger];
        let fits = counts(&it.terms.qty, &instrument.lot)
            && prices.into_iter().flatten().all(|price| counts(price, &instrument.tick))
            && self.with(it, &zero()).is_countable();
        (!fits).then(|| Failed::plain(Reason::NumericOverflow))
    }
}
