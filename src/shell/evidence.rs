//! Gathering what a proof asks for: topics, offsets, outputs, as they are now.
//!
//! Nothing is judged here; `core::proof` does that.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rdkafka::error::KafkaResult;
use rdkafka::message::Message;

use super::admin::{self, Cluster, ClusterError};
use super::audit::compare::{self, Differing};
use super::clock;
use super::config::Config;
use super::preflight::{self, Finding, TopicStates};
use super::topics::{Partitions, Role, Topics};
use super::trail::{self, Probe, ReadError};
use crate::core::ids::Digest;
use crate::core::ledger::{Ledger, Opened, Placement};
use crate::core::order::Order;
use crate::core::proof::{Evidence, Extent, LastOrder, Offsets, Topology};
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// How many readings in a row must say "no committed offset" before it is believed, 5 s long: a
/// coordinator that moves says so for a moment. Readings are counted, not the time that they took: a
/// process that was frozen has heard it once.
const NONE_BELIEVED_AFTER: u32 = 20;
const NONE_ASKED_EVERY: Duration = Duration::from_millis(250);

/// What a lane needs to know of the world, beside the evidence itself.
pub struct Gathered {
    /// What the proof judges.
    pub evidence: Evidence,
    /// Why no lane may run on these topics, if so.
    pub unsafe_topic: Option<Finding>,
    /// Partitions of `quarantine`.
    pub quarantine_partitions: i32,
}

/// Gathers.
///
/// # Errors
/// Brokers that do not answer, or offsets that are still being committed: gather again.
pub fn gather(
    config: &Config,
    schemas: &Schemas,
    cluster: &Cluster,
    probe: &Probe,
    ledger: &Ledger,
) -> Result<Gathered, ClusterError> {
    let (topics, at) = (&config.topics, ledger.placement());
    let partition = at.partition;
    let states = cluster.topics(config)?;
    let extent = |topic: &str, partition: i32| {
        let refused = admin::refused(format!("the ends of {topic}[{partition}]"));
        probe.extent(topic, partition).map_err(refused)
    };
    let orders = extent(&topics.orders, partition)?;
    let last_order = last_order(probe, topics, schemas, ledger, orders)?;
    let siblings = match ledger.opened() {
        None => siblings(config, schemas, at, partitions(&states, Role::Audit))
            .map_err(admin::refused("the first entries of the other trails"))?,
        Some(_) => Vec::new(),
    };
    let evidence = Evidence {
        topology: topology(config, &states),
        siblings,
        committed: committed(config, probe, partition)?,
        inputs: Offsets {
            intents: extent(&topics.intents, partition)?,
            executions: extent(&topics.executions, partition)?,
        },
        control: extent(&topics.control, 0)?,
        orders,
        last_order,
        orders_retention_ms: retention_ms(&states),
        // Last: where it still ends now, all the rest was gathered behind one fence.
        audit: extent(&topics.audit, partition)?,
        now: clock::now(),
    };
    Ok(Gathered {
        evidence,
        unsafe_topic: preflight::unsafe_topic(config, &states),
        quarantine_partitions: partitions(&states, Role::Quarantine).max(1),
    })
}

/// What the other partitions' trails recorded first. One that does not begin with a GENESIS stands
/// for none that could ever agree.
fn siblings(config: &Config, schemas: &Schemas, at: Placement, count: i32) -> KafkaResult<Vec<Opened>> {
    let others: Vec<i32> = (0..count).filter(|partition| *partition != at.partition).collect();
    let first = first_openings(config, schemas, at.count, &others)?;
    Ok(first.into_values().map(|first| first.unwrap_or_else(Opened::unreadable)).collect())
}

/// What the first entry of each of these trails recorded, of those that have one; `None` where it is
/// no GENESIS. Every later opening was proved against it. There are `count` lanes.
///
/// # Errors
/// Brokers that do not answer.
pub(super) fn first_openings(
    config: &Config,
    schemas: &Schemas,
    count: i32,
    partitions: &[i32],
) -> KafkaResult<BTreeMap<i32, Option<Opened>>> {
    let first = trail::read_first(config, &config.topics.audit, partitions)?;
    let read = |(partition, value): (i32, Vec<u8>)| {
        (partition, read_genesis(schemas, Placement { partition, count }, &value))
    };
    Ok(first.into_iter().map(read).collect())
}

fn read_genesis(schemas: &Schemas, at: Placement, value: &[u8]) -> Option<Opened> {
    let body = schemas.open(RecordType::Entry, value).ok()?;
    let entry = wire::entry::decode(&body).ok()?;
    let mut ledger = Ledger::new(at);
    ledger.follow(&entry, Digest::leaf(value)).ok()?;
    ledger.opened().cloned()
}

