//! One Kafka transaction: orders, entries, quarantined values and offsets, all or nothing.
//!
//! The batch is settled here and nowhere else, right after the commit returned OK (`G3`). Every
//! other way out drops it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::clock;
use super::config::Config;
use super::courier::Sending;
use super::failure::{Failure, failure};
use super::librdkafka::{self, NotTaken, Outbox, TopicHandle};
use super::metrics::Metrics;
use super::metrics::laps::{Laps, Phase};
use super::metrics::tally::Tally;
use super::outcome::{Step, is_retriable, outcome};
use super::sink::{Line, Sink};
use super::watch::Watch;
use crate::core::batch::Batch;
use crate::core::decide::Arrival;
use crate::core::entry::{Body, Cursors, Entry, Opening, Recovery, Ruling};
use crate::core::ids::Digest;
use crate::core::lane::{Outcome, Slot};
use crate::core::ledger::Ledger;
use crate::core::ledger::owed::Owing;
use crate::core::proof::Topology;
use crate::core::settings::RULES_VERSION;
use crate::wire;
use crate::wire::schema::Encoding;

/// A commit that takes longer leaves a doubt behind, even when it returns OK.
const SLOW_COMMIT: Duration = Duration::from_millis(500);
/// Records that are handed over to librdkafka together: enough that its locks cost little for each, few
/// enough that it has something to send while the next ones are decided.
pub const SHIPPED_TOGETHER: usize = 64;
/// How long deliveries are waited for before it is looked whether the offsets have failed meanwhile. The call
/// returns as soon as all is delivered.
const FLUSH_SLICE: Duration = Duration::from_millis(50);
/// How long a full queue is given to send some of what it holds, before it is tried again.
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
    /// How orders are written.
    pub orders: Encoding,
    /// An offset that the trail has reached: nothing that is appended can lie before it.
    pub audit_from: i64,
    /// Where a batch that has committed counts; `None` where nobody looks.
    pub metrics: Option<&'t Metrics>,
}

