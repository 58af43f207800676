//! Checks 10 and 11: the limits without which nothing is traded are set, and the order is no larger
//! than an order may be.

use super::increments::Candidate;
use super::{Checked, Question};
use crate::core::ledger::instrument::Instrument;
use crate::core::money::{is_quantity_within, quantity_of};
use crate::core::verdict::{FailedCheck, Reason};

/// `max_order_qty`, `max_long_qty`, `max_short_qty` resolve to values. Positions are the account's:
/// what only a strategy's limit bounds is not bounded.
pub fn configured(question: &Question<'_, '_>) -> Checked {
    let account_has = |is_set: fn(&crate::core::bounds::Bounds) -> bool| {
        question.limits.of_account().any(|level| is_set(level.bounds))
    };
    let complete = question.limits.any(|bounds| bounds.max_order_qty.is_some())
        && account_has(|bounds| bounds.max_long_qty.is_some())
        && account_has(|bounds| bounds.max_short_qty.is_some());
    if complete { Ok(()) } else { Err(FailedCheck::plain(Reason::LimitNotConfigured)) }
}

/// The total quantity, also of a REPLACE, against the largest of one order.
pub fn order_qty(question: &Question<'_, '_>, instrument: &Instrument, candidate: &Candidate) -> Checked {
    let total = i128::from(candidate.quantity.0);
    question.each_level(|level| match level.bounds.max_order_qty {
        Some(limit) if !is_quantity_within(total, instrument.lot_size, limit) => Err(FailedCheck {
            limit: Some(limit),
            observed: quantity_of(total, instrument.lot_size),
            ..FailedCheck::plain(Reason::MaxOrderQtyExceeded)
        }),
        Some(_) | None => Ok(()),
    })
}
