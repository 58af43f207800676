//! Check 9, of sums: what the account would reserve can be counted.
//!
//! Applying an accepted intent adds to this sum, and must not fail: an order that would break it
//! is refused here.

use super::increments::Candidate;
use super::risk::reserved_after;
use super::{Checked, Question, overflow};
use crate::core::ledger::holdings::Reserve;
use crate::core::ledger::owner::Owner;
use crate::core::money::Worth;
use crate::core::verdict::{FailedCheck, Reason};

/// The side's reservations, this order included, fit. What they are worth is not known yet.
pub fn check(question: &Question<'_, '_>, candidate: &Candidate) -> Checked {
    let held = question.held(Owner::account(question.account));
    let side = question.terms.side.ok_or(FailedCheck::plain(Reason::UnsupportedOrder))?;
    let worthless = |lots| Reserve { lots, worth: Worth::ZERO };
    let before = question.replaced.map(|order| order.quantity.reserved()).unwrap_or_default();
    let after = reserved_after(question, candidate).reserved();
    held.reserving(side, worthless(before), worthless(after)).map(drop).map_err(overflow)
}
