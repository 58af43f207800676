//! Checks 10 to 20: all are evaluated, and each that fails is listed.

use onefill::core::intent::{OrderType, Side};
use onefill::core::verdict::Reason;

use super::expected::{Failed, Seen};
use super::intents::Proposal;
use super::limits::{Group, Limit, first_refusal, strictest};
use super::model::Model;
use super::number::{Amount, Rat, abs, excess, int, text, zero};
use super::orders::Terms;
use super::states::{State, strategy_place};
use super::sums::{Whose, signed};

/// What checks 10 to 20 say.
pub struct Risk {
    pub failed_checks: Vec<Failed>,
    pub references: Vec<Seen>,
    /// Money for each unit, where it is known.
    pub valuation: Option<Rat>,
}

impl Model {
    pub(super) fn risk(&self, it: &Proposal) -> Risk {
        let groups = self.groups_of(it);
        let is_needed = self.is_reference_needed(it, &groups);
        let usable = is_needed.then(|| self.usable(&it.instrument, &groups));
        let (reference, unusable) = match usable {
            None => (None, None),
            Some(Ok(reference)) => (Some(reference), None),
            Some(Err(failed)) => (None, Some(failed)),
        };
        let valuation = match (is_needed, &reference) {
            (true, None) => None,
            _ => Some(valuation(it, reference.as_ref(), &groups)),
        };
        let mut references: Vec<Seen> =
            is_needed.then(|| self.seen(&it.instrument)).flatten().into_iter().collect();
        let gross = valuation.as_ref().zip(reference.as_ref()).and_then(|(valuation, reference)| {
            self.gross_exposure(it, &groups, valuation, reference, &mut references)
        });
        // A price of another instrument that cannot be used refuses by check 12.
        let (gross, others) = match gross {
            Some(failed) if failed.reason != Reason::GrossNotionalExceeded => (None, Some(failed)),
            gross => (gross, None),
        };
        let failed = [
            limits_present(&groups),
            order_size(it, &groups),
            unusable.or(others),
            collar(it, reference.as_ref(), &groups),
            valuation.as_ref().and_then(|valuation| self.order_value(it, valuation, &groups)),
            self.suspected_duplicate(it, &groups),
            self.rate(&groups),
            self.reduce_only(it),
            self.too_many_open(it, &groups),
            self.worst_position(it, &groups),
            gross,
        ];
        references.sort_by(|one, other| one.instrument.cmp(&other.instrument));
        references.dedup();
        Risk { failed_checks: failed.into_iter().flatten().collect(), references, valuation }
    }

