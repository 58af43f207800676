//! Check 12: the reference price that the order needs is there, and can be used.

use super::time::young;
use super::{Checked, Question};
use crate::core::amount::Decimal;
use crate::core::bounds::Bounds;
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
    let limit = |bounds: &Bounds| bounds.ref_max_age_ms;
    young(limits, limit, settings.ref_max_age_ms, Reason::ReferencePriceStale, age)?;
    let valid_sign = held.price.signum() > 0 || instrument.allow_negative_price;
    if held.quality != PriceQuality::Good || !valid_sign {
        let observed = Some(held.price);
        return Err(FailedCheck { observed, ..FailedCheck::plain(Reason::ReferencePriceInvalid) });
    }
    Ok(held.price)
}
