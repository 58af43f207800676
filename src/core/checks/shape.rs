//! Check 7: the terms go together.

use super::{Checked, Question};
use crate::core::amount::{Decimal, Numeral};
use crate::core::intent::{IntentTerms, OrderType, TimeInForce};
use crate::core::ledger::instrument::Instrument;
use crate::core::verdict::{FailedCheck, Reason};

/// The fields that the order's type needs, and no others; amounts on the right side of zero.
pub fn check(question: &Question<'_, '_>, instrument: &Instrument) -> Checked {
    let terms = &question.terms;
    let (Some(_), Some(order_type), Some(time_in_force)) =
        (terms.side, terms.order_type, terms.time_in_force)
    else {
        return Err(FailedCheck::plain(Reason::UnsupportedOrder));
    };
    let fitting = terms.price.is_some() == order_type.has_price()
        && terms.trigger_price.is_some() == order_type.has_trigger()
        && terms.expire_time.is_some() == (time_in_force == TimeInForce::Gtd);
    if !fitting || question.replaced.is_some() && changes_identity(&question.intent.terms, terms) {
        return Err(FailedCheck::plain(Reason::UnsupportedOrder));
    }
    if order_type == OrderType::Market {
        question.each_level(|level| match level.bounds.refuses_market_orders {
            true => Err(FailedCheck::plain(Reason::UnsupportedOrder)),
            false => Ok(()),
        })?;
    }
    above_zero(terms.order_qty, Reason::InvalidQuantity)?;
    if instrument.allow_negative_price {
        return Ok(());
    }
    above_zero(terms.price, Reason::InvalidPrice)?;
    above_zero(terms.trigger_price, Reason::InvalidPrice)
}

/// Whether a REPLACE names another side, type or life than its order's. Those cannot be replaced,
/// and to route the old ones as if nothing had been asked would be a guess.
fn changes_identity(asked: &IntentTerms<'_>, order: &IntentTerms<'_>) -> bool {
    let other_side = asked.side.is_some() && asked.side != order.side;
    let other_type = asked.order_type.is_some() && asked.order_type != order.order_type;
    let other_life = asked.time_in_force.is_some() && asked.time_in_force != order.time_in_force;
    let other_end = asked.expire_time.is_some() && asked.expire_time != order.expire_time;
    other_side || other_type || other_life || other_end
}

fn above_zero(number: Option<Numeral<'_>>, reason: Reason) -> Checked {
    match number {
        Some(Numeral::Exact(decimal)) if decimal.signum() <= 0 => {
            Err(FailedCheck::compared(reason, Decimal::ZERO, decimal))
        }
        Some(numeral) if numeral.signum() <= 0 => Err(FailedCheck::plain(reason)),
        Some(_) | None => Ok(()),
    }
}
