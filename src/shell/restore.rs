//! Rebuilding a ledger from `audit[p]`.
//!
//! Whoever restores holds the lane's fence, so that the trail does not grow meanwhile.

use rdkafka::message::{BorrowedMessage, Message};

use super::trail::{Probe, ReadError};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ids::Digest;
use crate::core::ledger::Ledger;
use crate::core::replay::replay;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// Takes in every entry of `audit[p]` from offset `next` on, and moves `next` behind it. `each` is
/// told after each entry, with the next offset, and may end it there.
///
/// # Errors
/// The halt that an entry is refused with; what `each` ends it for; Kafka's, after which it can be
/// gone on with from `next`.
pub fn restore<E: From<Halt>>(
    probe: &Probe,
    audit: &str,
    schemas: &Schemas,
    ledger: &mut Ledger,
    next: &mut i64,
    mut each: impl FnMut(&Ledger, i64) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let (partition, from) = (ledger.placement().partition, *next);
    let mut again = Again { known: ledger.settled_head().next_seq, last: None };
    probe.read_to_end((audit, partition), from, |message| {
        take_in(schemas, ledger, &mut again, message)?;
        *next = message.offset() + 1;
        each(ledger, *next)
    })?;
    again.end().map_err(|halt| ReadError::Refused(halt.into()))
}

/// Entries of this lane's own that are read again. They go on without a gap to the last one that it
/// settled: anything else was written beside it, and is a fork.
struct Again {
    /// How many entries were settled before this reading.
    known: u64,
    /// The last one that was read again.
    last: Option<u64>,
}

impl Again {
    fn take(&mut self, seq: u64, next_seq: u64) -> Result<(), Halt> {
        if next_seq != self.known || self.last.is_some_and(|last| seq != last + 1) {
            return Err(fork(seq));
        }
        self.last = Some(seq);
        Ok(())
    }

    fn end(&self) -> Result<(), Halt> {
        self.last.filter(|last| last + 1 != self.known).map_or(Ok(()), |last| Err(fork(last)))
    }
}

fn fork(seq: u64) -> Halt {
    Halt::new(HaltCode::ChainBroken, format!("entry {seq} stands again, behind later ones: the trail forks"))
}

/// Takes in the next entry of the trail, or knows it already.
fn take_in(
    schemas: &Schemas,
    ledger: &mut Ledger,
    again: &mut Again,
    message: &BorrowedMessage<'_>,
) -> Result<(), Halt> {
    let offset = message.offset();
    let unreadable = |detail: String| {
        Halt::new(HaltCode::AuditUnreadable, format!("the record at offset {offset} is no entry: {detail}"))
    };
    let value = message.payload().ok_or_else(|| unreadable("it has no value".to_owned()))?;
    let body =
        schemas.open(RecordType::Entry, value).map_err(|malformed| unreadable(malformed.to_string()))?;
    let entry = wire::entry::decode(&body).map_err(|malformed| unreadable(malformed.to_string()))?;
    if message.key() != Some(&entry.seq.to_be_bytes()) {
        return Err(unreadable(format!("its key is not its number, {}", entry.seq)));
    }
    let (leaf, head) = (Digest::leaf(value), ledger.settled_head());
    if entry.seq >= head.next_seq {
        return replay(ledger, &entry, leaf);
    }
    again.take(entry.seq, head.next_seq)?;
    // The last one must be the very one that was settled.
    if entry.seq + 1 == head.next_seq && leaf != head.link {
        let detail = format!("entry {} is not the one that this lane committed", entry.seq);
        return Err(Halt::new(HaltCode::ChainBroken, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether these entries may be read again by a lane that has settled 10, after `new` new ones.
    fn may_stand_again(numbers: &[u64], new: u64) -> bool {
        let mut again = Again { known: 10, last: None };
        numbers.iter().all(|seq| again.take(*seq, 10 + new).is_ok()) && again.end().is_ok()
    }

    #[test]
    fn only_the_last_batch_of_a_lane_may_be_read_again() {
        assert!(may_stand_again(&[], 0));
        assert!(may_stand_again(&[9], 0));
        assert!(may_stand_again(&[7, 8, 9], 0));
        for (numbers, new) in
            [(&[3][..], 0), (&[7, 8], 0), (&[7, 9], 0), (&[9, 8], 0), (&[9, 9], 0), (&[9], 1)]
        {
            assert!(!may_stand_again(numbers, new), "{numbers:?} after {new} new");
        }
    }
}
