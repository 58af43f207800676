//! One Kafka transaction: orders, entries, quarantined values and offsets, all or nothing.
//!
//! The batch is settled here and nowhere else, right after the commit returned OK (`G3`). Every
//! other way out drops it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders, ToBytes};
use rdkafka::producer::{BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::config::Config;
use super::failure::{Failure, failure};
use super::metrics::Metrics;
use super::metrics::laps::{Laps, Phase};
use super::metrics::tally::Tally;
use super::outcome::{Step, is_retriable, outcome};
use super::sink::{Producer, Sink};
use super::{clock, librdkafka};
use crate::core::batch::Batch;
use crate::core::decide::Arrival;
use crate::core::entry::{Body, Cursors, Entry, Opening, Recovery, Ruling};
use crate::core::ids::Digest;
use crate::core::lane::{Outcome, Slot};
use crate::core::ledger::Ledger;
use crate::core::ledger::hash::ledger_hash;
use crate::core::ledger::owed::Owing;
use crate::core::proof::Topology;
use crate::core::settings::RULES_VERSION;
use crate::wire;

/// A commit that takes longer leaves a doubt behind, even when it returns OK.
const SLOW_COMMIT: Duration = Duration::from_millis(500);
/// How long a full queue is given to send some of what it holds.
const QUEUE_WAIT: Duration = Duration::from_millis(1);
/// How much of a value that could not be read is kept.
const QUARANTINED_BYTES_MAX: usize = 64 * 1024;

/// Where a lane's transactions go.
pub struct Destination<'t> {
    /// Names and limits.
    pub config: &'t Config,
    /// The lane's partition number.
    pub partition: i32,
    /// Partitions of `quarantine`.
    pub quarantine_partitions: i32,
    /// An offset that the trail has reached: nothing that is appended can lie before it.
    pub audit_from: i64,
    /// Where a batch that has committed counts; `None` where nobody looks.
    pub metrics: Option<&'t Metrics>,
}

/// An open transaction over an open batch.
pub struct Transaction<'t> {
    batch: Batch<'t, 't>,
    producer: &'t Arc<Producer>,
    sink: &'t Sink,
    to: &'t Destination<'t>,
    began: Instant,
    value: Vec<u8>,
    /// What this batch counts, if it commits.
    tally: Tally,
    laps: Laps,
}

impl<'t> Transaction<'t> {
    /// Begins.
    ///
    /// # Errors
    /// The outcome, when it has ended before it began.
    pub fn begin(
        batch: Batch<'t, 't>,
        sink: &'t Sink,
        slot: Slot,
        to: &'t Destination<'t>,
    ) -> Result<Self, Outcome> {
        let mut transaction = Self {
            batch,
            producer: sink.producer(slot),
            sink,
            to,
            began: Instant::now(),
            value: Vec::with_capacity(1024),
            tally: Tally::default(),
            laps: Laps::start(),
        };
        sink.begin();
        transaction.written(transaction.producer.begin_transaction())?;
        transaction.laps = Laps::start();
        Ok(transaction)
    }

