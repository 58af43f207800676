//! Checks 10 and 11: the limits without which nothing is traded are set, and the order is no larger
//! than an order may be.

use super::Question;
use super::increments::Candidate;
use super::witness::Witness;
use crate::core::bounds::Bounds;
use crate::core::ledger::limits::Limits;
use crate::core::verdict::Reason;

/// `max_order_qty`, `max_long_qty`, `max_short_qty` resolve to values. Positions are the account's:
/// what only a strategy's limit bounds is not bounded.
pub fn configured(question: &Question<'_, '_>, witness: &mut impl Witness) {
    let complete = missing(question.limits).next().is_none();
    witness.see(Reason::LimitNotConfigured, None, complete, || (None, None));
}

/// Those of the three that these limits do not set.
pub fn missing(limits: Limits<'_>) -> impl Iterator<Item = &'static str> {
    let account_has = |is_set: fn(&Bounds) -> bool| limits.of_account().any(|level| is_set(level.bounds));
    let needed = [
        ("max_order_qty", limits.any(|bounds| bounds.max_order_qty.is_some())),
        ("max_long_qty", account_has(|bounds| bounds.max_long_qty.is_some())),
        ("max_short_qty", account_has(|bounds| bounds.max_short_qty.is_some())),
    ];
    needed.into_iter().filter(|(_, is_set)| !is_set).map(|(field, _)| field)
}

/// The total quantity, also of a REPLACE, against the largest of one order.
pub fn order_qty(question: &Question<'_, '_>, candidate: &Candidate, witness: &mut impl Witness) {
    let total = candidate.total;
    for level in question.limits.levels() {
        let Some(limit) = level.bounds.max_order_qty else { continue };
        witness.see(Reason::MaxOrderQtyExceeded, Some(level.scope), total <= limit, || {
            (Some(limit), Some(total))
        });
    }
}
