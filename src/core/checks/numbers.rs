//! Check 9, of sums: what the account would reserve can be counted.
//!
//! Applying an accepted intent adds to this sum, and must not fail: an order that would break it
//! is refused here.

use super::increments::Candidate;
use super::{Checked, Question};
use crate::core::amount::{Lots, Overflow};
use crate::core::ledger::order::Quantity;
use crate::core::verdict::{FailedCheck, Reason};

/// The side's reservations, this order included, fit.
pub fn check(question: &Question<'_, '_>, candidate: &Candidate) -> Checked {
    let intent = question.intent;
    let holding = question.ledger.holding(intent.account_id.as_str(), intent.instrument_id.as_str());
    let (before, after) = match question.replaced {
        None => (Lots(0), candidate.quantity),
        Some(order) => {
            let replaced = Quantity { pending_total: Some(candidate.quantity), ..order.quantity };
            (order.quantity.reserved(), replaced.reserved())
        }
    };
    let side = question.terms.side.ok_or(FailedCheck::plain(Reason::UnsupportedOrder))?;
    match holding.reserving(side, before, after) {
        Ok(_) => Ok(()),
        Err(Overflow) => Err(FailedCheck::plain(Reason::NumericOverflow)),
    }
}
