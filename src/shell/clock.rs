//! The wall clock: the only place where it is read for a decision.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::core::time::Time;

/// Now, UTC. Before 1970 or after 2262 the nearest instant that can be said.
pub fn now() -> Time {
    let nanos = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    Time(nanos)
}
