//! Checks 10 to 20: all are evaluated, and each that fails is listed.

use num_traits::Signed as _;

use super::Model;
use super::early::MS;
use super::judge::Proposal;
use super::limits::{Group, Limit};
use super::orders::Side;
use super::prices::Prices;
use super::states::{State, strategy_scope};
use crate::number::{Number, excess, int, zero};

impl<'a> Model<'a> {
    /// The reasons that refuse, and what a unit is worth where that is known.
    pub(super) fn risk(
        &self,
        it: &Proposal<'a>,
        groups: &[Group<'_, 'a>],
        prices: &Prices<'_>,
    ) -> (Vec<&'static str>, Option<Number>) {
        let is_needed = self.is_reference_needed(it, groups);
        let usable = is_needed.then(|| self.usable(it.instrument, groups, prices)).transpose();
        let reference = usable.as_ref().ok().cloned().flatten();
        let valuation = usable.is_ok().then(|| valuation(it, reference.as_ref(), groups));
        let priced = valuation.as_ref().zip(reference.as_ref());
        let gross = priced.map(|priced| self.gross(it, groups, priced, prices)).transpose();
        let limit = |is_broken: bool, reason| is_broken.then_some(reason);
        let found = [
            limit(!are_present(groups), "LIMIT_NOT_CONFIGURED"),
            limit(
                any(groups, |it| it.max_order_qty.as_ref(), |limit| it.terms.qty > *limit),
                "MAX_ORDER_QTY_EXCEEDED",
            ),
            usable.err().or(gross.as_ref().err().copied()),
            limit(is_off_collar(it, reference.as_ref(), groups), "PRICE_COLLAR_BREACHED"),
            limit(self.is_too_dear(it, valuation.as_ref(), groups), "MAX_ORDER_NOTIONAL_EXCEEDED"),
            limit(self.is_twin(it, groups), "DUPLICATE_ORDER_SUSPECTED"),
            limit(self.is_too_fast(groups), "RATE_LIMIT_EXCEEDED"),
            limit(self.is_not_reducing(it), "REDUCE_ONLY_VIOLATION"),
            limit(it.is_new && self.are_too_many(groups), "MAX_OPEN_ORDERS_EXCEEDED"),
            limit(self.is_beyond(it, groups), "POSITION_LIMIT_EXCEEDED"),
            limit(gross == Ok(Some(true)), "GROSS_NOTIONAL_EXCEEDED"),
        ];
        (found.into_iter().flatten().collect(), valuation)
    }

    /// Check 12: whether the price is looked at.
    fn is_reference_needed(&self, it: &Proposal<'a>, groups: &[Group<'_, 'a>]) -> bool {
        let currency = self.instruments[it.instrument].currency;
        let by_limits = groups.iter().flat_map(|group| &group.limits).any(|limit| {
            limit.collar_bps.is_some()
                || limit.collar_abs.is_some()
                || limit.max_order_notional.is_some()
                || limit.max_gross.as_ref().is_some_and(|(_, of)| *of == currency)
        });
        ["MARKET", "STOP"].contains(&it.terms.order_type) || by_limits
    }

    /// Check 14.
    fn is_too_dear(&self, it: &Proposal<'a>, valuation: Option<&Number>, groups: &[Group<'_, 'a>]) -> bool {
        let multiplier = &self.instruments[it.instrument].multiplier;
        let value = valuation.map(|valuation| &it.terms.qty * valuation * multiplier);
        value.is_some_and(|value| any(groups, |it| it.max_order_notional.as_ref(), |limit| value > *limit))
    }

    /// Check 15.
    fn is_twin(&self, it: &Proposal<'a>, groups: &[Group<'_, 'a>]) -> bool {
        let window =
            groups.iter().flat_map(|group| &group.limits).filter_map(|limit| limit.dup_window_ms).max();
        let Some(window) = window.filter(|_| it.is_new) else { return false };
        self.twins.get(&twin(it)).is_some_and(|last| self.clock - last < window * MS)
    }

    /// Check 16.
    fn is_too_fast(&self, groups: &[Group<'_, 'a>]) -> bool {
        groups.iter().any(|group| {
            let mut pairs = group.limits.iter().filter_map(|limit| limit.rate);
            pairs.any(|(most, window)| {
                let times = self.pace.get(&(group.whose.clone(), group.instrument));
                let since = self.clock - window * MS;
                let within =
                    times.map_or(0, |times| times.len() - times.partition_point(|time| *time <= since));
                i64::try_from(within).is_ok_and(|within| within >= most)
            })
        })
    }

