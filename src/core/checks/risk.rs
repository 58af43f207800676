//! Checks 10 to 20: what the limits say. All are looked at, so that an entry names everything that
//! stands in the way, not only the first.

use super::gross::{self, Reserving};
use super::increments::Candidate;
use super::witness::Witness;
use super::{Checked, Question, Replaced, overflow, pace, position, reference, size, value};
use crate::core::amount::{Decimal, Overflow};
use crate::core::entry::Reference;
use crate::core::ledger::holdings::Reserve;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::order::Quantity;
use crate::core::ledger::owner::Owner;
use crate::core::money::{Valuation, Worth};
use crate::core::valuation::Pricing;

/// Shows every comparison that can be made, and says which prices were looked at. What needs a
/// price that cannot be used is left out: the missing price is named.
pub fn assess<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    candidate: &Candidate,
    witness: &mut impl Witness,
) -> Checked<Vec<Reference<'a>>> {
    let pricing = question.pricing()?;
    let before = question.replaced.map(|order| order.quantity.reserved()).unwrap_or_default();
    let added = i128::from(reserved_after(question, candidate).reserved().0) - i128::from(before.0);
    let mut references = Vec::new();
    size::configured(question, witness);
    size::order_qty(question, candidate, witness);
    match look_up(question, instrument, &mut references) {
        Ok(reference) => {
            value::collar(question, &pricing, reference, witness);
            let weighed =
                weigh(question, instrument, candidate, &pricing, reference, &mut references, witness);
            if let Err(failure) = weighed {
                witness.see_failure(failure);
            }
        }
        Err(unusable) => {
            witness.see_failure(unusable);
            value::collar(question, &pricing, None, witness);
        }
    }
    pace::suspected_duplicate(question, candidate, witness);
    pace::rate(question, witness);
    position::reduce_only(question, instrument, pricing.side, added, witness);
    pace::open_orders(question, witness);
    position::limit(question, instrument, pricing.side, added, witness);
    Ok(references)
}

/// The reference price, where the order needs one.
fn look_up<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    references: &mut Vec<Reference<'a>>,
) -> Checked<Option<Decimal>> {
    if !reference::is_needed(question, instrument) {
        return Ok(None);
    }
    let held = question.prices.find(question.intent.instrument_id.as_str());
    references.extend(held);
    reference::check(question, instrument, held.as_ref()).map(Some)
}

/// Checks 14 and 20, and that the worth of what is reserved can be counted.
fn weigh<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    candidate: &Candidate,
    pricing: &Pricing,
    reference: Option<Decimal>,
    references: &mut Vec<Reference<'a>>,
    witness: &mut impl Witness,
) -> Checked {
    let collar_bps = || question.limits.strictest(|bounds| bounds.price_collar_bps);
    let Some(valuation) = pricing.valuation(reference, collar_bps) else { return Ok(()) };
    let reserving = reserving(question, candidate, pricing, valuation)?;
    value::order_value(question, instrument, candidate.quantity, valuation, witness)?;
    let Some(price) = reference else { return Ok(()) };
    gross::check(question, instrument, pricing, price, reserving, references, witness)
}

/// How what the side reserves would change, in lots and in money.
fn reserving(
    question: &Question<'_, '_>,
    candidate: &Candidate,
    pricing: &Pricing,
    valuation: Valuation,
) -> Checked<Reserving> {
    let before = question.replaced.map_or(Ok(Reserve::default()), reserved_before).map_err(overflow)?;
    let lots = reserved_after(question, candidate).reserved();
    let dearest = question.replaced.map_or(valuation, |order| valuation.dearer(order.valuation));
    let after = Reserve { lots, worth: Worth::of(lots, dearest).map_err(overflow)? };
    let held = question.held(Owner::account(question.account));
    held.reserving(pricing.side, before, after).map_err(overflow)?;
    Ok(Reserving { before, after })
}

/// What the order reserves as it stands.
fn reserved_before(order: Replaced) -> Result<Reserve, Overflow> {
    let lots = order.quantity.reserved();
    Ok(Reserve { lots, worth: Worth::of(lots, order.dearest)? })
}

/// The order's quantities, once the intent is accepted.
pub(super) fn reserved_after(question: &Question<'_, '_>, candidate: &Candidate) -> Quantity {
    match question.replaced {
        None => Quantity::of(candidate.quantity),
        Some(order) => Quantity { pending_total: Some(candidate.quantity), ..order.quantity },
    }
}
