//! G7: what entries recorded of reports and control records is what these say, and of other bytes their digest.
//! Intents are compared where keys are judged.

use crate::avro::{CONTROL, EXECUTION, Value};
use crate::identity::{hex, sha256, shown};
use crate::lane::{Lane, Read};
use crate::log::Record;
use crate::report::{Guarantee::G7, Place, Report};
use crate::same::differences;

pub fn check(lane: &Lane<'_>, report: &mut Report) {
    for entry in &lane.entries {
        let Some(input) = lane.input_of(&entry.value) else { continue };
        let place = lane.entry_place(entry);
        if !entry.value["raw_sha256"].is_null() {
            digest(entry, input, &place, report);
        }
        let value = &entry.value;
        if !value["execution"].is_null() && !EXECUTION.is_foreign(input.bytes()) {
            same("execution", EXECUTION.decode(input.bytes()).as_ref(), &value["execution"], &place, report);
        }
        if !value["control"].is_null() && !CONTROL.is_foreign(input.bytes()) {
            let said = CONTROL.decode(input.bytes());
            same(
                "control",
                said.as_ref().map(|it| &it["record"]),
                &value["control"]["record"],
                &place,
                report,
            );
        }
    }
}

fn digest(entry: &Read<'_>, input: &Record, place: &Place, report: &mut Report) {
    let found = hex(entry.value["raw_sha256"].bytes().unwrap_or_default());
    report.equal(G7, place, "raw_sha256", hex(&sha256(&[input.bytes()])), found);
    report.equal(
        G7,
        place,
        "record_key",
        shown(input.key.as_deref()),
        shown(entry.value["record_key"].bytes()),
    );
    report.count(G7, "digests", 1);
}

fn same(field: &str, said: Option<&Value<'_>>, recorded: &Value<'_>, place: &Place, report: &mut Report) {
    let Some(said) = said else {
        report.violation(G7, place, field, "null, as the input cannot be decoded", recorded);
        return;
    };
    for name in differences(said, recorded) {
        report.violation(G7, place, &format!("{field}.{name}"), &said[&*name], &recorded[&*name]);
    }
    report.count(G7, "records compared", 1);
}
