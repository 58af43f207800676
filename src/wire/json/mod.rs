//! Records as JSON, for people and scripts: what `audit show` prints, and what `submit`, `control`
//! and `prices` take.
//!
//! Nothing is decided by way of JSON, and no number becomes a float.

use std::collections::BTreeMap;

use apache_avro::types::Value;
use serde_json::Value as Json;

use super::malformed::Malformed;
use super::schema::{RecordType, read_generic, reader_schema};

mod control;
mod fields;
mod intent;

pub use control::{command_from_json, instrument_from_json, limit_from_json, price_from_json};
pub use intent::intent_from_json;

/// A body, in the reader's schema, as readable JSON in schema order: enums by name, bytes as hex,
/// what is null left out.
///
/// # Errors
/// [`Malformed`] when the bytes are no record of the schema. Formats are not checked: what can be
/// shown is shown.
pub fn to_json(record: RecordType, body: &[u8]) -> Result<Json, Malformed> {
    read_generic(reader_schema(record), body).map(from_value)
}

fn from_value(value: Value) -> Json {
    match value {
        Value::Boolean(flag) => flag.into(),
        Value::Int(number) => number.into(),
        Value::Long(number) => number.into(),
        Value::String(text) | Value::Enum(_, text) => text.into(),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => hex(&bytes).into(),
        Value::Union(_, value) => from_value(*value),
        Value::Array(items) => items.into_iter().map(from_value).collect(),
        Value::Record(fields) => from_fields(fields.into_iter()),
        // In order of the keys: the same record must print the same text.
        Value::Map(pairs) => from_fields(pairs.into_iter().collect::<BTreeMap<_, _>>().into_iter()),
        // No published schema has another type.
        _ => Json::Null,
    }
}

fn from_fields(fields: impl Iterator<Item = (String, Value)>) -> Json {
    let present = fields.map(|(name, value)| (name, from_value(value))).filter(|(_, value)| !value.is_null());
    Json::Object(present.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
