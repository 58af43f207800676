//! G4, G5, G7: the trail is walked twice, and both walks end in the same state.

use crate::lane::Lane;
use crate::log::Role;
use crate::model::walk;
use crate::report::{Guarantee::G7, Report};

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    let first = walk(lane, report);
    let second = walk(lane, &mut Report::new());
    let end = lane.of(Role::Audit).end;
    report.equal(G7, &lane.place(Role::Audit, end), "state after two walks", first, second);
    report.count(G7, "trails walked twice", 1);
}
