//! The router that people write first: consume, send an order, commit the offset afterwards.
//!
//! It is no caricature. It commits nothing before its orders are delivered, so it loses nothing; its
//! producer is idempotent, so the client's own retries double nothing; it is a static member, so a
//! restart finds its partitions at once. What it lacks is a key: two attempts at one intent are two
//! records, and a batch that was sent but not committed is sent again.

use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseRecord, Producer as _};

use super::Fault;
use super::stage::{self, Publisher};
use crate::shell::client::{self, Logged};
use crate::shell::config::Config;
use crate::wire::{self, RecordType, Schemas};

/// How often offsets are committed.
const COMMIT_EVERY: Duration = Duration::from_millis(200);
/// How long orders may take to be delivered.
const FLUSH_WAIT: Duration = Duration::from_secs(20);

/// Routes until it is killed.
///
/// # Errors
/// Kafka's, and intents that cannot be read.
pub fn route(config: &Config) -> Result<(), Fault> {
    let consumer: BaseConsumer<Logged> = client::member(config)?
        .set("group.instance.id", "demo-naive-router")
        .set("isolation.level", "read_uncommitted")
        // There is no trail that would know better: a first version begins at the beginning.
        .set("auto.offset.reset", "earliest")
        .create_with_context(Logged)?;
    consumer.subscribe(&[&config.topics.intents])?;
    let orders = stage::publisher(config, 5)?;
    let schemas = Schemas::compiled();
    let mut sent = TopicPartitionList::new();
    let mut committed = Instant::now();
    loop {
        match consumer.poll(Duration::from_millis(20)) {
            Some(Ok(intent)) => {
                send(config, &schemas, &orders, &intent)?;
                note(&mut sent, &intent)?;
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => tracing::debug!("naive router: {error}"),
        }
        if committed.elapsed() >= COMMIT_EVERY && sent.count() > 0 {
            orders.flush(FLUSH_WAIT)?;
            consumer.commit(&sent, CommitMode::Sync)?;
            sent = TopicPartitionList::new();
            committed = Instant::now();
        }
    }
}

/// Checks that the intent can be read, and passes it on.
fn send(
    config: &Config,
    schemas: &Schemas,
    orders: &Publisher,
    intent: &BorrowedMessage<'_>,
) -> Result<(), Fault> {
    let unreadable = |reason| Fault::Unreadable {
        topic: intent.topic().to_owned(),
        partition: intent.partition(),
        offset: intent.offset(),
        reason,
    };
    let value = intent.payload().unwrap_or_default();
    let body = schemas.open(RecordType::OrderIntent, value).map_err(unreadable)?;
    wire::intent::decode(&body).map_err(unreadable)?;
    let key = intent.key().unwrap_or_default();
    let mut order =
        BaseRecord::to(&config.topics.orders).partition(intent.partition()).key(key).payload(value);
    while let Err((error, back)) = orders.send(order) {
        if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
            return Err(error.into());
        }
        order = back;
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn note(sent: &mut TopicPartitionList, intent: &BorrowedMessage<'_>) -> Result<(), Fault> {
    let next = Offset::Offset(intent.offset() + 1);
    let (topic, partition) = (intent.topic(), intent.partition());
    match sent.find_partition(topic, partition) {
        Some(mut known) => known.set_offset(next)?,
        None => sent.add_partition_offset(topic, partition, next)?,
    }
    Ok(())
}
