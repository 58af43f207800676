//! A ledger that is led along a trail, as far as the trail holds: what was known at some entry.

use super::find::Record;
use crate::core::entry::Entry;
use crate::core::halt::{Halt, HaltCode};
use crate::core::ledger::{Ledger, Placement};
use crate::core::replay::replay;

/// A ledger, and why it went no further.
#[derive(Debug)]
pub struct Replayed {
    ledger: Ledger,
    broken: Option<Halt>,
}

impl Replayed {
    /// Before the first entry.
    pub fn new(placement: Placement) -> Self {
        Self { ledger: Ledger::new(placement), broken: None }
    }

    /// The next record of the trail, and the entry that it is. Behind the first one that does not
    /// hold nothing is known any more.
    pub fn take(&mut self, record: &Record, entry: &Result<Entry<'_>, String>) {
        if self.broken.is_some() {
            return;
        }
        let taken = match entry {
            Ok(entry) => replay(&mut self.ledger, entry, record.leaf),
            Err(detail) => {
                let detail = format!("the record at offset {} is no entry: {detail}", record.offset);
                Err(Halt::new(HaltCode::AuditUnreadable, detail))
            }
        };
        self.broken = taken.err();
    }

    /// The ledger behind the last entry that was taken.
    ///
    /// # Errors
    /// Why the trail does not hold so far.
    pub fn ledger(&self) -> Result<&Ledger, &Halt> {
        self.broken.as_ref().map_or(Ok(&self.ledger), Err)
    }
}
