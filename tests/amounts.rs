//! Decimals: every text of the contract exactly, in canonical form, and nothing silently wrong.

use onefill::core::amount::{Decimal, Numeral, Overflow, StepError};
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a decimal"))
}

const LARGEST: &str = "99999999999999999999.999999999999999999";

#[test]
fn the_largest_and_the_smallest_fit_exactly() {
    for text in [LARGEST, "0.000000000000000001", "0", "1", "-1", "12345678901234567890.123456789012345678"] {
        assert_eq!(decimal(text).to_string(), text);
    }
    let negative = format!("-{LARGEST}");
    assert_eq!(decimal(&negative).to_string(), negative);
    assert_eq!(decimal(LARGEST).units(), 10i128.pow(38) - 1);
}

#[test]
fn canonical_text_has_no_trailing_zeros() {
    for (text, canonical) in
        [("2.000", "2"), ("0.0", "0"), ("-1.50", "-1.5"), ("100", "100"), ("0.100000000000000000", "0.1")]
    {
        assert_eq!(decimal(text).to_string(), canonical);
        assert_eq!(decimal(text).canonical().as_str(), canonical);
        assert_eq!(decimal(text), decimal(canonical));
    }
}

#[test]
fn digits_that_64_bits_do_not_hold_are_not_lost() {
    for whole in
        ["9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999"]
    {
        assert_eq!(decimal(whole).units(), whole.parse::<i128>().unwrap() * Decimal::ONE.units());
    }
    // Of these, the last 64 bits are zeros.
    for text in [
        "-0.18446744073709551616",
        "0.18446744073709551616",
        "184467440737095516160",
        "-184467440737095516160",
    ] {
        assert_eq!(Numeral::parse(text), Some(Numeral::Overlong(text)), "{text}");
    }
}

#[test]
fn what_is_no_number_is_none() {
    for text in [
        "", "-", ".", "+1", "-0", "-0.0", "-0.000", "00", "01", "-01", "1.", ".1", "-.1", "1e5", "1E-5",
        " 1", "1 ", "1,5", "1_000", "0x10", "NaN", "inf", "--1", "1.2.3", "1-", "½", "１",
    ] {
        assert_eq!(Numeral::parse(text), None, "{text:?}");
        assert_eq!(Decimal::parse(text), None, "{text:?}");
    }
    // However many digits it has.
    assert_eq!(Numeral::parse(&format!("-0.{}", "0".repeat(20))), None);
}

#[test]
fn a_number_of_too_many_digits_is_a_number_still() {
    for (text, sign) in [
        ("100000000000000000000", 1),
        ("-100000000000000000000", -1),
        ("0.0000000000000000001", 1),
        ("-0.0000000000000000001", -1),
        ("0.0000000000000000000", 0),
        ("1.0000000000000000000", 1),
    ] {
        let numeral = Numeral::parse(text).unwrap();
        assert_eq!(numeral, Numeral::Overlong(text));
        assert_eq!(numeral.exact(), Err(Overflow));
        assert_eq!((numeral.signum(), numeral.to_string().as_str()), (sign, text));
        assert_eq!(Decimal::parse(text), None);
    }
}

#[test]
fn steps_are_whole_or_refused() {
    let tick = decimal("0.25");
    assert_eq!(decimal("100.25").steps(tick), Ok(401));
    assert_eq!(decimal("-100.25").steps(tick), Ok(-401));
    assert_eq!(decimal("0").steps(tick), Ok(0));
    assert_eq!(decimal("100.2").steps(tick), Err(StepError::Fraction));
    let (smallest, many) = (decimal("0.000000000000000001"), decimal("9.223372036854775807"));
    assert_eq!(many.steps(smallest), Ok(i64::MAX));
    assert_eq!(decimal("9.223372036854775808").steps(smallest), Err(StepError::Overflow));
    assert_eq!(decimal("-9.223372036854775808").steps(smallest), Ok(i64::MIN));
    assert_eq!(decimal(LARGEST).steps(smallest), Err(StepError::Overflow));
    assert_eq!(decimal(LARGEST).steps(decimal(LARGEST)), Ok(1));
}

#[test]
fn products_that_do_not_fit_are_refused() {
    assert_eq!(decimal("0.25").times(-401), Ok(decimal("-100.25")));
    assert_eq!(decimal(LARGEST).times(1), Ok(decimal(LARGEST)));
    assert_eq!(decimal(LARGEST).times(2), Err(Overflow));
    assert_eq!(decimal(LARGEST).times(i64::MIN), Err(Overflow));
    assert_eq!(decimal(LARGEST).times(0), Ok(Decimal::ZERO));
    assert_eq!(decimal("10").times(10i64.pow(18)), Ok(decimal("10000000000000000000")));
    assert_eq!(decimal("100").times(10i64.pow(18)), Err(Overflow));
}

