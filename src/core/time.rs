//! Points in time and lengths of it. The core never reads a clock: every time is an argument.

/// Nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;

impl Time {
    /// From Kafka's milliseconds; beyond the range of nanoseconds (year 2262) the last instant.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(MILLISECOND))
    }

    /// How long after `earlier` this is, in nanoseconds; negative when before. Cannot overflow.
    pub fn since(self, earlier: Self) -> i128 {
        i128::from(self.0) - i128::from(earlier.0)
    }
}
