//! Money: what quantities are worth at prices, exactly.
//!
//! A price may have 18 decimals and a collar four more, a lot and a multiplier 18 each. 256 bits
//! hold every product of them that trading meets; nothing is rounded, nothing is divided, and what
//! does not fit is an [`Overflow`].

use ethnum::I256;

use super::amount::{Decimal, Lots, Overflow, POWERS, SCALE_MAX};
use super::saved::{Damaged, Loading, Saved};

/// Hundredths of a percent in the whole.
pub const BPS: i64 = 10_000;

/// What one unit of quantity is valued at: `price * (10000 + bps) / 10000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Valuation {
    price: Decimal,
    markup_bps: i64,
}

/// Lots times valuation: money of one instrument, in units of `10^-22 * lot size * multiplier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worth(I256);

/// Money of a currency: `mantissa * 10^-scale`.
#[derive(Clone, Copy, Debug)]
pub struct Money {
    mantissa: I256,
    scale: u32,
}

/// What a [`Worth`] of an instrument counts in: `lot size * multiplier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneyUnit {
    mantissa: I256,
    scale: u32,
}

/// Decimals of a valuation: those of a price, and four of hundredths of a percent.
const VALUATION_SCALE: u32 = SCALE_MAX + 4;

impl Valuation {
    /// At this price, whatever its sign.
    pub fn at(price: Decimal) -> Self {
        Self { price: price.abs(), markup_bps: 0 }
    }

    /// At this price, and so many hundredths of a percent above it.
    pub fn above(price: Decimal, markup_bps: i64) -> Self {
        Self { markup_bps, ..Self::at(price) }
    }

    /// Without the markup.
    pub const fn price(self) -> Decimal {
        self.price
    }

    /// How many hundredths of a percent it is above its price.
    pub const fn markup_bps(self) -> i64 {
        self.markup_bps
    }

    /// The higher of two.
    pub fn dearer(self, other: Self) -> Self {
        if other.per_unit() > self.per_unit() { other } else { self }
    }

    /// In units of `10^-22`. A price takes 127 bits, the factor 65: it fits.
    fn per_unit(self) -> I256 {
        let (price, factor) = self.factors();
        wide(price, factor)
    }

    /// What makes [`Valuation::per_unit`].
    fn factors(self) -> (i128, i128) {
        (self.price.units(), i128::from(BPS) + i128::from(self.markup_bps))
    }
}

/// `price`, or `price+bps`: as the ledger hash has it.
impl std::fmt::Display for Valuation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.markup_bps {
            0 => write!(out, "{}", self.price),
            bps => write!(out, "{}+{bps}", self.price),
        }
    }
}

impl Worth {
    /// Nothing.
    pub const ZERO: Self = Self(I256::ZERO);

    /// So many lots at this valuation; negative lots are worth less than nothing.
    ///
    /// # Errors
    /// [`Overflow`] when the product does not fit.
    pub fn of(lots: Lots, valuation: Valuation) -> Result<Self, Overflow> {
        if lots.0 == 0 {
            return Ok(Self::ZERO);
        }
        let (price, factor) = valuation.factors();
        // The factor takes 65 bits, the lots 64: that product fits. Nearly always 128 bits hold the other, too.
        match price.checked_mul(factor * i128::from(lots.0)) {
            Some(worth) => Ok(Self(I256::from(worth))),
            None => product(valuation.per_unit(), I256::from(lots.0)).map(Self),
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }
}

impl Default for Worth {
    fn default() -> Self {
        Self::ZERO
    }
}

impl std::fmt::Display for Worth {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

impl MoneyUnit {
    /// Of an instrument with this lot size and multiplier. Two decimals of 127 bits: it fits.
    pub fn of(lot_size: Decimal, multiplier: Decimal) -> Self {
        let ((lot, lot_scale), (multiplier, scale)) = (lot_size.normalized(), multiplier.normalized());
        Self { mantissa: I256::from(lot) * I256::from(multiplier), scale: lot_scale + scale }
    }

    /// A worth of the instrument as money.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn money(self, worth: Worth) -> Result<Money, Overflow> {
        let mantissa = product(worth.0, self.mantissa)?;
        Ok(Money { mantissa, scale: VALUATION_SCALE + self.scale })
    }
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self { mantissa: I256::ZERO, scale: 0 };

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.widened(scale)?.checked_add(other.widened(scale)?).ok_or(Overflow)?;
        Ok(Self { mantissa, scale })
    }