#[test]
fn a_decimal_of_mantissa_and_scale_has_20_and_18_digits_at_most() {
    assert_eq!(Decimal::new(10025, 2), Ok(decimal("100.25")));
    assert_eq!(Decimal::new(1, 18), Ok(decimal("0.000000000000000001")));
    assert_eq!(Decimal::new(1, 19), Err(Overflow));
    assert_eq!(Decimal::new(10i128.pow(20) - 1, 0), Ok(decimal("99999999999999999999")));
    assert_eq!(Decimal::new(10i128.pow(20), 0), Err(Overflow));
    assert_eq!(Decimal::new(-(10i128.pow(38)), 18), Err(Overflow));
    assert_eq!(Decimal::new(i128::MAX, 0), Err(Overflow));
    assert_eq!(Decimal::new(i128::MIN, 18), Err(Overflow));
    assert_eq!(Decimal::new(0, 0), Ok(Decimal::ZERO));
}

/// Texts of the contract's pattern.
fn texts() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,18})?".prop_filter("minus nothing", |text| {
        !text.starts_with('-') || text.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    })
}

fn decimals() -> impl Strategy<Value = Decimal> {
    texts().prop_map(|text| decimal(&text))
}

proptest! {
    #[test]
    fn every_text_of_the_pattern_is_a_decimal(text in texts()) {
        let decimal = decimal(&text);
        let canonical = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
            Some(_) => text.trim_end_matches('0').to_owned(),
            None => text.clone(),
        };
        prop_assert_eq!(decimal.to_string(), &canonical[..]);
        prop_assert_eq!(Decimal::parse(&canonical), Some(decimal));
        prop_assert_eq!(Numeral::parse(&text), Some(Numeral::Exact(decimal)));
        let written = decimal.canonical();
        prop_assert_eq!(written.as_str(), &canonical[..]);
    }

    #[test]
    fn no_text_panics_and_what_is_taken_reads_back(text in "[-+0-9.eE ]{0,44}|\\PC{0,8}") {
        if let Some(Numeral::Exact(decimal)) = Numeral::parse(&text) {
            prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
        }
    }

    #[test]
    fn order_and_sign_are_those_of_the_units(one in decimals(), other in decimals()) {
        prop_assert_eq!(one.cmp(&other), one.units().cmp(&other.units()));
        prop_assert_eq!(one.signum(), one.units().signum());
        prop_assert_eq!(Numeral::Exact(one).signum(), one.signum());
    }

    #[test]
    fn mantissa_and_scale_give_the_decimal_back(decimal in decimals()) {
        let (mantissa, scale) = decimal.normalized();
        prop_assert_eq!(Decimal::new(mantissa, scale), Ok(decimal));
        prop_assert!(scale == 0 || mantissa % 10 != 0);
    }

    #[test]
    fn steps_undo_times(step in 1i128..10_000_000_000, scale in 0u32..19, count in any::<i64>()) {
        let step = Decimal::new(step, scale).unwrap();
        if let Ok(product) = step.times(count) {
            prop_assert_eq!(product.steps(step), Ok(count));
        } else {
            let units = step.units().checked_mul(i128::from(count));
            prop_assert!(units.is_none_or(|units| units.unsigned_abs() >= 10u128.pow(38)));
        }
    }

    #[test]
    fn steps_are_exact_or_say_why_not(decimal in decimals(), step in 1i128..1_000_000_000) {
        let step = Decimal::new(step, 18).unwrap();
        match decimal.steps(step) {
            Ok(count) => prop_assert_eq!(i128::from(count) * step.units(), decimal.units()),
            Err(StepError::Fraction) => prop_assert_ne!(decimal.units() % step.units(), 0),
            Err(StepError::Overflow) => {
                prop_assert!(i64::try_from(decimal.units() / step.units()).is_err());
            }
        }
    }

    #[test]
    fn a_decimal_of_any_numbers_fits_or_is_refused(mantissa in any::<i128>(), scale in 0u32..40) {
        if let Ok(decimal) = Decimal::new(mantissa, scale) {
            prop_assert_eq!(Decimal::parse(&decimal.to_string()), Some(decimal));
        }
    }
}
