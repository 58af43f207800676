//! What was decoded, without a copy of its texts.

use std::fmt;
use std::ops::Index;

use super::schema::RecordSchema;
use crate::number::{self, Number};

/// A value of any schema. Enums are texts, unions what is in them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Boolean(bool),
    Long(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(&'a str, Value<'a>)>),
    Record(Record<'a>),
}

/// A record's values, in the order of its schema's fields.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub schema: &'a RecordSchema,
    pub values: Vec<Value<'a>>,
}

/// By what it holds: the same record is written out in several schemas.
impl PartialEq for Record<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.schema.name == other.schema.name && self.values == other.values
    }
}

static NOTHING: Value<'static> = Value::Null;

impl<'a> Value<'a> {
    pub fn is_null(&self) -> bool {
        *self == Value::Null
    }

    pub fn text(&self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or none of it.
    pub fn str(&self) -> &'a str {
        self.text().unwrap_or_default()
    }

    pub fn long(&self) -> Option<i64> {
        match self {
            Value::Long(number) => Some(*number),
            _ => None,
        }
    }

    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn items(&self) -> &[Value<'a>] {
        match self {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The name of the record that it is.
    pub fn record_name(&self) -> &str {
        match self {
            Value::Record(record) => &record.schema.name,
            _ => "",
        }
    }

    /// The number that a decimal writes.
    pub fn number(&self) -> Option<Number> {
        number::parse(self.text()?)
    }

    pub fn is_true(&self) -> bool {
        *self == Value::Boolean(true)
    }
}

/// A field of a record; null where there is none.
impl<'a> Index<&str> for Value<'a> {
    type Output = Value<'a>;

    fn index(&self, name: &str) -> &Value<'a> {
        let Value::Record(record) = self else { return &NOTHING };
        let found = record.schema.fields.iter().position(|(field, _)| field == name);
        found.map_or(&NOTHING, |index| &record.values[index])
    }
}

/// Short enough for a line of a report.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(flag) => write!(f, "{flag}"),
            Value::Long(number) => write!(f, "{number}"),
            Value::Bytes(bytes) => f.write_str(&crate::identity::hex(bytes)),
            Value::Text(text) => f.write_str(text),
            Value::Array(items) => write!(f, "{} items", items.len()),
            Value::Map(items) => write!(f, "{} pairs", items.len()),
            Value::Record(record) => {
                f.write_str("{")?;
                let given = record.schema.fields.iter().zip(&record.values).filter(|(_, it)| !it.is_null());
                for (index, ((name, _), value)) in given.enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}: {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}
