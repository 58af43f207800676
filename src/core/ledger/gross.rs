//! Gross exposure: what positions and reservations are worth at the worst (section 7 of the contract).

use super::Ledger;
use super::holdings::Holding;
use super::owner::Owner;
use crate::core::amount::{Decimal, Overflow};
use crate::core::entry::Reference;
use crate::core::money::{Money, Valuation, Worth};

impl Holding {
    /// `max(V + R_buy, R_sell - V)`, with `V` the position at this reference price.
    ///
    /// # Errors
    /// [`Overflow`] when a product or sum does not fit.
    pub fn gross(&self, reference: Decimal) -> Result<Worth, Overflow> {
        let value = Worth::of(self.position, Valuation::at(reference))?;
        Ok(value.plus(self.buys_worth)?.max(self.sells_worth.minus(value)?))
    }
}

impl Ledger {
    /// The owner's gross exposure in a currency, where each price that it needs is among these.
    pub fn gross(&self, owner: Owner, currency: &str, references: &[Reference<'_>]) -> Option<Decimal> {
        let mut sum = Money::ZERO;
        for (name, instrument, held) in self.exposures(owner) {
            if &*instrument.currency != currency {
                continue;
            }
            let own = self.text(name);
            let reference = references.iter().find(|it| it.instrument_id.as_str() == own)?;
            let worth = held.gross(reference.price).ok()?;
            sum = sum.plus(instrument.money(worth).ok()?).ok()?;
        }
        sum.decimal()
    }
}
