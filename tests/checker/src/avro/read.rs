//! Avro's binary encoding, read as strictly as the contract wants: nothing cut off, nothing padded, nothing after it.

use super::schema::{RecordSchema, Schema};
use super::value::{Record, Value};

/// The value that all of these bytes are; `None` if they are no such value.
pub fn read<'a>(schema: &'a Schema, bytes: &'a [u8]) -> Option<Value<'a>> {
    let mut reader = Reader { bytes };
    let value = reader.value(schema)?;
    reader.bytes.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, schema: &'a Schema) -> Option<Value<'a>> {
        Some(match schema {
            Schema::Null => Value::Null,
            Schema::Boolean => match self.take(1)? {
                [0] => Value::Boolean(false),
                [1] => Value::Boolean(true),
                _ => return None,
            },
            Schema::Int => Value::Long(i64::from(i32::try_from(self.long()?).ok()?)),
            Schema::Long => Value::Long(self.long()?),
            Schema::Bytes => Value::Bytes(self.bytes()?),
            Schema::Text => Value::Text(self.text()?),
            Schema::Fixed(size) => Value::Bytes(self.take(*size)?),
            Schema::Enum(symbols) => Value::Text(symbols.get(self.index()?)?),
            Schema::Union(branches) => {
                let branch = branches.get(self.index()?)?;
                self.value(branch)?
            }
            Schema::Array(items) => {
                let mut found = Vec::new();
                self.blocks(|reader| {
                    found.push(reader.value(items)?);
                    Some(())
                })?;
                Value::Array(found)
            }
            Schema::Map(values) => {
                let mut found: Vec<(&str, Value<'a>)> = Vec::new();
                self.blocks(|reader| {
                    let name = reader.text()?;
                    let is_new = found.iter().all(|(known, _)| *known != name);
                    found.push((name, reader.value(values)?));
                    is_new.then_some(())
                })?;
                Value::Map(found)
            }
            Schema::Record(record) => Value::Record(self.record(record)?),
        })
    }

    fn record(&mut self, schema: &'a RecordSchema) -> Option<Record<'a>> {
        let mut values = Vec::with_capacity(schema.fields.len());
        for (_, field) in &schema.fields {
            values.push(self.value(field)?);
        }
        Some(Record { schema, values })
    }

    fn blocks(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        loop {
            let count = self.long()?;
            let size = if count < 0 { Some(usize::try_from(self.long()?).ok()?) } else { None };
            let before = self.bytes.len();
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
            if size.is_some_and(|size| before - self.bytes.len() != size) {
                return None;
            }
            if count == 0 {
                return Some(());
            }
        }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.index()?;
        self.take(count)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn index(&mut self) -> Option<usize> {
        usize::try_from(self.long()?).ok()
    }

    /// Zig-zag, seven bits a byte, the low ones first.
    fn long(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                let is_padded = byte == 0 && shift > 0;
                return (!is_padded).then(|| (number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    }
}
