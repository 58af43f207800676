//! The opening: one transaction on slot 0 that every control record not yet in the trail goes into.

use std::rc::Rc;

use onefill::core::batch::Batch;
use onefill::core::entry::Opening;
use onefill::core::lane::{Event, Outcome, Slot};
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::prices::PriceBook;
use onefill::core::settings::RULES_VERSION;

use super::lane::{Break, Lane};
use super::mutant::Mutant;
use super::transaction::Transaction;
use super::{arrival, evidence};
use crate::engine::{MS, SECOND};
use crate::kafka::request::Topic;

/// How far the clock may be behind the last entry for the lane to wait for it, in nanoseconds.
const CLOCK_BEHIND_MAX: i128 = 1_000_000_000;

impl Lane {
    /// Writes the opening and every control record not yet in the trail.
    pub async fn open(&mut self) -> Result<Event, Break> {
        self.wait_for_clock().await?;
        let Some(member) = self.process.membership.get() else { return Ok(Event::Ended(Outcome::Aborted)) };
        self.member = Some(member);
        let place = (Topic::Control, 0);
        let mut cursor = self.ledger.settled_head().cursors.control;
        if self.process.is(Mutant::ControlCursorOfGroup) {
            cursor = cursor.max(self.process.board.control_read.get());
        }
        let slot = self.slot(Slot::Zero).await?;
        let opening = self.opening();
        // The end of control is read while the transaction is open, as the shell does.
        let mut reading = self.read_to_end(place, cursor).await?;
        let mut control = Vec::new();
        while let Some(records) = self.more(&mut reading, false).await? {
            control.extend(records);
        }
        let (process, partition) = (Rc::clone(&self.process), self.placement.partition);
        let now = process.clock();
        let prices = PriceBook::default();
        let sink = self.sink.as_mut().expect("a lane opens behind its fence");
        let batch = Batch::open(&mut self.ledger, &prices, now);
        let mut transaction = Transaction::begin(batch, &process, &mut sink.slots[slot.index()], partition);
        transaction.open_lane(opening);
        for record in &control {
            arrival::with(&self.schemas, place, record, |arrival| transaction.answer(arrival));
            transaction.linger().await;
        }
        let outcome = transaction.commit((process.group, member)).await;
        let outcome = self.after_transaction(outcome);
        if outcome.is_committed() {
            process.sim.count("openings");
        }
        Ok(Event::Ended(outcome))
    }

    fn opening(&self) -> Opening<'static> {
        let process = &self.process;
        let settings = process.setup.borrow().settings;
        let ids = self.topology.topic_ids.clone();
        Opening {
            router_id: format!("router-{}", process.id).into(),
            version: "simulated".into(),
            rules_version: RULES_VERSION,
            group: process.group.into(),
            partition_count: self.placement.count,
            topic_ids: ids.into_iter().map(|(name, id)| (name.into(), id.into())).collect(),
            settings: settings.to_map().into_iter().map(|(name, it)| (name.into(), it.into())).collect(),
            ledger_hash: ledger_hash(&self.ledger),
        }
    }

    /// Remembers how far the trail is known.
    pub fn after_transaction(&mut self, outcome: Outcome) -> Outcome {
        if !outcome.is_committed() {
            return outcome;
        }
        self.last_commit = self.process.sim.now();
        let read = &self.process.board.control_read;
        read.set(read.get().max(self.ledger.settled_head().cursors.control));
        let Some(sink) = &self.sink else { return outcome };
        self.trail_next = self.trail_next.max(Some(sink.audit_end()));
        if sink.is_disturbed() && !self.process.is(Mutant::ProducersKept) {
            return Outcome::CommittedInDoubt;
        }
        outcome
    }

    /// The producer of a slot is there; the slot that is really used.
    pub async fn slot(&mut self, slot: Slot) -> Result<Slot, Break> {
        if self.sink.is_none() {
            self.sink = Some(self.open_sink().await?);
        }
        let slot = if self.process.is(Mutant::OpensOnSlotOne) { slot.other() } else { slot };
        loop {
            let until = self.process.sim.now() + SECOND;
            let sink = self.sink.as_mut().expect("opened just now");
            if sink.slots[slot.index()].is_initialised() {
                break;
            }
            // A shell that fences one slot initialises the other when it needs it.
            let _ = sink.slots[slot.index()].init(until).await;
            self.heed()?;
        }
        Ok(slot)
    }

    /// Times never decrease in a partition.
    pub async fn wait_for_clock(&self) -> Result<(), Break> {
        let last = self.ledger.settled_head().decided_at;
        loop {
            let behind = last.since(self.process.clock());
            if behind <= 0 {
                return Ok(());
            }
            if behind > CLOCK_BEHIND_MAX {
                return Err(evidence::clock_unsafe(behind).into());
            }
            self.process.sim.count("waits for the clock");
            self.pause(10 * MS).await;
            self.heed()?;
        }
    }
}
