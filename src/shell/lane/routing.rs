//! Running: take a batch, decide it, commit it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::message::{BorrowedMessage, Message as _};

use super::{Break, LaneThread, MEASURE_EVERY, Shared};
use crate::core::batch::Batch;
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::{Event, Outcome, Slot};
use crate::core::time::MILLISECOND;
use crate::shell::sink::Sink;
use crate::shell::source::{Reach, Taking};
use crate::shell::transaction::{Destination, Transaction};
use crate::shell::watch::Watch;
use crate::shell::{arrival, clock};
use crate::wire::schema::is_confluent;

/// How long an idle lane rests at most before it looks again.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// After so long without a transaction the brokers may have forgotten the transactional ids.
const IDS_EXPIRE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How far the clock may be behind the last entry for the lane to wait for it, in nanoseconds.
const CLOCK_BEHIND_MAX: i128 = 1_000 * MILLISECOND as i128;

impl LaneThread {
    /// One batch, or none when nothing waits.
    pub(super) fn route(&mut self, slot: Slot) -> Result<Event, Break> {
        if let Some(wish) = self.signal.wish() {
            return Err(Break::Told(wish));
        }
        self.wait_for_clock()?;
        let cursors = self.ledger.settled_head().cursors;
        let shared = Arc::clone(&self.shared);
        let stood =
            self.source.stand_at(&shared.config, self.placement.partition, cursors, &thread::current());
        if let Err(error) = stood {
            tracing::warn!(partition = self.placement.partition, "reader: {error}");
            return Ok(Event::Reopen);
        }
        self.see_topology()?;
        if self.last_commit.elapsed() > IDS_EXPIRE_AFTER || self.is_trail_held() {
            return Ok(Event::Reopen);
        }
        // Told too late for the transaction that it happened in, but not for the next one.
        if self.sink.as_ref().is_some_and(|sink| sink.watch().was_repeated()) {
            let partition = self.placement.partition;
            tracing::info!(partition, "a request was made again, or had no answer: producers are replaced");
            return Ok(Event::Disturbed);
        }
        match self.route_batch(slot)? {
            Routed::Batch(outcome) => Ok(Event::Ended(outcome)),
            Routed::Nothing => {
                self.measure(MEASURE_EVERY);
                thread::park_timeout(IDLE_WAIT);
                Ok(Event::Idle)
            }
            Routed::Lacking(id) => self.learn(id).map(|()| Event::Idle),
        }
    }

    /// Whether a transaction has stayed open on the trail for longer than any of this lane's own may: then
    /// nobody sees what it commits. An opening settles what is its own, and halts for what is not.
    fn is_trail_held(&self) -> bool {
        let held = self.shared.status.trail_held(self.placement.partition);
        held.is_some_and(|held| held > self.settling_max())
    }

    /// Looks at the topics when it has become known that they stand otherwise than before.
    fn see_topology(&mut self) -> Result<(), Halt> {
        let now = self.shared.topologies.now();
        let same = match (&now, &self.topology_seen) {
            (Some(now), Some(seen)) => Arc::ptr_eq(now, seen),
            (now, seen) => now.is_none() && seen.is_none(),
        };
        if same {
            return Ok(());
        }
        self.check_topology()?;
        self.topology_seen = now;
        Ok(())
    }

    fn route_batch(&mut self, slot: Slot) -> Result<Routed, Break> {
        // Before control is looked at: whatever could be read at this time is decided by.
        let now = clock::now();
        let takes_intents = self.may_take_intents();
        let shared = &self.shared;
        let config = &shared.config;
        let owes = self.ledger.next_owed().is_some();
        let mut taking = self.source.take(&config.batch, takes_intents);
        let reach = if owes { Reach::Reports } else { Reach::Intents };
        let mut first = taking.take_next(reach).map_err(Break::Doubted)?;
        let lacking = first.as_ref().and_then(|message| lacked(shared, message));
        if lacking.is_some() {
            first = None;
            taking.end();
        }
        match (&first, lacking) {
            (None, Some(id)) if !owes => return Ok(Routed::Lacking(id)),
            (None, None) if !owes => return Ok(Routed::Nothing),
            // What is owed waits for nobody's schema.
            _ => {}
        }
        let sink = self.sink.as_ref().expect("a lane runs behind its fence");
        let group = self.group.clone().expect("a lane runs behind its opening");
        let to = Destination {
            config,
            partition: self.placement.partition,
            quarantine_partitions: self.found.quarantine_partitions,
            orders: self.found.orders,
            audit_from: self.trail_next.unwrap_or_default(),
            metrics: Some(&shared.metrics),
        };
        let prices = shared.prices.book();
        let batch = Batch::open(&mut self.ledger, &prices, now);
        let seq = batch.ledger().head().next_seq;
        let _step = tracing::trace_span!("transaction", partition = to.partition, ?slot, seq).entered();
        shared.status.transaction_began(self.placement.partition);
        let routed = match Transaction::begin(batch, sink, slot, &to) {
            Ok(transaction) => answer_all(shared, transaction, first, taking, group),
            Err(outcome) => Ok(outcome),
        };
        // A record that cannot be read on the way leaves nothing committed.
        self.after_transaction(*routed.as_ref().unwrap_or(&Outcome::Aborted))?;
        Ok(Routed::Batch(routed.map_err(Break::Doubted)?))
    }

