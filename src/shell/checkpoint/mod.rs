//! Checkpoints: ledgers kept on disk, so that a restart reads the end of a trail and not all of it.
//!
//! A checkpoint is a cache and never an authority. Its lane reads the entry at which it ends from the trail
//! again, and goes on from there; what is wrong with the file throws it away, and the trail is read from its
//! beginning. What is wrong with the trail halts, as it does without checkpoints: see [`Doubt`] and
//! `docs/GUARANTEES.md`. Kept in memory in the same way are the ledgers of lanes that were revoked
//! ([`kept`]).

mod ahead;
pub mod file;
pub mod kept;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock;
use super::config::CheckpointSettings;
use super::heartbeat::Weight;
use super::lane::Shared;
use super::worker::{Stop, Worker, rest};
use crate::core::ledger::Ledger;
use crate::core::ledger::frozen::Frozen;
use crate::core::settings::RULES_VERSION;
use ahead::Ahead;
pub use file::{Doubt, Place, Stamp};
pub use kept::Kept;

/// How often it is looked whether there is one to write.
const LOOKED_EVERY: Duration = Duration::from_millis(100);
/// A lane without much to do is written now and then all the same.
pub(super) const WRITTEN_EVERY: Duration = Duration::from_secs(60 * 60);
/// Writing takes no more than one part in so many of the time.
const WRITING_SHARE: u32 = 20;
/// What failed counts as having taken that long at least.
const FAILED_TOOK: Duration = Duration::from_secs(1);

/// A ledger that is to be written.
pub struct Due {
    /// As it stood.
    pub frozen: Frozen,
    /// Of which trail.
    pub place: Place,
    /// From which offset on its last entry can be read.
    pub offset: i64,
}

/// What is known of the last checkpoint of a lane.
#[derive(Clone, Copy, Debug)]
struct Written {
    seq: u64,
    at: Instant,
    took: Duration,
}

/// The checkpoints of this process.
#[derive(Default)]
pub struct Checkpoints {
    settings: CheckpointSettings,
    due: Mutex<BTreeMap<i32, Due>>,
    written: Mutex<BTreeMap<i32, Written>>,
    ahead: Ahead,
}

