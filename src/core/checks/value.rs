//! Checks 13 and 14: the price is near its reference, and the order is not worth too much.

use super::witness::Witness;
use super::{Checked, Question, overflow};
use crate::core::amount::{Decimal, Lots};
use crate::core::intent::OrderType;
use crate::core::ledger::instrument::Instrument;
use crate::core::money::{Valuation, Worth, is_near};
use crate::core::valuation::Pricing;
use crate::core::verdict::Reason;

/// A LIMIT's price against the reference, where one can be used; a STOP_LIMIT's against its own
/// trigger. An order without a price has no collar.
pub fn collar(
    question: &Question<'_, '_>,
    pricing: &Pricing,
    reference: Option<Decimal>,
    witness: &mut impl Witness,
) {
    let Some((price, center)) = collared(pricing, reference) else { return };
    let (breached, distance) = (Reason::PriceCollarBreached, price.distance(center));
    for level in question.limits.levels() {
        let scope = Some(level.scope);
        if let Some(bps) = level.bounds.price_collar_bps {
            let holds = is_near(price, center, bps);
            witness.see(breached, scope, holds, || (Some(Decimal::whole(bps)), None));
        }
        if let Some(limit) = level.bounds.price_collar_abs {
            // A distance of more digits than a decimal may have is above every limit.
            let holds = distance.is_some_and(|distance| distance <= limit);
            witness.see(breached, scope, holds, || (Some(limit), distance));
        }
    }
}

/// Which price a collar measures, and from where.
pub fn collared(pricing: &Pricing, reference: Option<Decimal>) -> Option<(Decimal, Decimal)> {
    match pricing.order_type {
        OrderType::Limit => pricing.price.zip(reference),
        OrderType::StopLimit => pricing.price.zip(pricing.trigger),
        OrderType::Market | OrderType::Stop => None,
    }
}

/// The total quantity at its valuation against the largest value of one order.
///
/// # Errors
/// `NUMERIC_OVERFLOW` when the value does not fit.
pub fn order_value(
    question: &Question<'_, '_>,
    instrument: &Instrument,
    total: Lots,
    valuation: Valuation,
    witness: &mut impl Witness,
) -> Checked {
    if !question.limits.any(|bounds| bounds.max_order_notional.is_some()) {
        return Ok(());
    }
    let worth = Worth::of(total, valuation).map_err(overflow)?;
    let value = instrument.money(worth).map_err(overflow)?;
    for level in question.limits.levels() {
        let Some(limit) = level.bounds.max_order_notional else { continue };
        let holds = value.is_within(limit);
        witness.see(Reason::MaxOrderNotionalExceeded, Some(level.scope), holds, || {
            (Some(limit), value.decimal())
        });
    }
    Ok(())
}
