//! Rebuilding a ledger from its trail, by the entry or by the piece. Start at [`Reading`].

use super::entry::{Body, Entry};
use super::halt::{Halt, HaltCode};
use super::ids::Digest;
use super::ledger::Ledger;
use super::settings::RULES_VERSION;

/// Takes in the next entry of a committed trail. `leaf` is the leaf hash of its bytes.
///
/// An opening by the same rules recorded the ledger's hash: from there on, that the replay gives
/// the same ledger is not believed but seen (`G7`).
///
/// # Errors
/// `CHAIN_BROKEN` or `STATE_DIVERGED`; the ledger then stands before the entry.
pub fn replay(ledger: &mut Ledger, entry: &Entry<'_>, leaf: Digest) -> Result<(), Halt> {
    if let Err(halt) = ledger.follow(entry, leaf) {
        ledger.discard();
        return Err(halt);
    }
    if let Body::LaneOpened(opening) = &entry.body
        && opening.rules_version == RULES_VERSION
    {
        // The opening itself changes nothing that the hash covers.
        let rebuilt = ledger.hash();
        if rebuilt != opening.ledger_hash {
            ledger.discard();
            let detail = format!(
                "entry {} recorded the ledger as {}, the entries before it rebuild {rebuilt}",
                entry.seq, opening.ledger_hash
            );
            return Err(Halt::new(HaltCode::StateDiverged, detail));
        }
    }
    ledger.settle();
    Ok(())
}

/// One reading of a trail, from some entry on to its end, into a ledger that may know its beginning.
///
/// Entries that the ledger has settled come again when a lane reads its own tail. They must go on
/// without a gap to the last one that it settled: anything else was written beside it, and is a fork.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How many entries were settled before this reading.
    known: u64,
    /// The last one that was read again.
    last: Option<u64>,
    /// Whether the last of them must come again: the ledger was kept elsewhere meanwhile.
    is_kept: bool,
}

impl Reading {
    /// A reading into this ledger that has not begun.
    pub const fn begin(ledger: &Ledger) -> Self {
        Self { known: ledger.settled_head().next_seq, last: None, is_kept: false }
    }

    /// The same, into a ledger that was kept while nobody held the fence: its last entry must be in the
    /// trail still, and the reading begins there or before. Nothing new is taken in before it has come.
    pub const fn of_kept(ledger: &Ledger) -> Self {
        Self { is_kept: true, ..Self::begin(ledger) }
    }

    /// Takes in the next entry of the trail, or knows it already. `leaf` is the leaf hash of its bytes.
    ///
    /// # Errors
    /// As [`replay`]; `CHAIN_BROKEN` for an entry that stands where none of this lane's own can.
    pub fn take(&mut self, ledger: &mut Ledger, entry: &Entry<'_>, leaf: Digest) -> Result<(), Halt> {
        if self.is_new(ledger, entry, leaf)? { replay(ledger, entry, leaf) } else { Ok(()) }
    }

    /// Takes in entries that stand one behind the other: as [`take`](Self::take) does each of them, but settled
    /// together, which costs less. How many were taken in, and why no more. Nothing may be staged before.
    pub fn take_all(
        &mut self,
        ledger: &mut Ledger,
        entries: &[(Entry<'_>, Digest)],
    ) -> (usize, Result<(), Halt>) {
        let before = self.clone();
        // The hash that an opening recorded is of a ledger with nothing staged.
        let has_opening = entries.iter().any(|(entry, _)| matches!(entry.body, Body::LaneOpened(_)));
        if !has_opening && self.stage_all(ledger, entries).is_ok() {
            ledger.settle();
            return (entries.len(), Ok(()));
        }
        ledger.discard();
        *self = before;
        for (place, (entry, leaf)) in entries.iter().enumerate() {
            if let Err(halt) = self.take(ledger, entry, *leaf) {
                return (place, Err(halt));
            }
        }
        (entries.len(), Ok(()))
    }

    fn stage_all(&mut self, ledger: &mut Ledger, entries: &[(Entry<'_>, Digest)]) -> Result<(), Halt> {
        for (entry, leaf) in entries {
            if self.is_new(ledger, entry, *leaf)? {
                ledger.follow(entry, *leaf)?;
            }
        }
        Ok(())
    }

    /// Whether the ledger does not know the entry yet.
    fn is_new(&mut self, ledger: &Ledger, entry: &Entry<'_>, leaf: Digest) -> Result<bool, Halt> {
        let head = ledger.head();
        if entry.seq >= head.next_seq {
            // What a kept ledger goes on with is behind its last entry, and nothing is taken in before that.
            return self.meets().map(|()| true);
        }
        self.again(entry.seq, head.next_seq)?;
        // The last one must be the very one that was settled.
        if entry.seq + 1 == head.next_seq && leaf != head.link {
            let detail = format!("entry {} is not the one that this lane committed", entry.seq);
            return Err(Halt::new(HaltCode::ChainBroken, detail));
        }
        Ok(false)
    }

    fn again(&mut self, seq: u64, next_seq: u64) -> Result<(), Halt> {
        if next_seq != self.known || self.last.is_some_and(|last| seq != last + 1) {
            return Err(fork(seq));
        }
        self.last = Some(seq);
        Ok(())
    }

    /// Of a kept ledger the last entry has come again. One that goes on from there is linked to it.
    fn meets(&self) -> Result<(), Halt> {
        if self.is_kept && self.last.is_none_or(|last| last + 1 != self.known) {
            let detail = format!("entry {} was kept, but the trail does not hold it", self.known - 1);
            return Err(Halt::new(HaltCode::ChainBroken, detail));
        }
        Ok(())
    }

    /// The trail is read to its end.
    ///
    /// # Errors
    /// `CHAIN_BROKEN` when entries came again, but not up to the last that was settled; of a kept ledger
    /// also when that did not come at all.
    pub fn end(&self) -> Result<(), Halt> {
        self.meets()?;
        self.last.filter(|last| last + 1 != self.known).map_or(Ok(()), |last| Err(fork(last)))
    }
}

fn fork(seq: u64) -> Halt {
    Halt::new(HaltCode::ChainBroken, format!("entry {seq} stands again, behind later ones: the trail forks"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether these entries may be read again by a lane that has settled 10, after `new` new ones.
    fn may_stand_again(numbers: &[u64], new: u64) -> bool {
        let mut reading = Reading { known: 10, last: None, is_kept: false };
        numbers.iter().all(|seq| reading.again(*seq, 10 + new).is_ok()) && reading.end().is_ok()
    }

    #[test]
    fn a_kept_ledger_is_held_against_its_last_entry() {
        let mut reading = Reading { known: 10, last: None, is_kept: true };
        assert!(reading.end().is_err() && reading.meets().is_err());
        assert!(reading.again(8, 10).is_ok() && reading.meets().is_err());
        assert!(reading.again(9, 10).is_ok() && reading.meets().is_ok() && reading.end().is_ok());
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
