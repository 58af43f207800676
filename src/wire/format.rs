//! The formats of the contract on top of Avro's types: ids, decimals, times, limited texts.

use crate::core::amount::{Decimal, Numeral, Overflow};
use crate::core::ids::{ID_LEN_MAX, Id, OrderId};
use crate::core::time::Time;

use super::avro::{Reader, Writer, text_of};
use super::malformed::{Malformed, quote};

/// Longest `correlation_id` and `text`, in bytes.
pub const TEXT_LEN_MAX: usize = 256;
/// Most tags of an intent.
pub const TAGS_MAX: usize = 16;
/// Longest key or value of a tag, in bytes.
pub const TAG_LEN_MAX: usize = 128;
/// Longest execution id, in bytes.
pub const EXEC_ID_LEN_MAX: usize = 64;

impl<'b> Reader<'b> {
    /// An id.
    ///
    /// # Errors
    /// [`Malformed`] when it is not of the allowed characters and length.
    pub fn id(&mut self, field: &'static str) -> Result<Id<'b>, Malformed> {
        let bytes = self.bytes(field)?;
        id_of(field, bytes)
    }

    /// A decimal; of too many digits it is a number still.
    ///
    /// # Errors
    /// [`Malformed`] when the text is no number.
    pub fn numeral(&mut self, field: &'static str) -> Result<Numeral<'b>, Malformed> {
        let bytes = self.bytes(field)?;
        match Decimal::of_ascii(bytes) {
            Some(Ok(decimal)) => Ok(Numeral::Exact(decimal)),
            Some(Err(Overflow)) => text_of(field, bytes).map(Numeral::Overlong),
            None => Err(no_numeral(field, bytes)),
        }
    }

    /// A decimal that onefill wrote, which never has too many digits.
    ///
    /// # Errors
    /// [`Malformed`] when it has, or the text is no number.
    pub fn decimal(&mut self, field: &'static str) -> Result<Decimal, Malformed> {
        let bytes = self.bytes(field)?;
        match Decimal::of_ascii(bytes) {
            Some(Ok(decimal)) => Ok(decimal),
            Some(Err(Overflow)) | None => Err(no_numeral(field, bytes)),
        }
    }

    /// A time.
    ///
    /// # Errors
    /// [`Malformed`] as for a `long`.
    pub fn time(&mut self, field: &'static str) -> Result<Time, Malformed> {
        self.long(field).map(Time)
    }

    /// A text of at most `length_max` bytes.
    ///
    /// # Errors
    /// [`Malformed`] when it is longer.
    pub fn text(&mut self, field: &'static str, length_max: usize) -> Result<&'b str, Malformed> {
        let text = self.string(field)?;
        match text.len() <= length_max {
            true => Ok(text),
            false => Err(too_long(field, text.len(), length_max)),
        }
    }

    /// A sequence number.
    ///
    /// # Errors
    /// [`Malformed`] when it is negative.
    pub fn sequence(&mut self, field: &'static str) -> Result<u64, Malformed> {
        let number = self.long(field)?;
        u64::try_from(number).map_err(|_| Malformed::field(field, format!("is {number}, below zero")))
    }

    /// An order id.
    ///
    /// # Errors
    /// [`Malformed`] unless it is 32 lower-case hex digits.
    pub fn order_id(&mut self, field: &'static str) -> Result<OrderId, Malformed> {
        let text = self.string(field)?;
        OrderId::parse(text).ok_or_else(|| {
            Malformed::field(field, format!("is {}, not 32 lower-case hex digits", quote(text)))
        })
    }
}

impl Writer<'_> {
    /// An id.
    pub fn id(&mut self, id: Id<'_>) {
        self.string(id.as_str());
    }

    /// A decimal, in canonical form.
    pub fn decimal(&mut self, decimal: Decimal) {
        self.bytes(decimal.canonical().as_bytes());
    }

    /// A decimal, in canonical form; one of too many digits as it came.
    pub fn numeral(&mut self, numeral: Numeral<'_>) {
        match numeral {
            Numeral::Exact(decimal) => self.decimal(decimal),
            Numeral::Overlong(text) => self.string(text),
        }
    }

    /// A time.
    pub fn time(&mut self, time: Time) {
        self.long(time.0);
    }

    /// A sequence number.
    pub fn sequence(&mut self, number: u64) {
        self.long(i64::try_from(number).expect("a partition has fewer than 2^63 records"));
    }

    /// An order id.
    pub fn order_id(&mut self, id: OrderId) {
        self.bytes(&digits_of(id));
    }
}

/// The id that the bytes of a `string` are.
///
/// # Errors
/// [`Malformed`] when they are not of the allowed characters and length.
pub(super) fn id_of<'b>(field: &'static str, bytes: &'b [u8]) -> Result<Id<'b>, Malformed> {
    let text = text_of(field, bytes)?;
    Id::parse(text).ok_or_else(|| Malformed::field(field, no_id(text)))
}

/// The 32 lower-case hex digits of an order id.
pub(super) fn digits_of(id: OrderId) -> [u8; 32] {
    // Computed, not looked up: so the compiler makes all digits at once.
    let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id.0) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

#[cold]
#[inline(never)]
pub(super) fn no_id(text: &str) -> String {
    format!("is {}, which is no id: 1 to {ID_LEN_MAX} of A-Z a-z 0-9 _ . : -", quote(text))
}

#[cold]
#[inline(never)]
fn no_numeral(field: &'static str, bytes: &[u8]) -> Malformed {
    match text_of(field, bytes) {
        Ok(text) => Malformed::field(field, no_decimal(text)),
        Err(malformed) => malformed,
    }
}

#[cold]
#[inline(never)]
pub(super) fn no_decimal(text: &str) -> String {
    let rule = "digits like 10 or -0.25, without exponent, plus sign, leading zero or -0";
    format!("is {}, which is no decimal: {rule}", quote(text))
}

#[cold]
#[inline(never)]
pub(super) fn too_long(field: &'static str, length: usize, length_max: usize) -> Malformed {
    Malformed::field(field, format!("has {length} bytes, {length_max} are allowed"))
}
