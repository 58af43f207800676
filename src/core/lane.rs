//! The life of a lane: which stage follows which, and what the shell is to do next.
//!
//! Events in, effects out. The shell performs an effect, however long it takes, and answers with an
//! event; it never chooses. Every stop, every doubt, every replacement of producers is decided
//! here, where a test can walk it without a broker.

use std::collections::VecDeque;

use super::halt::{Halt, HaltCode};
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// Where a lane is in its life.
    pub enum Stage {
        /// Nothing has been done yet.
        Starting = "STARTING",
        /// It takes the fence: both producers are initialised.
        Fencing = "FENCING",
        /// It reads the trail.
        Restoring = "RESTORING",
        /// It compares the trail with the world.
        Proving = "PROVING",
        /// It decides.
        Running = "RUNNING",
        /// It finishes its batch, to stop.
        Draining = "DRAINING",
        /// It has stopped in order.
        Stopped = "STOPPED",
        /// It has stopped with a code.
        Halted = "HALTED",
    }
}

impl Stage {
    /// The stages that may come right before this one. A halt may come from anywhere; a doubt
    /// leads from running back to the fence.
    pub const fn predecessors(self) -> &'static [Self] {
        match self {
            Self::Starting => &[],
            Self::Fencing => &[Self::Starting, Self::Fencing, Self::Restoring, Self::Proving, Self::Running],
            Self::Restoring => &[Self::Fencing],
            Self::Proving => &[Self::Restoring],
            Self::Running => &[Self::Proving, Self::Restoring, Self::Running],
            Self::Draining => &[Self::Starting, Self::Fencing, Self::Restoring, Self::Proving, Self::Running],
            Self::Stopped => &[Self::Draining],
            Self::Halted => Self::ALL,
        }
    }
}

/// One of a lane's two producers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first transaction after a fence runs here.
    Zero,
    /// Used once slot 0 has committed.
    One,
}

impl Slot {
    /// The other one: the broker may still be writing this one's markers.
    pub const fn other(self) -> Self {
        match self {
            Self::Zero => Self::One,
            Self::One => Self::Zero,
        }
    }

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It committed, and nothing happened on the way that could disturb a later one.
    Committed,
    /// It committed, but slowly, or after a lost connection or a repeated request.
    CommittedInDoubt,
    /// It did not commit, and never will.
    Aborted,
    /// Another producer took the fence.
    Fenced,
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// Whether the transaction is part of the world now.
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Committed | Self::CommittedInDoubt)
    }
}

/// What the shell reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The group is stable, and gives the partition to this process.
    Owned,
    /// Both producers are initialised.
    Fenced,
    /// The trail is read to its end.
    Restored {
        /// Whether it had entries that this lane had not settled.
        news: bool,
    },
    /// The trail agrees with the world.
    Proved,
    /// A transaction ended.
    Ended(Outcome),
    /// A batch was asked for, but no record waits.
    Idle,
    /// Between two transactions it was seen that something had disturbed the producers.
    Disturbed,
    /// Everything is to be proved anew: the brokers may soon forget the transactional ids.
    Reopen,
    /// The next record of an input cannot be read, or the trail has grown or the partition was lost while
    /// the lane was being proved. A new opening finds out why; this halt, if it never does.
    Doubted(Halt),
    /// The lane is to stop in order: its partition is revoked, or the process ends.
    Stop,
    /// The partition now belongs to somebody else.
    Lost,
    /// The world cannot be served.
    Halt(Halt),
}

/// What the shell is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the group until it is stable and gives the partition to this process. A process that was
    /// frozen would otherwise fence its successor.
    AwaitOwnership,
    /// Replace both producers, slot 0 before slot 1, and so settle what they left open.
    Fence,
    /// Read the trail from where the ledger stands to its end.
    Restore,
    /// Compare the ledger with topics, offsets and outputs.
    Prove,
    /// Write the opening, in a transaction on slot 0.
    Open,
    /// Take a batch, decide it, and commit it on this slot.
    Route(Slot),
    /// Give everything back.
    Stop,
    /// Give everything back but the halt: it stays until a restart or a new assignment.
    Halt(Halt),
}

/// Counted fences within [`FENCE_WINDOW_NS`] that a lane survives, and doubts.
pub const FENCES_MAX: usize = 3;
/// How long a fence counts, in nanoseconds: 15 minutes.
pub const FENCE_WINDOW_NS: i128 = 15 * 60 * 1_000_000_000;

/// The life of one lane.
#[derive(Debug)]
pub struct Lane {
    stage: Stage,
    slot: Slot,
    opened: bool,
    /// When a fence was lost that counts if the lane turns out to be owned.
    fenced_at: Option<Time>,
    fences: Recent,
    doubts: Recent,
}