    /// Decides an arrival, and writes its entry, its order, its quarantined value.
    ///
    /// # Errors
    /// The outcome, when a record cannot be written.
    pub fn answer<'e, 'a: 'e>(&mut self, arrival: &Arrival<'a>) -> Result<Entry<'e>, Outcome>
    where
        't: 'e,
    {
        let entry = self.batch.take(arrival);
        self.laps.lap(Phase::Decide);
        self.tally.entry(&entry);
        self.write_entry(&entry)?;
        self.write_order(&entry)?;
        if let Some((reason, detail)) = quarantined(&entry) {
            self.write_quarantined(arrival, reason, detail)?;
            self.tally.quarantine(reason);
        }
        self.laps.lap(Phase::Produce);
        Ok(entry)
    }

    /// The next cancel that a command owes, the batch so far included.
    pub fn next_owed(&self) -> Option<Owing> {
        self.batch.next_owed()
    }

    /// Publishes an owed cancel, that of [`Transaction::next_owed`]: its entry and its order.
    ///
    /// # Errors
    /// As [`Transaction::answer`].
    pub fn cancel_owed(&mut self, owing: &Owing) -> Result<(), Outcome> {
        let entry = self.batch.take_owed(owing);
        self.laps.lap(Phase::Decide);
        self.tally.entry(&entry);
        self.write_entry(&entry)?;
        self.write_order(&entry)?;
        self.laps.lap(Phase::Produce);
        Ok(())
    }

    /// A record has been taken from its queue.
    pub fn fetched(&mut self) {
        self.laps.lap(Phase::Fetch);
    }

    /// Writes the opening of the lane, with its inputs at these cursors.
    ///
    /// # Errors
    /// As [`Transaction::answer`].
    pub fn open_lane(&mut self, opening: Opening<'_>, cursors: Cursors) -> Result<(), Outcome> {
        let entry = self.batch.open_lane_at(opening, cursors);
        self.tally.entry(&entry);
        self.write_entry(&entry)
    }

    /// Writes that an operator led the lane past a halt, to go on at these cursors.
    ///
    /// # Errors
    /// As [`Transaction::answer`].
    pub fn recover(&mut self, recovery: Recovery<'_>, cursors: Cursors) -> Result<(), Outcome> {
        let entry = self.batch.recover(recovery, cursors);
        self.write_entry(&entry)
    }

    /// Commits, with the offsets after the last answered record of each input.
    ///
    /// Nothing is written any more when this is called, so the offsets overlap with the delivery.
    pub fn commit(mut self, group: ConsumerGroupMetadata) -> Outcome {
        self.laps.lap(Phase::Fetch);
        if let Err(outcome) = tracing::trace_span!("offsets").in_scope(|| self.send_offsets(group)) {
            return outcome;
        }
        self.laps.lap(Phase::Offsets);
        let flush = || librdkafka::flush(self.producer.client(), self.patience());
        if let Err(error) = tracing::trace_span!("flush").in_scope(flush) {
            return self.ended(&error, Step::Writing);
        }
        self.laps.lap(Phase::Flush);
        if let Some(low) = self.sink.watch().audit_low().filter(|low| *low < self.to.audit_from) {
            let (partition, known) = (self.to.partition, self.to.audit_from);
            tracing::error!(
                partition,
                low,
                known,
                "entries were appended before the end of the trail: it was cut"
            );
            return Outcome::Aborted;
        }
        let committing = tracing::trace_span!("commit").entered();
        loop {
            match self.producer.commit_transaction(self.patience()) {
                Ok(()) => break,
                Err(error) if is_retriable(&error) && !self.is_overdue() => continue,
                Err(error) => return self.ended(&error, Step::Committing),
            }
        }
        drop(committing);
        let (took, disturbed) = (self.laps.lap(Phase::Commit), self.sink.is_disturbed());
        let in_doubt = took > SLOW_COMMIT || disturbed;
        if in_doubt {
            let (partition, commit_ms) = (self.to.partition, took.as_millis());
            tracing::info!(
                partition,
                commit_ms,
                disturbed,
                "committed, but slowly or disturbed: producers are replaced"
            );
        }
        self.batch.settle();
        if let Some(metrics) = self.to.metrics {
            metrics.committed(&self.tally, &self.laps, clock::now());
        }
        if in_doubt { Outcome::CommittedInDoubt } else { Outcome::Committed }
    }

    fn send_offsets(&self, group: ConsumerGroupMetadata) -> Result<(), Outcome> {
        let (topics, cursors) = (&self.to.config.topics, self.batch.ledger().head().cursors);
        let mut offsets = TopicPartitionList::new();
        for (topic, next) in [(&topics.intents, cursors.intents), (&topics.executions, cursors.executions)] {
            let added = offsets.add_partition_offset(topic, self.to.partition, Offset::Offset(next));
            self.written(added)?;
        }
        self.written(self.sink.courier().send(self.producer, offsets, group, self.patience()))
    }

    fn write_entry(&mut self, entry: &Entry<'_>) -> Result<(), Outcome> {
        self.value.clear();
        wire::entry::encode(entry, &mut self.value);
        self.batch.link(Digest::leaf(&self.value));
        let key = entry.seq.to_be_bytes();
        self.send(&self.to.config.topics.audit, self.to.partition, &key)
    }

    fn write_order(&mut self, entry: &Entry<'_>) -> Result<(), Outcome> {
        let Some(order) = self.batch.order(entry) else { return Ok(()) };
        self.value.clear();
        wire::order::encode(&order, &mut self.value);
        self.tally.order(order.command);
        self.send(&self.to.config.topics.orders, self.to.partition, order.account_id.as_str().as_bytes())
    }

    fn send(&self, topic: &str, partition: i32, key: &[u8]) -> Result<(), Outcome> {
        self.deliver(BaseRecord::to(topic).partition(partition).key(key).payload(&self.value))
    }

    fn deliver<K: ToBytes + ?Sized, P: ToBytes + ?Sized>(
        &self,
        mut record: BaseRecord<'_, K, P>,
    ) -> Result<(), Outcome> {
        loop {
            match self.producer.send(record) {
                Err((error, again)) if is_full(&error) && !self.is_overdue() => record = again,
                Err((error, record)) => return self.written(Err(self.unsent(error, &record))),
                Ok(()) => return Ok(()),
            }
            thread::sleep(QUEUE_WAIT);
        }
    }

    /// A record that the client itself finds too large is one that its topic may not take either.
    fn unsent<K: ToBytes + ?Sized, P: ToBytes + ?Sized>(
        &self,
        error: KafkaError,
        record: &BaseRecord<'_, K, P>,
    ) -> KafkaError {
        if error.rdkafka_error_code().and_then(failure) == Some(Failure::Oversized) {
            let length = |part: Option<usize>| part.unwrap_or_default();
            let key = length(record.key.map(|key| key.to_bytes().len()));
            let value = length(record.payload.map(|value| value.to_bytes().len()));
            self.sink.watch().refuse_size(record.topic, key + value);
        }
        error
    }

    fn write_quarantined(&self, arrival: &Arrival<'_>, reason: &str, detail: &str) -> Result<(), Outcome> {
        let (input, value) = (&arrival.input, arrival.value.unwrap_or_default());
        let origin = format!("{}/{}/{}", input.topic, input.partition, input.offset);
        let kept = &value[..value.len().min(QUARANTINED_BYTES_MAX)];
        let (sha256, length) = (Digest::of(value).to_string(), value.len().to_string());
        let headers = OwnedHeaders::new()
            .insert(Header { key: "reason", value: Some(reason) })
            .insert(Header { key: "detail", value: Some(detail) })
            .insert(Header { key: "sha256", value: Some(&sha256) })
            .insert(Header { key: "length", value: Some(&length) })
            .insert(Header { key: "key", value: arrival.key });
        let mut record = BaseRecord::to(&self.to.config.topics.quarantine)
            .partition(self.to.partition % self.to.quarantine_partitions)
            .key(&origin)
            .headers(headers);
        if arrival.value.is_some() {
            record = record.payload(kept);
        }
        self.deliver(record)
    }

    fn written<T>(&self, result: KafkaResult<T>) -> Result<T, Outcome> {
        result.map_err(|error| self.ended(&error, Step::Writing))
    }

    fn ended(&self, error: &KafkaError, step: Step) -> Outcome {
        let fatal = self.producer.client().fatal_error().map(|(code, _)| code);
        let outcome = outcome(error, fatal, step, self.is_overdue());
        if let Some(metrics) = self.to.metrics {
            metrics.kafka.failed(step.into(), error);
        }
        let (partition, head) = (self.to.partition, self.batch.ledger().head());
        let (seq, Cursors { intents, executions, .. }) = (head.next_seq, head.cursors);
        tracing::warn!(partition, seq, intents, executions, ?step, ?outcome, "transaction: {error}");
        outcome
    }

    fn patience(&self) -> Duration {
        let allowed = Duration::from_millis(self.to.config.transaction_timeout_ms.into());
        // A call with no time left would not even be tried.
        allowed.saturating_sub(self.began.elapsed()).max(Duration::from_millis(100))
    }

    fn is_overdue(&self) -> bool {
        self.began.elapsed() >= Duration::from_millis(self.to.config.transaction_timeout_ms.into())
    }
}

