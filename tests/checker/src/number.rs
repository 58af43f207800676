//! Numbers, exactly: fractions of any size, so that nothing here overflows where the router might.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};

pub type Number = BigRational;

pub fn zero() -> Number {
    Number::zero()
}

pub fn int(number: i64) -> Number {
    Number::from_integer(number.into())
}

/// The number that this text writes, of as many digits as it has; `None` where the text is no number of the contract.
pub fn parse(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_digit());
    let is_number =
        is_digits(whole) && fraction.is_none_or(is_digits) && (whole.len() == 1 || !whole.starts_with('0'));
    if !is_number {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let value = match format!("{whole}{fraction}").parse::<i64>() {
        Ok(small) => ratio(small.into(), fraction.len()),
        Err(_) => ratio(format!("{whole}{fraction}").parse().ok()?, fraction.len()),
    };
    let is_negative = text.starts_with('-');
    (!is_negative || !value.is_zero()).then(|| if is_negative { -value } else { value })
}

fn ratio(digits: BigInt, scale: usize) -> Number {
    if scale == 0 { Number::from_integer(digits) } else { Number::new(digits, ten_to(scale)) }
}

/// Whether a decimal may have so many digits: 20 before the point, 18 behind it.
pub fn fits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    whole.len() <= 20 && fraction.len() <= 18
}

/// The text without the zeros that end its fraction.
pub fn canonical(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The number as people write it; a fraction where it has no end.
pub fn show(value: &Number) -> String {
    let units = value * Number::from_integer(ten_to(18));
    if !units.is_integer() {
        return value.to_string();
    }
    let digits = format!("{:0>19}", units.abs().to_integer().to_string());
    let text = format!("{}.{}", &digits[..digits.len() - 18], &digits[digits.len() - 18..]);
    let sign = if value.is_negative() { "-" } else { "" };
    format!("{sign}{}", canonical(&text))
}

/// What is above zero of it.
pub fn excess(value: Number) -> Number {
    value.max(zero())
}

pub fn is_whole(value: &Number, step: &Number) -> bool {
    !step.is_zero() && (value / step).is_integer()
}

fn ten_to(exponent: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_shown_exactly() {
        for text in ["0", "1", "-1.5", "0.000000000000000001", "99999999999999999999.999999999999999999"] {
            assert_eq!(show(&parse(text).unwrap()), text);
        }
        assert_eq!(show(&parse("10.500").unwrap()), "10.5");
        assert_eq!(parse("0.1").unwrap() + parse("0.2").unwrap(), parse("0.3").unwrap());
        assert_eq!(canonical("100"), "100");
        for text in ["", "-", "1.", ".1", "01", "+1", "1e3", "-0", "-0.0", "1,5", " 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(
            fits("99999999999999999999.0")
                && !fits("100000000000000000000")
                && !fits("0.0000000000000000001")
        );
    }
}
