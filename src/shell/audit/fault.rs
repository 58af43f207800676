//! What a verification finds: where it is, what stands there, what should.

use std::collections::BTreeMap;
use std::fmt;

use crate::core::halt::HaltCode;

/// How many faults of one partition are kept; further ones are only counted. One missing entry can
/// have many, and the first ones say what happened.
const KEPT_MAX: usize = 100;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose page says what it means and what to do.
    pub code: HaltCode,
    /// The topic on which it was found.
    pub topic: String,
    /// The partition number.
    pub partition: i32,
    /// The offset on that topic, where it is about one record.
    pub offset: Option<i64>,
    /// The number of the entry that it is about.
    pub seq: Option<u64>,
    /// The field that is wrong.
    pub field: Option<String>,
    /// What is there.
    pub found: String,
    /// What should be.
    pub due: String,
}

/// The faults of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, in the order in which they were found.
    pub kept: Vec<Fault>,
    /// All of them, by code.
    pub counts: BTreeMap<HaltCode, u64>,
    /// Those that an operator has led the lane past, on the record.
    pub accepted: u64,
}

/// Where a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'t> {
    /// The topic.
    pub topic: &'t str,
    /// The partition number.
    pub partition: i32,
    /// The offset, where it is about one record.
    pub offset: Option<i64>,
    /// The entry that it is about.
    pub seq: Option<u64>,
}

impl Faults {
    /// A field, or the record as a whole, that is not what it should be.
    pub fn add(
        &mut self,
        code: HaltCode,
        place: Place<'_>,
        field: Option<&str>,
        found: impl fmt::Display,
        due: impl fmt::Display,
    ) {
        *self.counts.entry(code).or_default() += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Fault {
                code,
                topic: place.topic.to_owned(),
                partition: place.partition,
                offset: place.offset,
                seq: place.seq,
                field: field.map(str::to_owned),
                found: found.to_string(),
                due: due.to_string(),
            });
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// A RECOVERY entry names this code: what was found of it before is on the record.
    pub fn accept(&mut self, code: HaltCode) {
        self.accepted += self.counts.remove(&code).unwrap_or_default();
        self.kept.retain(|fault| fault.code != code);
    }
}
