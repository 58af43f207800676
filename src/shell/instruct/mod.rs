//! What operators say: from the words that they wrote to the record on its topic.
//!
//! Nothing is sent that the lanes would answer INVALID, for that halts trading globally. Start at
//! [`Draft`]; [`prepare`] fills in what depends on the control log; an [`Operation`] sends it, and
//! hears which lanes have applied it. [`prices`] is the same for reference prices.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::error::{KafkaError, KafkaResult};

use super::config::Config;
use super::follow::Follower;
use super::publish::{Outgoing, Publisher};
use super::submit::decoded;
use crate::core::control::ControlResult;
use crate::core::entry::Body;
use crate::wire::Schemas;

mod draft;
mod known;
pub mod prices;

pub use draft::{Draft, Kind, Ready, Refusal, Said};
pub use known::{PrepareError, prepare};

/// Who says it, where nobody was named: the user that the process runs as.
pub fn operator() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

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

/// What the lanes made of records, by the record's offset and the lane.
pub type Answers = BTreeMap<(i64, i32), Applied>;

/// Control records under way.
pub struct Operation<'c> {
    config: &'c Config,
    lanes: i32,
    publisher: Publisher,
    follower: Option<Follower>,
}

impl<'c> Operation<'c> {
    /// With `wait`, notes where the trail ends before anything is sent.
    ///
    /// # Errors
    /// Brokers that do not answer, topics that are not there.
    pub fn open(config: &'c Config, lanes: usize, wait: bool) -> KafkaResult<Self> {
        let lanes = i32::try_from(lanes).unwrap_or(i32::MAX);
        let publisher = Publisher::open(config)?;
        let follower = if wait { Some(Follower::open(config, lanes)?) } else { None };
        Ok(Self { config, lanes, publisher, follower })
    }

    /// Writes the record, and returns its offset.
    ///
    /// # Errors
    /// A record that may not have arrived; sending it again is harmless, its version or id tells.
    pub fn send(&self, record: &Ready, patience: Duration) -> KafkaResult<i64> {
        let (topic, key) = (self.config.topics.control.as_str(), record.key.as_bytes());
        let record = Outgoing { topic, partition: 0, key, value: &record.value, number: 0 };
        deliver(&self.publisher, record, patience)
    }

    /// What each lane made of the records at these offsets; lanes that were silent are missing.
    /// Returns when all have answered, or after `patience`.
    pub fn wait(&self, offsets: &[i64], patience: Duration) -> Answers {
        let (mut found, schemas) = (Answers::new(), Schemas::compiled());
        let end = Instant::now() + patience;
        let Some(follower) = &self.follower else { return found };
        let due = offsets.len() * self.lanes.unsigned_abs() as usize;
        while found.len() < due && Instant::now() < end {
            let Some(record) = follower.next(Duration::from_millis(100)) else { continue };
            let answer = decoded(&schemas, &record, |entry| match &entry.body {
                Body::Control(taken) if offsets.contains(&taken.input.offset) => {
                    let detail = taken.detail.as_ref().map(ToString::to_string);
                    Some((taken.input.offset, Applied { result: taken.result, seq: entry.seq, detail }))
                }
                _ => None,
            });
            if let Some((offset, applied)) = answer {
                found.insert((offset, record.partition()), applied);
            }
        }
        found
    }
}

/// Sends one record, and returns its offset when the brokers have it.
fn deliver(publisher: &Publisher, record: Outgoing<'_>, patience: Duration) -> KafkaResult<i64> {
    publisher.send(record)?;
    let delivery = publisher.delivery(patience).ok_or(KafkaError::NoMessageReceived)?;
    delivery.place.map(|(_, offset)| offset)
}

#[cfg(test)]
mod tests;
