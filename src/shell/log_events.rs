//! How many lines were logged, by level: counted by whoever subscribes to `tracing`, read by the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Level;

/// The counts; clones count together.
#[derive(Clone, Debug, Default)]
pub struct LogEvents(Arc<[AtomicU64; 5]>);

impl LogEvents {
    /// The levels, in the order of their counts.
    pub const LEVELS: [&'static str; 5] = ["error", "warn", "info", "debug", "trace"];

    /// A line of this level was logged.
    pub fn count(&self, level: Level) {
        let index = match level {
            Level::ERROR => 0,
            Level::WARN => 1,
            Level::INFO => 2,
            Level::DEBUG => 3,
            Level::TRACE => 4,
        };
        self.0[index].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were of each level.
    pub fn counts(&self) -> [u64; 5] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_their_level() {
        let events = LogEvents::default();
        for level in [Level::WARN, Level::INFO, Level::WARN, Level::ERROR] {
            events.clone().count(level);
        }
        assert_eq!(events.counts(), [1, 2, 1, 0, 0]);
    }
}