    /// Remembers how far the trail is known, and says so.
    ///
    /// # Errors
    /// `UNSAFE_TOPIC` for a record that its topic does not take: it would be refused for ever.
    pub(super) fn after_transaction(&mut self, outcome: Outcome) -> Result<(), Halt> {
        self.shared.metrics.ended(outcome);
        self.shared.status.transaction_ended(self.placement.partition, outcome.is_committed());
        let watch = self.sink.as_ref().map(Sink::watch);
        if !outcome.is_committed() {
            let oversized = watch.and_then(Watch::oversized);
            return oversized.map_or(Ok(()), |record| {
                let detail = format!("{record} was refused for its size: raise max.message.bytes there");
                Err(Halt::new(HaltCode::UnsafeTopic, detail))
            });
        }
        self.last_commit = Instant::now();
        self.origin.committed(self.trail_next);
        self.trail_next = self.trail_next.max(watch.map(Watch::audit_end));
        let head = self.ledger.settled_head();
        self.shared.status.stand(self.placement.partition, head.next_seq, head.cursors, head.decided_at);
        self.measure(MEASURE_EVERY);
        self.checkpoint();
        Ok(())
    }

    /// Times never decrease in a partition: a clock that is a little behind the last entry is waited
    /// for, one that is far behind is not to be trusted.
    pub(super) fn wait_for_clock(&self) -> Result<(), Break> {
        let last = self.ledger.settled_head().decided_at;
        loop {
            let behind = last.since(clock::now());
            if behind <= 0 {
                return Ok(());
            }
            if behind > CLOCK_BEHIND_MAX {
                let seconds = behind as f64 / 1e9;
                let detail = format!("the clock is {seconds:.3} s behind the last entry");
                return Err(Halt::new(HaltCode::ClockUnsafe, detail).into());
            }
            self.pause(Duration::from_millis(10));
            if let Some(wish) = self.signal.wish() {
                return Err(Break::Told(wish));
            }
        }
    }
}

/// Answers everything that is queued, and commits: control and executions, then the cancels that are
/// owed, and intents only when no more are.
fn answer_all<'s>(
    shared: &Shared,
    mut transaction: Transaction<'_>,
    first: Option<BorrowedMessage<'s>>,
    mut taking: Taking<'s>,
    group: Arc<ConsumerGroupMetadata>,
) -> Result<Outcome, Halt> {
    let deciding = tracing::trace_span!("decide").entered();
    let answered = answer(shared, &mut transaction, first, &mut taking, Reach::Reports)?;
    let answered = match answered.and_then(|()| cancel_owed(&mut transaction, &mut taking)) {
        Ok(Owed::Nothing) => {
            let next = taking.take_next(Reach::Intents)?;
            answer(shared, &mut transaction, next, &mut taking, Reach::Intents)?
        }
        Ok(Owed::More) => Ok(()),
        Err(outcome) => Err(outcome),
    };
    drop(deciding);
    Ok(answered.map_or_else(|outcome| outcome, |()| transaction.commit(group)))
}

/// Answers this record, and all further ones within reach.
fn answer<'s>(
    shared: &Shared,
    transaction: &mut Transaction<'_>,
    mut next: Option<BorrowedMessage<'s>>,
    taking: &mut Taking<'s>,
    reach: Reach,
) -> Result<Result<(), Outcome>, Halt> {
    while let Some(message) = next {
        if lacked(shared, &message).is_some() {
            taking.end();
            break;
        }
        transaction.fetched();
        let answered = arrival::with(&shared.config.topics, &shared.schemas, &message, |arrival| {
            transaction.answer(arrival).map(drop)
        });
        if let Err(outcome) = answered {
            return Ok(Err(outcome));
        }
        next = taking.take_next(reach)?;
    }
    Ok(Ok(()))
}

/// The schema id of a record for which the registry must be asked before the record is answered.
pub(super) fn lacked(shared: &Shared, message: &BorrowedMessage<'_>) -> Option<u32> {
    let value = message.payload().filter(|value| is_confluent(value))?;
    shared.schemas.lacks(value, clock::now())
}

/// What came of looking for a batch.
enum Routed {
    /// Nothing waits.
    Nothing,
    /// The next record cannot be read before the registry has said what this id stands for. It is read again then.
    Lacking(u32),
    /// A batch, which ended so.
    Batch(Outcome),
}

/// Whether cancels are left that a command owes.
enum Owed {
    Nothing,
    More,
}

/// Publishes the cancels that are owed, as many as there is room for.
fn cancel_owed(transaction: &mut Transaction<'_>, taking: &mut Taking<'_>) -> Result<Owed, Outcome> {
    while let Some(owing) = transaction.next_owed() {
        if !taking.make_room() {
            return Ok(Owed::More);
        }
        transaction.cancel_owed(&owing)?;
    }
    Ok(Owed::Nothing)
}
