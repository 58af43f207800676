//! Reading topics back: to their ends, once they are stable and quiet.
//!
//! Kafka's facts that this stands on: to a reader of committed records alone, a client reports the last *stable*
//! offset as the end, so the high watermark is asked of a client that reads uncommitted ones; offsets are no
//! sequence, for markers take some; and an offset of the group that a transaction has not settled is waited for.

mod clients;
mod ends;
mod records;
mod tail;

use std::time::{Duration, Instant};

use crate::log::{Log, Role};

/// Where to read, and how long to wait for it.
pub struct Source {
    pub bootstrap: String,
    pub prefix: String,
    pub group: String,
    /// Lanes that answer no more, so that nobody waits for them.
    pub halted: Vec<i32>,
    pub patience: Duration,
}

/// Everything, or why it could not be read.
pub fn read(source: &Source) -> Result<Log, String> {
    let deadline = Instant::now() + source.patience;
    let mut log = Log::default();
    for role in Role::ALL {
        log.topics[role as usize].name = format!("{}{}", source.prefix, role.name());
    }
    ends::settle(source, &mut log, deadline)?;
    records::read(source, &mut log, deadline)?;
    Ok(log)
}
