//! G3: every committed record of an input is answered by exactly one entry, in order, and the group's offsets are the
//! trail's cursors.

use crate::avro::Value;
use crate::lane::{Lane, Read};
use crate::log::{Log, Record, Role};
use crate::report::{Guarantee::G3, Place, Report};

const INPUTS: [(Role, &str); 3] =
    [(Role::Intents, "intents"), (Role::Executions, "executions"), (Role::Control, "control")];

/// The next offset of each input.
pub type Cursors = [i64; 3];

/// Checks a lane, and says where its trail leaves the inputs.
pub fn check(lane: &Lane<'_>, report: &mut Report) -> Cursors {
    let Some(first) = lane.entries.first() else {
        unopened(lane, report);
        return [0; 3];
    };
    let mut cursors = as_of(&first.value);
    for (index, (role, _)) in INPUTS.into_iter().enumerate() {
        let start = lane.of(role).start;
        unanswered(
            lane,
            role,
            lane.of(role).between(start, cursors[index]),
            "before the first entry",
            report,
        );
    }
    for entry in &lane.entries {
        stands(lane, entry, &mut cursors, report);
        answers(lane, entry, &mut cursors, report);
    }
    for (index, (role, _)) in INPUTS.into_iter().enumerate() {
        let left = lane.of(role).between(cursors[index], lane.of(role).end);
        report.count(G3, "unanswered on halted lanes", if lane.is_halted { left.len() } else { 0 });
        if !lane.is_halted {
            unanswered(lane, role, left, "up to the high watermark", report);
        }
    }
    group(lane, cursors, report);
    report.count(G3, "lanes", 1);
    cursors
}

fn as_of(entry: &Value<'_>) -> Cursors {
    INPUTS.map(|(_, field)| entry["as_of"][field].long().unwrap_or(-1))
}

/// A lane that never opened answers nothing; that is a loss where there is something.
fn unopened(lane: &Lane<'_>, report: &mut Report) {
    for (role, _) in &INPUTS[..2] {
        let records = &lane.of(*role).committed;
        if !lane.is_halted {
            unanswered(lane, *role, records, "by a lane that never opened", report);
        }
    }
    report.count(G3, "lanes that never opened", 1);
}

/// Each entry says where the inputs stood. Only an opening may have moved on, past what is no record, and a recovery.
fn stands(lane: &Lane<'_>, entry: &Read<'_>, cursors: &mut Cursors, report: &mut Report) {
    let found = as_of(&entry.value);
    let kind = entry.value["kind"].str();
    let place = lane.entry_place(entry);
    for (index, (role, field)) in INPUTS.into_iter().enumerate() {
        let (due, found) = (cursors[index], found[index]);
        let is_fixed = role == Role::Control || !["LANE_OPENED", "RECOVERY"].contains(&kind);
        let runs_back = found < due && kind != "RECOVERY";
        if found != due && (is_fixed || runs_back) {
            report.violation(G3, &place, &format!("as_of.{field}"), due, found);
        }
        unanswered(lane, role, lane.of(role).between(due, found), "and was passed over", report);
        // What was answered stays answered, whatever an entry says.
        cursors[index] = if runs_back { due } else { found };
    }
}

