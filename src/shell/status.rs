//! What the lanes say of themselves: written by lanes, read by HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::risk::RiskView;
use super::{clock, pages};
use crate::core::entry::Cursors;
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::Stage;
use crate::core::time::Time;

/// The lanes of this process, by partition.
#[derive(Debug, Default)]
pub struct Status {
    lanes: Mutex<BTreeMap<i32, LaneView>>,
}

/// One lane, as `/status` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct LaneView {
    /// The partition number.
    pub partition: i32,
    /// Where the lane is in its life.
    pub stage: &'static str,
    /// Why it stopped, if it did.
    pub halt: Option<&'static str>,
    /// What was found, for people.
    pub detail: Option<String>,
    /// What to do about it, as the handbook says.
    pub remedy: Option<&'static str>,
    /// What it waits for, if Kafka does not answer.
    pub waiting: Option<String>,
    /// Why it takes no intents although it runs, if so.
    pub intents_held: Option<String>,
    /// The number that the next entry takes.
    pub seq: u64,
    /// The next offset of each input.
    pub cursors: CursorsView,
    /// How far the trail is read, while it is.
    pub restoring: Option<RestoringView>,
    /// Records that wait on each input; `None` when nobody knows.
    pub lag: Option<LagView>,
    /// Inputs on which a transaction has stayed open for too long; `None` when nobody knows.
    pub input_blocked: Option<Vec<&'static str>>,
    /// How much of its limits is used, and who may not trade; `None` until its ledger was measured.
    pub risk: Option<RiskView>,
    /// What only the metrics show.
    #[serde(skip)]
    pub vitals: Vitals,
}

/// What only the metrics show of a lane.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals {
    /// When the last entry was decided; `None` before the first.
    pub head_at: Option<Time>,
    /// When an entry was last restored or committed; `None` before the first.
    pub progressed_at: Option<Time>,
    /// When a transaction last committed; `None` before the first of this life.
    pub committed_at: Option<Time>,
    /// When the open transaction began; `None` while none is open.
    pub transaction_began_at: Option<Time>,
    /// What the ledger holds.
    pub holdings: Holdings,
    /// How far transactions that are open hold readers back; `None` when nobody knows.
    pub gaps: Option<Gaps>,
    /// How long the same transaction has held back the readers of the lane's trail, if one has.
    pub trail_held: Option<Duration>,
    /// What has waited for longest; `None` when nobody knows.
    pub waiting: Option<Waiting>,
}

/// The oldest committed record of each input that is not answered; `None` when none waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// On `intents[p]`.
    pub intents: Option<Oldest>,
    /// On `executions[p]`.
    pub executions: Option<Oldest>,
}

/// A record that waited when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// Where it lies.
    pub offset: i64,
    /// Kafka's timestamp of it.
    pub at: Time,
    /// When it was looked at.
    pub seen_at: Time,
}

impl Oldest {
    /// How long it has waited in seconds, for a lane that stands at this cursor now. Of one that was
    /// answered meanwhile it is known that it waited until it was looked at.
    pub fn age(&self, cursor: i64, now: Time) -> f64 {
        let until = if cursor > self.offset { self.seen_at } else { now };
        // A clock of Kafka's that is ahead of ours is no time at all.
        (until.since(self.at) as f64 / 1e9).max(0.0)
    }
}

/// How much a ledger holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Intent keys.
    pub keys: usize,
    /// Orders that may still be filled.
    pub open_orders: usize,
    /// Memory that its tables take.
    pub bytes: usize,
}

/// Records between the last stable offset and the high watermark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// On `intents[p]`.
    pub intents: i64,
    /// On `executions[p]`.
    pub executions: i64,
    /// On `audit[p]`.
    pub audit: i64,
}

/// What an observer found out about a lane's topics; `None` when Kafka did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Records that wait.
    pub lag: Option<LagView>,
    /// How far open transactions hold readers back.
    pub gaps: Option<Gaps>,
    /// Inputs on which a transaction has stayed open for too long.
    pub blocked: Option<Vec<&'static str>>,
    /// How long the same transaction has held back the readers of `audit[p]`, if one has.
    pub trail_held: Option<Duration>,
    /// What has waited for longest.
    pub waiting: Option<Waiting>,
}

/// How far a lane has read its trail, in offsets of `audit[p]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RestoringView {
    /// The next one to read.
    pub next: i64,
    /// Where the reading ends.
    pub end: i64,
}

/// The next offset of each input.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CursorsView {
    /// Of `intents[p]`.
    pub intents: i64,
    /// Of `executions[p]`.
    pub executions: i64,
    /// Of `control[0]`.
    pub control: i64,
}

/// Records that wait, markers and aborted ones counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LagView {
    /// On `intents[p]`.
    pub intents: i64,
    /// On `executions[p]`.
    pub executions: i64,
}

/// The name of a lane's thread.
pub fn thread_name(partition: i32) -> String {
    format!("lane-{partition}")
}

impl Status {
    /// A lane begins.
    pub fn begin(&self, partition: i32) {
        let view = LaneView {
            partition,
            stage: Stage::Starting.name(),
            halt: None,
            detail: None,
            remedy: None,
            waiting: None,
            intents_held: None,
            seq: 0,
            cursors: CursorsView::default(),
            restoring: None,
            lag: None,
            input_blocked: None,
            risk: None,
            vitals: Vitals::default(),
        };
        self.lock().insert(partition, view);
    }

