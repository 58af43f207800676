//! What was read, and whether both readers were shown the same.

use crate::log::{Log, Role};
use crate::report::{Guarantee::Read, Place, Report};

pub fn check(log: &Log, report: &mut Report) {
    for role in Role::ALL {
        for (number, partition) in (0..).zip(&log.topic(role).partitions) {
            report.count(Read, role.name(), partition.committed.len());
            report.count(Read, "aborted", partition.aborted.len());
            report.count(Read, "partitions stable to the end", 1);
            for offset in &partition.contradictory {
                let place =
                    Place { topic: log.name(role).to_owned(), partition: number, offset: Some(*offset) };
                report.violation(Read, &place, "record", "the same to both readers", "another, or none");
            }
        }
    }
}