    /// Whether this is no more than `limit`. Always exact.
    pub fn is_within(self, limit: Decimal) -> bool {
        // Nearly always 128 bits hold both in the unit of the one that has more decimals: the money.
        let more = self.scale.checked_sub(SCALE_MAX).and_then(|more| POWERS.get(more as usize));
        let finer = more.and_then(|factor| limit.units().checked_mul(*factor));
        if let (Some(money), Some(limit)) = (narrow(self.mantissa), finer) {
            return money <= limit;
        }
        let limit = Self { mantissa: I256::from(limit.units()), scale: SCALE_MAX };
        let scale = self.scale.max(limit.scale);
        match (self.widened(scale), limit.widened(scale)) {
            (Ok(money), Ok(limit)) => money <= limit,
            // Only the one of fewer decimals is widened. What outgrows 256 bits by it is further
            // from zero than the other: its sign decides.
            (Err(Overflow), _) => self.mantissa < 0,
            (_, Err(Overflow)) => limit.mantissa > 0,
        }
    }

    /// Whether this is no less than `limit`. Always exact.
    pub fn is_at_least(self, limit: Decimal) -> bool {
        // No money has more decimals than fit: negated, both sides stay what they are.
        let negated = Self { mantissa: -self.mantissa, scale: self.scale };
        negated.is_within(limit.negated())
    }

    /// As a decimal; `None` when it has more digits than a decimal may have.
    pub fn decimal(self) -> Option<Decimal> {
        let excess = self.scale.max(SCALE_MAX) - SCALE_MAX;
        let (mantissa, rest) = match (narrow(self.mantissa), POWERS.get(excess as usize)) {
            // Nearly always 128 bits hold both, and divide much faster. The rest takes no division of its own.
            (Some(mantissa), Some(factor)) => {
                let quotient = mantissa / factor;
                (quotient, mantissa - quotient * factor)
            }
            _ => {
                let factor = I256::from(10).checked_pow(excess)?;
                (i128::try_from(self.mantissa / factor).ok()?, i128::from(self.mantissa % factor != 0))
            }
        };
        if rest == 0 { Decimal::new(mantissa, self.scale - excess).ok() } else { None }
    }

    fn widened(self, scale: u32) -> Result<I256, Overflow> {
        let more = scale - self.scale;
        if more == 0 || self.mantissa == 0 {
            return Ok(self.mantissa);
        }
        match POWERS.get(more as usize) {
            Some(factor) => product(self.mantissa, I256::from(*factor)),
            None => {
                let factor = I256::from(10).checked_pow(more).ok_or(Overflow)?;
                self.mantissa.checked_mul(factor).ok_or(Overflow)
            }
        }
    }
}

/// Whether `abs(price - reference) * 10000 <= bps * abs(reference)`. Always exact.
pub fn is_near(price: Decimal, reference: Decimal, bps: i64) -> bool {
    let (price, reference) = (price.units(), reference.units());
    let whole = wide(reference.abs(), i128::from(bps));
    match price.checked_sub(reference) {
        Some(distance) => wide(distance.abs(), i128::from(BPS)) <= whole,
        None => (I256::from(price) - I256::from(reference)).abs() * I256::from(BPS) <= whole,
    }
}

/// The largest distance from the reference that [`is_near`] allows; `None` when it has more digits
/// than a decimal may have. For people: nothing is compared with it.
pub fn farthest(reference: Decimal, bps: i64) -> Option<Decimal> {
    let (mantissa, scale) = reference.abs().normalized();
    let product = I256::from(mantissa) * I256::from(bps);
    Money { mantissa: product, scale: scale + 4 }.decimal()
}

/// `lots` times a lot, against a quantity: whether it is no more. Always exact.
pub fn is_quantity_within(lots: i128, lot_size: Decimal, limit: Decimal) -> bool {
    match lots.checked_mul(lot_size.units()) {
        Some(quantity) => quantity <= limit.units(),
        None => wide(lots, lot_size.units()) <= I256::from(limit.units()),
    }
}

/// How many millionths of `limit` so many lots use, rounded up; of a limit of 0 either nothing or
/// [`USED_PPM_MAX`]. For people: nothing may be decided by it.
pub fn used_ppm(lots: i128, lot_size: Decimal, limit: Decimal) -> u64 {
    let (units, limit) = (lot_size.units(), limit.units());
    let millionths = lots.checked_mul(units).and_then(|used| used.checked_mul(1_000_000));
    let used = match (limit, millionths) {
        (0, _) => return if lots > 0 { USED_PPM_MAX } else { 0 },
        // Lanes measure every account by this: 256 bits are divided only where they must be.
        (_, Some(millionths)) => {
            u64::try_from(millionths.div_euclid(limit) + i128::from(millionths % limit != 0))
        }
        (_, None) => {
            let (millionths, limit) = (wide(lots, units) * I256::from(1_000_000), I256::from(limit));
            u64::try_from((millionths + limit - 1) / limit)
        }
    };
    used.unwrap_or(USED_PPM_MAX).min(USED_PPM_MAX)
}

