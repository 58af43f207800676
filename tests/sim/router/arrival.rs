//! From a record to an arrival, and from the core's types to records: the bytes are real ones.

use std::borrow::Cow;

use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::Input;
use onefill::core::time::{MILLISECOND, Time};
use onefill::wire::schema::{RecordType, Schemas};
use onefill::wire::{Malformed, control, execution, intent};

use super::EPOCH;
use crate::kafka::log::Record;
use crate::kafka::request::{Place, Topic};

/// Hands the arrival to `then`.
pub fn with<R>(
    schemas: &Schemas,
    (topic, partition): Place,
    record: &Record,
    then: impl FnOnce(&Arrival<'_>) -> R,
) -> R {
    let kind = match topic {
        Topic::Intents => RecordType::OrderIntent,
        Topic::Executions => RecordType::Execution,
        _ => RecordType::ControlRecord,
    };
    let opened = match record.payload.value.as_deref() {
        Some(value) => schemas.open(kind, value),
        None => Err(Malformed::value("a tombstone: publish a record with a value")),
    };
    let content = match kind {
        RecordType::OrderIntent => Content::Intent(read(&opened, intent::decode)),
        RecordType::Execution => Content::Execution(read(&opened, execution::decode)),
        _ => Content::Control(read(&opened, control::decode)),
    };
    let timestamp = Time::from_millis(EPOCH / MILLISECOND + record.timestamp_ms);
    let input = Input { topic: topic.name(), partition, offset: record.offset, timestamp };
    then(&Arrival {
        input,
        key: record.payload.key.as_deref(),
        value: record.payload.value.as_deref(),
        content,
    })
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
