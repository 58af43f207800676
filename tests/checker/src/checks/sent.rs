//! G3, from the outside: every record that was acknowledged to a strategy lies in its topic, and was answered.

use serde_json::Value as Json;

use super::answers::Cursors;
use crate::avro::{EXECUTION, INTENT};
use crate::log::{Log, Record, Role};
use crate::report::{Guarantee::G3, Place, Report};

/// What was sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Sent {
    role: Role,
    partition: i32,
    offset: i64,
    account: Option<String>,
    intent: Option<String>,
}

/// Reads JSON lines; which line is none, if one is not.
pub fn parse(text: &str) -> Result<Vec<Sent>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| sent(line).ok_or_else(|| format!("line {}: {line}", index + 1))).collect()
}

fn sent(line: &str) -> Option<Sent> {
    let json: Json = serde_json::from_str(line).ok()?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let role = [Role::Intents, Role::Executions, Role::Control]
        .into_iter()
        .find(|role| json["topic"] == role.name())?;
    Some(Sent {
        role,
        partition: i32::try_from(json["partition"].as_i64()?).ok()?,
        offset: json["offset"].as_i64()?,
        account: text("account_id"),
        intent: text("intent_id"),
    })
}

/// `cursors` are those of the lanes, and which of these are halted.
pub fn check(log: &Log, sent: &[Sent], cursors: &[(Cursors, bool)], report: &mut Report) {
    for it in sent {
        let place =
            Place { topic: log.name(it.role).to_owned(), partition: it.partition, offset: Some(it.offset) };
        let index = usize::try_from(it.partition).unwrap_or(usize::MAX);
        let Some(partition) = log.topic(it.role).partitions.get(index) else {
            report.violation(G3, &place, "sent", "a partition that there is", it.partition);
            continue;
        };
        match partition.at(it.offset) {
            Some(record) => is_the_one(it, record, &place, report),
            None if it.offset < partition.start => report.count(G3, "sent, and removed by retention", 1),
            None => report.violation(G3, &place, "sent", "the record that was acknowledged", "none"),
        }
        let is_answered = match it.role {
            Role::Control => cursors.iter().all(|(cursors, is_halted)| cursors[2] > it.offset || *is_halted),
            role => cursors.get(index).is_some_and(|(cursors, is_halted)| {
                let cursor = if role == Role::Intents { cursors[0] } else { cursors[1] };
                cursor > it.offset || *is_halted
            }),
        };
        if !is_answered {
            report.violation(G3, &place, "sent", "answered", "no entry");
        }
    }
    report.count(G3, "sent and acknowledged", sent.len());
}

fn is_the_one(sent: &Sent, record: &Record, place: &Place, report: &mut Report) {
    let kind = match sent.role {
        Role::Intents => &INTENT,
        Role::Executions => &EXECUTION,
        _ => return,
    };
    // Strategies send what cannot be decoded too.
    let Some(value) = kind.decode(record.bytes()) else { return };
    for (name, due) in [("account_id", &sent.account), ("intent_id", &sent.intent)] {
        if let (Some(due), Some(found)) = (due, value[name].text()) {
            report.equal(G3, place, &format!("sent {name}"), due.as_str(), found);
        }
    }
}
