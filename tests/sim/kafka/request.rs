//! What clients ask of brokers, and what they are told: of Kafka's protocol what a router uses.

use super::log::{Extents, Payload, Record};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Intents,
    Executions,
    Orders,
    Audit,
    Control,
    Quarantine,
}

impl Topic {
    pub const ALL: [Self; 6] =
        [Self::Intents, Self::Executions, Self::Orders, Self::Audit, Self::Control, Self::Quarantine];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Intents => "intents",
            Self::Executions => "executions",
            Self::Orders => "orders",
            Self::Audit => "audit",
            Self::Control => "control",
            Self::Quarantine => "quarantine",
        }
    }

    /// Whether it has as many partitions as there are lanes.
    pub const fn has_lanes(self) -> bool {
        !matches!(self, Self::Control | Self::Quarantine)
    }
}

/// A partition.
pub type Place = (Topic, i32);

/// Producer id and epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub id: u64,
    pub epoch: i16,
}

/// A transactional id.
pub type TxnId = (i32, usize);

#[derive(Clone, Debug)]
pub enum Request {
    InitProducerId(TxnId),
    AddPartitions(TxnId, Stamp, Vec<Place>),
    AddOffsets(TxnId, Stamp),
    EndTxn(TxnId, Stamp),
    Produce {
        place: Place,
        txn: TxnId,
        stamp: Stamp,
        sequence: i64,
        records: Vec<Payload>,
    },
    TxnOffsetCommit {
        group: &'static str,
        member: Membership,
        txn: TxnId,
        stamp: Stamp,
        offsets: Vec<(Place, i64)>,
    },
    OffsetFetch {
        group: &'static str,
        places: [Place; 2],
    },
    Fetch {
        place: Place,
        from: i64,
        most: usize,
        uncommitted: bool,
    },
    Extents(Place),
    Topology,
    Join {
        group: &'static str,
        member: Option<u64>,
        instance: Option<u64>,
    },
    Heartbeat {
        group: &'static str,
        member: Membership,
    },
    Leave {
        group: &'static str,
        member: u64,
    },
    DescribeGroup(&'static str),
}

/// A member's name in its group, and the generation that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub member: u64,
    pub generation: i32,
}

#[derive(Clone, Debug)]
pub enum Answer {
    Done,
    Initialised(Stamp),
    /// The offset after the last record written.
    Written(i64),
    Offsets([Option<i64>; 2]),
    Fetched(Fetched),
    Extents(Extents),
    Topology(Vec<(Topic, u64, i32)>),
    Joined(Joined),
    Group(Described),
}

/// Committed records, and where the reader then stands.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub records: Vec<Record>,
    pub next: i64,
    /// The last stable offset.
    pub stable: i64,
}

#[derive(Clone, Debug)]
pub struct Joined {
    pub membership: Membership,
    pub partitions: Vec<i32>,
}

#[derive(Clone, Debug)]
pub struct Described {
    pub is_stable: bool,
    /// Who owns the partition, by its number.
    pub owners: Vec<(i32, u64)>,
}

/// Why a request was refused, or came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The connection is gone; whether the request arrived, nobody knows.
    Transport,
    /// No answer in time.
    TimedOut,
    ConcurrentTransactions,
    /// Another producer of the same transactional id came later.
    Fenced,
    InvalidTxnState,
    OutOfOrder,
    IllegalGeneration,
    UnknownMember,
    Rebalancing,
    UnstableOffset,
    OffsetOutOfRange,
    UnknownTopic,
}

pub type Reply = Result<Answer, Code>;
