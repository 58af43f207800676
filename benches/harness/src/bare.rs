//! The bare client in a loop: consume, produce two records for each, offsets, commit. No logic, no state.
//!
//! It is what exactly-once costs with this client, tuned as the router is: the same settings, a flush that
//! returns at once, two transactional ids that take turns, as large a batch. It starts where the topic
//! begins, and would know nothing of what a former process did.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use onefill::shell::client::{self, Isolation, Logged};
use onefill::shell::config::Config;
use onefill::shell::librdkafka;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use crate::Fault;

const WAIT: Duration = Duration::from_secs(10);
/// How long an empty partition is waited at.
const IDLE: Duration = Duration::from_millis(100);

#[derive(Args)]
pub struct Bare {
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    intents: String,
    #[arg(long)]
    prefix: String,
    #[arg(long)]
    partitions: i32,
    #[arg(long)]
    entry_bytes: usize,
    #[arg(long)]
    order_bytes: usize,
    /// One loop for all partitions, not one for each
    #[arg(long)]
    one: bool,
}

type Producer = ThreadedProducer<DefaultProducerContext>;

impl Bare {
    pub fn run(self) -> Result<(), Fault> {
        let all: Vec<i32> = (0..self.partitions).collect();
        let shares: Vec<&[i32]> = if self.one { vec![&all] } else { all.chunks(1).collect() };
        thread::scope(|scope| {
            let loops: Vec<_> = shares.iter().map(|share| scope.spawn(|| self.work(share))).collect();
            loops.into_iter().try_for_each(|one| one.join().map_err(|_| "a loop panicked")?)
        })
    }

    fn work(&self, partitions: &[i32]) -> Result<(), Fault> {
        let config = Config {
            bootstrap: self.bootstrap.clone(),
            prefix: self.prefix.clone(),
            group: format!("{}bare", self.prefix),
            ..Config::default()
        };
        let consumer: BaseConsumer<Logged> =
            client::reader(&config, Isolation::Committed).create_with_context(Logged)?;
        let mut places = TopicPartitionList::new();
        for partition in partitions {
            places.add_partition_offset(&self.intents, *partition, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        let (audit, orders) = (format!("{}audit", self.prefix), format!("{}orders", self.prefix));
        let producer = |slot: usize| -> Result<Producer, Fault> {
            let id = format!("{audit}-{}-{slot}", partitions[0]);
            let producer: Producer = client::producer(&config, &id).create()?;
            producer.init_transactions(WAIT)?;
            Ok(producer)
        };
        let producers = [producer(0)?, producer(1)?];
        let (entry, order) = (vec![b'e'; self.entry_bytes], vec![b'o'; self.order_bytes]);
        let mut next = vec![0; self.partitions as usize];
        for producer in producers.iter().cycle() {
            let first = loop {
                if let Some(message) = taken(&consumer, IDLE) {
                    break message;
                }
            };
            producer.begin_transaction()?;
            let deadline = Instant::now() + Duration::from_millis(config.batch.time_ms);
            let (mut left, mut message) = (config.batch.records, Some(first));
            while let Some(record) = message {
                let (partition, offset) = (record.partition(), record.offset());
                let seq = offset.to_be_bytes();
                send(producer, BaseRecord::to(&audit).partition(partition).key(&seq[..]).payload(&entry))?;
                let key = record.key().unwrap_or_default();
                send(producer, BaseRecord::to(&orders).partition(partition).key(key).payload(&order))?;
                next[partition as usize] = offset + 1;
                left -= 1;
                let goes_on = left > 0 && Instant::now() < deadline;
                message = if goes_on { taken(&consumer, Duration::ZERO) } else { None };
            }
            self.commit(producer, &consumer, partitions, &next)?;
        }
        Ok(())
    }

    fn commit(
        &self,
        producer: &Producer,
        consumer: &BaseConsumer<Logged>,
        partitions: &[i32],
        next: &[i64],
    ) -> Result<(), Fault> {
        let mut offsets = TopicPartitionList::new();
        for partition in partitions {
            let offset = Offset::Offset(next[*partition as usize]);
            offsets.add_partition_offset(&self.intents, *partition, offset)?;
        }
        let group = consumer.group_metadata().ok_or("the consumer has no group")?;
        producer.send_offsets_to_transaction(&offsets, &group, WAIT)?;
        librdkafka::flush(producer.client(), WAIT)?;
        producer.commit_transaction(WAIT)?;
        Ok(())
    }
}

/// The next record, if one comes so soon.
fn taken(consumer: &BaseConsumer<Logged>, wait: Duration) -> Option<BorrowedMessage<'_>> {
    loop {
        match consumer.poll(wait) {
            Some(Ok(message)) => return Some(message),
            None => return None,
            // The end of a partition, or what librdkafka mends by itself.
            Some(Err(_)) => {}
        }
    }
}

fn send(producer: &Producer, mut record: BaseRecord<'_, [u8], Vec<u8>>) -> Result<(), Fault> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => record = again,
            Err((error, _)) => return Err(error.into()),
        }
        thread::sleep(Duration::from_millis(1));
    }
}