/// The entry's own input comes next, and is there.
fn answers(lane: &Lane<'_>, entry: &Read<'_>, cursors: &mut Cursors, report: &mut Report) {
    let (kind, input) = (entry.value["kind"].str(), &entry.value["input"]);
    let place = lane.entry_place(entry);
    let due = match kind {
        "DECISION" => Some(Role::Intents),
        "EXECUTION" => Some(Role::Executions),
        "CONTROL" | "OWED_CANCEL" => Some(Role::Control),
        _ => None,
    };
    if lane.input_role(&entry.value) != due || input.is_null() == due.is_some() {
        let due = due.map_or("none", Role::name);
        report.violation(G3, &place, "input", format!("of {due}, for a {kind}"), input);
        return;
    }
    let Some(role) = due else { return };
    let partition = if role == Role::Control { 0 } else { i64::from(lane.partition) };
    report.equal(G3, &place, "input.partition", partition, input["partition"].long().unwrap_or(-1));
    let (index, offset) = (role_index(role), input["offset"].long().unwrap_or(-1));
    is_there(lane, role, input, &place, report);
    let next = cursors[index];
    if kind == "OWED_CANCEL" {
        if offset >= next {
            report.violation(G3, &place, "input.offset", format!("below {next}, as it was applied"), offset);
        }
        return;
    }
    if offset < next {
        report.violation(
            G3,
            &place,
            "input.offset",
            format!("{next} or more, as it was answered before"),
            offset,
        );
        return;
    }
    unanswered(lane, role, lane.of(role).between(next, offset), "and was passed over", report);
    cursors[index] = offset + 1;
    report.count(G3, answered(role), 1);
}

/// The committed record, which is there unless retention took it, or the topic of a halted lane was made anew.
fn is_there(lane: &Lane<'_>, role: Role, input: &Value<'_>, place: &Place, report: &mut Report) {
    let (offset, timestamp) = (input["offset"].long().unwrap_or(-1), input["timestamp"].long().unwrap_or(-1));
    let found = lane.of(role).at(offset);
    let due = found.map(|record| record.timestamp_ms * 1_000_000);
    if found.is_none() && offset < lane.of(role).start {
        report.count(G3, "inputs that retention removed", 1);
    } else if due != Some(timestamp) && lane.is_halted {
        report.count(G3, "inputs that are gone, of halted lanes", 1);
    } else if let Some(due) = due {
        report.equal(G3, place, "input.timestamp", due, timestamp);
    } else {
        let due = format!("a committed record of {}", role.name());
        report.violation(G3, place, "input.offset", due, format!("{offset}, where there is none"));
    }
}

fn role_index(role: Role) -> usize {
    INPUTS.iter().position(|(input, _)| *input == role).expect("an input")
}

fn answered(role: Role) -> &'static str {
    match role {
        Role::Intents => "intents answered",
        Role::Executions => "executions answered",
        _ => "control records answered",
    }
}

fn unanswered(lane: &Lane<'_>, role: Role, records: &[Record], how: &str, report: &mut Report) {
    for record in records {
        let place = lane.place(role, record.offset);
        let found = format!("none in audit/{}, {how}", lane.partition);
        report.violation(G3, &place, "entry", "one that answers this record", found);
    }
}

/// Records in partitions that have no lane, as when some were added.
pub fn beyond(log: &Log, halted: &[i32], report: &mut Report) {
    for role in [Role::Intents, Role::Executions] {
        let topic = log.topic(role);
        let lanes = usize::try_from(log.lanes()).unwrap_or_default();
        for (number, partition) in (0..).zip(&topic.partitions).skip(lanes) {
            if halted.contains(&number) {
                report.count(G3, "unanswered in partitions without a lane", partition.committed.len());
                continue;
            }
            for record in &partition.committed {
                let place =
                    Place { topic: topic.name.clone(), partition: number, offset: Some(record.offset) };
                report.violation(G3, &place, "entry", "one that answers this record", "no lane, and none");
            }
        }
    }
}

/// The offsets of the group, which the last transaction committed.
fn group(lane: &Lane<'_>, cursors: Cursors, report: &mut Report) {
    for (index, (role, _)) in INPUTS[..2].iter().enumerate() {
        let found = lane.log.group.get(&(*role, lane.partition)).copied();
        if found == Some(cursors[index]) {
            report.count(G3, "group offsets", 1);
        } else if lane.is_halted {
            // A lane that halts because they differ keeps its promise.
            report.count(G3, "group offsets that differ, of halted lanes", 1);
        } else {
            let place =
                Place { topic: lane.log.name(*role).to_owned(), partition: lane.partition, offset: found };
            let found = found.map_or_else(|| "none".to_owned(), |offset| offset.to_string());
            report.violation(G3, &place, "offset of the group", cursors[index], found);
        }
    }
}