/// What has happened within the last [`FENCE_WINDOW_NS`].
#[derive(Debug, Default)]
struct Recent(VecDeque<Time>);

impl Recent {
    /// It happens now; whether that is once more than a lane survives.
    fn is_too_often(&mut self, now: Time) -> bool {
        self.0.push_back(now);
        self.0.retain(|before| now.since(*before) < FENCE_WINDOW_NS);
        self.0.len() > FENCES_MAX
    }
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            stage: Stage::Starting,
            slot: Slot::Zero,
            opened: false,
            fenced_at: None,
            fences: Recent::default(),
            doubts: Recent::default(),
        }
    }
}

impl Lane {
    /// Where the lane is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The first effect.
    pub fn start(&mut self) -> Effect {
        self.fence()
    }

    /// What to do after this event, at this time.
    pub fn on(&mut self, event: Event, now: Time) -> Effect {
        match (self.stage, event) {
            (_, Event::Halt(halt)) => self.halt(halt),
            (_, Event::Lost) => self.stop(),
            (Stage::Draining | Stage::Stopped | Stage::Halted, _) => self.stop(),
            (_, Event::Stop) => self.stop(),
            (Stage::Fencing, Event::Owned) => self.owned(),
            (Stage::Fencing, Event::Fenced) => {
                self.enter(Stage::Restoring);
                Effect::Restore
            }
            (Stage::Restoring, Event::Restored { news }) => self.restored(news),
            (Stage::Proving, Event::Proved) => Effect::Open,
            (Stage::Proving | Stage::Running, Event::Ended(outcome)) => self.ended(outcome, now),
            (Stage::Running, Event::Idle) => Effect::Route(self.slot),
            (Stage::Running, Event::Disturbed) => self.fence(),
            (Stage::Running, Event::Reopen) => self.reopen(),
            (Stage::Proving | Stage::Running, Event::Doubted(halt)) => match self.doubts.is_too_often(now) {
                true => self.halt(halt),
                false => self.reopen(),
            },
            (stage, event) => unreachable!("{event:?} cannot happen while {stage}"),
        }
    }

    /// Producers that were replaced for a doubt, with a trail that ends where this lane settled it,
    /// go on deciding. Any news, and any first opening, is proved.
    fn restored(&mut self, news: bool) -> Effect {
        if self.opened && !news {
            self.enter(Stage::Running);
            return Effect::Route(self.slot);
        }
        self.opened = false;
        self.enter(Stage::Proving);
        Effect::Prove
    }

    fn ended(&mut self, outcome: Outcome, now: Time) -> Effect {
        match outcome {
            Outcome::Committed => {
                self.opened = true;
                self.enter(Stage::Running);
                self.slot = self.slot.other();
                Effect::Route(self.slot)
            }
            // With the protocol that librdkafka speaks, a request delayed on the way may end a later
            // transaction of the same producer: no producer with such a past is used again.
            Outcome::CommittedInDoubt => {
                self.opened = true;
                self.fence()
            }
            // The producers' state is known, but their records must be read again; the same path as
            // for an unknown outcome does that, and it is rare.
            Outcome::Aborted | Outcome::Unknown => self.reopen(),
            Outcome::Fenced => {
                self.fenced_at = Some(now);
                self.reopen()
            }
        }
    }

    /// A fence that was lost counts only while the lane is owned: a successor's is no stranger's.
    fn owned(&mut self) -> Effect {
        let is_theft = |fenced_at| self.fences.is_too_often(fenced_at);
        if !self.fenced_at.take().is_some_and(is_theft) {
            return Effect::Fence;
        }
        let detail = format!(
            "fenced {} times in 15 minutes although the lane was owned: does another router use the same \
             audit topic under another group?",
            FENCES_MAX + 1
        );
        self.halt(Halt::new(HaltCode::Fenced, detail))
    }

    fn reopen(&mut self) -> Effect {
        self.opened = false;
        self.fence()
    }

    fn fence(&mut self) -> Effect {
        self.slot = Slot::Zero;
        self.enter(Stage::Fencing);
        Effect::AwaitOwnership
    }

    fn halt(&mut self, halt: Halt) -> Effect {
        self.enter(Stage::Halted);
        Effect::Halt(halt)
    }

    fn stop(&mut self) -> Effect {
        if !matches!(self.stage, Stage::Stopped | Stage::Halted) {
            if self.stage != Stage::Draining {
                self.enter(Stage::Draining);
            }
            self.enter(Stage::Stopped);
        }
        Effect::Stop
    }

    fn enter(&mut self, next: Stage) {
        let legal = next.predecessors().contains(&self.stage);
        assert!(legal, "{next} cannot follow {}", self.stage);
        self.stage = next;
    }
}
