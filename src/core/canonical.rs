//! The canonical text of a decimal, written without allocation: it stands in every record that
//! onefill publishes, and in every fingerprint. It must never depend on how the decimal came.

use super::amount::{Decimal, stripped};

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
        std::str::from_utf8(self.as_bytes()).expect("digits, a point and a sign are ASCII")
    }

    /// The text, as ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    const fn empty() -> Self {
        Self { bytes: [0; TEXT_LEN_MAX], start: TEXT_LEN_MAX }
    }

    fn push_front(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    /// Its digits, with zeros in front of them up to `width` digits.
    fn push_front_digits(&mut self, number: u64, width: usize) {
        let (mut rest, mut start, end) = (number, self.start, self.start - width);
        while rest > 0 || start > end {
            start -= 1;
            self.bytes[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.start = start;
    }

    /// Its digits, however many.
    fn push_front_whole(&mut self, whole: u128) {
        match u64::try_from(whole) {
            Ok(whole) => self.push_front_digits(whole, 1),
            Err(_) => {
                // 20 digits are more than 64 bits hold.
                self.push_front_digits((whole % 10_000_000_000) as u64, 10);
                self.push_front_whole(whole / 10_000_000_000);
            }
        }
    }
}

impl Decimal {
    /// The canonical text.
    pub fn canonical(self) -> CanonicalText {
        let mut text = CanonicalText::empty();
        let (whole, fraction) = self.parts();
        if fraction > 0 {
            let (digits, places) = stripped(fraction);
            text.push_front_digits(digits, places as usize);
            text.push_front(b'.');
        }
        text.push_front_whole(whole);
        if self.units() < 0 {
            text.push_front(b'-');
        }
        text
    }
}
