//! The topics as an outsider reads them: committed records only, decoded. No router's memory is asked.

use onefill::core::entry::{Body, Cursors, Entry};
use onefill::core::order::Order;
use onefill::wire;
use onefill::wire::schema::HEADER_LEN;

use crate::kafka::log::Record;
use crate::kafka::request::Topic;
use crate::kafka::{Cluster, LANES};
use crate::world::{GROUP, World};

/// One partition of everything.
pub struct Lane {
    pub partition: i32,
    pub audit: Vec<Record>,
    pub orders: Vec<Record>,
    pub intents: Vec<Record>,
    pub executions: Vec<Record>,
    /// What the group has committed: intents, executions.
    pub committed: [Option<i64>; 2],
}

pub struct Outside {
    pub lanes: Vec<Lane>,
    pub control: Vec<Record>,
    pub quarantine: Vec<Record>,
}

impl Outside {
    pub fn read(world: &World) -> Self {
        let cluster = &world.cluster;
        let read = |topic, partition| cluster.log((topic, partition)).committed();
        let lanes = (0..LANES).map(|partition| Lane {
            partition,
            audit: read(Topic::Audit, partition),
            orders: read(Topic::Orders, partition),
            intents: read(Topic::Intents, partition),
            executions: read(Topic::Executions, partition),
            committed: [Topic::Intents, Topic::Executions]
                .map(|topic| cluster.committed(GROUP, (topic, partition))),
        });
        Self {
            lanes: lanes.collect(),
            control: read(Topic::Control, 0),
            quarantine: (0..LANES).flat_map(|partition| read(Topic::Quarantine, partition)).collect(),
        }
    }
}

impl Lane {
    /// Every entry, in order.
    pub fn entries(&self) -> Result<Vec<Entry<'_>>, String> {
        self.audit.iter().map(entry).collect()
    }

    pub fn orders(&self) -> Result<Vec<Order<'_>>, String> {
        self.orders
            .iter()
            .map(|record| {
                wire::order::decode(body(record)?)
                    .map_err(|error| format!("order {}: {error}", record.offset))
            })
            .collect()
    }
}

pub fn entry(record: &Record) -> Result<Entry<'_>, String> {
    wire::entry::decode(body(record)?).map_err(|error| format!("entry at {}: {error}", record.offset))
}

fn body(record: &Record) -> Result<&[u8], String> {
    let value = record.payload.value.as_deref().ok_or_else(|| format!("no value at {}", record.offset))?;
    value.get(HEADER_LEN..).ok_or_else(|| format!("no header at {}", record.offset))
}

/// Where the inputs stand after an entry.
pub fn cursors_after(entry: &Entry<'_>) -> Cursors {
    let mut cursors = entry.as_of;
    match &entry.body {
        Body::Decision(decision) => cursors.intents = decision.input.offset + 1,
        Body::Execution(taken) => cursors.executions = taken.input.offset + 1,
        Body::Control(taken) => cursors.control = taken.input.offset + 1,
        Body::Genesis(_) | Body::LaneOpened(_) | Body::OwedCancel(_) | Body::Recovery(_) => {}
    }
    cursors
}

/// How many control records a lane has answered.
pub fn control_entries(cluster: &Cluster, partition: i32) -> usize {
    let audit = cluster.log((Topic::Audit, partition)).committed();
    let is_control = |record: &&Record| entry(record).is_ok_and(|it| matches!(it.body, Body::Control(_)));
    audit.iter().filter(is_control).count()
}
