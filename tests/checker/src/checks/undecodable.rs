//! G7: what an entry says of bytes that could not be used is true of them.

use crate::identity::{hex, sha256, shown};
use crate::lane::Lane;
use crate::report::{Guarantee::G7, Report};

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    for entry in lane.entries.iter().filter(|entry| !entry.value["raw_sha256"].is_null()) {
        let Some(input) = lane.input_of(&entry.value) else { continue };
        let place = lane.entry_place(entry);
        let found = hex(entry.value["raw_sha256"].bytes().unwrap_or_default());
        report.equal(G7, &place, "raw_sha256", hex(&sha256(&[input.bytes()])), found);
        report.equal(
            G7,
            &place,
            "record_key",
            shown(input.key.as_deref()),
            shown(entry.value["record_key"].bytes()),
        );
        report.count(G7, "digests", 1);
    }
}