/// A thousand times the limit: what is more is not told apart.
pub const USED_PPM_MAX: u64 = 1_000_000_000;

/// `lots` times a lot, as a quantity; `None` when it has more digits than a decimal may have.
pub fn quantity_of(lots: i128, lot_size: Decimal) -> Option<Decimal> {
    let units = wide(lots, lot_size.units());
    Decimal::new(i128::try_from(units).ok()?, SCALE_MAX).ok()
}

/// The product of two numbers of 128 bits. Nearly always 128 bits hold it, and are much faster.
fn wide(one: i128, other: i128) -> I256 {
    match one.checked_mul(other) {
        Some(product) => I256::from(product),
        None => I256::from(one) * I256::from(other),
    }
}

/// The product, likewise.
fn product(one: I256, other: I256) -> Result<I256, Overflow> {
    match (narrow(one), narrow(other)) {
        (Some(one), Some(other)) => Ok(wide(one, other)),
        _ => one.checked_mul(other).ok_or(Overflow),
    }
}

/// In 128 bits, where they hold it: the upper half then repeats the sign.
fn narrow(number: I256) -> Option<i128> {
    let (high, low) = number.into_words();
    (high == low >> 127).then_some(low)
}

impl Saved for Worth {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.to_le_bytes().save(out);
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        Saved::load(from).map(I256::from_le_bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect("a test writes decimals")
    }

    fn money(lots: i64, price: &str, bps: i64, lot: &str, multiplier: &str) -> Money {
        let worth = Worth::of(Lots(lots), Valuation::above(decimal(price), bps)).unwrap();
        MoneyUnit::of(decimal(lot), decimal(multiplier)).money(worth).unwrap()
    }

    #[test]
    fn money_is_exact_to_the_last_decimal() {
        let value = money(3, "5000.25", 0, "1", "50");
        assert_eq!(value.decimal(), Some(decimal("750037.5")));
        assert!(value.is_within(decimal("750037.5")));
        assert!(!value.is_within(decimal("750037.499999999999999999")));
        let above = money(1, "0.000000000000000001", 1, "0.000000000000000001", "1");
        assert_eq!(above.decimal(), None);
        assert!(!above.is_within(Decimal::ZERO));
    }

    #[test]
    fn money_of_two_scales_adds_up() {
        let sum = money(1, "0.00000001", 0, "1000000000000", "1").plus(money(7, "12", 0, "1", "1"));
        assert_eq!(sum.unwrap().decimal(), Some(decimal("10084")));
    }

    #[test]
    fn a_comparison_that_outgrows_its_numbers_is_still_right() {
        let most = decimal("99999999999999999999.999999999999999999");
        let huge = MoneyUnit::of(most, most).money(Worth::of(Lots(1), Valuation::at(Decimal::ONE)).unwrap());
        assert_eq!(huge.map(|_| ()), Err(Overflow));
        let fine = money(1, "0.000000000000000001", 1, "0.000000000000000001", "0.000000000000000001");
        assert!(fine.is_within(most));
        assert!(!fine.is_within(decimal("-99999999999999999999.999999999999999999")));
    }

    fn big(number: I256) -> BigInt {
        number.to_string().parse().expect("a number")
    }

    #[test]
    fn money_is_compared_alike_on_both_sides_of_128_bits() {
        let (most, least) = (I256::from(i128::MAX), I256::from(i128::MIN));
        let near = [I256::ZERO, most, most + 1, least, least - 1, most * 10_000, least * 10_000];
        for scale in [0, 17, 18, 19, 22, 56, 57, 94] {
            let edge = POWERS.get(scale as usize).map_or(0, |power| i128::MAX / power);
            let edge22 = i128::MAX / 10_000;
            let units = [0, 1, edge, edge22, edge22 + 1, 10i128.pow(38) - 1];
            let limits = units.into_iter().flat_map(|units| [units, -units]);
            for (mantissa, limit) in limits.flat_map(|limit| near.map(|mantissa| (mantissa, limit))) {
                let Ok(decimal) = Decimal::new(limit, SCALE_MAX) else { continue };
                let (money, ten) = (Money { mantissa, scale }, BigInt::from(10));
                let (one, other) = (big(mantissa) * ten.pow(SCALE_MAX), BigInt::from(limit) * ten.pow(scale));
                assert_eq!(money.is_within(decimal), one <= other, "{money:?} {limit}");
                assert_eq!(money.is_at_least(decimal), one >= other, "{money:?} {limit}");
            }
        }
    }

