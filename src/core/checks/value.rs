//! Checks 13 and 14: the price is near its reference, and the order is not worth too much.

use super::{Checked, Question};
use crate::core::amount::{Decimal, Lots};
use crate::core::intent::OrderType;
use crate::core::ledger::instrument::Instrument;
use crate::core::money::{Valuation, Worth, is_near};
use crate::core::valuation::Pricing;
use crate::core::verdict::{FailedCheck, Reason};

/// A LIMIT's price against the reference, where one can be used; a STOP_LIMIT's against its own
/// trigger. An order without a price has no collar.
pub fn collar(question: &Question<'_, '_>, pricing: &Pricing, reference: Option<Decimal>) -> Checked {
    let measured = match pricing.order_type {
        OrderType::Limit => pricing.price.zip(reference),
        OrderType::StopLimit => pricing.price.zip(pricing.trigger),
        OrderType::Market | OrderType::Stop => None,
    };
    let Some((price, center)) = measured else { return Ok(()) };
    let distance = price.distance(center);
    let breached = FailedCheck { observed: distance, ..FailedCheck::plain(Reason::PriceCollarBreached) };
    question.each_level(|level| {
        if let Some(bps) = level.bounds.price_collar_bps
            && !is_near(price, center, bps)
        {
            return Err(FailedCheck { limit: Some(Decimal::whole(bps)), observed: None, ..breached });
        }
        match level.bounds.price_collar_abs {
            // A distance of more digits than a decimal may have is above every limit.
            Some(limit) if distance.is_none_or(|distance| distance > limit) => {
                Err(FailedCheck { limit: Some(limit), ..breached })
            }
            Some(_) | None => Ok(()),
        }
    })
}

/// The total quantity at its valuation against the largest value of one order.
pub fn order_value(
    question: &Question<'_, '_>,
    instrument: &Instrument,
    total: Lots,
    valuation: Valuation,
) -> Checked {
    if !question.limits.any(|bounds| bounds.max_order_notional.is_some()) {
        return Ok(());
    }
    let worth = Worth::of(total, valuation).map_err(super::overflow)?;
    let value = instrument.money(worth).map_err(super::overflow)?;
    question.each_level(|level| match level.bounds.max_order_notional {
        Some(limit) if !value.is_within(limit) => Err(FailedCheck {
            limit: Some(limit),
            observed: value.decimal(),
            ..FailedCheck::plain(Reason::MaxOrderNotionalExceeded)
        }),
        Some(_) | None => Ok(()),
    })
}
