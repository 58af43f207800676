//! For people: the smallest change of a refused order that would have passed.
//!
//! Found by deciding anew, so that it can never promise what the checks would not keep.

use super::amount::{Decimal, Lots, Numeral, Ticks};
use super::decide::would_accept;
use super::intent::{Intent, IntentTerms};
use super::ledger::Ledger;
use super::ledger::instrument::Instrument;
use super::prices::PriceBook;
use super::time::Time;

/// A change of one term that would have made the order pass, all else equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The quantity nearest to the one that was asked for.
    Quantity(Decimal),
    /// The price nearest to the one that was asked for.
    Price(Decimal),
}

/// The change, if one of quantity or price alone would have done. The ledger stands right before
/// the entry, `prices` are those that it looked at.
pub fn nearest(ledger: &Ledger, prices: &PriceBook, intent: &Intent<'_>, now: Time) -> Option<Change> {
    let instrument = ledger.instrument(intent.instrument_id.as_str())?;
    let passes =
        |terms: IntentTerms<'_>| would_accept(ledger, prices, &Intent { terms, ..intent.clone() }, now);
    nearest_quantity(instrument, intent, &passes).or_else(|| {
        let reference = prices.find(intent.instrument_id.as_str()).map(|reference| reference.price);
        // The collar of a STOP_LIMIT is measured from its own trigger.
        let trigger = intent.terms.trigger_price.and_then(|trigger| trigger.exact().ok());
        nearest_price(instrument, intent, trigger.or(reference)?, &passes)
    })
}

/// Down from what was asked for to the smallest quantity, or up to the smallest that is worth enough.
fn nearest_quantity(
    instrument: &Instrument,
    intent: &Intent<'_>,
    passes: &dyn Fn(IntentTerms<'_>) -> bool,
) -> Option<Change> {
    let asked = intent.terms.order_qty?.exact().ok()?;
    let with = |lots: i64| -> Option<(Decimal, bool)> {
        let quantity = instrument.quantity(Lots(lots)).ok()?;
        let terms = IntentTerms { order_qty: Some(Numeral::Exact(quantity)), ..intent.terms };
        Some((quantity, passes(terms)))
    };
    let least = instrument.min_qty.map_or(1, |least| least.steps_up(instrument.lot_size)).max(1);
    let below = asked.steps_down(instrument.lot_size);
    let smaller = furthest(least, below, |lots| with(lots).is_some_and(|(_, passed)| passed));
    let lots = smaller.or_else(|| {
        let most = instrument.max_qty.map_or(i64::MAX, |most| most.steps_down(instrument.lot_size));
        let above = below.checked_add(1)?.max(least);
        closest(above, most, |lots| with(lots).is_some_and(|(_, passed)| passed))
    })?;
    with(lots).map(|(quantity, _)| Change::Quantity(quantity))
}

/// Towards the price that the collar is measured from.
fn nearest_price(
    instrument: &Instrument,
    intent: &Intent<'_>,
    center: Decimal,
    passes: &dyn Fn(IntentTerms<'_>) -> bool,
) -> Option<Change> {
    let asked = intent.terms.price?.exact().ok()?;
    let with = |ticks: i64| -> Option<(Decimal, bool)> {
        let price = instrument.price(Ticks(ticks)).ok()?;
        let terms = IntentTerms { price: Some(Numeral::Exact(price)), ..intent.terms };
        Some((price, passes(terms)))
    };
    let (low, high) = (asked.steps_down(instrument.tick_size), center.steps_down(instrument.tick_size));
    let passed = |ticks| with(ticks).is_some_and(|(_, passed)| passed);
    let ticks = match low <= high {
        true => closest(low, high, passed),
        false => furthest(high, low, passed),
    }?;
    with(ticks).map(|(price, _)| Change::Price(price))
}

/// The highest number up to `high` that passes, where `low` does and what passes is one range.
fn furthest(low: i64, high: i64, passes: impl Fn(i64) -> bool) -> Option<i64> {
    if low > high || !passes(low) {
        return None;
    }
    let (mut good, mut bad) = (low, high.checked_add(1)?);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        *(if passes(middle) { &mut good } else { &mut bad }) = middle;
    }
    Some(good)
}

/// The lowest number from `low` on that passes: tried at ever wider distances, then narrowed down.
fn closest(low: i64, high: i64, passes: impl Fn(i64) -> bool) -> Option<i64> {
    let (mut bad, mut step) = (low.checked_sub(1)?, 1_i64);
    loop {
        let probe = bad.checked_add(step).filter(|probe| *probe <= high)?;
        if passes(probe) {
            return lowest(bad, probe, passes);
        }
        (bad, step) = (probe, step.checked_mul(2)?);
    }
}

fn lowest(mut bad: i64, mut good: i64, passes: impl Fn(i64) -> bool) -> Option<i64> {
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        *(if passes(middle) { &mut good } else { &mut bad }) = middle;
    }
    Some(good)
}