/// What of these topics a trail records. One that is not there has no partitions and no id.
pub(super) fn topology(config: &Config, states: &TopicStates) -> Topology {
    let name = |role: &Role| config.topics.name(*role).to_owned();
    let lanes = Role::ALL.into_iter().filter(|role| role.partitions() == Partitions::Lanes);
    let recorded = Role::ALL.into_iter().filter(|role| RECORDED.contains(role));
    Topology {
        group: config.group.clone(),
        partition_counts: lanes.map(|role| (name(&role), partitions(states, role))).collect(),
        topic_ids: recorded.filter_map(|role| Some((name(&role), states.get(&role)?.id.clone()))).collect(),
        control: name(&Role::Control),
    }
}

/// The topics whose ids the trail depends on.
pub const RECORDED: [Role; 5] = [Role::Intents, Role::Executions, Role::Orders, Role::Audit, Role::Control];

fn partitions(states: &TopicStates, role: Role) -> i32 {
    states.get(&role).map_or(0, |state| state.partitions.len() as i32)
}

/// How long `orders` keeps its records; `None` for ever, or as far as is known.
pub(super) fn retention_ms(states: &TopicStates) -> Option<i64> {
    let text = states.get(&Role::Orders)?.settings.get("retention.ms")?;
    text.parse().ok().filter(|millis| *millis >= 0)
}

fn committed(config: &Config, probe: &Probe, partition: i32) -> Result<Offsets<Option<i64>>, ClusterError> {
    let group = &config.group;
    let mut readings = 0;
    loop {
        let found = probe.committed(&config.topics, partition);
        let Some(found) = found.map_err(admin::refused(format!("the offsets of group {group}")))? else {
            return Err(ClusterError::Unsettled { group: group.clone(), partition });
        };
        readings += 1;
        let whole = found.intents.is_some() && found.executions.is_some();
        if whole || readings >= NONE_BELIEVED_AFTER {
            return Ok(found);
        }
        thread::sleep(NONE_ASKED_EVERY);
    }
}

/// The last record of `orders[p]`, held against what the ledger published last.
fn last_order(
    probe: &Probe,
    topics: &Topics,
    schemas: &Schemas,
    ledger: &Ledger,
    orders: Extent,
) -> Result<Option<LastOrder>, ClusterError> {
    let partition = ledger.placement().partition;
    let what = format!("the last record of {}[{partition}]", topics.orders);
    let value = match last_value(probe, (&topics.orders, partition), orders) {
        Ok(Some(value)) => value,
        Ok(None) => return Ok(None),
        Err(error) if trail::is_unreadable(&error) => return Ok(Some(LastOrder::UNREADABLE)),
        Err(error) => return Err(admin::refused(what)(error)),
    };
    let learnt = schemas.learn_of(Some(&value), clock::now);
    learnt
        .map_err(|unsaid| ClusterError::Refused { what, reason: format!("the schema registry: {unsaid}") })?;
    let body = schemas.open(RecordType::Order, &value);
    let Ok(order) = body.as_ref().map_err(Clone::clone).and_then(|body| wire::order::decode(body)) else {
        return Ok(Some(LastOrder::UNREADABLE));
    };
    let differs = ledger.last_order().filter(|due| *due != order).and_then(|due| {
        let mut due_value = Vec::new();
        wire::order::encode(&due, &mut due_value);
        compare::fields(schemas, RecordType::Order, &value, &due_value).into_iter().next()
    });
    let differs = differs.map(|Differing { field, found, due }| format!("{field} is {found}, not {due}"));
    let Order { audit_seq, command, order_id, order_version, .. } = order;
    Ok(Some(LastOrder { audit_seq, command, order_id, order_version, differs }))
}

/// The value of a partition's last committed record, looked for in ever longer tails: markers and aborted records may
/// lie behind it.
fn last_value(
    probe: &Probe,
    (topic, partition): (&str, i32),
    extent: Extent,
) -> KafkaResult<Option<Vec<u8>>> {
    let mut tail = 64;
    loop {
        let from = extent.start.max(extent.end - tail);
        let mut last = None;
        let read = probe.read_to_end((topic, partition), from, |message| {
            last = Some(message.payload().unwrap_or_default().to_vec());
            Ok::<(), std::convert::Infallible>(())
        });
        match read {
            Ok(()) => {}
            Err(ReadError::Kafka(error)) => return Err(error),
            Err(ReadError::Refused(never)) => match never {},
        }
        if last.is_some() || from <= extent.start {
            return Ok(last);
        }
        tail *= 8;
    }
}