    /// A lane is gone.
    pub fn end(&self, partition: i32) {
        self.lock().remove(&partition);
    }

    /// A lane is gone, and comes back with other clients: a halt stays.
    pub fn end_unless_halted(&self, partition: i32) {
        self.lock().retain(|other, view| *other != partition || view.halt.is_some());
    }

    /// No other lanes are left here than these.
    pub fn keep_only(&self, partitions: &[i32]) {
        self.lock().retain(|partition, _| partitions.contains(partition));
    }

    /// The halt that a lane is in, if it is, and when its last entry was decided.
    pub fn halted(&self, partition: i32) -> Option<(HaltCode, Time)> {
        let lanes = self.lock();
        let view = lanes.get(&partition)?;
        Some((view.halt.and_then(HaltCode::parse)?, view.vitals.head_at.unwrap_or_default()))
    }

    /// A lane enters a stage.
    pub fn enter(&self, partition: i32, stage: Stage) {
        self.change(partition, |view| view.stage = stage.name());
    }

    /// A lane halts.
    pub fn halt(&self, partition: i32, halt: &Halt) {
        self.change(partition, |view| {
            view.stage = Stage::Halted.name();
            view.halt = Some(halt.code.name());
            view.detail = Some(halt.detail.clone());
            view.remedy = Some(pages::remedy(halt.code));
        });
    }

    /// A halt has ended by itself.
    pub fn resume(&self, partition: i32) {
        self.change(partition, |view| {
            view.halt = None;
            view.detail = None;
            view.remedy = None;
        });
    }

    /// A lane reads its trail, or no longer does.
    pub fn restore(&self, partition: i32, restoring: Option<RestoringView>) {
        self.change(partition, |view| view.restoring = restoring);
    }

    /// A lane waits for Kafka or a registry, to do this, or no longer does.
    pub fn wait(&self, partition: i32, waiting: Option<String>) {
        self.change(partition, |view| view.waiting = waiting);
    }

    /// A lane takes no intents, or does again.
    pub fn hold_intents(&self, partition: i32, reason: Option<String>) {
        self.change(partition, |view| view.intents_held = reason);
    }

    /// The trail of a lane stands here, at an entry that was decided at `head_at`.
    pub fn stand(&self, partition: i32, seq: u64, cursors: Cursors, head_at: Time) {
        let Cursors { intents, executions, control } = cursors;
        let now = clock::now();
        self.change(partition, |view| {
            view.seq = seq;
            view.cursors = CursorsView { intents, executions, control };
            view.vitals.head_at = Some(head_at);
            view.vitals.progressed_at = Some(now);
        });
    }

    /// A transaction of a lane is open from now on.
    pub fn transaction_began(&self, partition: i32) {
        let now = clock::now();
        self.change(partition, |view| view.vitals.transaction_began_at = Some(now));
    }

    /// The transaction of a lane is over.
    pub fn transaction_ended(&self, partition: i32, committed: bool) {
        let now = clock::now();
        self.change(partition, |view| {
            view.vitals.transaction_began_at = None;
            if committed {
                view.vitals.committed_at = Some(now);
            }
        });
    }

    /// The ledger of a lane holds so much, and so much of its limits is used.
    pub fn hold(&self, partition: i32, holdings: Holdings, risk: RiskView) {
        self.change(partition, |view| {
            view.vitals.holdings = holdings;
            view.risk = Some(risk);
        });
    }

    /// What was found out about the topics of a lane.
    pub fn observe(&self, partition: i32, backlog: Backlog) {
        let Backlog { lag, gaps, blocked, trail_held, waiting } = backlog;
        self.change(partition, |view| {
            view.lag = lag;
            view.vitals.gaps = gaps;
            view.input_blocked = blocked;
            view.vitals.trail_held = trail_held;
            view.vitals.waiting = waiting;
        });
    }

    /// Everything on the trail of a lane is settled.
    pub fn settle(&self, partition: i32) {
        self.change(partition, |view| view.vitals.trail_held = None);
    }

    /// How long the same transaction has held back the readers of a lane's trail, if one has.
    pub fn trail_held(&self, partition: i32) -> Option<Duration> {
        self.lock().get(&partition).and_then(|view| view.vitals.trail_held)
    }

    /// Every lane, by partition.
    pub fn lanes(&self) -> Vec<LaneView> {
        self.lock().values().cloned().collect()
    }

    /// One lane; `None` where it is not this process's.
    pub fn lane(&self, partition: i32) -> Option<LaneView> {
        self.lock().get(&partition).cloned()
    }

    /// The codes of the lanes that are halted.
    pub fn halts(&self) -> Vec<HaltCode> {
        self.lock().values().filter_map(|lane| lane.halt.and_then(HaltCode::parse)).collect()
    }

    fn change(&self, partition: i32, change: impl FnOnce(&mut LaneView)) {
        if let Some(view) = self.lock().get_mut(&partition) {
            change(view);
        }
    }

    /// A panic of one lane must not silence the others: views are whole between statements.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, LaneView>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
