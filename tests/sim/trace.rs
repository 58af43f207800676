//! What happened, in order: a hash of all of it, to compare runs, and the last lines, for people.

use std::collections::VecDeque;
use std::fmt::Debug;

use crate::engine::{MS, Moment};

/// Lines that are kept for people.
const TAIL: usize = 40;

#[derive(Clone, Debug, Default)]
pub struct Trace {
    hash: u64,
    lines: u64,
    tail: VecDeque<String>,
}

impl Trace {
    pub fn add(&mut self, now: Moment, place: &dyn Debug, what: &dyn Debug) {
        let line = format!("{:>10}.{:03} ms  {place:?}: {what:?}", now / MS, now % MS / 1000);
        for byte in line.bytes() {
            // FNV-1a.
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines += 1;
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// Equal for equal histories.
    pub const fn hash(&self) -> (u64, u64) {
        (self.hash, self.lines)
    }

    pub fn tail(&self) -> String {
        self.tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