/// What an opening of this ledger records.
pub fn opening(config: &Config, topology: &Topology, ledger: &Ledger) -> Opening<'static> {
    let owned = |map: BTreeMap<String, String>| {
        map.into_iter().map(|(name, value)| (Cow::Owned(name), Cow::Owned(value))).collect()
    };
    Opening {
        router_id: Cow::Owned(config.router_id.clone()),
        version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
        rules_version: RULES_VERSION,
        group: Cow::Owned(config.group.clone()),
        partition_count: ledger.placement().count,
        topic_ids: owned(topology.topic_ids.clone()),
        settings: owned(config.decide.to_map()),
        ledger_hash: ledger_hash(ledger),
    }
}

/// Whether the producer has no room now. What it has is on its way: a first opening writes an entry for
/// each control record there ever was.
fn is_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}

/// Why a value is kept for people, if it is.
fn quarantined<'e>(entry: &'e Entry<'_>) -> Option<(&'static str, &'e str)> {
    use crate::core::entry::Anomaly::{AccountMismatch, ExecutionUnapplied};
    match &entry.body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Malformed { detail, .. } => {
                Some((crate::core::verdict::Reason::MalformedIntent.name(), detail))
            }
            _ => None,
        },
        Body::Execution(taken) => match (taken.anomaly, &taken.report) {
            (Some(anomaly @ (ExecutionUnapplied | AccountMismatch)), report) => {
                let detail = match report {
                    Err(unreadable) => &*unreadable.detail,
                    Ok(_) => taken.detail.as_deref().unwrap_or(anomaly.name()),
                };
                Some((anomaly.name(), detail))
            }
            _ => None,
        },
        _ => None,
    }
}
