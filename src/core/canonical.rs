//! The canonical text of a decimal, written without allocation: it stands in every record that
//! onefill publishes, and in every fingerprint. It must never depend on how the decimal came.

use super::amount::{Decimal, SCALE_MAX};

/// A sign, 20 digits, a point, 18 digits.
const TEXT_LEN_MAX: usize = 40;

/// The canonical text of a number: no exponent, no trailing zeros, no `-0`.
#[derive(Clone, Copy, Debug)]
pub struct CanonicalText {
    bytes: [u8; TEXT_LEN_MAX],
    start: usize,
}

impl CanonicalText {
    /// Of a whole number.
    pub fn of_integer(number: i64) -> Self {
        let mut text = Self::empty();
        text.push_front_whole(number.unsigned_abs().into());
        if number < 0 {
            text.push_front(b'-');
        }
        text
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).expect("digits, a point and a sign are ASCII")
    }

    const fn empty() -> Self {
        Self { bytes: [0; TEXT_LEN_MAX], start: TEXT_LEN_MAX }
    }

    fn push_front(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    fn push_front_digit(&mut self, digit: u64) {
        self.push_front(b'0' + (digit % 10) as u8);
    }

    fn push_front_whole(&mut self, whole: u128) {
        let (mut high, mut low) = (whole / 10, (whole % 10) as u64);
        while high > 0 {
            self.push_front_digit(low);
            (high, low) = (high / 10, (high % 10) as u64);
        }
        self.push_front_digit(low);
    }
}

impl Decimal {
    /// The canonical text.
    pub fn canonical(self) -> CanonicalText {
        const ONE: u128 = Decimal::ONE.units().unsigned_abs();
        let mut text = CanonicalText::empty();
        let units = self.units().unsigned_abs();
        let (whole, mut fraction, mut places) = (units / ONE, (units % ONE) as u64, SCALE_MAX);
        if fraction > 0 {
            while fraction % 10 == 0 {
                (fraction, places) = (fraction / 10, places - 1);
            }
            for _ in 0..places {
                text.push_front_digit(fraction);
                fraction /= 10;
            }
            text.push_front(b'.');
        }
        text.push_front_whole(whole);
        if self.signum() < 0 {
            text.push_front(b'-');
        }
        text
    }
}
