//! G3: every committed record that was to be read is answered by one entry, in order, and the group's
//! offsets are those of the trail.

use onefill::core::entry::{Anomaly, Body, Entry, Ruling};

use super::must;
use crate::kafka::log::Record;
use crate::outside::{Lane, Outside, cursors_after};

pub fn check(outside: &Outside) -> Result<(), String> {
    let mut unreadable = 0;
    for lane in &outside.lanes {
        let entries = lane.entries()?;
        answered(lane, &entries, &outside.control)?;
        offsets(lane, &entries)?;
        unreadable += entries.iter().filter(|entry| is_quarantined(entry)).count();
    }
    must(unreadable == outside.quarantine.len(), || {
        format!("{unreadable} values were to be quarantined, {} are", outside.quarantine.len())
    })
}

fn answered(lane: &Lane, entries: &[Entry<'_>], control: &[Record]) -> Result<(), String> {
    let answers = |of: fn(&Body<'_>) -> Option<i64>| -> Vec<i64> {
        entries.iter().filter_map(|entry| of(&entry.body)).collect()
    };
    let inputs: [(&str, Vec<i64>, &[Record]); 3] = [
        (
            "intents",
            answers(|it| if let Body::Decision(it) = it { Some(it.input.offset) } else { None }),
            &lane.intents,
        ),
        (
            "executions",
            answers(|it| if let Body::Execution(it) = it { Some(it.input.offset) } else { None }),
            &lane.executions,
        ),
        (
            "control",
            answers(|it| if let Body::Control(it) = it { Some(it.input.offset) } else { None }),
            control,
        ),
    ];
    for (input, answers, records) in inputs {
        let due: Vec<i64> = records.iter().map(|record| record.offset).collect();
        must(answers == due, || {
            let place = answers.iter().zip(&due).position(|(found, due)| found != due);
            format!(
                "{input}[{}]: {} records, {} answers; the first that differs: {place:?}",
                lane.partition,
                due.len(),
                answers.len()
            )
        })?;
    }
    Ok(())
}

fn offsets(lane: &Lane, entries: &[Entry<'_>]) -> Result<(), String> {
    let Some(last) = entries.last() else {
        return must(lane.committed == [None; 2], || "offsets without a trail".to_owned());
    };
    let cursors = cursors_after(last);
    let due = [Some(cursors.intents), Some(cursors.executions)];
    must(lane.committed == due, || {
        format!("lane {}: the group stands at {:?}, the trail at {due:?}", lane.partition, lane.committed)
    })
}

fn is_quarantined(entry: &Entry<'_>) -> bool {
    match &entry.body {
        Body::Decision(decision) => matches!(decision.ruling, Ruling::Malformed { .. }),
        Body::Execution(taken) => {
            matches!(taken.anomaly, Some(Anomaly::ExecutionUnapplied | Anomaly::AccountMismatch))
        }
        _ => false,
    }
}
