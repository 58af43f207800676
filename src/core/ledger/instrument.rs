//! An instrument as the ledger uses it: its steps, its bounds, and its unit of money.

use crate::core::amount::{Decimal, Lots, Overflow, StepError, Ticks};
use crate::core::control::{InstrumentRecord, InstrumentStatus};

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

/// Money of one instrument: whole multiples of `tick_size * lot_size * contract_multiplier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MoneyUnit {
    mantissa: i128,
    scale: u32,
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
        let unit = MoneyUnit::of([tick_size, lot_size, contract_multiplier]).map_err(|Overflow| {
            "tick_size * lot_size * contract_multiplier has too many digits".to_owned()
        })?;
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
            unit,
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

    /// `quantity * abs(price) * multiplier`, in money units of this instrument.
    ///
    /// The product of two `i64` always fits.
    pub fn value(&self, lots: Lots, price: Ticks) -> i128 {
        i128::from(lots.0) * i128::from(price.0).abs()
    }

    /// Whether `value`, in money units, is at least this much money.
    ///
    /// # Errors
    /// [`Overflow`] when the comparison does not fit in 128 bits.
    pub fn reaches(&self, value: i128, money: Decimal) -> Result<bool, Overflow> {
        let (mantissa, scale) = money.normalized();
        let (left, right) = (value.checked_mul(self.unit.mantissa).ok_or(Overflow)?, mantissa);
        let common = self.unit.scale.max(scale);
        let widen = |number: i128, from: u32| {
            10i128.checked_pow(common - from).and_then(|factor| number.checked_mul(factor)).ok_or(Overflow)
        };
        Ok(widen(left, self.unit.scale)? >= widen(right, scale)?)
    }

    /// Money units as a decimal.
    ///
    /// # Errors
    /// [`Overflow`] when it has more digits than a decimal may have.
    pub fn money(&self, value: i128) -> Result<Decimal, Overflow> {
        let mantissa = value.checked_mul(self.unit.mantissa).ok_or(Overflow)?;
        Decimal::new(mantissa, self.unit.scale)
    }
}

impl MoneyUnit {
    fn of(factors: [Decimal; 3]) -> Result<Self, Overflow> {
        let mut unit = Self { mantissa: 1, scale: 0 };
        for (mantissa, scale) in factors.map(Decimal::normalized) {
            unit.mantissa = unit.mantissa.checked_mul(mantissa).ok_or(Overflow)?;
            unit.scale += scale;
        }
        while unit.scale > 0 && unit.mantissa % 10 == 0 {
            unit.mantissa /= 10;
            unit.scale -= 1;
        }
        Ok(unit)
    }
}
