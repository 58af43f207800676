//! Check 20: the gross exposure, in the instrument's currency.
//!
//! Only an order that raises it is refused. Then every price that the sum needs must be there: an
//! exposure that cannot be valued is not assumed to be small.

use super::witness::Witness;
use super::{Checked, Question, overflow, reference};
use crate::core::amount::Decimal;
use crate::core::entry::Reference;
use crate::core::ledger::holdings::Reserve;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::limits::Level;
use crate::core::ledger::names::Name;
use crate::core::ledger::owner::Owner;
use crate::core::money::Money;
use crate::core::valuation::Pricing;
use crate::core::verdict::Reason;

/// How the order changes what its side reserves.
#[derive(Clone, Copy, Debug)]
pub struct Reserving {
    /// What it reserves now: nothing, of a NEW.
    pub before: Reserve,
    /// What it would reserve.
    pub after: Reserve,
}

/// Each limit from narrow to wide, up to the first that refuses. The prices of other instruments that are looked at are noted.
///
/// # Errors
/// `NUMERIC_OVERFLOW` when a sum does not fit, and what is wrong with a price that the sum needs.
pub fn check<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    pricing: &Pricing,
    price: Decimal,
    reserving: Reserving,
    references: &mut Vec<Reference<'a>>,
    witness: &mut impl Witness,
) -> Checked {
    // The account's exposure is the same for ACCOUNT and GLOBAL.
    let mut summed: Option<(Owner, Option<Name>, Option<Money>)> = None;
    for level in question.limits.levels() {
        let Some(limit) = level.bounds.gross_in(&instrument.currency) else { continue };
        let exposure = match summed {
            Some((owner, span, exposure)) if (owner, span) == (level.owner, level.instrument) => exposure,
            _ => exposure(question, instrument, pricing, price, reserving, level, references)?,
        };
        summed = Some((level.owner, level.instrument, exposure));
        let Some(gross) = exposure else { continue };
        let holds = gross.is_within(limit);
        witness
            .see(Reason::GrossNotionalExceeded, Some(level.scope), holds, || (Some(limit), gross.decimal()));
        if !holds {
            return Ok(());
        }
    }
    Ok(())
}

/// What the exposure of this limit's owner would become; `None` where the order does not raise it.
fn exposure<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    pricing: &Pricing,
    price: Decimal,
    reserving: Reserving,
    level: &Level<'_>,
    references: &mut Vec<Reference<'a>>,
) -> Checked<Option<Money>> {
    let held = question.held(level.owner);
    let next = held.reserving(pricing.side, reserving.before, reserving.after).map_err(overflow)?;
    let own = next.gross(price).map_err(overflow)?;
    if own <= held.gross(price).map_err(overflow)? {
        return Ok(None);
    }
    let own = instrument.money(own).map_err(overflow)?;
    let others = others(question, instrument, level, references);
    let others = others.map_err(|failure| failure.by(level.scope))?;
    own.plus(others).map(Some).map_err(overflow)
}

/// What the owner has in the other instruments of the currency; nothing, where the limit is of one.
fn others<'a>(
    question: &Question<'_, 'a>,
    instrument: &Instrument,
    level: &Level<'_>,
    references: &mut Vec<Reference<'a>>,
) -> Checked<Money> {
    let mut sum = Money::ZERO;
    if level.instrument.is_some() {
        return Ok(sum);
    }
    for name in question.ledger.traded(level.owner).iter().filter(|name| **name != question.instrument) {
        let Some((other, held)) = question.ledger.exposure(level.owner, *name) else { continue };
        if other.currency != instrument.currency {
            continue;
        }
        let looked_at = question.prices.find(question.ledger.text(*name));
        note(references, looked_at);
        let price = reference::check(question, other, looked_at.as_ref())?;
        let worth = held.gross(price).map_err(overflow)?;
        sum = other.money(worth).and_then(|money| sum.plus(money)).map_err(overflow)?;
    }
    Ok(sum)
}

fn note<'a>(references: &mut Vec<Reference<'a>>, looked_at: Option<Reference<'a>>) {
    if let Some(reference) = looked_at
        && !references.contains(&reference)
    {
        references.push(reference);
    }
}
