//! Numbers, exactly: no scale, no width, nothing that could overflow where the router might.

use num_bigint::BigInt;
use num_rational::BigRational;
use onefill::core::amount::Numeral;

pub type Rat = BigRational;

/// A number as it stands in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    pub value: Rat,
    /// More digits than a decimal of the contract may have.
    pub overlong: bool,
}

impl Amount {
    pub fn of(numeral: Numeral<'_>) -> Self {
        let text = numeral.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let overlong = whole.trim_start_matches('-').len() > 20 || fraction.len() > 18;
        Self { value: rat(&text), overlong }
    }

    /// The value, where it is a decimal of the contract.
    pub fn exact(&self) -> Option<&Rat> {
        (!self.overlong).then_some(&self.value)
    }
}

pub fn rat(text: &str) -> Rat {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("a decimal is made of digits");
    Rat::new(digits, ten_to(fraction.len() as u32))
}

pub fn int(number: impl Into<BigInt>) -> Rat {
    Rat::from_integer(number.into())
}

pub fn zero() -> Rat {
    int(0)
}

pub fn abs(value: &Rat) -> Rat {
    if *value < zero() { -value } else { value.clone() }
}

/// What is above zero of it.
pub fn excess(value: Rat) -> Rat {
    value.max(zero())
}

/// The canonical text; `None` when it is no decimal of the contract.
pub fn text(value: &Rat) -> Option<String> {
    let units = value * Rat::from_integer(ten_to(18));
    let digits = abs(&units).to_integer().to_string();
    if !units.is_integer() || digits.len() > 38 {
        return None;
    }
    let digits = format!("{digits:0>19}");
    let (whole, fraction) = digits.split_at(digits.len() - 18);
    let fraction = fraction.trim_end_matches('0');
    let (sign, point) = (if units < zero() { "-" } else { "" }, if fraction.is_empty() { "" } else { "." });
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// Nanoseconds as milliseconds.
pub fn millis(nanoseconds: i128) -> Rat {
    Rat::new(nanoseconds.into(), 1_000_000.into())
}

pub fn is_whole(value: &Rat, step: &Rat) -> bool {
    (value / step).is_integer()
}

/// Whether an `i64` counts its steps.
pub fn is_countable(value: &Rat, step: &Rat) -> bool {
    let steps = value / step;
    (int(i64::MIN)..=int(i64::MAX)).contains(&steps)
}

fn ten_to(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

#[test]
fn a_number_is_written_as_the_contract_has_it() {
    for written in
        ["0", "1", "-1", "0.25", "-0.000000000000000001", "99999999999999999999.999999999999999999"]
    {
        assert_eq!(text(&rat(written)).as_deref(), Some(written));
    }
    assert_eq!(text(&rat("10.500")).as_deref(), Some("10.5"));
    assert_eq!(text(&rat("100000000000000000000")), None);
    assert_eq!(text(&(rat("1") / rat("3"))), None);
}

#[test]
fn digits_are_counted_on_both_sides_of_the_point() {
    for (written, overlong) in [
        ("99999999999999999999", false),
        ("100000000000000000000", true),
        ("-0.000000000000000001", false),
        ("0.0000000000000000001", true),
    ] {
        let numeral = Numeral::parse(written).expect("a number");
        assert_eq!(Amount::of(numeral), Amount { value: rat(written), overlong }, "{written}");
    }
}
