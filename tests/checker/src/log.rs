//! Everything that was read: each topic's partitions, and the offsets of the group.

use std::collections::BTreeMap;

/// What a topic is for. Its number is its place in [`Log::topics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Intents,
    Executions,
    Orders,
    Audit,
    Control,
    Prices,
    Quarantine,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::Intents,
        Self::Executions,
        Self::Orders,
        Self::Audit,
        Self::Control,
        Self::Prices,
        Self::Quarantine,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Intents => "intents",
            Self::Executions => "executions",
            Self::Orders => "orders",
            Self::Audit => "audit",
            Self::Control => "control",
            Self::Prices => "prices",
            Self::Quarantine => "quarantine",
        }
    }
}

/// A record as it stands in a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    pub key: Option<Box<[u8]>>,
    pub value: Option<Box<[u8]>>,
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    pub fn bytes(&self) -> &[u8] {
        self.value.as_deref().unwrap_or_default()
    }
}

/// A partition, from its log start to its high watermark.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    pub start: i64,
    pub end: i64,
    /// What a reader of committed records sees, in order of offset. Offsets have gaps: markers take some.
    pub committed: Vec<Record>,
    /// What only a reader of uncommitted records sees: aborted.
    pub aborted: Vec<Record>,
    /// Offsets at which the two readers were shown different records, or one only the committed.
    pub contradictory: Vec<i64>,
}

impl Partition {
    pub fn at(&self, offset: i64) -> Option<&Record> {
        let index = self.committed.binary_search_by_key(&offset, |record| record.offset).ok()?;
        Some(&self.committed[index])
    }

    /// The committed records of these offsets.
    pub fn between(&self, from: i64, to: i64) -> &[Record] {
        let index = |offset| self.committed.partition_point(|record| record.offset < offset);
        let (from, to) = (index(from), index(to));
        &self.committed[from..to.max(from)]
    }
}

#[derive(Clone, Debug, Default)]
pub struct Topic {
    pub name: String,
    pub partitions: Vec<Partition>,
}

static NOTHING: Partition =
    Partition { start: 0, end: 0, committed: Vec::new(), aborted: Vec::new(), contradictory: Vec::new() };

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub topics: [Topic; 7],
    /// What the group has committed for the partitions of both inputs.
    pub group: BTreeMap<(Role, i32), i64>,
}

impl Log {
    pub fn topic(&self, role: Role) -> &Topic {
        &self.topics[role as usize]
    }

    pub fn name(&self, role: Role) -> &str {
        &self.topic(role).name
    }

    /// An empty one, where the topic has no such partition.
    pub fn partition(&self, role: Role, partition: i32) -> &Partition {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        self.topic(role).partitions.get(index).unwrap_or(&NOTHING)
    }

    /// How many lanes there are.
    pub fn lanes(&self) -> i32 {
        i32::try_from(self.topic(Role::Audit).partitions.len()).unwrap_or(i32::MAX)
    }
}
