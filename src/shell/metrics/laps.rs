//! Where a batch's time goes: a watch that is read at the end of each phase. One reading of the
//! clock per lap, and nothing shared, so that it can run for every record.

use std::time::{Duration, Instant};

use crate::core::symbols::symbols;

symbols! {
    /// What a batch spends its time on.
    pub enum Phase {
        /// Taking queued records.
        Fetch = "fetch",
        /// Decoding, deciding, encoding.
        Decide = "decide",
        /// Handing over to the producer.
        Produce = "produce",
        /// Waiting for the offsets, for as long as that took longer than the delivery.
        Offsets = "offsets",
        /// Waiting until everything is delivered.
        Flush = "flush",
        /// Waiting for the commit.
        Commit = "commit",
    }
}

/// The watch of one batch.
#[derive(Clone, Debug)]
pub struct Laps {
    last: Instant,
    spent: [Duration; Phase::ALL.len()],
}

impl Laps {
    /// Begins to measure, now.
    pub fn start() -> Self {
        Self { last: Instant::now(), spent: [Duration::ZERO; _] }
    }

    /// All time since the last lap was spent on this; how long that was.
    pub fn lap(&mut self, phase: Phase) -> Duration {
        let now = Instant::now();
        let length = now - self.last;
        self.spent[phase.index()] += length;
        self.last = now;
        length
    }

    /// How long the batch spent on a phase.
    pub const fn spent(&self, phase: Phase) -> Duration {
        self.spent[phase.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_belongs_to_one_phase() {
        let (mut laps, began) = (Laps::start(), Instant::now());
        for phase in [Phase::Fetch, Phase::Decide, Phase::Fetch, Phase::Commit] {
            std::thread::sleep(Duration::from_millis(2));
            laps.lap(phase);
        }
        let whole = began.elapsed();
        assert!(laps.spent(Phase::Fetch) >= Duration::from_millis(4));
        assert_eq!(laps.spent(Phase::Flush), Duration::ZERO);
        let sum: Duration = Phase::ALL.iter().map(|phase| laps.spent(*phase)).sum();
        assert!(sum >= Duration::from_millis(8) && sum <= whole + Duration::from_millis(1));
    }
}
