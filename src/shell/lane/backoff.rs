//! How long a lane waits before it tries again what has failed: ever longer, and never very long.

use std::time::Duration;

use crate::core::lane::Outcome;

/// How much longer each failure in a row makes the wait.
const STEP: Duration = Duration::from_millis(50);
/// How many failures in a row do.
const STEPS_MAX: u32 = 40;

/// How often in a row a transaction did not commit.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after this outcome, of an opening or of a batch; `None` when nothing has failed.
    pub(super) fn after(&mut self, outcome: Outcome, opens: bool) -> Option<Duration> {
        if outcome.is_committed() {
            // An opening that commits says nothing of the batch that failed before it, and may fail again: without
            // the right to write orders, there would be many entries a second.
            if !opens {
                self.failures = 0;
            }
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        Some(STEP * self.failures.min(STEPS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: [Outcome; 3] = [Outcome::Aborted, Outcome::Fenced, Outcome::Unknown];

    /// Milliseconds.
    fn wait(backoff: &mut Backoff, outcome: Outcome, opens: bool) -> Option<u128> {
        backoff.after(outcome, opens).map(|length| length.as_millis())
    }

    #[test]
    fn each_failure_in_a_row_makes_the_wait_longer_up_to_two_seconds() {
        let mut backoff = Backoff::default();
        let failed = FAILED.into_iter().cycle();
        let waits: Vec<_> = failed.take(42).filter_map(|one| wait(&mut backoff, one, false)).collect();
        let due: Vec<_> = (1..=40).map(|failures| failures * 50).chain([2_000, 2_000]).collect();
        assert_eq!(waits, due);
        backoff.failures = u32::MAX;
        assert_eq!(wait(&mut backoff, Outcome::Unknown, true), Some(2_000));
    }

    #[test]
    fn a_batch_that_commits_ends_the_row_and_an_opening_does_not() {
        for committed in [Outcome::Committed, Outcome::CommittedInDoubt] {
            let mut backoff = Backoff::default();
            let mut after = |outcome, opens| wait(&mut backoff, outcome, opens);
            assert_eq!([after(committed, true), after(committed, false)], [None; 2]);
            let failing = [(Outcome::Aborted, false), (committed, true), (Outcome::Aborted, false)];
            assert_eq!(failing.map(|(outcome, opens)| after(outcome, opens)), [Some(50), None, Some(100)]);
            assert_eq!([after(Outcome::Unknown, true), after(committed, false)], [Some(150), None]);
            assert_eq!(after(Outcome::Fenced, false), Some(50), "{committed:?}");
        }
    }
}
