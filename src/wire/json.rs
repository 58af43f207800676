//! Records as JSON, for people and scripts: what `audit show` prints and `submit` takes.
//!
//! Nothing is decided by way of JSON, and no number becomes a float.

use std::collections::BTreeMap;

use apache_avro::types::Value;
use serde_json::{Map, Value as Json};

use crate::core::amount::{Decimal, Numeral};
use crate::core::ids::Id;
use crate::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use crate::core::time::Time;

use super::format::{no_decimal, no_id};
use super::intent;
use super::malformed::{Malformed, quote};
use super::schema::{HEADER_LEN, RecordType, read_generic, reader_schema};

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

/// An encoded `OrderIntent`, header included, of a JSON object with the schema's field names.
///
/// Times are integers, in nanoseconds since the Unix epoch. Decimals are strings, or integers: a
/// number with a point would be a float, and is refused.
///
/// # Errors
/// [`Malformed`] when a key is unknown, a field is missing or of another type, or the record would
/// not be accepted as well formed.
pub fn intent_from_json(json: &Json) -> Result<Vec<u8>, Malformed> {
    let Json::Object(object) = json else {
        return Err(Malformed::value("an intent is a JSON object with the names of the schema's fields"));
    };
    let mut fields = Fields { object, known: Vec::new() };
    let intent = Intent {
        intent_type: fields.required("intent_type", |text| symbol(text, IntentType::parse))?,
        intent_id: fields.required("intent_id", id)?,
        account_id: fields.required("account_id", id)?,
        strategy_id: fields.required("strategy_id", id)?,
        client_order_id: fields.required("client_order_id", id)?,
        instrument_id: fields.required("instrument_id", id)?,
        created_at: fields.required("created_at", time)?,
        expires_at: fields.optional("expires_at", time)?,
        terms: terms_from_json(&mut fields)?,
        correlation_id: fields.optional("correlation_id", text)?,
        tags: fields.optional("tags", tags)?.unwrap_or_default(),
    };
    fields.end()?;
    let mut value = Vec::new();
    intent::encode(&intent, &mut value);
    intent::decode(&value[HEADER_LEN..])?;
    Ok(value)
}

fn terms_from_json<'j>(fields: &mut Fields<'j>) -> Result<IntentTerms<'j>, Malformed> {
    Ok(IntentTerms {
        side: fields.optional("side", |text| symbol(text, Side::parse))?,
        order_type: fields.optional("order_type", |text| symbol(text, OrderType::parse))?,
        order_qty: fields.optional("order_qty", numeral)?,
        price: fields.optional("price", numeral)?,
        trigger_price: fields.optional("trigger_price", numeral)?,
        time_in_force: fields.optional("time_in_force", |text| symbol(text, TimeInForce::parse))?,
        expire_time: fields.optional("expire_time", time)?,
        post_only: fields.optional("post_only", flag)?.unwrap_or_default(),
        reduce_only: fields.optional("reduce_only", flag)?.unwrap_or_default(),
    })
}

/// The members of an object, and which of them were asked for.
struct Fields<'j> {
    object: &'j Map<String, Json>,
    known: Vec<&'static str>,
}

/// What is wrong with a member, without its name.
type Wrong = String;

impl<'j> Fields<'j> {
    fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'j Json) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Malformed> {
        self.known.push(field);
        match self.object.get(field) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|wrong| Malformed::field(field, wrong)),
        }
    }

    fn required<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'j Json) -> Result<T, Wrong>,
    ) -> Result<T, Malformed> {
        self.optional(field, read)?.ok_or_else(|| Malformed::missing(field, "every intent"))
    }

    fn end(&self) -> Result<(), Malformed> {
        match self.object.keys().find(|key| !self.known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let known = self.known.join(", ");
                Err(Malformed::value(format!("{} is no field of an intent: it has {known}", quote(key))))
            }
        }
    }
}

fn text(value: &Json) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| format!("is {value}, which is no string"))
}

fn id(value: &Json) -> Result<Id<'_>, Wrong> {
    let text = text(value)?;
    Id::parse(text).ok_or_else(|| no_id(text))
}

fn time(value: &Json) -> Result<Time, Wrong> {
    let wrong = || format!("is {value}, but a time is a whole number of nanoseconds since 1970");
    value.as_i64().map(Time).ok_or_else(wrong)
}

fn flag(value: &Json) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| format!("is {value}, but it is true or false"))
}

fn symbol<T>(value: &Json, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Wrong> {
    let text = text(value)?;
    parse(text).ok_or_else(|| format!("is {}, which is no symbol of the schema", quote(text)))
}

fn numeral(value: &Json) -> Result<Numeral<'_>, Wrong> {
    match value {
        Json::String(text) => Numeral::parse(text).ok_or_else(|| no_decimal(text)),
        Json::Number(number) => {
            let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            let decimal = whole.and_then(|whole| Decimal::new(whole, 0).ok());
            let wrong = || format!("is the float {number}: write it as a string, \"{number}\", to be exact");
            decimal.map(Numeral::Exact).ok_or_else(wrong)
        }
        _ => Err(format!("is {value}, but a decimal is a string")),
    }
}

fn tags(value: &Json) -> Result<Vec<(&str, &str)>, Wrong> {
    let Json::Object(pairs) = value else { return Err(format!("are {value}, which is no object")) };
    pairs.iter().map(|(key, value)| Ok((key.as_str(), text(value)?))).collect()
}