    /// Check 12: whether the price is looked at.
    fn is_reference_needed(&self, it: &Proposal, groups: &[Group<'_>]) -> bool {
        let currency = &self.instruments[&it.instrument].currency;
        let by_limits = groups.iter().flat_map(|group| &group.limits).any(|limit| {
            let gross = limit.max_gross_notional.as_ref();
            limit.collar_bps.is_some()
                || limit.collar_abs.is_some()
                || limit.max_order_notional.is_some()
                || gross.is_some_and(|(_, of)| of == currency)
        });
        matches!(it.terms.order_type, OrderType::Market | OrderType::Stop) || by_limits
    }

    /// Check 14.
    fn order_value(&self, it: &Proposal, valuation: &Rat, groups: &[Group<'_>]) -> Option<Failed> {
        let value = &it.terms.qty.value * valuation * &self.instruments[&it.instrument].multiplier;
        let (scope, limit) =
            first_refusal(groups, |limit| limit.max_order_notional.clone(), |_, limit| value > *limit)?;
        Some(Failed::compared(Reason::MaxOrderNotionalExceeded, &limit, &value).by(scope))
    }

    /// Check 15.
    fn suspected_duplicate(&self, it: &Proposal, groups: &[Group<'_>]) -> Option<Failed> {
        let youngest = self.acceptances.iter().filter(|accepted| {
            let same = |terms: &Terms| {
                let key = |terms: &Terms| {
                    (
                        terms.side,
                        terms.order_type,
                        terms.qty.clone(),
                        terms.price.clone(),
                        terms.trigger.clone(),
                    )
                };
                key(terms) == key(&it.terms)
            };
            accepted.account == it.whose.account
                && accepted.instrument == it.instrument
                && accepted.terms.as_ref().is_some_and(same)
        });
        let age = youngest.map(|accepted| self.age_ms(accepted.at)).min()?;
        let failed = groups.iter().find_map(|group| {
            let largest = group.limits.iter().filter_map(|limit| limit.dup_window_ms.clone()).max()?;
            let failed = Failed::compared(Reason::DuplicateOrderSuspected, &largest, &age);
            (age < largest).then(|| failed.by(group.scope))
        });
        failed.filter(|_| it.replaces.is_none())
    }

    /// Check 16.
    fn rate(&self, groups: &[Group<'_>]) -> Option<Failed> {
        groups.iter().find_map(|group| {
            let whose = &group.whose;
            let mut pairs: Vec<_> = group.limits.iter().filter_map(|limit| limit.rate.clone()).collect();
            pairs.sort();
            pairs.into_iter().find_map(|(most, window)| {
                let before = self.accepted_within(whose, group.instrument.as_deref(), &window);
                let observed = int(before + 1);
                let refused = Failed::compared(Reason::RateLimitExceeded, &most, &observed);
                (observed > most).then(|| refused.by(group.scope))
            })
        })
    }

    /// Check 17.
    fn reduce_only(&self, it: &Proposal) -> Option<Failed> {
        let (state, scope) = self.state_of(it);
        let by_state = state == State::Reducing;
        if !by_state && !it.terms.reduce_only {
            return None;
        }
        let own = it
            .strategies
            .iter()
            .any(|strategy| self.state(&strategy_place(&it.whose.account, strategy)) == State::Reducing);
        let strategy = own.then(|| Whose::strategy(&it.whose.account, &it.strategy));
        let bounds = [strategy, Some(it.whose.clone())].into_iter().flatten();
        let bound = bounds.map(|whose| self.reducible(&whose, it)).min()?;
        let failed = Failed::compared(Reason::ReduceOnlyViolation, &bound, &it.added);
        (it.added > bound).then_some(if by_state { failed.by(scope) } else { failed })
    }

    /// What an order of this side may at most take off a position.
    fn reducible(&self, whose: &Whose, it: &Proposal) -> Rat {
        let against = signed(it.terms.side, &self.position(whose, &it.instrument)) * int(-1);
        excess(against - self.reserved_on(whose, &it.instrument, it.terms.side))
    }

    /// Check 18.
    fn too_many_open(&self, it: &Proposal, groups: &[Group<'_>]) -> Option<Failed> {
        let failed = groups.iter().find_map(|group| {
            let limit = group.smallest(|limit| limit.max_open_orders.clone())?;
            let open = int(self.open_orders(&group.whose, group.instrument.as_deref()) + 1);
            let failed = Failed::compared(Reason::MaxOpenOrdersExceeded, &limit, &open);
            (open > limit).then(|| failed.by(group.scope))
        });
        failed.filter(|_| it.replaces.is_none())
    }

    /// Check 19.
    fn worst_position(&self, it: &Proposal, groups: &[Group<'_>]) -> Option<Failed> {
        groups.iter().find_map(|group| {
            let whose = &group.whose;
            let limit = group.smallest(|limit| match it.terms.side {
                Side::Buy => limit.max_long_qty.clone(),
                Side::Sell => limit.max_short_qty.clone(),
            })?;
            let worst = signed(it.terms.side, &self.position(whose, &it.instrument))
                + self.reserved_on(whose, &it.instrument, it.terms.side)
                + &it.added;
            let failed = Failed::compared(Reason::PositionLimitExceeded, &limit, &worst);
            (worst > limit).then(|| failed.by(group.scope))
        })
    }
}

/// Check 10.
fn limits_present(groups: &[Group<'_>]) -> Option<Failed> {
    let wide: Vec<&Group<'_>> = groups.iter().filter(|group| group.whose.strategy.is_none()).collect();
    let wide = |field: fn(&Limit) -> &Option<Rat>| {
        wide.iter().flat_map(|group| &group.limits).any(|limit| field(limit).is_some())
    };
    let size = strictest(groups, |limit| limit.max_order_qty.clone()).is_some();
    let present = size && wide(|limit| &limit.max_long_qty) && wide(|limit| &limit.max_short_qty);
    (!present).then(|| Failed::plain(Reason::LimitNotConfigured))
}

/// Check 11.
fn order_size(it: &Proposal, groups: &[Group<'_>]) -> Option<Failed> {
    let qty = &it.terms.qty.value;
    let (scope, limit) = first_refusal(groups, |limit| limit.max_order_qty.clone(), |_, limit| qty > limit)?;
    Some(Failed::compared(Reason::MaxOrderQtyExceeded, &limit, qty).by(scope))
}

/// Check 13.
fn collar(it: &Proposal, reference: Option<&Rat>, groups: &[Group<'_>]) -> Option<Failed> {
    let price = &it.terms.price.as_ref()?.value;
    let anchor = match it.terms.order_type {
        OrderType::StopLimit => &it.terms.trigger.as_ref()?.value,
        OrderType::Limit => reference?,
        OrderType::Market | OrderType::Stop => return None,
    };
    let distance = abs(&(price - anchor));
    let breached = Reason::PriceCollarBreached;
    groups.iter().find_map(|group| {
        let by_bps = group.smallest(|limit| limit.collar_bps.clone()).and_then(|bps| {
            let limit = text(&bps);
            let too_wide = &distance * int(10_000) > bps * abs(anchor);
            too_wide.then(|| Failed { limit, ..Failed::plain(breached) })
        });
        let by_abs = group
            .smallest(|limit| limit.collar_abs.clone())
            .and_then(|limit| (distance > limit).then(|| Failed::compared(breached, &limit, &distance)));
        by_bps.or(by_abs).map(|failed| failed.by(group.scope))
    })
}

/// Check 14's valuation: money for each unit, before the multiplier.
fn valuation(it: &Proposal, reference: Option<&Rat>, groups: &[Group<'_>]) -> Rat {
    let [price, trigger] =
        [&it.terms.price, &it.terms.trigger].map(|amount| amount.as_ref().map(|it: &Amount| abs(&it.value)));
    let reference = reference.map(abs);
    let base = match it.terms.order_type {
        OrderType::Limit | OrderType::StopLimit => price.max(reference),
        OrderType::Stop => trigger.max(reference),
        OrderType::Market => reference,
    };
    let base = base.expect("a type has its price, or needs a reference");
    let unpriced = matches!(it.terms.order_type, OrderType::Market | OrderType::Stop);
    if !unpriced || it.terms.side == Side::Sell {
        return base;
    }
    let bps = strictest(groups, |limit| limit.collar_bps.clone()).unwrap_or_else(zero);
    base * (int(10_000) + bps) / int(10_000)
}
