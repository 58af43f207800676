//! Decimals: the grammar of the contract to the letter, and the arithmetic of numbers without bounds.

use std::sync::LazyLock;

use num_bigint::BigInt;
use num_rational::BigRational;
use onefill::core::amount::{Decimal, Numeral, Overflow, SCALE_MAX, StepError};
use regex::Regex;

/// The pattern as `schemas.md` has it; `-0` is excluded there in words.
static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?\z"));
/// The same of any number of digits.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?\z"));
static MINUS_NOTHING: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-[0.]*\z"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern that is written here compiles")
}

/// Two texts, with a space between them: each for itself, and both together.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = text.split_once(' ').unwrap_or((text, "1"));
    if let (Some(one), Some(other)) = (check_text(one), check_text(other)) {
        check_pair(one, other);
    }
}

fn check_text(text: &str) -> Option<Decimal> {
    let nothing = MINUS_NOTHING.is_match(text);
    let numeral = Numeral::parse(text);
    assert_eq!(numeral.is_some(), NUMBER.is_match(text) && !nothing, "{text:?}");
    let decimal = Decimal::parse(text);
    assert_eq!(decimal.is_some(), DECIMAL.is_match(text) && !nothing, "{text:?}");
    let Some(decimal) = decimal else {
        if let Some(overlong) = numeral {
            assert_eq!((overlong, overlong.exact()), (Numeral::Overlong(text), Err(Overflow)));
            assert_eq!(overlong.to_string(), text);
            assert_eq!(overlong.signum(), sign(&rational(text)), "{text}");
        }
        return None;
    };
    let value = rational(text);
    assert_eq!(exact(decimal), value, "{text}");
    assert_eq!(decimal.signum(), sign(&value), "{text}");
    assert_eq!(numeral, Some(Numeral::Exact(decimal)));
    let canonical = decimal.canonical();
    let canonical = canonical.as_str();
    assert_eq!(canonical, decimal.to_string());
    assert_eq!(Decimal::parse(canonical), Some(decimal), "{canonical}");
    assert!(canonical.len() <= text.len(), "{canonical} for {text}");
    assert!(!canonical.contains('.') || !canonical.ends_with('0'), "{canonical}");
    let (mantissa, scale) = decimal.normalized();
    assert_eq!(Decimal::new(mantissa, scale), Ok(decimal));
    Some(decimal)
}

fn check_pair(one: Decimal, other: Decimal) {
    let (a, b) = (exact(one), exact(other));
    assert_eq!(one.cmp(&other), a.cmp(&b));
    assert_eq!(exact(one.negated()), -a.clone());
    let difference = a.clone() - b.clone();
    assert_eq!(one.minus(other).map(exact), fitting(&difference));
    let apart = if a < b { -difference } else { difference };
    assert_eq!(one.distance(other).map(exact), fitting(&apart));
    // The last 64 bits of the one are any count of the other.
    let count = one.units() as i64;
    let product = b.clone() * BigInt::from(count);
    assert_eq!(other.times(count).ok().map(exact), fitting(&product), "{other} * {count}");
    if other.signum() > 0 {
        check_steps(one, other, &(a / b));
    }
}

fn check_steps(one: Decimal, step: Decimal, ratio: &BigRational) {
    let counted = |count: &BigInt| i64::try_from(count).ok();
    let bound = if one.signum() < 0 { i64::MIN } else { i64::MAX };
    let (down, up) = (ratio.floor().to_integer(), ratio.ceil().to_integer());
    assert_eq!(one.steps_down(step), counted(&down).unwrap_or(bound), "{one} / {step}");
    assert_eq!(one.steps_up(step), counted(&up).unwrap_or(bound), "{one} / {step}");
    let due = match (ratio.is_integer(), counted(&down)) {
        (false, _) => Err(StepError::Fraction),
        (true, None) => Err(StepError::Overflow),
        (true, Some(count)) => Ok(count),
    };
    assert_eq!(one.steps(step), due, "{one} / {step}");
}

/// The number that a text of the grammar is, of however many digits.
fn rational(text: &str) -> BigRational {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    let mantissa: BigInt = digits.parse().expect("the grammar was checked");
    BigRational::new(mantissa, BigInt::from(10).pow(fraction.len() as u32))
}

fn exact(decimal: Decimal) -> BigRational {
    BigRational::new(BigInt::from(decimal.units()), BigInt::from(10).pow(SCALE_MAX))
}

/// The number, if a decimal has digits enough for it.
fn fitting(value: &BigRational) -> Option<BigRational> {
    let units = value * BigInt::from(10).pow(SCALE_MAX);
    let bound = BigRational::from_integer(BigInt::from(10).pow(38));
    let fits = units.is_integer() && -bound.clone() < units && units < bound;
    fits.then(|| value.clone())
}

fn sign(value: &BigRational) -> i128 {
    let zero = BigRational::from_integer(BigInt::ZERO);
    i128::from(*value > zero) - i128::from(*value < zero)
}
