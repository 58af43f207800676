//! Checks 10 to 20: what the limits say. All are looked at, so that an entry names everything that
//! stands in the way, not only the first.

use super::gross::{self, Reserving};
use super::increments::Candidate;
use super::{Checked, Question, overflow, pace, position, reference, size, value};
use crate::core::amount::Decimal;
use crate::core::entry::Reference;
use crate::core::ledger::holdings::Reserve;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::order::{OrderRow, Quantity};
use crate::core::ledger::owner::Owner;
use crate::core::money::{Valuation, Worth};
use crate::core::valuation::Pricing;
use crate::core::verdict::FailedCheck;

/// What was found, and which prices were looked at.
#[derive(Debug, Default)]
pub struct Assessment<'a> {
    /// Every check that failed, in order of precedence; empty when all passed.
    pub failures: Vec<FailedCheck>,
    /// Each price that was looked at, stale or invalid ones too.
    pub references: Vec<Reference<'a>>,
}

/// Every check that can be evaluated. What needs a price that cannot be used is left out: the
/// missing price is named.
pub fn assess<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    candidate: &Candidate,
) -> Checked<Assessment<'a>> {
    let pricing = question.pricing()?;
    let added = i128::from(reserved_after(question, candidate).reserved().0) - reserved_before(question);
    let mut found = Assessment::default();
    found.note(size::configured(question));
    found.note(size::order_qty(question, instrument, candidate));
    match found.look_up(question, instrument) {
        Ok(reference) => {
            found.note(value::collar(question, &pricing, reference));
            let valued = found.weigh(question, instrument, candidate, &pricing, reference);
            found.note(valued);
        }
        Err(unusable) => {
            found.note(Err(unusable));
            found.note(value::collar(question, &pricing, None));
        }
    }
    found.note(pace::suspected_duplicate(question, candidate));
    found.note(pace::rate(question));
    found.note(position::reduce_only(question, instrument, pricing.side, added));
    found.note(pace::open_orders(question));
    found.note(position::limit(question, instrument, pricing.side, added));
    found.failures.sort_by_key(|failure| failure.reason);
    Ok(found)
}

impl<'a> Assessment<'a> {
    fn note(&mut self, checked: Checked) {
        self.failures.extend(checked.err());
    }

    /// The reference price, where the order needs one.
    fn look_up(&mut self, question: &Question<'_, 'a>, instrument: &Instrument) -> Checked<Option<Decimal>> {
        if !reference::is_needed(question, instrument) {
            return Ok(None);
        }
        let held = question.prices.find(question.intent.instrument_id.as_str());
        self.references.extend(held);
        reference::check(question, instrument, held.as_ref()).map(Some)
    }

    /// Checks 14 and 20, and that the worth of what is reserved can be counted.
    fn weigh(
        &mut self,
        question: &Question<'_, 'a>,
        instrument: &Instrument,
        candidate: &Candidate,
        pricing: &Pricing,
        reference: Option<Decimal>,
    ) -> Checked {
        let collar_bps = question.limits.strictest(|bounds| bounds.price_collar_bps);
        let Some(valuation) = pricing.valuation(reference, collar_bps) else { return Ok(()) };
        let reserving = reserving(question, candidate, valuation)?;
        self.note(value::order_value(question, instrument, candidate.quantity, valuation));
        match reference {
            Some(price) => {
                gross::check(question, instrument, pricing, price, reserving, &mut self.references)
            }
            None => Ok(()),
        }
    }
}

/// How what the side reserves would change, in lots and in money.
fn reserving(question: &Question<'_, '_>, candidate: &Candidate, valuation: Valuation) -> Checked<Reserving> {
    let before = question.replaced.map_or(Ok(Reserve::default()), Reserve::of).map_err(overflow)?;
    let lots = reserved_after(question, candidate).reserved();
    let dearest = question.replaced.map_or(valuation, |order| valuation.dearer(order.valuation));
    let after = Reserve { lots, worth: Worth::of(lots, dearest).map_err(overflow)? };
    let held = question.ledger.held(Owner::account(question.account), question.instrument);
    let side = question.pricing()?.side;
    held.reserving(side, before, after).map_err(overflow)?;
    Ok(Reserving { before, after })
}

fn reserved_before(question: &Question<'_, '_>) -> i128 {
    question.replaced.map_or(0, |order: &OrderRow| i128::from(order.quantity.reserved().0))
}

/// The order's quantities, once the intent is accepted.
pub(super) fn reserved_after(question: &Question<'_, '_>, candidate: &Candidate) -> Quantity {
    match question.replaced {
        None => Quantity::of(candidate.quantity),
        Some(order) => Quantity { pending_total: Some(candidate.quantity), ..order.quantity },
    }
}