/// An open transaction over an open batch.
pub struct Transaction<'t> {
    batch: Batch<'t, 't>,
    line: &'t Line,
    sink: &'t Sink,
    to: &'t Destination<'t>,
    began: Instant,
    /// Entries and orders that are written, and not handed over yet.
    entries: Outbox,
    orders: Outbox,
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
            line: sink.line(slot),
            sink,
            to,
            began: Instant::now(),
            entries: Outbox::default(),
            orders: Outbox::default(),
            tally: Tally::default(),
            laps: Laps::start(),
        };
        sink.begin();
        transaction.written(transaction.line.producer.begin_transaction())?;
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
        self.tally.entry(&entry);
        self.write(&entry)?;
        if let Some((reason, detail)) = quarantined(&entry) {
            self.write_quarantined(arrival, reason, detail)?;
            self.tally.quarantine(reason);
        }
        self.laps.lap(Phase::Decide);
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
        self.tally.entry(&entry);
        self.write(&entry)?;
        self.laps.lap(Phase::Decide);
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
        self.write(&entry)
    }

    /// Writes that an operator led the lane past a halt, to go on at these cursors.
    ///
    /// # Errors
    /// As [`Transaction::answer`].
    pub fn recover(&mut self, recovery: Recovery<'_>, cursors: Cursors) -> Result<(), Outcome> {
        let entry = self.batch.recover(recovery, cursors);
        self.write(&entry)
    }

    /// Commits, with the offsets after the last answered record of each input.
    ///
    /// Nothing is written any more when this is called, so that offsets and delivery overlap.
    pub fn commit(mut self, group: Arc<ConsumerGroupMetadata>) -> Outcome {
        self.laps.lap(Phase::Fetch);
        let shipped = self.ship();
        if let Err(outcome) = shipped.and_then(|()| self.deliver(group)) {
            return outcome;
        }
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
            match self.line.producer.commit_transaction(self.patience()) {
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

    /// Sends the offsets, and meanwhile what was shipped: a linger would hold that back until the offsets are
    /// sent, and the one would wait for the other.
    ///
    /// OK means that the offsets were taken and that no record is left, not that each was delivered: one that
    /// failed makes librdkafka refuse the commit, and tells [`Watch`] why.
    fn deliver(&mut self, group: Arc<ConsumerGroupMetadata>) -> Result<(), Outcome> {
        let mut sending = self.send_offsets(group)?;
        tracing::trace_span!("flush").in_scope(|| self.flush(&mut sending))?;
        self.laps.lap(Phase::Flush);
        let sent = tracing::trace_span!("offsets").in_scope(|| sending.wait());
        self.laps.lap(Phase::Offsets);
        self.written(sent)
    }

    /// Waits until no record is left, or until the offsets have failed: a transaction that can no longer
    /// commit may deliver nothing more, and its offsets say why.
    fn flush(&self, sending: &mut Sending) -> Result<(), Outcome> {
        loop {
            match librdkafka::flush(self.line.producer.client(), FLUSH_SLICE) {
                Err(error) if self.is_overdue() => return self.written(Err(error)),
                Err(_) if !sending.has_failed() => {}
                Ok(()) | Err(_) => return Ok(()),
            }
        }
    }

    fn send_offsets(&self, group: Arc<ConsumerGroupMetadata>) -> Result<Sending, Outcome> {
        let (topics, cursors) = (&self.to.config.topics, self.batch.ledger().head().cursors);
        let mut offsets = TopicPartitionList::new();
        for (topic, next) in [(&topics.intents, cursors.intents), (&topics.executions, cursors.executions)] {
            let added = offsets.add_partition_offset(topic, self.to.partition, Offset::Offset(next));
            self.written(added)?;
        }
        self.written(self.sink.courier().send(&self.line.producer, offsets, group, self.patience()))
    }

    /// Writes an entry, and the order that it publishes, if it publishes one.
    fn write(&mut self, entry: &Entry<'_>) -> Result<(), Outcome> {
        let key = entry.seq.to_be_bytes();
        let value = self.entries.put(&key, |out| wire::entry::encode(entry, out));
        self.batch.link(Digest::leaf(value));
        if let Some(order) = self.batch.order(entry) {
            self.tally.order(order.command);
            self.orders.put(order.account_id.as_str().as_bytes(), |out| {
                wire::order::encode_as(&order, self.to.orders, out);
            });
        }
        if self.entries.len() < SHIPPED_TOGETHER {
            return Ok(());
        }
        self.laps.lap(Phase::Decide);
        self.ship()
    }

    /// Hands over what is written. What was not taken stays in its box, so that nothing commits without it.
    fn ship(&mut self) -> Result<(), Outcome> {
        let (mut entries, mut orders) = (mem::take(&mut self.entries), mem::take(&mut self.orders));
        let shipped = self
            .hand_over(&self.line.audit, &mut entries)
            .and_then(|()| self.hand_over(&self.line.orders, &mut orders));
        (self.entries, self.orders) = (entries, orders);
        self.laps.lap(Phase::Produce);
        shipped
    }

    fn hand_over(&self, topic: &TopicHandle<Watch>, outbox: &mut Outbox) -> Result<(), Outcome> {
        loop {
            match topic.send(self.to.partition, outbox) {
                Ok(()) => return Ok(()),
                Err(NotTaken { error, .. }) if is_full(&error) && !self.is_overdue() => self.make_room(),
                Err(NotTaken { error, bytes }) => {
                    self.not_taken(&error, topic.name(), bytes);
                    return self.written(Err(error));
                }
            }
        }
    }

    /// Lets a full queue send some of what it holds. A flush ends the linger, for which a queue that is smaller
    /// than a request would stand still otherwise.
    fn make_room(&self) {
        if librdkafka::flush(self.line.producer.client(), QUEUE_WAIT).is_ok() {
            // Empty, and yet too small: it is not asked without a pause.
            thread::sleep(QUEUE_WAIT);
        }
    }

    /// A record that the client itself finds too large is one that its topic may not take either.
    fn not_taken(&self, error: &KafkaError, topic: &str, bytes: usize) {
        if error.rdkafka_error_code().and_then(failure) == Some(Failure::Oversized) {
            self.sink.watch().refuse_size(topic, bytes);
        }
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
        let topic = &self.to.config.topics.quarantine;
        let mut record = BaseRecord::to(topic)
            .partition(self.to.partition % self.to.quarantine_partitions)
            .key(&origin)
            .headers(headers);
        if arrival.value.is_some() {
            record = record.payload(kept);
        }
        loop {
            match self.line.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, again)) if is_full(&error) && !self.is_overdue() => record = again,
                Err((error, _)) => {
                    self.not_taken(&error, topic, origin.len() + kept.len());
                    return self.written(Err(error));
                }
            }
            self.make_room();
        }
    }

    fn written<T>(&self, result: KafkaResult<T>) -> Result<T, Outcome> {
        result.map_err(|error| self.ended(&error, Step::Writing))
    }

    fn ended(&self, error: &KafkaError, step: Step) -> Outcome {
        let fatal = self.line.producer.client().fatal_error().map(|(code, _)| code);
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
        ledger_hash: ledger.hash(),
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
