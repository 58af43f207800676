//! Reading the trail as it grows: what became of records that were just sent.
//!
//! Committed entries only, from positions noted before anything was sent; so nothing that answers
//! can be missed. Also finds the entry of a number, for those that name another one.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::OwnedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::client::{self, Isolation, Logged};
use super::config::Config;
use super::trail::Probe;

/// Reads the audit partitions from where they ended when it was opened.
pub struct Follower {
    reader: BaseConsumer<Logged>,
}

impl Follower {
    /// Notes the ends of all partitions, and reads on from there.
    ///
    /// # Errors
    /// Brokers that do not answer, a topic that is not there.
    pub fn open(config: &Config, partitions: i32) -> KafkaResult<Self> {
        let (probe, topic) = (Probe::open(config)?, config.topics.audit.as_str());
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            // The high watermark: what is open there now was sent by others before.
            let end = probe.extent(topic, partition)?.end;
            assignment.add_partition_offset(topic, partition, Offset::Offset(end))?;
        }
        let reader: BaseConsumer<Logged> =
            client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
        reader.assign(&assignment)?;
        Ok(Self { reader })
    }

    /// The next audit record, if one comes in time. What the connection complains about meanwhile
    /// is logged; the caller's own patience bounds the wait.
    pub fn next(&self, timeout: Duration) -> Option<OwnedMessage> {
        let end = Instant::now() + timeout;
        loop {
            match self.reader.poll(end.saturating_duration_since(Instant::now())) {
                Some(Ok(message)) => return Some(message.detach()),
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => tracing::debug!("following the trail: {error}"),
                None => return None,
            }
            if Instant::now() >= end {
                return None;
            }
        }
    }
}

/// The audit record of number `seq` in a partition, which is before offset `before`.
///
/// Entries are numbered densely and markers take offsets, so an entry's offset is never below its
/// number, and offsets and numbers grow together: the place is found by halving.
///
/// # Errors
/// Brokers that do not answer.
pub fn entry_of(config: &Config, partition: i32, seq: u64, before: i64) -> KafkaResult<Option<OwnedMessage>> {
    let topic = config.topics.audit.as_str();
    let reader: BaseConsumer<Logged> =
        client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
    let (mut low, mut high) = (i64::try_from(seq).unwrap_or(i64::MAX), before);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(found) = first_from(&reader, topic, partition, middle)? else {
            high = middle;
            continue;
        };
        match number(&found) {
            Some(number) if number == seq => return Ok(Some(found)),
            Some(number) if number < seq => low = found.offset() + 1,
            _ => high = middle,
        }
    }
    Ok(None)
}

/// The number of an audit record, which is its key.
fn number(message: &OwnedMessage) -> Option<u64> {
    message.key()?.try_into().ok().map(u64::from_be_bytes)
}

/// The first committed record at or after an offset.
fn first_from(
    reader: &BaseConsumer<Logged>,
    topic: &str,
    partition: i32,
    from: i64,
) -> KafkaResult<Option<OwnedMessage>> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
    reader.assign(&assignment)?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match reader.poll(Duration::from_millis(100)) {
            // A record of the former assignment may still be on its way.
            Some(Ok(message)) if message.offset() < from => {}
            Some(Ok(message)) => return Ok(Some(message.detach())),
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => tracing::debug!("looking for an entry: {error}"),
            None => {}
        }
    }
    Err(KafkaError::NoMessageReceived)
}
