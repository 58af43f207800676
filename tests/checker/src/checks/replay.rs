//! G4, G5, G7: the trail is walked twice, once by what its entries recorded, once by what their inputs say.

use crate::lane::Lane;
use crate::log::Role;
use crate::model::{Source, walk};
use crate::report::{Guarantee::G7, Report};

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    let by_trail = walk(lane, Source::Trail, report);
    let by_inputs = walk(lane, Source::Inputs, &mut Report::new());
    let end = lane.of(Role::Audit).end;
    report.equal(G7, &lane.place(Role::Audit, end), "ledger, by inputs and by trail", by_inputs, by_trail);
    report.count(G7, "ledgers rebuilt twice", usize::from(!lane.entries.is_empty()));
}
