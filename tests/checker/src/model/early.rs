//! Checks 4 to 8: the first that fails is the only one named.

use super::Model;
use super::judge::Proposal;
use super::limits::{Group, Instrument};
use super::states::State;
use crate::number::{Number, int, is_whole, zero};
use num_traits::Signed as _;

/// Nanoseconds in a millisecond.
pub const MS: i64 = 1_000_000;

impl<'a> Model<'a> {
    pub(super) fn early(&self, it: &Proposal<'a>, groups: &[Group<'_, 'a>]) -> Option<&'static str> {
        if let Some(reason) = self.time(it, groups) {
            return Some(reason);
        }
        if self.state_of(it) == State::Halted {
            return Some("TRADING_HALTED");
        }
        if !self.limits.knows(it.account) {
            return Some("UNKNOWN_ACCOUNT");
        }
        match self.instruments.get(it.instrument) {
            None => Some("UNKNOWN_INSTRUMENT"),
            Some(instrument) if !instrument.is_trading => Some("RESTRICTED_INSTRUMENT"),
            Some(instrument) => shape(it, groups, instrument).or_else(|| increments(it, instrument)),
        }
    }

    pub(super) fn state_of(&self, it: &Proposal<'a>) -> State {
        self.states.strictest(self.partition, it.account, &it.strategies, it.instrument)
    }

    /// How long ago that was, in milliseconds.
    pub(super) fn age_ms(&self, at: i64) -> Number {
        (int(self.clock) - int(at)) / int(MS)
    }

    /// Check 4.
    fn time(&self, it: &Proposal<'a>, groups: &[Group<'_, 'a>]) -> Option<&'static str> {
        let age = self.age_ms(it.created_at);
        if -&age > int(self.setting("skew_ms")) {
            return Some("TIMESTAMP_IN_FUTURE");
        }
        let set =
            groups.iter().filter_map(|group| group.least(|limit| limit.max_intent_age_ms.as_ref())).min();
        let default = int(self.setting("max_intent_age_ms"));
        let is_too_old = match set {
            Some(limit) => age > *limit,
            None => default > zero() && age > default,
        };
        if is_too_old {
            return Some("INTENT_TOO_OLD");
        }
        self.is_over(it.expires_at).then_some("INTENT_EXPIRED")
    }
}

/// Check 7.
fn shape(it: &Proposal<'_>, groups: &[Group<'_, '_>], instrument: &Instrument<'_>) -> Option<&'static str> {
    let terms = &it.terms;
    let needs = |types: [&str; 2]| types.contains(&terms.order_type);
    let fits = it.keeps
        && terms.price.is_some() == needs(["LIMIT", "STOP_LIMIT"])
        && terms.trigger.is_some() == needs(["STOP", "STOP_LIMIT"])
        && terms.expire_time.is_some() == (terms.time_in_force == "GTD");
    let is_refused = || groups.iter().flat_map(|group| &group.limits).any(|limit| limit.rejects_market);
    if !fits || (terms.order_type == "MARKET" && is_refused()) {
        return Some("UNSUPPORTED_ORDER");
    }
    if terms.qty <= zero() {
        return Some("INVALID_QUANTITY");
    }
    let prices = [&terms.price, &terms.trigger].into_iter().flatten();
    let is_wrong = prices.into_iter().any(|price| *price <= zero()) && !instrument.allows_negative;
    is_wrong.then_some("INVALID_PRICE")
}

/// Check 8.
fn increments(it: &Proposal<'_>, instrument: &Instrument<'_>) -> Option<&'static str> {
    let terms = &it.terms;
    let mut prices = [&terms.price, &terms.trigger].into_iter().flatten();
    if prices.any(|price| !is_whole(price, &instrument.tick)) {
        return Some("INVALID_PRICE_INCREMENT");
    }
    if !is_whole(&terms.qty, &instrument.lot) {
        return Some("INVALID_QUANTITY_INCREMENT");
    }
    let is_small = instrument.min_qty.as_ref().is_some_and(|least| terms.qty < *least);
    let is_large = instrument.max_qty.as_ref().is_some_and(|most| terms.qty > *most);
    if is_small || is_large {
        return Some("INVALID_QUANTITY");
    }
    let (least, price) = (instrument.min_notional.as_ref()?, terms.price.as_ref()?);
    let worth = &terms.qty * price.abs() * &instrument.multiplier;
    (worth < *least && !terms.reduce_only).then_some("MIN_NOTIONAL")
}
