//! Check 0: whether bytes are an intent.

use crate::avro::{INTENT, Value};
use crate::log::Record;
use crate::number;

const VALUE_BYTES_MAX: usize = 64 * 1024;
const IDS: [&str; 5] = ["intent_id", "account_id", "strategy_id", "client_order_id", "instrument_id"];

const NUMBERS: [&str; 3] = ["order_qty", "price", "trigger_price"];

/// What a record of `intents` turns out to be.
#[derive(Debug, PartialEq)]
pub enum Payload<'a> {
    Intent(Value<'a>),
    Malformed,
    /// Of a schema that is not published. A router may know it; this checker does not.
    Foreign,
}

pub fn payload(record: &Record) -> Payload<'_> {
    let bytes = record.bytes();
    if bytes.len() > VALUE_BYTES_MAX {
        return Payload::Malformed;
    }
    if INTENT.is_foreign(bytes) {
        return Payload::Foreign;
    }
    INTENT.decode(bytes).filter(is_whole).map_or(Payload::Malformed, Payload::Intent)
}

/// Sizes and formats as published, and what its type needs is there.
fn is_whole(intent: &Value<'_>) -> bool {
    let ids = IDS.iter().all(|name| is_id(intent[*name].str()));
    let numbers =
        NUMBERS.iter().all(|name| intent[*name].text().is_none_or(|text| number::parse(text).is_some()));
    let has = |name: &&str| !intent[*name].is_null();
    let conditional = match intent["intent_type"].str() {
        "NEW" => ["side", "order_type", "order_qty", "time_in_force"].iter().all(has),
        "REPLACE" => ["order_qty", "price", "trigger_price"].iter().any(has),
        _ => true,
    };
    let tags = match &intent["tags"] {
        Value::Map(tags) => {
            tags.len() <= 16 && tags.iter().all(|(name, value)| name.len() <= 128 && value.str().len() <= 128)
        }
        _ => true,
    };
    ids && numbers && conditional && tags && intent["correlation_id"].str().len() <= 256
}

/// `[A-Za-z0-9_.:-]{1,64}`
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|one| one.is_ascii_alphanumeric() || b"_.:-".contains(&one))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_as_published_is_malformed() {
        let whole = json!({
            "account_id": "A1", "client_order_id": "o-1", "instrument_id": "X", "intent_id": "i-1",
            "intent_type": "NEW", "order_qty": "2", "order_type": "LIMIT", "price": "100.25", "side": "BUY",
            "strategy_id": "S1", "time_in_force": "GTC"
        });
        let is_malformed = |field: &str, value: serde_json::Value| {
            let mut intent = whole.clone();
            intent[field] = value;
            let record = Record { value: Some(INTENT.encode(&intent).into()), ..Record::default() };
            payload(&record) == Payload::Malformed
        };
        assert!(!is_malformed("price", json!("1")) && !is_malformed("price", json!(null)));
        for (field, value) in [
            ("account_id", json!("A 1")),
            ("intent_id", json!("")),
            ("side", json!(null)),
            ("order_qty", json!(null)),
            ("price", json!("1e5")),
            ("correlation_id", json!("x".repeat(257))),
            ("tags", json!({"x": "y".repeat(129)})),
            ("tags", json!({"x": "y".repeat(70_000)})),
        ] {
            assert!(is_malformed(field, value.clone()), "{field}: {value}");
        }
        let mut foreign = INTENT.encode(&whole);
        foreign[5] ^= 1;
        let record = |value: Option<Vec<u8>>| Record { value: value.map(Into::into), ..Record::default() };
        assert_eq!(payload(&record(Some(foreign))), Payload::Foreign);
        assert_eq!(payload(&record(None)), Payload::Malformed);
    }
}
