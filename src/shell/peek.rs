//! Looking at the record that waits: how old is it?
//!
//! Whoever looks holds nobody up: it has a connection of its own, and takes one batch of records.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, Logged};
use super::config::Config;
use super::trail::is_final;
use crate::core::time::{MILLISECOND, Time};

/// A reader of single records.
pub(super) struct Peek(BaseConsumer<Logged>);

impl Peek {
    /// Connects.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub(super) fn open(config: &Config) -> KafkaResult<Self> {
        client::peeker(config)?.create_with_context(Logged).map(Self)
    }

    /// Offset and Kafka's timestamp of the first committed record at or after `from`; `None` when there is
    /// none. Waits no longer than `patience`.
    ///
    /// # Errors
    /// Brokers that do not answer, an offset that is gone.
    pub(super) fn first_at(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        patience: Duration,
    ) -> KafkaResult<Option<(i64, Time)>> {
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
        self.0.assign(&assignment)?;
        let found = self.wait(topic, from, Instant::now() + patience);
        // Nothing more is fetched.
        self.0.unassign()?;
        found
    }

    fn wait(&self, topic: &str, from: i64, until: Instant) -> KafkaResult<Option<(i64, Time)>> {
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.0.poll(left) {
                // A record of the former assignment may still have been on its way.
                Some(Ok(message)) if message.topic() != topic || message.offset() < from => {}
                Some(Ok(message)) => {
                    let millis = message.timestamp().to_millis().unwrap_or_default();
                    return Ok(Some((message.offset(), Time(millis.saturating_mul(MILLISECOND)))));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
                Some(Err(error)) if is_final(&error) => return Err(error),
                Some(Err(error)) => tracing::debug!(topic, "reader: {error}"),
                None => break,
            }
        }
        Err(KafkaError::NoMessageReceived)
    }
}
