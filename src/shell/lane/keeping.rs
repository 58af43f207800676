//! What is kept of a lane's ledger: on disk while it runs, in memory once it has ended.

use super::{Break, LaneThread};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ledger::Ledger;
use crate::core::replay::Reading;
use crate::shell::checkpoint::{Due, Place, kept::KeptLedger};
use crate::shell::topology;

/// How a ledger came to stand where it does, and from where on that can be checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The first offset that the trail held when it was read.
    begins: i64,
    /// An offset at or before the last settled entry, behind the one before the last transaction.
    offset: Option<i64>,
    /// Where the ledger was kept, while it has not been held against the trail.
    kept: Option<String>,
}

impl Origin {
    /// The ledger was kept there, and its last entry can be read from this offset on.
    fn of(begins: i64, offset: i64, place: String) -> Self {
        Self { begins, offset: Some(offset), kept: Some(place) }
    }

    /// The trail was taken in up to `next`, be that its end or not. What is found from now on is the trail's own
    /// fault: a kept ledger has gone on with it.
    pub(super) fn restored(&mut self, begins: i64, next: i64) {
        self.begins = begins;
        self.offset = Some((next - 1).max(begins));
        self.kept = None;
    }

    /// Where the last entry of a kept ledger can be read, while that has not gone on with the trail.
    pub(super) fn unmet(&self) -> Option<i64> {
        self.offset.filter(|_| self.kept.is_some())
    }

    /// A transaction has committed; the trail was known up to here before.
    pub(super) fn committed(&mut self, next: Option<i64>) {
        self.offset = next.map(|next| (next - 1).max(self.begins));
    }

    /// The trail must have its beginning still, once it was read.
    ///
    /// # Errors
    /// `CHAIN_BROKEN`: entries were erased.
    pub(super) fn still_begins(&self, begins: i64) -> Result<(), Halt> {
        if self.offset.is_none() || begins <= self.begins {
            return Ok(());
        }
        let detail = format!(
            "the trail began at offset {}, and begins at {begins} now: entries were erased",
            self.begins
        );
        Err(Halt::new(HaltCode::ChainBroken, detail))
    }

    /// How the trail is to be read on.
    pub(super) fn reading(&self, ledger: &Ledger) -> Reading {
        match self.kept {
            Some(_) => Reading::of_kept(ledger),
            None => Reading::begin(ledger),
        }
    }

    /// A halt, with the word that it was a kept ledger that the trail does not go on from.
    pub(super) fn of_kept(&self, halt: Halt) -> Halt {
        match &self.kept {
            Some(place) => Halt { detail: format!("{}; the ledger was kept {place}", halt.detail), ..halt },
            None => halt,
        }
    }
}

impl LaneThread {
    /// Takes the ledger that was kept of this lane, if there is one: in memory, or on disk.
    pub(super) fn take_kept(&mut self, begins: i64) -> Result<(), Break> {
        if let Some(KeptLedger { ledger, offset, .. }) =
            self.shared.kept.take(self.placement).filter(|kept| kept.begins == begins)
        {
            let (partition, seq) = (self.placement.partition, ledger.settled_head().next_seq);
            tracing::info!(partition, seq, "the lane's ledger was kept in memory");
            self.go_on_from(ledger, Origin::of(begins, offset, "in memory".to_owned()));
            return Ok(());
        }
        let Some(path) = self.shared.checkpoints.path(self.placement.partition).filter(|path| path.exists())
        else {
            return Ok(());
        };
        let topology = match self.shared.topologies.now() {
            Some(topology) => topology,
            None => self.patiently("say how the topics stand", |lane| topology::ask(&lane.shared))?.into(),
        };
        let topic = self.shared.config.topics.audit.clone();
        // Without an id nobody can tell the topic from another one of its name.
        let Some(topic_id) = topology.topic_ids.get(&topic).cloned() else { return Ok(()) };
        let place = self.place(topic, topic_id, begins);
        if let Some((stamp, ledger)) = self.shared.checkpoints.read(&place) {
            self.go_on_from(ledger, Origin::of(begins, stamp.offset, format!("at {}", path.display())));
        }
        Ok(())
    }

    fn go_on_from(&mut self, ledger: Ledger, origin: Origin) {
        self.ledger = ledger;
        self.trail_next = origin.offset;
        self.origin = origin;
    }

    /// Hands the ledger over to be written, when enough has come since it last was.
    pub(super) fn checkpoint(&self) {
        let seq = self.ledger.settled_head().next_seq;
        if self.shared.checkpoints.wants(self.placement.partition, seq) {
            self.hand_over();
        }
    }

    /// Keeps what a next owner of the lane in this process, or the next process, can go on from. That may be the
    /// beginning of a trail that was not read to its end; one that was refused on the way leaves nothing.
    pub(super) fn keep(&mut self) {
        let Some(offset) = self.origin.offset else { return };
        let seq = self.ledger.settled_head().next_seq;
        if seq == 0 || self.restored.is_err() {
            return;
        }
        // What was kept, and has not been held against the trail since, is no news for the disk.
        if self.origin.kept.is_none() && self.shared.checkpoints.wants_last(self.placement.partition, seq) {
            self.hand_over();
        }
        let ledger = std::mem::replace(&mut self.ledger, Ledger::new(self.placement));
        self.shared.kept.put(ledger, offset, self.origin.begins);
    }

    fn hand_over(&self) {
        let topic = self.shared.config.topics.audit.clone();
        // The trail that this lane was opened on.
        let topic_id = self.ledger.opened().and_then(|opened| opened.topic_ids.get(&topic)).cloned();
        let (Some(offset), Some(topic_id)) = (self.origin.offset, topic_id) else { return };
        let place = self.place(topic, topic_id, self.origin.begins);
        self.shared.checkpoints.hand_over(Due { frozen: self.ledger.freeze(), place, offset });
    }

    fn place(&self, topic: String, topic_id: String, begins: i64) -> Place {
        let (partition, count) = (self.placement.partition, self.placement.count);
        Place { partition, count, topic, topic_id, begins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_that_was_read_may_not_lose_its_beginning() {
        let mut origin = Origin::default();
        assert_eq!(origin.still_begins(5), Ok(()));
        origin.restored(5, 9);
        assert_eq!(origin.still_begins(5), Ok(()));
        assert_eq!(origin.still_begins(6).map_err(|halt| halt.code), Err(HaltCode::ChainBroken));
    }

    #[test]
    fn a_kept_ledger_is_read_from_its_last_entry_until_it_has_gone_on() {
        let mut origin = Origin::of(5, 9, "somewhere".to_owned());
        assert_eq!((origin.unmet(), origin.still_begins(5)), (Some(9), Ok(())));
        assert_eq!(origin.still_begins(6).map_err(|halt| halt.code), Err(HaltCode::ChainBroken));
        origin.restored(5, 12);
        assert_eq!(origin, Origin { begins: 5, offset: Some(11), kept: None });
        assert_eq!(origin.unmet(), None);
    }
}