impl Checkpoints {
    /// By these settings.
    pub fn new(settings: CheckpointSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Where a lane's checkpoint is; `None` where none are kept.
    pub fn path(&self, partition: i32) -> Option<PathBuf> {
        self.settings.dir.as_ref().map(|dir| file::path(dir, partition))
    }

    /// Begins to read what was written last: a process begins, and its lanes will soon come for it.
    pub fn read_ahead(&self) {
        if let Some(dir) = &self.settings.dir {
            self.ahead.begin(dir);
        }
    }

    /// Whether a lane that stands before the entry of this number is to hand over its ledger: often enough
    /// that a restart need not read much, seldom enough that writing takes a small part of the time.
    pub fn wants(&self, partition: i32, seq: u64) -> bool {
        if self.settings.dir.is_none() || lock(&self.due).contains_key(&partition) {
            return false;
        }
        let written = lock(&self.written).get(&partition).copied();
        // A lane that has been read from its beginning is written at once, if it was long.
        let Some(Written { seq: before, at, took }) = written else {
            return seq >= self.settings.every_entries;
        };
        let new = seq.saturating_sub(before);
        let waited = at.elapsed();
        waited >= took * WRITING_SHARE
            && (new >= self.settings.every_entries || new > 0 && waited >= WRITTEN_EVERY)
    }

    /// Whether a lane that ends here has something new to hand over.
    pub fn wants_last(&self, partition: i32, seq: u64) -> bool {
        let is_new = || lock(&self.written).get(&partition).is_none_or(|written| written.seq < seq);
        self.settings.dir.is_some() && seq > 0 && is_new()
    }

    /// Takes over a ledger, to write it as soon as may be. One that waits for the same lane is older.
    pub fn hand_over(&self, due: Due) {
        let (partition, seq) = (due.place.partition, due.frozen.head().next_seq);
        let mut written = lock(&self.written);
        let took = written.get(&partition).map_or(Duration::ZERO, |before| before.took);
        written.insert(partition, Written { seq, at: Instant::now(), took });
        drop(written);
        lock(&self.due).insert(partition, due);
    }

    /// The checkpoint of a trail, if there is one that can be believed so far: the caller must find the
    /// entry at which it ends in the trail.
    pub fn read(&self, place: &Place) -> Option<(Stamp, Ledger)> {
        let partition = place.partition;
        let path = self.path(partition)?;
        let began = Instant::now();
        let read_ahead = self.ahead.take(partition);
        let was_ahead = read_ahead.is_some();
        let read = match read_ahead {
            Some(read) => read.and_then(|(stamp, ledger)| stamp.check(place).map(|()| (stamp, ledger))),
            None => file::read(&path, place),
        };
        match read {
            Ok((stamp, ledger)) => {
                let (seq, seconds) = (stamp.seq, began.elapsed().as_secs_f64());
                let keys = ledger.keys_len();
                tracing::info!(partition, seq, keys, ahead = was_ahead, seconds, "checkpoint read");
                let written = Written { seq, at: Instant::now(), took: Duration::ZERO };
                lock(&self.written).insert(partition, written);
                Some((stamp, ledger))
            }
            Err(Doubt::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(doubt) => {
                tracing::warn!(
                    partition,
                    path = %path.display(),
                    "checkpoint thrown away, the trail is read from its beginning: {doubt}"
                );
                None
            }
        }
    }

    /// Writes all that is due, and tells of each whether it could be written.
    fn write_due(&self, tell: impl Fn(bool)) {
        while let Some((partition, due)) = { lock(&self.due).pop_first() } {
            let Some(path) = self.path(partition) else { continue };
            let Due { mut frozen, place, offset } = due;
            let (began, head) = (Instant::now(), frozen.head().clone());
            let (seq, link) = (head.next_seq, head.link);
            let ledger_hash = frozen.hash();
            let stamp = Stamp { rules_version: RULES_VERSION, place, seq, link, offset, ledger_hash };
            let done = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            let done = done.and_then(|()| file::write(&path, &stamp, &frozen));
            let took = began.elapsed();
            let at = Instant::now();
            // What could not be written is still due, but not at once: a disk that is full stays so for a while.
            let written = match done {
                Ok(()) => Written { seq, at, took },
                Err(_) => Written { seq: 0, at, took: took.max(FAILED_TOOK) },
            };
            lock(&self.written).insert(partition, written);
            tell(done.is_ok());
            match done {
                Ok(()) => {
                    tracing::info!(partition, seq, seconds = took.as_secs_f64(), "checkpoint written");
                }
                Err(error) => {
                    let path = path.display();
                    tracing::warn!(partition, %path, "checkpoint could not be written: {error}");
                }
            }
        }
    }
}

/// What is behind it is whole between statements, whatever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to write what lanes hand over. Ended, it writes what is still due first.
///
/// # Errors
/// No thread can be had.
pub fn start(shared: Arc<Shared>) -> io::Result<Worker> {
    Worker::start("checkpoints", move |stop| work(&shared, &stop))
}

fn work(shared: &Shared, stop: &Stop) {
    let heartbeat = shared.heartbeats.enter("checkpoints", Weight::Minor);
    loop {
        heartbeat.beat();
        // Lanes end before this thread does: what they hand over last is there when it is told to stop.
        let last = stop.is_set();
        shared.checkpoints.write_due(|is_written| match is_written {
            true => shared.metrics.checkpointed(clock::now()),
            false => shared.metrics.checkpoint_failed(),
        });
        shared.kept.forget_old();
        shared.checkpoints.ahead.forget_old();
        if last {
            return;
        }
        rest(LOOKED_EVERY);
    }
}
