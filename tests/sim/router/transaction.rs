//! One transaction: orders, entries, quarantined values and offsets, all or nothing.
//!
//! The batch is settled here and nowhere else, right after the commit returned OK.

use std::rc::Rc;

use onefill::core::batch::Batch;
use onefill::core::decide::Arrival;
use onefill::core::entry::{Anomaly, Body, Cursors, Entry, Opening, Ruling};
use onefill::core::ids::Digest;
use onefill::core::lane::Outcome;
use onefill::core::ledger::owed::Owing;
use onefill::wire;

use super::Process;
use super::mutant::Mutant;
use crate::client::producer::{Failure, Producer};
use crate::engine::{MS, Moment};
use crate::kafka::log::Payload;
use crate::kafka::request::{Code, Membership, Place, Topic};
use crate::kafka::{LANES, TRANSACTION_TIMEOUT};

/// A commit that takes longer leaves a doubt behind, even when it returns OK.
const SLOW_COMMIT: Moment = 500 * MS;

/// How far the transaction had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Writing,
    Committing,
}

pub struct Transaction<'t> {
    batch: Option<Batch<'t, 't>>,
    process: Rc<Process>,
    producer: &'t mut Producer,
    partition: i32,
    began: Moment,
    failed: Option<Outcome>,
    /// Where the reader stands, for a shell that commits that.
    positions: Option<(i64, i64)>,
}

impl<'t> Transaction<'t> {
    pub fn begin(
        batch: Batch<'t, 't>,
        process: &Rc<Process>,
        producer: &'t mut Producer,
        partition: i32,
    ) -> Self {
        let began = process.sim.now();
        let mut transaction = Self {
            batch: Some(batch),
            process: Rc::clone(process),
            producer,
            partition,
            began,
            failed: None,
            positions: None,
        };
        let begun = transaction.producer.begin();
        transaction.note(begun, Step::Writing);
        transaction
    }

    pub const fn stand_ahead(&mut self, positions: (i64, i64)) {
        self.positions = Some(positions);
    }

    fn batch(&mut self) -> &mut Batch<'t, 't> {
        self.batch.as_mut().expect("a batch is open until it is settled")
    }

    /// Decides an arrival, and writes its entry, its order, its quarantined value.
    pub fn answer(&mut self, arrival: &Arrival<'_>) {
        let entry = self.batch().take(arrival);
        self.write(&entry);
        if is_quarantined(&entry) {
            let key = format!("{}/{}/{}", arrival.input.topic, arrival.input.partition, arrival.input.offset);
            let payload = Payload { key: Some(key.as_bytes().into()), value: arrival.value.map(Rc::from) };
            self.send((Topic::Quarantine, self.partition % LANES), payload);
        }
    }

    pub fn next_owed(&self) -> Option<Owing> {
        self.batch.as_ref().and_then(Batch::next_owed)
    }

    pub fn cancel_owed(&mut self, owing: &Owing) {
        let entry = self.batch().take_owed(owing);
        self.write(&entry);
        self.process.sim.count("owed cancels");
    }

    pub fn open_lane(&mut self, opening: Opening<'_>) {
        let entry = self.batch().open_lane(opening);
        self.write(&entry);
    }

    fn write(&mut self, entry: &Entry<'_>) {
        let mut value = Vec::with_capacity(512);
        wire::entry::encode(entry, &mut value);
        self.batch().link(Digest::leaf(&value));
        let order = self.batch().order(entry).map(|order| {
            let mut value = Vec::with_capacity(256);
            wire::order::encode(&order, &mut value);
            Payload { key: Some(order.account_id.as_str().as_bytes().into()), value: Some(value.into()) }
        });
        let key: Rc<[u8]> = Rc::from(&entry.seq.to_be_bytes()[..]);
        let partition = self.partition;
        self.send((Topic::Audit, partition), Payload { key: Some(key), value: Some(value.into()) });
        if let Some(order) = order {
            self.send((Topic::Orders, partition), order);
        }
    }

    fn send(&mut self, place: Place, payload: Payload) {
        let sent = self.producer.send(place, payload);
        self.note(sent, Step::Writing);
    }

    /// What is queued may go out before the batch is complete.
    pub async fn linger(&mut self) {
        if self.failed.is_none() && self.process.sim.dice().chance(150) {
            let flushed = self.producer.flush(self.deadline()).await;
            self.note(flushed, Step::Writing);
        }
    }

