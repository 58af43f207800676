//! Whether anything is left that no lane has answered: so that a router which is about to is waited for.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::Source;
use super::clients::{CALL_MAX, Isolation, consumer};

/// Whether a committed record lies at this offset or after it. What cannot be read is looked at again, later.
pub fn is_anything_left(source: &Source, topic: &str, partition: i32, from: i64) -> Result<bool, String> {
    let reader = consumer(source, Isolation::Committed)?;
    let mut assigned = TopicPartitionList::new();
    assigned
        .add_partition_offset(topic, partition, Offset::Offset(from))
        .and_then(|()| reader.assign(&assigned))
        .map_err(|error| format!("{topic}/{partition}: {error}"))?;
    Ok(next(&reader).unwrap_or(true))
}

fn next(reader: &BaseConsumer) -> Option<bool> {
    let give_up = Instant::now() + CALL_MAX;
    while Instant::now() < give_up {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(_)) => return Some(true),
            Some(Err(KafkaError::PartitionEOF(_))) => return Some(false),
            Some(Err(_)) | None => {}
        }
    }
    None
}
