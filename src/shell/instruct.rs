//! What operators say, sent to the control log; and which lanes have applied it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::error::{KafkaError, KafkaResult};

use super::config::Config;
use super::follow::Follower;
use super::publish::{Outgoing, Publisher};
use super::submit::decoded;
use super::trail::{Probe, ReadError, read_to_end};
use crate::core::control::{ControlRecord, ControlResult};
use crate::core::entry::Body;
use crate::wire::{self, RecordType, Schemas};

/// What one lane made of a control record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What became of it.
    pub result: ControlResult,
    /// The entry that says so.
    pub seq: u64,
    /// For people: why it did not apply.
    pub detail: Option<String>,
}

/// A control record under way.
pub struct Operation<'c> {
    config: &'c Config,
    lanes: i32,
    follower: Option<Follower>,
}

impl<'c> Operation<'c> {
    /// With `wait`, notes where the trail ends before anything is sent.
    ///
    /// # Errors
    /// Brokers that do not answer, topics that are not there.
    pub fn open(config: &'c Config, lanes: usize, wait: bool) -> KafkaResult<Self> {
        let lanes = i32::try_from(lanes).unwrap_or(i32::MAX);
        let follower = if wait { Some(Follower::open(config, lanes)?) } else { None };
        Ok(Self { config, lanes, follower })
    }

    /// Writes the record, and returns its offset.
    ///
    /// # Errors
    /// A record that may not have arrived; sending it again is harmless, its version or id tells.
    pub fn send(&self, record: &ControlRecord<'_>, patience: Duration) -> KafkaResult<i64> {
        let mut value = Vec::new();
        wire::control::encode(record, &mut value);
        let (topic, key) = (self.config.topics.control.as_str(), id(record).as_bytes());
        let publisher = Publisher::open(self.config)?;
        publisher.send(Outgoing { topic, partition: 0, key, value: &value, number: 0 })?;
        let delivery = publisher.delivery(patience).ok_or(KafkaError::NoMessageReceived)?;
        delivery.place.map(|(_, offset)| offset)
    }

    /// What each lane made of the record at `offset`; lanes that were silent are missing. Returns
    /// when all have answered, or after `patience`.
    pub fn wait(&self, offset: i64, patience: Duration) -> BTreeMap<i32, Applied> {
        let (mut found, schemas) = (BTreeMap::new(), Schemas::compiled());
        let end = Instant::now() + patience;
        let Some(follower) = &self.follower else { return found };
        while found.len() < self.lanes.unsigned_abs() as usize && Instant::now() < end {
            let Some(record) = follower.next(Duration::from_millis(100)) else { continue };
            let applied = decoded(&schemas, &record, |entry| match &entry.body {
                Body::Control(taken) if taken.input.offset == offset => Some(Applied {
                    result: taken.result,
                    seq: entry.seq,
                    detail: taken.detail.as_ref().map(ToString::to_string),
                }),
                _ => None,
            });
            if let Some(applied) = applied {
                found.insert(record.partition(), applied);
            }
        }
        found
    }
}

/// The record's own id, which is its key.
fn id<'a>(record: &ControlRecord<'a>) -> &'a str {
    match record {
        ControlRecord::Instrument(instrument) => instrument.instrument_id.as_str(),
        ControlRecord::RiskLimit(limit) => limit.limit_id.as_str(),
        ControlRecord::Command(command) => command.command_id.as_str(),
    }
}

/// The highest version that the control log has of an instrument, if it has one.
///
/// # Errors
/// Brokers that do not answer.
pub fn instrument_version(config: &Config, instrument_id: &str) -> KafkaResult<Option<i64>> {
    let topic = config.topics.control.as_str();
    let start = Probe::open(config)?.extent(topic, 0)?.start;
    let (schemas, mut newest) = (Schemas::compiled(), None);
    let read = read_to_end(config, (topic, 0), start, |message| -> Result<(), std::convert::Infallible> {
        let body = message.payload().and_then(|value| schemas.open(RecordType::ControlRecord, value).ok());
        if let Some(Ok(ControlRecord::Instrument(instrument))) = body.as_deref().map(wire::control::decode)
            && instrument.instrument_id.as_str() == instrument_id
        {
            newest = newest.max(Some(instrument.version));
        }
        Ok(())
    });
    match read {
        Ok(()) => Ok(newest),
        Err(ReadError::Kafka(error)) => Err(error),
        Err(ReadError::Refused(never)) => match never {},
    }
}
