//! From a Kafka record to an arrival: whose record it is, and what it says.

use std::borrow::Cow;

use rdkafka::message::Message;

use super::topics::Topics;
use crate::core::decide::{Arrival, Content};
use crate::core::entry::Input;
use crate::core::time::Time;
use crate::wire::schema::{RecordType, Schemas};
use crate::wire::{Malformed, control, execution, intent};

/// Hands the arrival to `then`. It borrows from the record's bytes, or, where its schema is an older
/// or newer one, from the bytes that it resolves to.
pub fn with<R>(
    topics: &Topics,
    schemas: &Schemas,
    message: &impl Message,
    then: impl FnOnce(&Arrival<'_>) -> R,
) -> R {
    let (topic, record) = (message.topic(), record_of(topics, message.topic()));
    let opened = match message.payload() {
        Some(value) => schemas.open(record, value),
        None => Err(Malformed::value("a tombstone: publish a record with a value")),
    };
    let content = match record {
        RecordType::OrderIntent => Content::Intent(read(&opened, intent::decode)),
        RecordType::Execution => Content::Execution(read(&opened, execution::decode)),
        _ => Content::Control(read(&opened, control::decode)),
    };
    let input = Input {
        topic,
        partition: message.partition(),
        offset: message.offset(),
        timestamp: Time::from_millis(message.timestamp().to_millis().unwrap_or_default()),
    };
    then(&Arrival { input, key: message.key(), value: message.payload(), content })
}

/// What the records of an input are.
pub fn record_of(topics: &Topics, topic: &str) -> RecordType {
    match topic {
        topic if topic == topics.intents => RecordType::OrderIntent,
        topic if topic == topics.executions => RecordType::Execution,
        _ => RecordType::ControlRecord,
    }
}

fn read<'b, T>(
    opened: &'b Result<Cow<'_, [u8]>, Malformed>,
    decode: impl FnOnce(&'b [u8]) -> Result<T, Malformed>,
) -> Result<T, Cow<'b, str>> {
    let said = |malformed: &Malformed| Cow::Owned(malformed.to_string());
    match opened {
        Ok(body) => decode(body).map_err(|malformed| said(&malformed)),
        Err(malformed) => Err(said(malformed)),
    }
}
