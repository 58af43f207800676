//! An instrument as the ledger uses it: its steps, its bounds, and its unit of money.

use crate::core::amount::{Decimal, Lots, Overflow, StepError, Ticks};
use crate::core::control::{InstrumentRecord, InstrumentStatus};
use crate::core::money::{Money, MoneyUnit, Worth};
use crate::core::saved::{Damaged, Loading, Saved};

/// An instrument that passed [`Instrument::new`]: its steps and multiplier are above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Where it is traded.
    pub venue: Box<str>,
    /// The money of its prices.
    pub currency: Box<str>,
    /// The step of prices.
    pub tick_size: Decimal,
    /// The step of quantities.
    pub lot_size: Decimal,
    /// Units of the underlying per contract.
    pub contract_multiplier: Decimal,
    /// Smallest quantity.
    pub min_qty: Option<Decimal>,
    /// Largest quantity.
    pub max_qty: Option<Decimal>,
    /// Smallest value of an order with a price.
    pub min_notional: Option<Decimal>,
    /// Whether prices may be zero or less.
    pub allow_negative_price: bool,
    /// Whether it may be traded.
    pub status: InstrumentStatus,
    /// Of its record.
    pub version: i64,
    unit: MoneyUnit,
}

impl Instrument {
    /// The instrument that a record describes.
    ///
    /// # Errors
    /// The name of the field that cannot be, and why.
    pub fn new(record: &InstrumentRecord<'_>) -> Result<Self, String> {
        let number = |field: &str, value: crate::core::amount::Numeral<'_>| {
            value
                .exact()
                .map_err(|Overflow| format!("{field}: more than 20 digits before or 18 after the point"))
        };
        let optional = |field, value: Option<_>| value.map(|value| number(field, value)).transpose();
        let positive = |field, value| match number(field, value)? {
            decimal if decimal.signum() > 0 => Ok(decimal),
            decimal => Err(format!("{field}: {decimal} is not above zero")),
        };
        let tick_size = positive("tick_size", record.tick_size)?;
        let lot_size = positive("lot_size", record.lot_size)?;
        let contract_multiplier = positive("contract_multiplier", record.contract_multiplier)?;
        Ok(Self {
            venue: record.venue.as_str().into(),
            currency: record.currency.as_str().into(),
            tick_size,
            lot_size,
            contract_multiplier,
            min_qty: optional("min_qty", record.min_qty)?,
            max_qty: optional("max_qty", record.max_qty)?,
            min_notional: optional("min_notional", record.min_notional)?,
            allow_negative_price: record.allow_negative_price,
            status: record.status,
            version: record.version,
            unit: MoneyUnit::of(lot_size, contract_multiplier),
        })
    }

    /// The first field that can never change, and would.
    pub fn changed_forever(&self, next: &Self) -> Option<&'static str> {
        [
            ("tick_size", self.tick_size == next.tick_size),
            ("lot_size", self.lot_size == next.lot_size),
            ("contract_multiplier", self.contract_multiplier == next.contract_multiplier),
            ("currency", self.currency == next.currency),
            ("venue", self.venue == next.venue),
        ]
        .into_iter()
        .find_map(|(field, same)| (!same).then_some(field))
    }

    /// A price in ticks.
    ///
    /// # Errors
    /// [`StepError`] when it lies between two ticks, or takes too many.
    pub fn ticks(&self, price: Decimal) -> Result<Ticks, StepError> {
        price.steps(self.tick_size).map(Ticks)
    }

    /// A quantity in lots.
    ///
    /// # Errors
    /// [`StepError`] when it lies between two lots, or takes too many.
    pub fn lots(&self, quantity: Decimal) -> Result<Lots, StepError> {
        quantity.steps(self.lot_size).map(Lots)
    }

    /// A number of lots as a quantity.
    ///
    /// # Errors
    /// [`Overflow`] when it has too many digits.
    pub fn quantity(&self, lots: Lots) -> Result<Decimal, Overflow> {
        self.lot_size.times(lots.0)
    }

    /// A number of ticks as a price.
    ///
    /// # Errors
    /// [`Overflow`] when it has too many digits.
    pub fn price(&self, ticks: Ticks) -> Result<Decimal, Overflow> {
        self.tick_size.times(ticks.0)
    }

    /// What a worth in this instrument is as money.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn money(&self, worth: Worth) -> Result<Money, Overflow> {
        self.unit.money(worth)
    }
}

impl Saved for Instrument {
    fn save(&self, out: &mut Vec<u8>) {
        let Self {
            venue,
            currency,
            tick_size,
            lot_size,
            contract_multiplier,
            min_qty,
            max_qty,
            min_notional,
            allow_negative_price,
            status,
            version,
            unit: _,
        } = self;
        (venue.clone(), currency.clone()).save(out);
        (*tick_size, (*lot_size, *contract_multiplier)).save(out);
        (*min_qty, (*max_qty, *min_notional)).save(out);
        (*allow_negative_price, (*status, *version)).save(out);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        let (venue, currency) = Saved::load(from)?;
        let (tick_size, (lot_size, contract_multiplier)) = Saved::load(from)?;
        let (min_qty, (max_qty, min_notional)) = Saved::load(from)?;
        let (allow_negative_price, (status, version)) = Saved::load(from)?;
        let unit = MoneyUnit::of(lot_size, contract_multiplier);
        Ok(Self {
            venue,
            currency,
            tick_size,
            lot_size,
            contract_multiplier,
            min_qty,
            max_qty,
            min_notional,
            allow_negative_price,
            status,
            version,
            unit,
        })
    }
}
