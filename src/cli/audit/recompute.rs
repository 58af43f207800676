//! `onefill audit verify --recompute`: whether every verdict follows from what its entry recorded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Desk;
use super::faults::{fault_to_json, show_fault, what_to_do};
use super::show::line;
use crate::cli::print::{self, Tone};
use crate::cli::{Failure, Output, Status};
use crate::core::ledger::Placement;
use crate::shell::audit::head::Head;
use crate::shell::audit::recompute::{Recomputation, recompute};
use crate::shell::audit::summary::{line_of, summary};

/// Recomputes these partitions, and says what came out.
pub(super) fn run(
    desk: &Desk,
    partitions: &[i32],
    noted: &[Head],
    output: Output,
) -> Result<Status, Failure> {
    let mut bar = desk.bar(partitions, "recomputing")?;
    let mut found = Vec::new();
    for partition in partitions {
        let placement = Placement { partition: *partition, count: desk.partitions };
        let mut end = 0;
        let one = recompute(&desk.config, &desk.schemas, &desk.probe, placement, noted, &mut |offset| {
            end = offset;
            bar.at(offset);
        })?;
        bar.next(end);
        found.push(one);
    }
    drop(bar);
    match output {
        Output::Json => print::say_json(&to_json(&found)),
        Output::Text => show(&found),
    }
    let is_good = found.iter().all(|one| one.faults.count() == 0);
    Ok(if is_good { Status::Done } else { Status::Fault })
}

fn show(found: &[Recomputation]) {
    let mut table = print::table(&["PART", "ENTRIES", "RECOMPUTED", "AS RECORDED", "OTHER RULES", "RESULT"]);
    for one in found {
        let is_good = one.faults.count() == 0;
        let tone = if is_good { Tone::Good } else { Tone::Bad };
        table.add_row(vec![
            one.partition.into(),
            one.counts.entries.into(),
            one.counts.decided_anew.into(),
            one.counts.as_recorded.into(),
            rules(&one.counts.other_rules).into(),
            print::cell(if is_good { "agrees" } else { "differs" }, tone),
        ]);
    }
    print::show(&table);
    found.iter().for_each(show_first);
    print::say("");
    print::say(&closing(found));
}

/// `0`, or `12 of version 1`.
fn rules(other_rules: &BTreeMap<i32, u64>) -> String {
    let counts: Vec<_> =
        other_rules.iter().map(|(version, count)| format!("{count} of version {version}")).collect();
    if counts.is_empty() { "0".to_owned() } else { counts.join(", ") }
}

fn show_first(one: &Recomputation) {
    one.faults.kept.iter().for_each(show_fault);
    if let Some(entry) = one.differing.as_ref().and_then(|record| record.entry().ok()) {
        print::say(&format!("  the entry: {}", line_of(&summary(&entry))));
    }
}

fn closing(found: &[Recomputation]) -> String {
    let sum = |number: fn(&Recomputation) -> u64| found.iter().map(number).sum::<u64>();
    let recomputed = sum(|one| one.counts.decided_anew);
    let recorded = sum(|one| one.counts.as_recorded);
    let other = sum(|one| one.counts.other_rules.values().sum());
    let counts = format!(
        "{recomputed} recomputed, {recorded} taken as recorded, {other} not recomputed for other rules"
    );
    let differing = found.iter().filter(|one| one.faults.count() > 0).count();
    match differing {
        0 => print::toned(&format!("every verdict follows from the trail: {counts}"), Tone::Good),
        _ => {
            let first = print::count(differing, "partition");
            let text = format!("{first} with an entry that does not follow, shown is the first: {counts}");
            let what_to_do = what_to_do(found.iter().map(|one| &one.faults));
            format!("{}\n{what_to_do}", print::toned(&text, Tone::Bad))
        }
    }
}

fn to_json(found: &[Recomputation]) -> Value {
    json!({
        "faults": found.iter().map(|one| one.faults.count()).sum::<u64>(),
        "partitions": found.iter().map(one_to_json).collect::<Vec<_>>(),
    })
}

fn one_to_json(one: &Recomputation) -> Value {
    let counts = &one.counts;
    let other = counts.other_rules.iter().map(|(version, count)| (version.to_string(), json!(count)));
    json!({
        "partition": one.partition,
        "entries": counts.entries,
        "recomputed": counts.decided_anew,
        "as_recorded": counts.as_recorded,
        "other_rules": other.collect::<serde_json::Map<_, _>>(),
        "head": one.head.map(|head| head.to_string()),
        "faults": one.faults.kept.iter().map(fault_to_json).collect::<Vec<_>>(),
        "differing": one.differing.as_ref().map(line),
    })
}
