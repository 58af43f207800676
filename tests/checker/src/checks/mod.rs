//! One file for each thing that must hold. Each reads the topics, and nothing that a router says of itself.

mod answers;
mod chain;
mod orders;
mod reading;
mod recorded;
mod replay;
pub mod sent;
#[cfg(test)]
mod tests;
mod torn;
mod verdicts;

use std::collections::BTreeMap;

use crate::lane::Lane;
use crate::log::Log;
use crate::report::Report;
use sent::Sent;

/// Checks everything.
pub fn check(log: &Log, halted: &[i32], sent: &[Sent]) -> Report {
    let mut report = Report::new();
    reading::check(log, &mut report);
    let (mut cursors, mut wanted) = (Vec::new(), BTreeMap::new());
    for partition in 0..log.lanes() {
        let lane = Lane::read(log, partition, halted.contains(&partition), &mut report);
        chain::check(&lane, &mut report);
        let reached = answers::check(&lane, &mut report);
        verdicts::check(&lane, &mut report);
        orders::check(&lane, &mut report);
        torn::check(&lane, reached, &mut report);
        torn::wanted(&lane, &mut wanted);
        recorded::check(&lane, &mut report);
        replay::check(&lane, &mut report);
        cursors.push((reached, lane.is_halted));
    }
    answers::beyond(log, halted, &mut report);
    torn::quarantined(log, &wanted, &mut report);
    sent::check(log, sent, &cursors, &mut report);
    report
}
