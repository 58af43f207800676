//! Check 12: the reference price that the order needs is there, and can be used.

use super::time::{compared, span};
use super::{Checked, Question, each_level};
use crate::core::amount::Decimal;
use crate::core::entry::Reference;
use crate::core::intent::OrderType;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::limits::Limits;
use crate::core::price::PriceQuality;
use crate::core::settings::Settings;
use crate::core::time::Time;
use crate::core::verdict::{FailedCheck, Reason};

/// Whether the order needs a reference price. One that is not needed is not looked at, so that a
/// silent price feed stops nobody whom no limit makes depend on it.
pub fn is_needed(question: &Question<'_, '_>, instrument: &Instrument) -> bool {
    let by_type = matches!(question.terms.order_type, Some(OrderType::Market | OrderType::Stop));
    by_type || is_demanded(&question.limits, instrument)
}

/// Whether these limits demand a reference price, of whatever type the order is.
pub fn is_demanded(limits: &Limits<'_>, instrument: &Instrument) -> bool {
    limits.any(|bounds| {
        bounds.price_collar_bps.is_some()
            || bounds.price_collar_abs.is_some()
            || bounds.max_order_notional.is_some()
            || bounds.gross_in(&instrument.currency).is_some()
    })
}

/// Whether the price held of an instrument can be used now.
pub fn check(
    question: &Question<'_, '_>,
    instrument: &Instrument,
    held: Option<&Reference<'_>>,
) -> Checked<Decimal> {
    usable(&question.limits, question.ledger.settings(), question.now, instrument, held)
}

/// Whether this price can be used now under these limits.
pub fn usable(
    limits: &Limits<'_>,
    settings: Settings,
    now: Time,
    instrument: &Instrument,
    held: Option<&Reference<'_>>,
) -> Checked<Decimal> {
    let held = held.ok_or(FailedCheck::plain(Reason::ReferencePriceNotAvailable))?;
    let age = now.since(held.as_of);
    let too_old = |limit_ms| match age > span(limit_ms) {
        true => Err(compared(Reason::ReferencePriceStale, limit_ms, age)),
        false => Ok(()),
    };
    each_level(limits, |level| level.bounds.ref_max_age_ms.map_or(Ok(()), too_old))?;
    let is_set = limits.any(|bounds| bounds.ref_max_age_ms.is_some());
    let default_ms = settings.ref_max_age_ms;
    if !is_set && default_ms > 0 {
        too_old(default_ms)?;
    }
    let valid_sign = held.price.signum() > 0 || instrument.allow_negative_price;
    if held.quality != PriceQuality::Good || !valid_sign {
        let observed = Some(held.price);
        return Err(FailedCheck { observed, ..FailedCheck::plain(Reason::ReferencePriceInvalid) });
    }
    Ok(held.price)
}
