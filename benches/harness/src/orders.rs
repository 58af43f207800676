//! Reads orders as a venue gateway does: read committed, as soon as they are visible.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use crate::Fault;
use crate::world::World;

/// A reader of all partitions of a topic, from the beginning.
pub struct Orders(BaseConsumer);

impl Orders {
    /// Begins to read a topic of this world.
    pub fn read(world: &World, role: &str) -> Result<Self, Fault> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &world.bootstrap).set("group.id", "benchmark-reader");
        config.set("isolation.level", "read_committed").set("enable.auto.commit", "false");
        config.set("fetch.queue.backoff.ms", "5").set("fetch.error.backoff.ms", "10");
        let consumer: BaseConsumer = config.create()?;
        let mut places = TopicPartitionList::new();
        for partition in 0..world.partitions {
            places.add_partition_offset(&world.topic(role), partition, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        Ok(Self(consumer))
    }

    /// The next record's partition, and the bytes of its key and value; `None` when none comes so long.
    pub fn next(&self, wait: Duration) -> Result<Option<(i32, usize)>, Fault> {
        match self.0.poll(wait) {
            None => Ok(None),
            Some(message) => {
                let message = message?;
                Ok(Some((message.partition(), message.key_len() + message.payload_len())))
            }
        }
    }
}
