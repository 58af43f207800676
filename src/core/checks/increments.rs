//! Checks 8 and 9: prices are whole ticks, quantities whole lots within bounds, and everything fits
//! in the numbers that the ledger counts with.

use super::{Checked, Question, overflow};
use crate::core::amount::{Decimal, Lots, Numeral, Overflow, StepError, Ticks};
use crate::core::intent::IntentTerms;
use crate::core::ledger::instrument::Instrument;
use crate::core::money::{Valuation, Worth};
use crate::core::verdict::{FailedCheck, Reason};

/// An order whose numbers are whole steps: what checks 10 to 20 measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The total quantity.
    pub total: Decimal,
    /// The same in lots.
    pub quantity: Lots,
    /// The limit price.
    pub price: Option<Ticks>,
    /// The trigger price.
    pub trigger: Option<Ticks>,
}

/// What every number of the order is in steps, if it is.
pub fn check(question: &Question<'_, '_>, instrument: &Instrument) -> Checked<Candidate> {
    let terms = &question.terms;
    let price = terms.price.map(|price| ticks(instrument, price)).transpose();
    let trigger = terms.trigger_price.map(|price| ticks(instrument, price)).transpose();
    let quantity = lots(instrument, terms.order_qty);
    let bounds = within_bounds(instrument, terms.order_qty);
    // Of what cannot be counted no value is made up.
    let value = match (quantity, price) {
        (Ok((_, quantity)), Ok(_)) if !terms.reduce_only => smallest_value(instrument, terms, quantity),
        _ => Ok(()),
    };
    match (quantity, price, trigger, bounds, value) {
        (Ok((total, quantity)), Ok(price), Ok(trigger), Ok(()), Ok(())) => {
            Ok(Candidate { total, quantity, price, trigger })
        }
        (quantity, price, trigger, bounds, value) => {
            Err(foremost([price.err(), trigger.err(), quantity.err(), bounds.err(), value.err()]))
        }
    }
}

/// Check 8 comes before check 9: an overflow is named only where nothing else can be.
fn foremost(failures: [Option<FailedCheck>; 5]) -> FailedCheck {
    let failures = failures.into_iter().flatten();
    let foremost = failures.min_by_key(|failure| failure.reason == Reason::NumericOverflow);
    foremost.expect("one of them failed")
}

fn ticks(instrument: &Instrument, price: Numeral<'_>) -> Checked<Ticks> {
    let price = exact(price)?;
    whole(instrument.ticks(price), Reason::InvalidPriceIncrement, instrument.tick_size, price)
}

fn lots(instrument: &Instrument, quantity: Option<Numeral<'_>>) -> Checked<(Decimal, Lots)> {
    let quantity = quantity.ok_or(FailedCheck::plain(Reason::InvalidQuantity))?;
    let total = exact(quantity)?;
    let lots = whole(instrument.lots(total), Reason::InvalidQuantityIncrement, instrument.lot_size, total)?;
    Ok((total, lots))
}

fn within_bounds(instrument: &Instrument, quantity: Option<Numeral<'_>>) -> Checked {
    let Some(Numeral::Exact(quantity)) = quantity else { return Ok(()) };
    let below = instrument.min_qty.filter(|least| quantity < *least);
    let above = instrument.max_qty.filter(|most| quantity > *most);
    match below.or(above) {
        Some(bound) => Err(FailedCheck::compared(Reason::InvalidQuantity, bound, quantity)),
        None => Ok(()),
    }
}

fn smallest_value(instrument: &Instrument, terms: &IntentTerms<'_>, quantity: Lots) -> Checked {
    let price = terms.price.map(exact).transpose()?;
    let Some((price, least)) = price.zip(instrument.min_notional) else { return Ok(()) };
    let worth = Worth::of(quantity, Valuation::at(price)).map_err(overflow)?;
    let value = instrument.money(worth).map_err(overflow)?;
    if value.is_at_least(least) {
        return Ok(());
    }
    let observed = value.decimal();
    Err(FailedCheck { observed, limit: Some(least), ..FailedCheck::plain(Reason::MinNotional) })
}

fn exact(number: Numeral<'_>) -> Checked<Decimal> {
    number.exact().map_err(overflow)
}

fn whole<T>(steps: Result<T, StepError>, reason: Reason, step: Decimal, observed: Decimal) -> Checked<T> {
    steps.map_err(|error| match error {
        StepError::Fraction => FailedCheck::compared(reason, step, observed),
        StepError::Overflow => overflow(Overflow),
    })
}
