//! What the lanes say of themselves: written by lanes, read by HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::core::entry::Cursors;
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::Stage;

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
    /// What it waits for, if Kafka does not answer.
    pub waiting: Option<String>,
    /// The number that the next entry takes.
    pub seq: u64,
    /// The next offset of each input.
    pub cursors: CursorsView,
    /// Records that wait on each input, as far as is known.
    pub lag: Option<LagView>,
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
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct LagView {
    /// On `intents[p]`.
    pub intents: i64,
    /// On `executions[p]`.
    pub executions: i64,
}

impl Status {
    /// A lane begins.
    pub fn begin(&self, partition: i32) {
        let view = LaneView {
            partition,
            stage: Stage::Starting.name(),
            halt: None,
            detail: None,
            waiting: None,
            seq: 0,
            cursors: CursorsView::default(),
            lag: None,
        };
        self.lock().insert(partition, view);
    }

    /// A lane is gone.
    pub fn end(&self, partition: i32) {
        self.lock().remove(&partition);
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
        });
    }

    /// A halt has ended by itself.
    pub fn resume(&self, partition: i32) {
        self.change(partition, |view| {
            view.halt = None;
            view.detail = None;
        });
    }

    /// A lane waits for Kafka, or no longer does.
    pub fn wait(&self, partition: i32, waiting: Option<String>) {
        self.change(partition, |view| view.waiting = waiting);
    }

    /// The trail of a lane stands here.
    pub fn stand(&self, partition: i32, seq: u64, cursors: Cursors) {
        let Cursors { intents, executions, control } = cursors;
        self.change(partition, |view| {
            view.seq = seq;
            view.cursors = CursorsView { intents, executions, control };
        });
    }

    /// What waits on the inputs of a lane.
    pub fn lag(&self, partition: i32, lag: Option<LagView>) {
        self.change(partition, |view| view.lag = lag);
    }

    /// Every lane, by partition.
    pub fn lanes(&self) -> Vec<LaneView> {
        self.lock().values().cloned().collect()
    }

    /// Whether lanes are owned, and all of them decide.
    pub fn is_ready(&self) -> bool {
        let lanes = self.lock();
        !lanes.is_empty() && lanes.values().all(|lane| lane.stage == Stage::Running.name())
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
