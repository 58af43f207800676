//! G7: what entries recorded of reports and control records is what these say, and of other bytes their digest.
//! Intents are compared where keys are judged.

use crate::avro::{CONTROL, EXECUTION, Value};
use crate::identity::{hex, partition_of, sha256, shown};
use crate::intent::is_id;
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
        if value["kind"].str() == "EXECUTION" && value["execution"].is_null() && is_report(lane, input) {
            report.violation(G7, &place, "execution", "the report, as it can be decoded", "null");
        }
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

/// Whether these bytes are a report in its place, with sizes and formats as published.
fn is_report(lane: &Lane<'_>, input: &Record) -> bool {
    const NUMBERS: [&str; 5] = ["last_qty", "last_px", "order_qty", "cum_qty", "leaves_qty"];
    let Some(it) = EXECUTION.decode(input.bytes()) else { return false };
    let account = it["account_id"].str();
    let home = partition_of(account.as_bytes(), usize::try_from(lane.count).unwrap_or_default());
    let ids = ["venue", "account_id", "instrument_id"].iter().all(|name| is_id(it[*name].str()));
    let numbers = NUMBERS.iter().all(|name| it[*name].is_null() || it[*name].number().is_some());
    let texts = ["order_id", "client_order_id", "venue_order_id", "exec_ref_id"];
    let sizes = (1..=64).contains(&it["exec_id"].str().len())
        && it["text"].str().len() <= 256
        && texts.iter().all(|name| it[*name].str().len() <= 64)
        && input.bytes().len() <= 64 * 1024;
    input.key.as_deref() == Some(account.as_bytes()) && home == lane.partition && ids && numbers && sizes
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
