//! Avro's binary encoding, strictly: a cursor that reads it and one that writes it.
//!
//! The reader borrows what it reads, allocates only to say what is malformed, and panics on nothing. It is stricter than
//! Avro asks for, so that one content has few encodings: integers must not be padded, a map names
//! a key once, and nothing may follow a record. Formats of ids and decimals are in
//! [`super::format`]; start reading at [`Reader::long`].

use super::malformed::Malformed;

/// Longest encoding of 64 bits, in bytes: 7 bits each.
const LONG_LEN_MAX: usize = 10;

/// In each of eight bytes the bit that says that more of the number follows.
const MORE: u64 = 0x8080_8080_8080_8080;

/// A cursor over the bytes of one record. Each read names the field that it is for.
#[derive(Clone, Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// At the beginning of these bytes.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`Malformed`] when something is.
    pub fn end(&self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Malformed::value(format!("{left} bytes follow the record: send nothing after it"))),
        }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    #[inline]
    pub fn take(&mut self, field: &'static str, count: usize) -> Result<&'b [u8], Malformed> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(ends(field, self.rest.len()));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// A `long`: a zigzag varint without padding.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes end, the number is padded, or it does not fit 64 bits.
    #[inline]
    pub fn long(&mut self, field: &'static str) -> Result<i64, Malformed> {
        // Nearly all are lengths and branches, which take one byte.
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(unzigzagged((*byte).into()));
        }
        self.longer(field)
    }

    fn longer(&mut self, field: &'static str) -> Result<i64, Malformed> {
        let head = &self.rest[..self.rest.len().min(LONG_LEN_MAX)];
        let (mut zigzag, mut place) = (0, 0);
        // Times take nine bytes: eight of them are read at once.
        if let Some(word) = head.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
            && word & MORE == MORE
        {
            (zigzag, place) = (sevens(word), 8);
        }
        while let Some(byte) = head.get(place).copied() {
            zigzag |= u64::from(byte & 0x7f) << (7 * place);
            place += 1;
            if byte < 0x80 {
                self.rest = &self.rest[place..];
                return match (place, byte) {
                    (2.., 0) => Err(Malformed::field(field, "is a padded integer: write the shortest form")),
                    (LONG_LEN_MAX, 2..) => Err(Malformed::field(field, "is an integer of more than 64 bits")),
                    _ => Ok(unzigzagged(zigzag)),
                };
            }
        }
        match head.len() {
            LONG_LEN_MAX => Err(Malformed::field(field, "is an integer of more than 10 bytes")),
            _ => Err(ends(field, 0)),
        }
    }

    /// An `int`.
    ///
    /// # Errors
    /// [`Malformed`] as for a `long`, or when it does not fit 32 bits.
    pub fn int(&mut self, field: &'static str) -> Result<i32, Malformed> {
        let number = self.long(field)?;
        i32::try_from(number).map_err(|_| {
            Malformed::field(field, format!("is {number}, which does not fit an int of 32 bits"))
        })
    }

    /// A `boolean`.
    ///
    /// # Errors
    /// [`Malformed`] unless the byte is 0 or 1.
    #[inline]
    pub fn boolean(&mut self, field: &'static str) -> Result<bool, Malformed> {
        match self.take(field, 1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            byte => Err(Malformed::field(field, format!("is the byte {byte}, but a boolean is 0 or 1"))),
        }
    }

    /// `bytes`.
    ///
    /// # Errors
    /// [`Malformed`] when the length is negative or more than what is left.
    #[inline]
    pub fn bytes(&mut self, field: &'static str) -> Result<&'b [u8], Malformed> {
        let length = self.length(field)?;
        self.take(field, length)
    }

    /// A `string`.
    ///
    /// # Errors
    /// [`Malformed`] as for bytes, or when it is not UTF-8.
    pub fn string(&mut self, field: &'static str) -> Result<&'b str, Malformed> {
        let bytes = self.bytes(field)?;
        text_of(field, bytes)
    }

    /// A `fixed` of this size.
    ///
    /// # Errors
    /// [`Malformed`] when fewer bytes are left.
    pub fn fixed<const SIZE: usize>(&mut self, field: &'static str) -> Result<[u8; SIZE], Malformed> {
        let bytes = self.take(field, SIZE)?;
        Ok(bytes.try_into().expect("as many bytes as asked for were taken"))
    }

    /// An `enum` of these symbols, in schema order.
    ///
    /// # Errors
    /// [`Malformed`] when there is no symbol of that index.
    #[inline]
    pub fn symbol<T: Copy>(&mut self, field: &'static str, all: &[T]) -> Result<T, Malformed> {
        let index = self.index(field, all.len())?;
        Ok(all[index])
    }

    /// The branch of a `union` of `count`, or the index of a symbol.
    ///
    /// # Errors
    /// [`Malformed`] when there is none of that index.
    #[inline]
    pub fn index(&mut self, field: &'static str, count: usize) -> Result<usize, Malformed> {
        let index = self.long(field)?;
        usize::try_from(index)
            .ok()
            .filter(|index| *index < count)
            .ok_or_else(|| no_index(field, index, count))
    }

    /// A `union` of null and what `read` reads.
    ///
    /// # Errors
    /// [`Malformed`] when it is neither.
    // A call would cost more than it takes to see that it is null.
    #[inline(always)]
    pub fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.rest {
            // Most are null.
            [0, rest @ ..] => {
                self.rest = rest;
                Ok(None)
            }
            _ => self.given(field, read),
        }
    }

    fn given<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.index(field, 2)? {
            0 => Ok(None),
            _ => read(self, field).map(Some),
        }
    }

    /// The blocks of an `array` or `map`, item by item.
    ///
    /// # Errors
    /// [`Malformed`] when a block cannot be as long as it says, or `item` fails.
    pub fn blocks(
        &mut self,
        field: &'static str,
        mut item: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        loop {
            let count = self.long(field)?;
            let end = match count {
                0 => return Ok(()),
                1.. => None,
                _ => Some(self.block_end(field)?),
            };
            // Every item takes a byte at least: a count that cannot be true is found here, before
            // anything is done as often as somebody says.
            if count.unsigned_abs() > self.left() as u64 {
                return Err(ends(field, self.left()));
            }
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
            if end.is_some_and(|end| end != self.left()) {
                return Err(Malformed::field(field, "has a block of another size than it says"));
            }
        }
    }

    /// A `map` of strings, pair by pair.
    ///
    /// # Errors
    /// [`Malformed`] as for blocks.
    pub fn pairs(
        &mut self,
        field: &'static str,
        mut pair: impl FnMut(&'b str, &'b str) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.blocks(field, |reader| {
            let key = reader.string(field)?;
            pair(key, reader.string(field)?)
        })
    }

    fn block_end(&mut self, field: &'static str) -> Result<usize, Malformed> {
        let size = self.length(field)?;
        self.left().checked_sub(size).ok_or_else(|| ends(field, self.left()))
    }

    #[inline]
    fn length(&mut self, field: &'static str) -> Result<usize, Malformed> {
        let length = self.long(field)?;
        usize::try_from(length).map_err(|_| no_length(field, length))
    }
}

