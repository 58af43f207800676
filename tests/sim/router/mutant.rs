//! Known mistakes of a shell, to be put back: each must be caught.

use crate::breakage::Breakage;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// A commit of unknown outcome is taken as aborted: its records are read again at once.
    UnknownIsAborted,
    /// A commit of unknown outcome is taken as committed.
    UnknownIsCommitted,
    /// A batch is folded into the ledger before its commit is asked for.
    SettledBeforeCommit,
    /// Offsets are committed by themselves, before the transaction.
    OffsetsOutside,
    /// The offsets that are committed are the reader's position.
    OffsetsOfReader,
    /// The trail is read to where the first answer ends, not to the end that was asked for.
    RestoreToFirstEnd,
    /// Nothing is initialised before the trail is read.
    NoFence,
    /// Slot 1 is initialised only when it is used first.
    FenceOfOneSlot,
    /// The first transaction after an opening runs on slot 1.
    OpensOnSlotOne,
    /// Producers that were replaced go on with the ledger that is there.
    NoTailRead,
    /// A fence is taken without asking the group who owns the partition.
    FenceUnasked,
    /// Producers are used again after a doubt.
    ProducersKept,
    /// No committed offset beside a trail is nothing to stop for.
    NoneIsFresh,
    /// "No committed offset" is believed when it is said once.
    NoneBelievedAtOnce,
    /// What the group has committed is not compared.
    NoProofOfOffsets,
    /// What the inputs hold is not compared.
    NoProofOfInputs,
    /// The last order is not compared.
    NoProofOfOutputs,
    /// Topic ids and partition counts are not compared.
    NoProofOfTopology,
    /// The other partitions' trails are not asked how many there were.
    NoSiblings,
    /// Where control was read to is one number for all lanes.
    ControlCursorOfGroup,
    /// Cancels that are owed are forgotten by whoever did not take the command itself.
    OwedForgotten,
    /// Inputs are read before their transactions have ended.
    UncommittedInputs,
    /// A record that cannot be decoded is skipped.
    PoisonSkipped,
    /// A revoked lane is not waited for, and goes on.
    RevokedGoesOn,
}

impl Mutant {
    pub const ALL: [Self; 24] = [
        Self::UnknownIsAborted,
        Self::UnknownIsCommitted,
        Self::SettledBeforeCommit,
        Self::OffsetsOutside,
        Self::OffsetsOfReader,
        Self::RestoreToFirstEnd,
        Self::NoFence,
        Self::FenceOfOneSlot,
        Self::OpensOnSlotOne,
        Self::NoTailRead,
        Self::FenceUnasked,
        Self::ProducersKept,
        Self::NoneIsFresh,
        Self::NoneBelievedAtOnce,
        Self::NoProofOfOffsets,
        Self::NoProofOfInputs,
        Self::NoProofOfOutputs,
        Self::NoProofOfTopology,
        Self::NoSiblings,
        Self::ControlCursorOfGroup,
        Self::OwedForgotten,
        Self::UncommittedInputs,
        Self::PoisonSkipped,
        Self::RevokedGoesOn,
    ];
}

/// What has to go wrong for a mistake to show.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    Anything,
    /// Commits whose answers are lost.
    Commits,
    /// Owners that freeze, most of all here, while others take over; and how long intents pause at most, in
    /// milliseconds: what shows between two batches needs room between them.
    Takeovers(&'static str, i64),
    /// Requests that arrive long after they were given up.
    LateRequests,
    /// Brokers that go away and come back.
    Brokers,
    /// A world that breaks a rule.
    Broken(&'static [Breakage]),
}

impl Mutant {
    pub const fn shows_in(self) -> Trouble {
        use Breakage as Broken;
        match self {
            Self::UnknownIsAborted | Self::UnknownIsCommitted => Trouble::Commits,
            Self::NoFence => Trouble::Takeovers("before the records", 20),
            Self::FenceOfOneSlot => Trouble::Takeovers("before the records", 800),
            Self::OpensOnSlotOne => Trouble::Takeovers("between the fences", 200),
            Self::NoTailRead => Trouble::Takeovers("before the fence", 20),
            Self::FenceUnasked => Trouble::Takeovers("before the commit", 20),
            Self::ProducersKept => Trouble::LateRequests,
            Self::RestoreToFirstEnd | Self::NoneBelievedAtOnce => Trouble::Brokers,
            Self::NoneIsFresh => Trouble::Broken(&[Broken::OffsetsExpired]),
            Self::NoProofOfOffsets => Trouble::Broken(&[Broken::OffsetsExpired, Broken::OffsetsMoved]),
            Self::NoProofOfInputs => Trouble::Broken(&[Broken::InputDeleted, Broken::InputTruncated]),
            Self::NoProofOfOutputs => Trouble::Broken(&[Broken::OrdersTruncated]),
            Self::NoProofOfTopology => Trouble::Broken(&[Broken::TopicRecreated, Broken::PartitionAdded]),
            Self::NoSiblings => Trouble::Broken(&[Broken::PartitionAdded]),
            Self::SettledBeforeCommit | Self::OffsetsOutside | Self::OffsetsOfReader => Trouble::Anything,
            Self::ControlCursorOfGroup | Self::OwedForgotten => Trouble::Anything,
            Self::UncommittedInputs | Self::PoisonSkipped | Self::RevokedGoesOn => Trouble::Anything,
        }
    }
    /// Where the search begins. What needs three moments to fall together is met once in some hundred seeds: the
    /// quick test begins near one that shows it. `ONEFILL_SIM_FROM` begins elsewhere.
    pub const fn first_seed(self) -> u64 {
        match self {
            Self::FenceOfOneSlot => 170,
            Self::OpensOnSlotOne => 270,
            _ => 1,
        }
    }
}
