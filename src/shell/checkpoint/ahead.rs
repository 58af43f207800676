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

use super::file::{self, Doubt, Stamp};
use crate::core::ledger::Ledger;

/// Bytes of all files that are read ahead: as much as the ledgers of revoked lanes may take.
const BYTES_MAX: u64 = 1 << 30;
/// A lane whose file is older than the newest by more was given away before the process ended.
const WRITTEN_WITHIN: Duration = Duration::from_secs(15 * 60);
/// A lane that has not come by then comes to another process.
const HELD_FOR: Duration = Duration::from_secs(60);

/// What a file came to.
type Came = Result<(Stamp, Ledger), Doubt>;

/// What is read ahead, each by a thread of its own.
#[derive(Debug, Default)]
pub struct Ahead(Mutex<BTreeMap<i32, (Instant, JoinHandle<Came>)>>);

impl Ahead {
    /// Begins to read what was written last into this folder.
    pub fn begin(&self, dir: &Path) {
        let files = dir.read_dir().into_iter().flatten().filter_map(|entry| Found::of(&entry.ok()?));
        let mut reads = self.lock();
        for partition in chosen(files.collect()) {
            let path = file::path(dir, partition);
            let read = thread::Builder::new().name(format!("checkpoint-{partition}"));
            // Whoever has no thread for it reads it when its lane comes.
            if let Ok(read) = read.spawn(move || file::read_any(&path)) {
                reads.insert(partition, (Instant::now(), read));
            }
        }
    }

    /// What the file of this lane came to, once it is read; `None` where it is not read ahead.
    pub fn take(&self, partition: i32) -> Option<Came> {
        let (_, read) = { self.lock().remove(&partition) }?;
        read.join().ok()
    }

    /// Lets go of what no lane has come for.
    pub fn forget_old(&self) {
        self.lock().retain(|_, (since, _)| since.elapsed() < HELD_FOR);
    }

    /// What is in it is whole between statements, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, (Instant, JoinHandle<Came>)>> {
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
    let newest = found.first().map(|one| one.written);
    let is_last = |one: &Found| newest.is_some_and(|newest| newest <= one.written + WRITTEN_WITHIN);
    let mut left = BYTES_MAX;
    let fits = |one: &Found| match left.checked_sub(one.bytes) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
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
        assert_eq!(chosen(vec![found(0, 90, 1), found(1, 60, 1), found(2, 74, 1), found(3, 76, 1)]), [1, 2]);
        let large = BYTES_MAX / 2;
        let files = vec![found(0, 0, large), found(1, 1, large + 1), found(2, 2, large), found(3, 3, 1)];
        assert_eq!(chosen(files), [0, 2]);
    }
}
