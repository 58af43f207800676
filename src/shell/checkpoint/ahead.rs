//! Checkpoints read ahead: a process that begins reads what it wrote last while it still asks the cluster and
//! joins its group.
//!
//! Which lanes it will get nobody knows then. Those that it had when it ended were written last; what a lane
//! does not come for is let go of. It is the same cache as the files: the lane checks whose it is, and holds it
//! against its trail.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::WRITTEN_EVERY;
use super::file::{self, Doubt, Stamp};
use crate::core::ledger::Ledger;

/// Bytes of all files that are read ahead: as much as the ledgers of revoked lanes may take.
const BYTES_MAX: u64 = 1 << 30;
/// A lane that goes on is written once an hour at least. A file that is older than the newest by more is that of
/// one that was given away, or had nothing to do.
const WRITTEN_WITHIN: Duration = WRITTEN_EVERY.saturating_mul(2);
/// A lane that has not come so long after the first could have comes to another process.
const HELD_FOR: Duration = Duration::from_secs(60);

/// What a file came to.
type Came = Result<(Stamp, Ledger), Doubt>;

/// What is read ahead.
#[derive(Debug, Default)]
pub struct Ahead(Mutex<Reads>);

#[derive(Debug, Default)]
struct Reads {
    /// Of each lane the thread that reads its file.
    reads: BTreeMap<i32, JoinHandle<Came>>,
    /// Since when lanes may come.
    may_come_since: Option<Instant>,
}

impl Ahead {
    /// Begins to read what was written last into this folder.
    pub fn begin(&self, dir: &Path) {
        let files = dir.read_dir().into_iter().flatten().filter_map(|entry| Found::of(&entry.ok()?));
        let chosen = chosen(files.collect());
        let mut state = self.lock();
        for partition in chosen {
            let path = file::path(dir, partition);
            let read = thread::Builder::new().name(format!("checkpoint-{partition}"));
            // Whoever has no thread for it reads it when its lane comes.
            if let Ok(read) = read.spawn(move || file::read_any(&path)) {
                state.reads.insert(partition, read);
            }
        }
    }

    /// What the file of this lane came to, once it is read; `None` where that is to be tried when its lane comes.
    pub fn take(&self, partition: i32) -> Option<Came> {
        let read = { self.lock().reads.remove(&partition) }?;
        let came = read.join().ok()?;
        // What a disk refuses when much is read at once it may give now.
        (!matches!(came, Err(Doubt::Unreadable(_)))).then_some(came)
    }

    /// Lanes may come; what none has come for in time is let go of.
    pub fn forget_old(&self) {
        let mut state = self.lock();
        if state.may_come_since.get_or_insert_with(Instant::now).elapsed() < HELD_FOR {
            return;
        }
        // One that is still being read is taken, or let go of later.
        let old: Vec<_> = state.reads.extract_if(.., |_, read| read.is_finished()).collect();
        drop(state);
        // It takes a while, and no lane waits for it.
        drop(old);
    }

    /// What is in it is whole between statements, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, Reads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file of a lane.
#[derive(Clone, Copy, Debug)]
struct Found {
    partition: i32,
    written: SystemTime,
    bytes: u64,
}

impl Found {
    fn of(entry: &DirEntry) -> Option<Self> {
        let (partition, about) = (file::partition(&entry.path())?, entry.metadata().ok()?);
        Some(Self { partition, written: about.modified().ok()?, bytes: about.len() })
    }
}

/// The lanes whose files are worth it, the newest first.
fn chosen(mut found: Vec<Found>) -> Vec<i32> {
    found.sort_by_key(|one| Reverse(one.written));
    let Some(newest) = found.first().map(|one| one.written) else { return Vec::new() };
    let is_last = |one: &Found| newest.duration_since(one.written).is_ok_and(|age| age <= WRITTEN_WITHIN);
    let mut bytes = 0;
    let fits = |one: &Found| {
        let fits = one.bytes <= BYTES_MAX - bytes;
        bytes += if fits { one.bytes } else { 0 };
        fits
    };
    found.into_iter().take_while(is_last).filter(fits).map(|one| one.partition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(partition: i32, minutes_ago: u64, bytes: u64) -> Found {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(24 * 60 * 60);
        Found { partition, written: day - Duration::from_secs(minutes_ago * 60), bytes }
    }

    #[test]
    fn what_was_written_last_is_read_ahead_and_no_more_than_memory_is_reckoned_for() {
        assert!(chosen(Vec::new()).is_empty());
        let files = vec![found(0, 190, 1), found(1, 60, 1), found(2, 180, 1), found(3, 181, 1)];
        assert_eq!(chosen(files), [1, 2]);
        let large = BYTES_MAX / 2;
        let files = vec![found(0, 0, large), found(1, 1, large + 1), found(2, 2, large), found(3, 3, 1)];
        assert_eq!(chosen(files), [0, 2]);
    }

    #[test]
    fn what_no_lane_comes_for_is_let_go_of_but_not_before_one_could_have_come() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(file::path(dir.path(), 0), "nonsense").unwrap();
        let ahead = Ahead::default();
        ahead.begin(dir.path());
        ahead.forget_old();
        assert!(ahead.take(0).is_some());
        ahead.begin(dir.path());
        while !ahead.lock().reads[&0].is_finished() {
            thread::yield_now();
        }
        ahead.lock().may_come_since = Instant::now().checked_sub(HELD_FOR);
        ahead.forget_old();
        assert!(ahead.lock().reads.is_empty());
    }
}