    pub const fn failed(&self) -> Option<Outcome> {
        self.failed
    }

    /// Commits, with the offsets after the last answered record of each input.
    pub async fn commit(mut self, group: (&'static str, Membership)) -> Outcome {
        let process = Rc::clone(&self.process);
        if process.is(Mutant::SettledBeforeCommit)
            && let Some(batch) = self.batch.take()
        {
            batch.settle();
        }
        let step = self.deliver(group).await;
        process.hazard("before the commit").await;
        let asked = process.sim.now();
        if self.failed.is_none() && step {
            let deadline = self.deadline();
            process.endanger_commit();
            let committed = self.producer.commit(deadline).await;
            self.note(committed, Step::Committing);
        }
        process.hazard("after the commit").await;
        let took = process.sim.now() - asked;
        if self.failed == Some(Outcome::Unknown) && process.is(Mutant::UnknownIsCommitted) {
            self.failed = None;
        }
        if let Some(outcome) = self.failed {
            return outcome;
        }
        if let Some(batch) = self.batch.take() {
            batch.settle();
        }
        let in_doubt = took > SLOW_COMMIT && !process.is(Mutant::ProducersKept);
        if in_doubt { Outcome::CommittedInDoubt } else { Outcome::Committed }
    }

    /// Writes all that is queued, and the offsets: librdkafka sends both as it likes.
    async fn deliver(&mut self, group: (&'static str, Membership)) -> bool {
        let offsets_first = self.process.sim.dice().chance(500);
        if offsets_first {
            self.send_offsets(group).await;
            self.process.hazard("before the records").await;
        }
        if self.failed.is_none() {
            let flushed = self.producer.flush(self.deadline()).await;
            self.note(flushed, Step::Writing);
        }
        if !offsets_first && self.failed.is_none() {
            self.process.hazard("before the offsets").await;
            self.send_offsets(group).await;
        }
        self.failed.is_none()
    }

    async fn send_offsets(&mut self, (group, member): (&'static str, Membership)) {
        let offsets = self.offsets();
        if self.process.is(Mutant::OffsetsOutside) {
            let mut group = self.process.network.cluster.group_mut(group);
            offsets.iter().for_each(|(place, offset)| group.offsets_mut().put(*place, Some(*offset)));
            return;
        }
        let sent = self.producer.send_offsets((group, member), offsets, self.deadline()).await;
        self.note(sent, Step::Writing);
    }

    fn offsets(&self) -> Vec<(Place, i64)> {
        let cursors =
            self.batch.as_ref().map_or_else(Cursors::default, |batch| batch.ledger().head().cursors);
        let (intents, executions) = match self.positions {
            Some(ahead) if self.process.is(Mutant::OffsetsOfReader) => ahead,
            _ => (cursors.intents, cursors.executions),
        };
        vec![((Topic::Intents, self.partition), intents), ((Topic::Executions, self.partition), executions)]
    }

    /// One exhaustive place for what a failure means, as in the shell.
    fn note(&mut self, result: Result<(), Failure>, step: Step) {
        let Err(failure) = result else { return };
        let overdue = self.process.sim.now() - self.began >= TRANSACTION_TIMEOUT;
        let fenced = failure == Failure::Fatal(Code::Fenced);
        let refused = matches!(failure, Failure::MustAbort(_));
        let outcome = match (fenced, overdue, step) {
            (true, true, _) => Outcome::Unknown,
            (true, false, _) => Outcome::Fenced,
            (false, _, Step::Writing) => Outcome::Aborted,
            (false, _, Step::Committing) if refused => Outcome::Aborted,
            (false, _, Step::Committing) => Outcome::Unknown,
        };
        self.process.sim.say(&("failure", self.process.id, self.partition), &(failure, step));
        self.failed.get_or_insert(outcome);
    }

    fn deadline(&self) -> Moment {
        (self.began + TRANSACTION_TIMEOUT).max(self.process.sim.now() + 100 * MS)
    }
}

fn is_quarantined(entry: &Entry<'_>) -> bool {
    match &entry.body {
        Body::Decision(decision) => matches!(decision.ruling, Ruling::Malformed { .. }),
        Body::Execution(taken) => {
            matches!(taken.anomaly, Some(Anomaly::ExecutionUnapplied | Anomaly::AccountMismatch))
        }
        _ => false,
    }
}