/// The text that the bytes of a `string` are.
///
/// # Errors
/// [`Malformed`] when they are not UTF-8.
pub(super) fn text_of<'b>(field: &'static str, bytes: &'b [u8]) -> Result<&'b str, Malformed> {
    std::str::from_utf8(bytes).map_err(|error| Malformed::field(field, format!("is not UTF-8: {error}")))
}

/// The lower seven bits of each of eight bytes, side by side.
const fn sevens(word: u64) -> u64 {
    let pairs = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4
}

const fn unzigzagged(zigzag: u64) -> i64 {
    (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)
}

#[cold]
#[inline(never)]
fn no_index(field: &'static str, index: i64, count: usize) -> Malformed {
    Malformed::field(field, format!("has the index {index}, but there are {count}"))
}

#[cold]
#[inline(never)]
fn no_length(field: &'static str, length: i64) -> Malformed {
    Malformed::field(field, format!("has the length {length}, below zero"))
}

#[cold]
#[inline(never)]
fn ends(field: &'static str, left: usize) -> Malformed {
    Malformed::field(field, format!("is cut off: only {left} bytes are left"))
}

/// A cursor that appends one record's encoding.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    /// Appends to these bytes.
    pub const fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// A `long`, or an `int`.
    #[inline]
    pub fn long(&mut self, number: i64) {
        let mut zigzag = (number << 1 ^ number >> 63) as u64;
        while zigzag >= 0x80 {
            self.out.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        self.out.push(zigzag as u8);
    }

    /// The length of what follows, the index of a symbol, or the branch of a union.
    #[inline]
    pub fn index(&mut self, index: usize) {
        self.long(i64::try_from(index).expect("no record is as long as that"));
    }

    /// A `boolean`.
    #[inline]
    pub fn boolean(&mut self, value: bool) {
        self.out.push(u8::from(value));
    }

    /// `bytes`.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.index(bytes.len());
        self.fixed(bytes);
    }

    /// A `string`.
    #[inline]
    pub fn string(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A `fixed`, or bytes that are encoded already.
    #[inline]
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A `union` of null and what `write` writes.
    #[inline]
    pub fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.index(0),
            Some(value) => {
                self.index(1);
                write(self, value);
            }
        }
    }

    /// An `array` or `map`, in one block.
    pub fn block<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        if items.len() > 0 {
            self.index(items.len());
            items.for_each(|item| write(self, item));
        }
        self.index(0);
    }

    /// A `map` of strings.
    pub fn pairs<'t>(&mut self, pairs: impl ExactSizeIterator<Item = (&'t str, &'t str)>) {
        self.block(pairs, |writer, (key, value)| {
            writer.string(key);
            writer.string(value);
        });
    }
}
