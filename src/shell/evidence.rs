//! Gathering what a proof asks for: topics, offsets, outputs, as they are now.
//!
//! Nothing is judged here; `core::proof` does that.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;

use super::client::{self, Logged};
use super::clock;
use super::config::Config;
use super::librdkafka::{self, TopicDescription};
use super::trail::{self, Probe, REQUEST_WAIT, ReadError};
use crate::core::proof::{Evidence, Extent, LastOrder, Offsets, Topology};
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// How long "no committed offset" must be read again before it is believed: a coordinator that
/// moves says so for a moment.
const NONE_BELIEVED_AFTER: Duration = Duration::from_secs(5);
const NONE_ASKED_EVERY: Duration = Duration::from_millis(250);

/// What a lane needs to know of the world, and how many partitions `quarantine` has.
///
/// # Errors
/// Brokers that do not answer: gather again.
pub fn gather(
    config: &Config,
    schemas: &Schemas,
    probe: &Probe,
    partition: i32,
) -> KafkaResult<(Evidence, i32)> {
    let topics = &config.topics;
    let names = [
        &topics.intents,
        &topics.executions,
        &topics.orders,
        &topics.audit,
        &topics.control,
        &topics.quarantine,
    ];
    let names = names.map(String::as_str);
    let described = librdkafka::describe_topics(probe.client(), &names, REQUEST_WAIT)?;
    let orders = probe.extent(&topics.orders, partition)?;
    let evidence = Evidence {
        topology: topology(config, &described[..5]),
        committed: committed(config, probe, partition)?,
        inputs: Offsets {
            intents: probe.extent(&topics.intents, partition)?,
            executions: probe.extent(&topics.executions, partition)?,
        },
        control: probe.extent(&topics.control, 0)?,
        audit: probe.extent(&topics.audit, partition)?,
        orders,
        last_order: last_order(config, schemas, partition, orders)?,
        orders_retention_ms: retention_ms(config, &topics.orders)?,
        now: clock::now(),
    };
    Ok((evidence, described[5].partitions.len() as i32))
}

fn topology(config: &Config, described: &[TopicDescription]) -> Topology {
    let lanes = described.iter().filter(|topic| topic.name != config.topics.control);
    Topology {
        group: config.group.clone(),
        partition_counts: lanes.map(|topic| (topic.name.clone(), topic.partitions.len() as i32)).collect(),
        topic_ids: described.iter().map(|topic| (topic.name.clone(), topic.id.clone())).collect(),
    }
}

fn committed(config: &Config, probe: &Probe, partition: i32) -> KafkaResult<Offsets<Option<i64>>> {
    let topics = [config.topics.intents.as_str(), config.topics.executions.as_str()];
    let began = Instant::now();
    loop {
        let [intents, executions] = probe.committed(topics, partition)?;
        let whole = intents.is_some() && executions.is_some();
        if whole || began.elapsed() >= NONE_BELIEVED_AFTER {
            return Ok(Offsets { intents, executions });
        }
        thread::sleep(NONE_ASKED_EVERY);
    }
}

/// How long a topic keeps its records; `None` for ever.
fn retention_ms(config: &Config, topic: &str) -> KafkaResult<Option<i64>> {
    let admin: AdminClient<Logged> = client::admin(config).create_with_context(Logged)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    let options = AdminOptions::new().request_timeout(Some(REQUEST_WAIT));
    let asked = [ResourceSpecifier::Topic(topic)];
    let found = runtime.block_on(admin.describe_configs(&asked, &options))?;
    let settings = found.into_iter().next().ok_or(KafkaError::NoMessageReceived)?;
    let settings = settings.map_err(KafkaError::AdminOp)?;
    let text = settings.entry_map().get("retention.ms").and_then(|entry| entry.value.clone());
    match text.and_then(|text| text.parse::<i64>().ok()) {
        Some(millis) => Ok((millis >= 0).then_some(millis)),
        None => Err(KafkaError::AdminOpCreation(format!("topic {topic} has no retention.ms"))),
    }
}

/// The last committed record of `orders[p]`, looked for in ever longer tails: markers and aborted
/// records may lie behind it.
fn last_order(
    config: &Config,
    schemas: &Schemas,
    partition: i32,
    orders: Extent,
) -> KafkaResult<Option<LastOrder>> {
    let mut tail = 64;
    loop {
        let from = orders.start.max(orders.end - tail);
        let mut last = None;
        let read = trail::read_to_end(config, (&config.topics.orders, partition), from, |message| {
            last = Some(read_order(schemas, message.payload().unwrap_or_default()));
            Ok::<(), std::convert::Infallible>(())
        });
        match read {
            Ok(()) => {}
            Err(ReadError::Kafka(error)) => return Err(error),
            Err(ReadError::Refused(never)) => match never {},
        }
        match last {
            Some(order) => return Ok(Some(order)),
            None if from <= orders.start => return Ok(None),
            None => tail *= 8,
        }
    }
}

fn read_order(schemas: &Schemas, value: &[u8]) -> LastOrder {
    let read = |body: &[u8]| {
        let order = wire::order::decode(body).ok()?;
        Some(LastOrder {
            audit_seq: order.audit_seq,
            command: order.command,
            order_id: order.order_id,
            order_version: order.order_version,
        })
    };
    let body = schemas.open(RecordType::Order, value);
    body.ok().and_then(|body| read(&body)).unwrap_or(LastOrder::UNREADABLE)
}