    #[test]
    fn money_is_the_same_decimal_on_both_sides_of_128_bits() {
        let (most, least) = (I256::from(i128::MAX), I256::from(i128::MIN));
        let edges = [most, most + 1, least, least - 1, I256::from(i64::MAX), I256::from(i64::MIN)];
        let bound = BigInt::from(10).pow(38);
        for scale in [0, 1, 17, 18, 19, 22, 55, 56, 57, 58] {
            let one = I256::from(10).pow(scale);
            let wholes = [0, 1, 10i128.pow(18), 10i128.pow(20) - 1, 10i128.pow(20)].map(I256::from);
            let exact = wholes.into_iter().filter_map(|whole| one.checked_mul(whole));
            let near = exact.chain(edges).flat_map(|it| [it - 1, it, it + 1]);
            for mantissa in near.flat_map(|it| [it, -it]) {
                // In units of 10^-18 it is this numerator over this denominator.
                let numerator = big(mantissa) * BigInt::from(10).pow(SCALE_MAX);
                let denominator = BigInt::from(10).pow(scale);
                let units = &numerator / &denominator;
                let fits = &units * &denominator == numerator && units < bound && -&units < bound;
                let found = Money { mantissa, scale }.decimal().map(|it| BigInt::from(it.units()));
                assert_eq!(found, fits.then_some(units), "{mantissa} {scale}");
            }
        }
    }

    #[test]
    fn a_worth_is_the_same_on_both_sides_of_128_bits() {
        let edge = i128::MAX / 10_000;
        for units in [1, edge / i128::from(i64::MAX), edge / 3, edge, edge + 1, 10i128.pow(38) - 1] {
            for (bps, lots) in [0, 1, i64::MAX]
                .into_iter()
                .flat_map(|bps| [1, 3, 4, i64::MAX, i64::MIN].map(|lots| (bps, lots)))
            {
                let price = Decimal::new(units, SCALE_MAX).unwrap();
                let Worth(worth) = Worth::of(Lots(lots), Valuation::above(price, bps)).unwrap();
                assert_eq!(big(worth), BigInt::from(units) * (10_000 + i128::from(bps)) * lots);
            }
        }
    }

    #[test]
    fn a_quantity_is_compared_alike_on_both_sides_of_128_bits() {
        let lot = decimal("1");
        let edge = i128::MAX / Decimal::ONE.units();
        let limits = ["99999999999999999999.999999999999999999", "0", "-1"].map(decimal);
        for lots in [0, 1, edge, edge + 1, -edge, -edge - 2] {
            for limit in limits {
                let due = BigInt::from(lots) * lot.units() <= BigInt::from(limit.units());
                assert_eq!(is_quantity_within(lots, lot, limit), due, "{lots} {limit}");
            }
        }
    }

    #[test]
    fn a_collar_holds_at_its_edge_without_a_division() {
        let near = |price, reference, bps| is_near(decimal(price), decimal(reference), bps);
        assert!(near("101", "100", 100) && near("99", "100", 100));
        assert!(!near("101.000000000000000001", "100", 100));
        assert!(near("-101", "-100", 100) && !near("100", "-100", 100));
        assert_eq!(farthest(decimal("-100.5"), 50), Some(decimal("0.5025")));
        assert_eq!(farthest(decimal("0.000000000000000001"), 50), None);
    }

    #[test]
    fn the_dearer_valuation_counts_its_markup() {
        let (plain, marked) = (Valuation::at(decimal("-100.5")), Valuation::above(decimal("100"), 100));
        assert_eq!(plain.dearer(marked), marked);
        assert_eq!(marked.dearer(plain), marked);
    }

    #[test]
    fn what_is_used_of_a_limit_is_rounded_up_and_never_endless() {
        let used = |lots, limit| used_ppm(lots, decimal("0.1"), decimal(limit));
        assert_eq!(
            [used(0, "1"), used(5, "1"), used(10, "1"), used(11, "1")],
            [0, 500_000, 1_000_000, 1_100_000]
        );
        assert_eq!([used(1, "0.3"), used(0, "0"), used(1, "0")], [333_334, 0, USED_PPM_MAX]);
        let most = i128::from(i64::MAX) * 2;
        assert_eq!(
            used_ppm(most, decimal("99999999999999999999"), decimal("0.000000000000000001")),
            USED_PPM_MAX
        );
    }
}
