//! What the audit trail says of the run, and whether it hangs together.
//!
//! Checked here entry by entry as it is read: dense numbers, links, one entry per input record. What
//! it says is then compared with the other topics by the [`report`](super::report).

use std::collections::{BTreeMap, BTreeSet};

use crate::core::entry::{Body, Entry, Ruling};
use crate::core::ids::Digest;

/// The trail of every lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Entries in all.
    pub entries: usize,
    /// Openings of lanes, the first ones included.
    pub openings: usize,
    /// Accepted intents: partition and number of their entries.
    pub accepted: BTreeSet<(i32, u64)>,
    /// Arrivals of a key that was decided before.
    pub duplicates: usize,
    /// Intents that were refused, conflicts included.
    pub rejected: usize,
    /// Execution reports that were taken in.
    pub executions: usize,
    /// Of those, with an anomaly.
    pub anomalies: usize,
    /// What does not hang together.
    pub breaks: Vec<String>,
    heads: BTreeMap<i32, Head>,
}

/// The end of one lane's trail so far.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    seq: u64,
    leaf: Digest,
    intents: i64,
    executions: i64,
}

impl Trail {
    /// Takes the next entry of a lane.
    pub fn take(&mut self, partition: i32, value: &[u8], entry: &Entry<'_>) {
        self.entries += 1;
        let head = self.heads.get(&partition);
        let (seq, prev) = head.map_or((0, Digest::ZERO), |head| (head.seq + 1, head.leaf));
        let (intents, executions) = head.map_or((0, 0), |head| (head.intents, head.executions));
        let place = format!("audit[{partition}] entry {}", entry.seq);
        if entry.seq != seq {
            self.breaks.push(format!("{place}: {seq} was to follow"));
        }
        if entry.prev != prev {
            self.breaks.push(format!("{place}: it is not linked to the entry before it"));
        }
        let mut head = Head { seq: entry.seq, leaf: Digest::leaf(value), intents, executions };
        self.count(partition, entry, &mut head, &place);
        self.heads.insert(partition, head);
    }

    fn count(&mut self, partition: i32, entry: &Entry<'_>, head: &mut Head, place: &str) {
        match &entry.body {
            Body::Genesis(_) | Body::LaneOpened(_) => self.openings += 1,
            Body::Decision(decision) => {
                self.follow(&mut head.intents, decision.input.offset, place);
                match decision.ruling {
                    Ruling::Accepted { .. } => {
                        self.accepted.insert((partition, entry.seq));
                    }
                    Ruling::Duplicate { .. } => self.duplicates += 1,
                    _ => self.rejected += 1,
                }
            }
            Body::Execution(taken) => {
                self.follow(&mut head.executions, taken.input.offset, place);
                self.executions += 1;
                self.anomalies += usize::from(taken.anomaly.is_some() || taken.report.is_err());
            }
            Body::Control(_) | Body::OwedCancel(_) | Body::Recovery(_) => {}
        }
    }

    /// Nothing else writes to the inputs, and none of it in transactions: their offsets are dense.
    fn follow(&mut self, next: &mut i64, offset: i64, place: &str) {
        if offset != *next {
            self.breaks.push(format!("{place}: answers offset {offset}, and {next} was to follow"));
        }
        *next = offset + 1;
    }
}