    /// Takes down an accepted NEW or REPLACE for checks 15 and 16.
    pub(super) fn pace(&mut self, it: &Proposal<'a>) {
        for whose in super::holdings::both(it.account, Some(it.strategy)) {
            for instrument in [it.instrument, "*"] {
                self.pace.entry((whose.clone(), instrument)).or_default().push(self.clock);
            }
        }
        if it.is_new {
            self.twins.insert(twin(it), self.clock);
        }
    }

    /// Check 17.
    fn is_not_reducing(&self, it: &Proposal<'a>) -> bool {
        if self.state_of(it) != State::Reducing && !it.terms.reduce_only {
            return false;
        }
        let side = it.terms.side;
        let bound = |whose: &str| {
            let held = self.holdings.of(whose, it.instrument);
            excess(-side.signed(held.position.clone()) - held.reserved(side))
        };
        let is_own =
            |strategy: &&str| self.states.of(&strategy_scope(it.account, strategy)) == State::Reducing;
        let own = it.strategies.iter().any(is_own);
        it.added > bound(it.account) || (own && it.added > bound(&format!("{}/{}", it.account, it.strategy)))
    }

    /// Check 18.
    fn are_too_many(&self, groups: &[Group<'_, 'a>]) -> bool {
        groups.iter().any(|group| {
            let open = match group.instrument {
                "*" => self.holdings.open_of(&group.whose),
                instrument => self.holdings.of(&group.whose, instrument).open,
            };
            group.least(|limit| limit.max_open_orders.as_ref()).is_some_and(|limit| int(open + 1) > *limit)
        })
    }

    /// Check 19.
    fn is_beyond(&self, it: &Proposal<'a>, groups: &[Group<'_, 'a>]) -> bool {
        let side = it.terms.side;
        groups.iter().any(|group| {
            let limit = group.least(|limit| match side {
                Side::Buy => limit.max_long_qty.as_ref(),
                Side::Sell => limit.max_short_qty.as_ref(),
            });
            let held = self.holdings.of(&group.whose, it.instrument);
            limit.is_some_and(|limit| {
                side.signed(held.position.clone()) + held.reserved(side) + &it.added > *limit
            })
        })
    }
}

/// Whether any limit of these refuses.
fn any<'m, 'a>(
    groups: &[Group<'m, 'a>],
    field: impl Fn(&'m Limit<'a>) -> Option<&'m Number>,
    refuses: impl Fn(&Number) -> bool,
) -> bool {
    groups.iter().filter_map(|group| group.least(&field)).any(refuses)
}

/// Check 10: position limits come from the account or from the template.
fn are_present(groups: &[Group<'_, '_>]) -> bool {
    let size = groups.iter().flat_map(|group| &group.limits).any(|limit| limit.max_order_qty.is_some());
    let wide = || groups.iter().filter(|group| !group.is_strategy).flat_map(|group| &group.limits);
    size && wide().any(|limit| limit.max_long_qty.is_some())
        && wide().any(|limit| limit.max_short_qty.is_some())
}

/// Check 13.
fn is_off_collar(it: &Proposal<'_>, reference: Option<&Number>, groups: &[Group<'_, '_>]) -> bool {
    let anchor = match it.terms.order_type {
        "STOP_LIMIT" => it.terms.trigger.as_ref(),
        "LIMIT" => reference,
        _ => None,
    };
    let Some((price, anchor)) = it.terms.price.as_ref().zip(anchor) else { return false };
    let distance = (price - anchor).abs();
    let bps = |limit: &Number| &distance * int(10_000) > limit * anchor.abs();
    any(groups, |limit| limit.collar_bps.as_ref(), bps)
        || any(groups, |limit| limit.collar_abs.as_ref(), |limit| distance > *limit)
}

/// Check 14's valuation.
fn valuation(it: &Proposal<'_>, reference: Option<&Number>, groups: &[Group<'_, '_>]) -> Number {
    let of = |number: Option<&Number>| number.map(Number::abs);
    let [price, trigger, reference] =
        [of(it.terms.price.as_ref()), of(it.terms.trigger.as_ref()), of(reference)];
    let base = match it.terms.order_type {
        "LIMIT" | "STOP_LIMIT" => price.max(reference),
        "STOP" => trigger.max(reference),
        _ => reference,
    };
    let base = base.unwrap_or_else(zero);
    if it.terms.order_type != "MARKET" && it.terms.order_type != "STOP" || it.terms.side == Side::Sell {
        return base;
    }
    let bps = groups.iter().filter_map(|group| group.least(|limit| limit.collar_bps.as_ref())).min();
    base * (int(10_000) + bps.cloned().unwrap_or_else(zero)) / int(10_000)
}

/// What makes two orders equal in the eyes of check 15.
fn twin(it: &Proposal<'_>) -> String {
    let terms = &it.terms;
    let kind = (it.account, it.instrument, terms.side, terms.order_type);
    format!("{kind:?} {} {:?} {:?}", terms.qty, terms.price, terms.trigger)
}
