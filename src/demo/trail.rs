//! What the audit trail says of the run, and whether it holds.
//!
//! [`Trail`] counts entries as they are read back. [`verify`] has every lane's trail verified as
//! `audit verify` does it: numbers, links, every verdict decided anew, every order and every input
//! record with its entry.

use std::collections::BTreeSet;

use super::Fault;
use super::plan::{PARTITIONS, Plan};
use super::stage::PATIENCE;
use crate::core::entry::{Body, Entry, Ruling};
use crate::shell::admin::Cluster;
use crate::shell::audit::verify::{self as audit, World};
use crate::shell::trail::Probe;
use crate::wire::Schemas;

/// The entries of every lane, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Entries in all.
    pub entries: usize,
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
}

impl Trail {
    /// Counts an entry of a lane.
    pub fn take(&mut self, partition: i32, entry: &Entry<'_>) {
        self.entries += 1;
        match &entry.body {
            Body::Decision(decision) => match decision.ruling {
                Ruling::Accepted { .. } => {
                    self.accepted.insert((partition, entry.seq));
                }
                Ruling::Duplicate { .. } => self.duplicates += 1,
                _ => self.rejected += 1,
            },
            Body::Execution(taken) => {
                self.executions += 1;
                self.anomalies += usize::from(taken.anomaly.is_some() || taken.report.is_err());
            }
            _ => {}
        }
    }
}

/// Verifies every lane's trail; says what is wrong with it, in words. Empty when it holds.
///
/// # Errors
/// Kafka's, where something could not be read: then nothing is known.
pub fn verify(plan: &Plan) -> Result<Vec<String>, Fault> {
    let cluster = Cluster::connect(&plan.config, PATIENCE, PATIENCE)?;
    let (schemas, probe) = (Schemas::compiled(), Probe::open(&plan.config)?);
    let world = World::look(&plan.config, &schemas, &probe, &cluster)?;
    let mut wrong = Vec::new();
    for partition in 0..PARTITIONS {
        let report = audit::verify(&world, partition, &[], &mut |_| {})?;
        let kept = report.faults.kept.iter();
        wrong.extend(kept.map(|fault| {
            let entry = fault.seq.map_or_else(String::new, |seq| format!(" entry {seq}"));
            let (topic, field) = (&fault.topic, fault.field.as_deref().unwrap_or("record"));
            let code = fault.code.name();
            format!("{code}: {topic}[{partition}]{entry}, {field}: {}, and not {}", fault.found, fault.due)
        }));
    }
    Ok(wrong)
}
