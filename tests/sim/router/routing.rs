//! Running: take a batch, decide it, commit it.

use std::rc::Rc;

use onefill::core::batch::Batch;
use onefill::core::lane::{Event, Slot};
use onefill::core::prices::PriceBook;
use onefill::wire::schema::Schemas;

use super::arrival;
use super::lane::{Break, Lane};
use super::mutant::Mutant;
use super::source::{Reach, Source};
use super::transaction::Transaction;
use crate::kafka::log::Record;
use crate::kafka::request::{Place, Topic};

impl Lane {
    /// One batch, or none when nothing waits.
    pub async fn route(&mut self, slot: Slot) -> Result<Event, Break> {
        self.heed()?;
        self.wait_for_clock().await?;
        self.source.stand_at(self.ledger.settled_head().cursors);
        self.source.fill().await.map_err(Break::Doubted)?;
        let owes = self.ledger.next_owed().is_some() && !self.process.is(Mutant::OwedForgotten);
        let first = self.source.take(if owes { Reach::Reports } else { Reach::Intents });
        if first.is_none() && !owes {
            self.source.rest().await;
            return Ok(Event::Idle);
        }
        let member = self.member.expect("a lane runs behind its opening");
        let slot = self.slot(slot).await?;
        let process = Rc::clone(&self.process);
        let now = process.clock();
        let prices = PriceBook::default();
        let sink = self.sink.as_mut().expect("a lane runs behind its fence");
        let batch = Batch::open(&mut self.ledger, &prices, now);
        let partition = self.placement.partition;
        let mut transaction = Transaction::begin(batch, &process, &mut sink.slots[slot.index()], partition);
        let mut taking = Taking { source: &mut self.source, left: process.setup.borrow().batch_max, first };
        fill(&mut transaction, &mut taking, &self.schemas, process.is(Mutant::OwedForgotten)).await;
        transaction.stand_ahead(self.source.positions());
        let outcome = transaction.commit((process.group, member)).await;
        let outcome = self.after_transaction(outcome);
        Ok(Event::Ended(outcome))
    }
}

/// A batch in the taking.
struct Taking<'s> {
    source: &'s mut Source,
    left: usize,
    first: Option<(Place, Record)>,
}

impl Taking<'_> {
    fn next(&mut self, reach: Reach) -> Option<(Place, Record)> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.left == 0 {
            return None;
        }
        let taken = self.source.take(reach);
        self.left -= usize::from(taken.is_some());
        taken
    }
}

/// Control and executions, then the cancels that are owed, and intents only when no more are.
async fn fill(
    transaction: &mut Transaction<'_>,
    taking: &mut Taking<'_>,
    schemas: &Schemas,
    forgets_owed: bool,
) {
    let reaches = if forgets_owed { Reach::Intents } else { Reach::Reports };
    if taking.first.as_ref().is_none_or(|((topic, _), _)| *topic != Topic::Intents) {
        answer(transaction, taking, schemas, reaches).await;
    }
    while let Some(owing) = transaction.next_owed().filter(|_| !forgets_owed) {
        if taking.left == 0 {
            return;
        }
        taking.left -= 1;
        transaction.cancel_owed(&owing);
    }
    answer(transaction, taking, schemas, Reach::Intents).await;
}

async fn answer(transaction: &mut Transaction<'_>, taking: &mut Taking<'_>, schemas: &Schemas, reach: Reach) {
    while transaction.failed().is_none()
        && let Some((place, record)) = taking.next(reach)
    {
        arrival::with(schemas, place, &record, |arrival| transaction.answer(arrival));
        transaction.linger().await;
    }
}
