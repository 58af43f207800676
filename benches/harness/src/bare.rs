//! The bare client in a loop: consume, produce two records for each, offsets, commit. No logic, no state.
//!
//! It is what exactly-once costs with this client, tuned as the router is: the same settings, a flush that
//! returns at once, two transactional ids that take turns, records handed over in boxes, offsets beside the
//! delivery, as large a batch. It starts where the topic begins, and would know nothing of what a former
//! process did.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use onefill::shell::client::{self, Isolation, Logged};
use onefill::shell::config::Config;
use onefill::shell::courier::Courier;
use onefill::shell::librdkafka::{self, NotTaken, Outbox, TopicHandle};
use onefill::shell::sink::Producer;
use onefill::shell::transaction::SHIPPED_TOGETHER;
use onefill::shell::watch::Watch;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::Producer as _;
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

/// A producer, its topics, and a thread that sends its offsets while it delivers.
struct Line {
    courier: Courier,
    audit: TopicHandle<Watch>,
    orders: TopicHandle<Watch>,
    producer: Arc<Producer>,
}

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
            client::reader(&config, Isolation::Committed)?.create_with_context(Logged)?;
        let mut places = TopicPartitionList::new();
        for partition in partitions {
            places.add_partition_offset(&self.intents, *partition, Offset::Beginning)?;
        }
        consumer.assign(&places)?;
        let group = Arc::new(consumer.group_metadata().ok_or("the consumer has no group")?);
        let lines = [self.line(&config, partitions[0], 0)?, self.line(&config, partitions[0], 1)?];
        let mut next = vec![0; self.partitions as usize];
        for line in lines.iter().cycle() {
            let first = loop {
                if let Some(message) = taken(&consumer, IDLE) {
                    break message;
                }
            };
            line.producer.begin_transaction()?;
            self.answer(&config, &consumer, line, first, &mut next)?;
            self.commit(line, Arc::clone(&group), partitions, &next)?;
        }
        Ok(())
    }

    fn line(&self, config: &Config, partition: i32, slot: usize) -> Result<Line, Fault> {
        let (audit, orders) = (format!("{}audit", self.prefix), format!("{}orders", self.prefix));
        let client = client::producer(config, &format!("{audit}-{partition}-{slot}"))?;
        let producer = Arc::new(Producer::from_config_and_context(&client, Watch::of(&audit, None))?);
        producer.init_transactions(WAIT)?;
        let (audit, orders) = (TopicHandle::of(&producer, &audit)?, TopicHandle::of(&producer, &orders)?);
        Ok(Line { courier: Courier::start()?, audit, orders, producer })
    }

    /// Writes two records for each that is queued, up to the bounds of a batch.
    fn answer<'c>(
        &self,
        config: &Config,
        consumer: &'c BaseConsumer<Logged>,
        line: &Line,
        first: BorrowedMessage<'c>,
        next: &mut [i64],
    ) -> Result<(), Fault> {
        let (entry, order) = (vec![b'e'; self.entry_bytes], vec![b'o'; self.order_bytes]);
        let mut boxes: Vec<[Outbox; 2]> = next.iter().map(|_| Default::default()).collect();
        let deadline = Instant::now() + Duration::from_millis(config.batch.time_ms);
        let (mut left, mut message) = (config.batch.records, Some(first));
        while let Some(record) = message {
            let (partition, offset) = (record.partition(), record.offset());
            let [entries, orders] = &mut boxes[partition as usize];
            entries.put(&offset.to_be_bytes(), |out| out.extend_from_slice(&entry));
            orders.put(record.key().unwrap_or_default(), |out| out.extend_from_slice(&order));
            next[partition as usize] = offset + 1;
            if entries.len() >= SHIPPED_TOGETHER {
                line.ship(partition, entries, orders)?;
            }
            left -= 1;
            let goes_on = left > 0 && Instant::now() < deadline;
            message = if goes_on { taken(consumer, Duration::ZERO) } else { None };
        }
        for (partition, [entries, orders]) in (0..).zip(&mut boxes) {
            line.ship(partition, entries, orders)?;
        }
        Ok(())
    }

    fn commit(
        &self,
        line: &Line,
        group: Arc<ConsumerGroupMetadata>,
        partitions: &[i32],
        next: &[i64],
    ) -> Result<(), Fault> {
        let mut offsets = TopicPartitionList::new();
        for partition in partitions {
            let offset = Offset::Offset(next[*partition as usize]);
            offsets.add_partition_offset(&self.intents, *partition, offset)?;
        }
        let sending = line.courier.send(&line.producer, offsets, group, WAIT)?;
        librdkafka::flush(line.producer.client(), WAIT)?;
        sending.wait()?;
        line.producer.commit_transaction(WAIT)?;
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

impl Line {
    fn ship(&self, partition: i32, entries: &mut Outbox, orders: &mut Outbox) -> Result<(), Fault> {
        for (topic, outbox) in [(&self.audit, entries), (&self.orders, orders)] {
            while let Err(NotTaken { error, .. }) = topic.send(partition, outbox) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }
}
