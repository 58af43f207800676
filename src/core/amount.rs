//! Amounts: canonical decimals, and the whole numbers (ticks, lots, money) that the ledger counts.
//!
//! Every operation is checked. What does not fit is `NUMERIC_OVERFLOW` to the caller, never a
//! panic, a wrap or a saturation; and nothing is ever divided to be compared.

use std::fmt;

/// Digits after the point that a decimal may have.
pub const SCALE_MAX: u32 = 18;
/// Digits before the point that a decimal may have.
const WHOLE_DIGITS_MAX: usize = 20;
/// The powers of ten that 128 bits hold.
pub(super) static POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// A decimal of the contract, exactly: `value * 10^18`. Every one of 20 + 18 digits fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Decimal(i128);

/// What a text in a decimal's place turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numeral<'a> {
    /// A decimal.
    Exact(Decimal),
    /// A number, but of more digits than a decimal may have: `NUMERIC_OVERFLOW`, not malformed.
    Overlong(&'a str),
}

/// Whole multiples of an instrument's tick size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ticks(pub i64);

/// Whole multiples of an instrument's lot size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Lots(pub i64);

/// The sum or product does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Why a decimal is no whole number of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepError {
    /// It lies between two steps.
    Fraction,
    /// It is a whole number of steps, but more than an `i64` counts.
    Overflow,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(10i128.pow(SCALE_MAX));

    /// The decimal `mantissa * 10^-scale`.
    ///
    /// # Errors
    /// [`Overflow`] when it has more digits than a decimal may have.
    pub fn new(mantissa: i128, scale: u32) -> Result<Self, Overflow> {
        let shift = SCALE_MAX.checked_sub(scale).ok_or(Overflow)?;
        Self::of_units(mantissa.checked_mul(POWERS[shift as usize]).ok_or(Overflow)?)
    }

    /// The decimal of so many units of `10^-18`.
    fn of_units(units: i128) -> Result<Self, Overflow> {
        let fits = units.unsigned_abs() < 10u128.pow(SCALE_MAX + WHOLE_DIGITS_MAX as u32);
        if fits { Ok(Self(units)) } else { Err(Overflow) }
    }

    /// The decimal that this text is; `None` when it is none, or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        match Numeral::parse(text)? {
            Numeral::Exact(decimal) => Some(decimal),
            Numeral::Overlong(_) => None,
        }
    }

    /// The decimal that these bytes are, or [`Overflow`] when it has more digits than a decimal may have; `None` when
    /// they are no decimal at all, as for [`Numeral::parse`].
    pub fn of_ascii(text: &[u8]) -> Option<Result<Self, Overflow>> {
        let (negative, unsigned) = match text {
            [b'-', unsigned @ ..] => (true, unsigned),
            unsigned => (false, unsigned),
        };
        let (whole, fraction): (_, &[u8]) = match unsigned.iter().position(|byte| *byte == b'.') {
            Some(point) => (&unsigned[..point], &unsigned[point + 1..]),
            None => (unsigned, b"0"),
        };
        if matches!(whole, [] | [b'0', _, ..]) || fraction.is_empty() {
            return None;
        }
        if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > SCALE_MAX as usize {
            let all = |holds: fn(&u8) -> bool| whole.iter().chain(fraction).all(holds);
            let is_number = all(u8::is_ascii_digit) && !(negative && all(|digit| *digit == b'0'));
            return is_number.then_some(Err(Overflow));
        }
        // 20 digits are more than 64 bits hold: the last one is counted apart.
        let (tens, one) = whole.split_at(whole.len() - 1);
        let whole_number = u128::from(number(tens)?) * 10 + u128::from(number(one)?);
        let fraction_units = i128::from(number(fraction)?) * POWERS[SCALE_MAX as usize - fraction.len()];
        let units = whole_number as i128 * Self::ONE.0 + fraction_units;
        match (negative, units) {
            (true, 0) => None,
            (true, _) => Some(Ok(Self(-units))),
            (false, _) => Some(Ok(Self(units))),
        }
    }

    /// The value in units of `10^-18`.
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Below, at or above zero: -1, 0, 1.
    pub const fn signum(self) -> i128 {
        self.0.signum()
    }

    /// With the other sign.
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Without its sign.
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// How far apart the two are; `None` when that has more digits than a decimal may have.
    pub fn distance(self, other: Self) -> Option<Self> {
        let distance = self.0.checked_sub(other.0)?.checked_abs()?;
        Self::of_units(distance).ok()
    }

    /// The difference; `None` when it has more digits than a decimal may have.
    pub fn minus(self, other: Self) -> Option<Self> {
        Self::of_units(self.0.checked_sub(other.0)?).ok()
    }

    /// A whole number; every one of 64 bits fits.
    pub fn whole(count: i64) -> Self {
        Self(i128::from(count) * Self::ONE.0)
    }

    /// How many whole steps of `step` this is.
    ///
    /// # Errors
    /// [`StepError`] when it lies between two steps, or takes more steps than `i64` counts.
    pub fn steps(self, step: Self) -> Result<i64, StepError> {
        assert!(step.0 > 0, "an instrument's tick and lot are positive");
        // Divided without signs, which is much faster.
        let (units, step) = (self.0.unsigned_abs(), step.0.unsigned_abs());
        let count = units / step;
        if count * step != units {
            return Err(StepError::Fraction);
        }
        i64::try_from(self.0.signum() * count as i128).map_err(|_| StepError::Overflow)
    }

    /// How many whole steps of `step` this is at least; the last that `i64` counts beyond that.
    pub fn steps_down(self, step: Self) -> i64 {
        i64::try_from(self.0.div_euclid(step.0)).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    /// How many whole steps of `step` cover this; the last that `i64` counts beyond that.
    pub fn steps_up(self, step: Self) -> i64 {
        let up = self.0.div_euclid(step.0) + i128::from(self.0.rem_euclid(step.0) != 0);
        i64::try_from(up).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    /// `count` steps of this size.
    ///
    /// # Errors
    /// [`Overflow`] when the product has more digits than a decimal may have.
    pub fn times(self, count: i64) -> Result<Self, Overflow> {
        Self::of_units(self.0.checked_mul(i128::from(count)).ok_or(Overflow)?)
    }

    /// Mantissa and scale without trailing zeros.
    pub fn normalized(self) -> (i128, u32) {
        let (whole, fraction) = self.parts();
        if fraction == 0 {
            return (self.0.signum() * whole as i128, 0);
        }
        let (digits, places) = stripped(fraction);
        let mantissa = whole as i128 * POWERS[places as usize] + i128::from(digits);
        (self.0.signum() * mantissa, places)
    }

    /// What stands before the point, and in units of `10^-18` behind it, without the sign.
    pub(super) const fn parts(self) -> (u128, u64) {
        const ONE: u128 = Decimal::ONE.0.unsigned_abs();
        let units = self.0.unsigned_abs();
        let whole = units / ONE;
        (whole, (units - whole * ONE) as u64)
    }
}

/// A fraction above zero, in units of `10^-18`, as digits behind the point without trailing zeros, and how many they are.
pub(super) const fn stripped(fraction: u64) -> (u64, u32) {
    let (mut digits, mut places) = (fraction, SCALE_MAX);
    while digits.is_multiple_of(10_000) {
        (digits, places) = (digits / 10_000, places - 4);
    }
    if digits.is_multiple_of(100) {
        (digits, places) = (digits / 100, places - 2);
    }
    if digits.is_multiple_of(10) { (digits / 10, places - 1) } else { (digits, places) }
}

/// The number that these digits are, 19 at most; `None` when one of them is none.
fn number(digits: &[u8]) -> Option<u64> {
    let next = |number, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    digits.iter().try_fold(0, next)
}

impl<'a> Numeral<'a> {
    /// `None` when the text is no decimal at all: a sign alone, an exponent, a leading zero, `-0`.
    pub fn parse(text: &'a str) -> Option<Self> {
        match Decimal::of_ascii(text.as_bytes())? {
            Ok(decimal) => Some(Self::Exact(decimal)),
            Err(Overflow) => Some(Self::Overlong(text)),
        }
    }

    /// The decimal, unless it has too many digits.
    ///
    /// # Errors
    /// [`Overflow`] when it has.
    pub const fn exact(self) -> Result<Decimal, Overflow> {
        match self {
            Self::Exact(decimal) => Ok(decimal),
            Self::Overlong(_) => Err(Overflow),
        }
    }

    /// Below, at or above zero: -1, 0, 1, however many digits it has.
    pub fn signum(self) -> i128 {
        match self {
            Self::Exact(decimal) => decimal.signum(),
            Self::Overlong(text) if text.starts_with('-') => -1,
            Self::Overlong(text) => {
                i128::from(text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0'))
            }
        }
    }
}

/// The canonical form: no exponent, no trailing zeros, no `-0`.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mantissa, scale) = self.normalized();
        let (digits, scale) = (mantissa.unsigned_abs(), scale as usize);
        let one = 10u128.pow(scale as u32);
        let whole = digits / one;
        let text = match scale {
            0 => whole.to_string(),
            _ => format!("{whole}.{:0scale$}", digits % one),
        };
        out.pad_integral(mantissa >= 0, "", &text)
    }
}

impl fmt::Display for Numeral<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(decimal) => decimal.fmt(out),
            Self::Overlong(text) => out.pad(text),
        }
    }
}

crate::core::saved::saved!(Decimal(units));
crate::core::saved::saved!(Lots(count));
