//! One lane's trail and orders, decoded once for all checks.

use crate::avro::{ENTRY, ORDER, Value};
use crate::identity::shown;
use crate::log::{Log, Partition, Record, Role};
use crate::report::{Guarantee, Place, Report};

/// A record with what it says.
#[derive(Debug)]
pub struct Read<'a> {
    pub record: &'a Record,
    pub value: Value<'a>,
}

/// Entries and orders of one partition, in order of offset.
#[derive(Debug)]
pub struct Lane<'a> {
    pub log: &'a Log,
    pub partition: i32,
    /// How many there are, as this one recorded when it first opened.
    pub count: i32,
    pub entries: Vec<Read<'a>>,
    pub orders: Vec<Read<'a>>,
    /// Whether it is expected to be halted at the end.
    pub is_halted: bool,
}

impl<'a> Lane<'a> {
    /// What cannot be decoded is a violation, and left out of all other checks.
    pub fn read(log: &'a Log, partition: i32, is_halted: bool, report: &mut Report) -> Self {
        let mut lane =
            Self { log, partition, count: log.lanes(), entries: Vec::new(), orders: Vec::new(), is_halted };
        for (role, guarantee, kind) in
            [(Role::Audit, Guarantee::G6, &ENTRY), (Role::Orders, Guarantee::G1, &ORDER)]
        {
            for record in &log.partition(role, partition).committed {
                let Some(value) = kind.decode(record.bytes()) else {
                    let place = lane.place(role, record.offset);
                    let found = format!(
                        "{} bytes under the key {}",
                        record.bytes().len(),
                        shown(record.key.as_deref())
                    );
                    report.violation(guarantee, &place, "value", "a record of the published schema", found);
                    continue;
                };
                let into = if role == Role::Audit { &mut lane.entries } else { &mut lane.orders };
                into.push(Read { record, value });
            }
        }
        let recorded = lane.entries.first().and_then(|entry| entry.value["lane"]["partition_count"].long());
        lane.count = recorded.and_then(|count| i32::try_from(count).ok()).unwrap_or(lane.count);
        lane
    }

    pub fn of(&self, role: Role) -> &'a Partition {
        self.log.partition(role, if role == Role::Control { 0 } else { self.partition })
    }

    pub fn place(&self, role: Role, offset: i64) -> Place {
        let partition = if role == Role::Control { 0 } else { self.partition };
        Place { topic: self.log.name(role).to_owned(), partition, offset: Some(offset) }
    }

    pub fn entry_place(&self, entry: &Read<'_>) -> Place {
        self.place(Role::Audit, entry.record.offset)
    }

    /// The record that an entry names as its input, if it is still there. Where a lane is halted its input may have
    /// been made anew: another record lies at that offset then.
    pub fn input_of(&self, entry: &Value<'_>) -> Option<&'a Record> {
        let role = self.input_role(entry)?;
        let record = self.of(role).at(entry["input"]["offset"].long()?)?;
        let is_same = entry["input"]["timestamp"].long() == Some(record.timestamp_ms * 1_000_000);
        (is_same || !self.is_halted).then_some(record)
    }

    /// Which topic the input of an entry is in.
    pub fn input_role(&self, entry: &Value<'_>) -> Option<Role> {
        let topic = entry["input"]["topic"].text()?;
        [Role::Intents, Role::Executions, Role::Control]
            .into_iter()
            .find(|role| self.log.name(*role) == topic)
    }
}

/// Whether an entry allows an order: an accepted intent, or an owed cancel.
pub fn publishes(entry: &Value<'_>) -> bool {
    entry["verdict"].str() == "ACCEPTED" || entry["kind"].str() == "OWED_CANCEL"
}
