//! Reference prices that somebody sets by hand.

use std::time::Duration;

use rdkafka::error::KafkaResult;
use serde_json::{Map, Value};

use super::{Refusal, deliver};
use crate::core::ids::placement;
use crate::core::price::ReferencePrice;
use crate::core::prices::AHEAD_MAX_NS;
use crate::core::time::Time;
use crate::shell::config::Config;
use crate::shell::publish::{Outgoing, Publisher};
use crate::wire::json::price_from_json;
use crate::wire::{self, Malformed, RecordType, Schemas};

/// A price that the router will take, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyPrice {
    /// Of what.
    pub instrument_id: String,
    /// What messages call it.
    pub name: String,
    value: Vec<u8>,
}

/// The price that was written at `place`: `None` for flags. What it leaves out is a GOOD MARK of now, by
/// this publisher.
///
/// # Errors
/// What is missing or of another type; what the router would drop.
pub fn ready(
    place: Option<&str>,
    mut fields: Map<String, Value>,
    publisher: &str,
    now: Time,
) -> Result<ReadyPrice, Refusal> {
    let defaults: [(&str, Value); 4] = [
        ("source", "MARK".into()),
        ("quality", "GOOD".into()),
        ("publisher", publisher.into()),
        ("as_of", now.0.into()),
    ];
    for (field, value) in defaults {
        if fields.get(field).is_none_or(Value::is_null) {
            fields.insert(field.to_owned(), value);
        }
    }
    encoded(&Value::Object(fields), now).map_err(|malformed| Refusal {
        place: place.map(|place| format!("{place}: ")).unwrap_or_default(),
        detail: malformed.to_string(),
    })
}

fn encoded(fields: &Value, now: Time) -> Result<ReadyPrice, Malformed> {
    let price = price_from_json(fields)?;
    check(&price, now)?;
    let mut value = Vec::new();
    wire::price::encode(&price, &mut value);
    // As the router will: only the bytes show their number.
    Schemas::compiled().open(RecordType::ReferencePrice, &value)?;
    let ReferencePrice { instrument_id, price, .. } = price;
    Ok(ReadyPrice {
        instrument_id: instrument_id.to_string(),
        name: format!("{instrument_id} at {price}"),
        value,
    })
}

/// What the router drops does not count: nobody would see why the former price stays.
fn check(price: &ReferencePrice<'_>, now: Time) -> Result<(), Malformed> {
    if price.price.exact().is_err() {
        let detail = format!("is {}: at most 20 digits before the point and 18 after it", price.price);
        return Err(Malformed::field("price", detail));
    }
    if price.as_of.since(now) > AHEAD_MAX_NS {
        let detail = format!("is {}, more than a second ahead of this clock", price.as_of);
        return Err(Malformed::field("as_of", detail));
    }
    Ok(())
}

/// Sends the price to its partition, one of `partitions`; returns that and its offset.
///
/// # Errors
/// A price that may not have arrived; sending it again is harmless.
pub fn send(
    config: &Config,
    publisher: &Publisher,
    price: &ReadyPrice,
    partitions: usize,
    patience: Duration,
) -> KafkaResult<(i32, i64)> {
    // Prices are compacted by key in each partition: an instrument's must all lie in the same one.
    let key = price.instrument_id.as_bytes();
    let count = u32::try_from(partitions).unwrap_or(u32::MAX).max(1);
    let partition = i32::try_from(placement(key, count)).unwrap_or(0);
    let record = Outgoing { topic: &config.topics.prices, partition, key, value: &price.value, number: 0 };
    Ok((partition, deliver(publisher, record, patience)?))
}
