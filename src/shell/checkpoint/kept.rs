//! Ledgers of lanes that were revoked: when a rebalance gives one back, its tail is read and not its trail.
//!
//! A kept ledger holds settled entries only, and is believed no further than a checkpoint: the lane that
//! takes it reads its last entry again. Kept is a bounded number of rows, for a bounded time; what is too
//! much goes, the oldest first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::core::ledger::{Ledger, Placement};

/// Keys and reports of all kept ledgers: less than 1 GiB.
const ROWS_MAX: usize = 10_000_000;
/// A partition that has not come back by then has found another owner.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);

/// A ledger, and where its trail goes on.
#[derive(Debug)]
pub struct KeptLedger {
    /// As it was settled last.
    pub ledger: Ledger,
    /// From which offset on its last entry can be read.
    pub offset: i64,
    /// The first offset that the trail held.
    pub begins: i64,
    since: Instant,
}

impl KeptLedger {
    /// Kept from now on.
    pub(super) fn of(ledger: Ledger, offset: i64, begins: i64) -> Self {
        Self { ledger, offset, begins, since: Instant::now() }
    }
}

/// The kept ledgers of this process.
#[derive(Debug, Default)]
pub struct Kept(Mutex<BTreeMap<i32, KeptLedger>>);

impl Kept {
    /// Keeps a ledger.
    pub fn put(&self, ledger: Ledger, offset: i64, begins: i64) {
        let partition = ledger.placement().partition;
        let mut kept = self.lock();
        kept.insert(partition, KeptLedger::of(ledger, offset, begins));
        bound(&mut kept, ROWS_MAX);
    }

    /// The ledger of this lane, if it is kept: nobody else has it then.
    pub fn take(&self, placement: Placement) -> Option<KeptLedger> {
        self.lock().remove(&placement.partition).filter(|kept| kept.ledger.placement() == placement)
    }

    /// Lets go of what nobody has come for.
    pub fn forget_old(&self) {
        self.lock().retain(|_, kept| kept.since.elapsed() < KEPT_FOR);
    }

    /// What is kept is whole between statements, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, KeptLedger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn bound(kept: &mut BTreeMap<i32, KeptLedger>, rows_max: usize) {
    let rows = |kept: &KeptLedger| kept.ledger.keys_len() + kept.ledger.executions_len();
    while kept.values().map(rows).sum::<usize>() > rows_max {
        let oldest = kept.iter().min_by_key(|(_, kept)| kept.since).map(|(partition, _)| *partition);
        let Some(oldest) = oldest else { return };
        kept.remove(&oldest);
    }
}
