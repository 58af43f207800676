//! Reads `prices` from its beginning on: a thread and a connection for the whole process.
//!
//! It commits nothing and decides nothing. A topic that is not there, and brokers that do not answer,
//! are waited for; the prices held grow old meanwhile, and whoever needs one rejects.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::Dropped;
use super::aside::Aside;
use super::book::{Drafts, Quote};
use crate::core::proof::Extent;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::heartbeat::Weight;
use crate::shell::lane::Shared;
use crate::shell::trail::{Probe, is_final};
use crate::shell::worker::{Stop, Worker};
use crate::shell::{clock, librdkafka};
use crate::wire::price;
use crate::wire::schema::{RecordType, Schemas};

/// How long the thread waits for a record before it looks after its other duties.
const RECORD_WAIT: Duration = Duration::from_millis(50);
/// The same, while a lane waits for the end of what is there.
const ASKED_WAIT: Duration = Duration::from_millis(5);
/// How long further records are gathered: it bounds how old the first of them gets, and how often a
/// book is published, which at worst is copied whole each time.
const GATHER_MAX: Duration = Duration::from_millis(10);
/// How many records are published at once at most.
const GROUP_MAX: usize = 2_000;
/// How long one request may take: it also bounds how late the thread ends.
const REQUEST_MAX: Duration = Duration::from_secs(1);
/// How often it is asked whether the topic has got more partitions.
const LOOKED_EVERY: Duration = Duration::from_secs(10);
/// How often it is asked for while there are none.
const MISSED_EVERY: Duration = Duration::from_secs(1);
/// How often dropped records are logged, for each reason.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Reads for all lanes.
pub struct Reader {
    shared: Arc<Shared>,
    consumer: BaseConsumer<Logged>,
    /// Asks where the partitions end.
    probe: Probe,
    /// How many partitions are read: the first so many.
    assigned: i32,
    /// When the partitions were last asked for.
    looked: Option<Instant>,
    drafts: Drafts,
    goal: Option<Goal>,
    drops: Drops,
    aside: Aside,
}

/// What is to be read before a lane may decide.
struct Goal {
    /// The asking that it answers.
    asking: u64,
    ends: BTreeMap<i32, Extent>,
}

impl Reader {
    /// A reader that has not begun.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(shared: Arc<Shared>) -> KafkaResult<Self> {
        let consumer = client::reader(&shared.config, Isolation::Committed)?.create_with_context(Logged)?;
        let probe = Probe::with_patience(&shared.config, REQUEST_MAX)?;
        let (drafts, drops) = (Drafts::default(), Drops::default());
        let (goal, aside) = (None, Aside::default());
        Ok(Self { shared, consumer, probe, assigned: 0, looked: None, drafts, goal, drops, aside })
    }

    /// Begins to read.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(self) -> io::Result<Worker> {
        Worker::start("prices", move |stop| self.run(&stop))
    }

    fn run(mut self, stop: &Stop) {
        let heartbeat = self.shared.heartbeats.enter("prices", Weight::Vital);
        while !stop.is_set() {
            heartbeat.beat();
            self.look_for_partitions();
            self.take_group();
            self.drops.log(Instant::now());
            self.answer();
        }
    }

    /// Reads every partition that there is, new ones from their beginning.
    fn look_for_partitions(&mut self) {
        let pause = if self.assigned > 0 { LOOKED_EVERY } else { MISSED_EVERY };
        if self.looked.is_some_and(|looked| looked.elapsed() < pause) {
            return;
        }
        let first = self.looked.replace(Instant::now()).is_none();
        let assigned = self.partitions().and_then(|count| self.assign(count));
        let topic = &self.shared.config.topics.prices;
        match assigned {
            Ok(0) => {}
            Ok(added) => tracing::info!(topic, partitions = added, "prices are read"),
            Err(error) if first => tracing::warn!(topic, "no prices yet: {error}"),
            Err(error) => tracing::debug!(topic, "the partitions of prices: {error}"),
        }
    }

    fn partitions(&self) -> KafkaResult<i32> {
        let topic = &self.shared.config.topics.prices;
        let metadata = self.consumer.fetch_metadata(Some(topic), REQUEST_MAX)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let found = found.ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition))?;
        match found.error() {
            Some(error) => Err(KafkaError::MetadataFetch(error.into())),
            None => Ok(found.partitions().len() as i32),
        }
    }

    /// How many partitions were added.
    fn assign(&mut self, count: i32) -> KafkaResult<i32> {
        let mut added = TopicPartitionList::new();
        for partition in self.assigned..count {
            let topic = &self.shared.config.topics.prices;
            added.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        if added.count() > 0 {
            self.consumer.incremental_assign(&added)?;
            self.assigned = count;
        }
        Ok(added.count() as i32)
    }

    /// Takes what has come, up to a bound, and publishes it at once.
    fn take_group(&mut self) {
        let mut group = Vec::new();
        for record in self.aside.take_readable(&self.shared.schemas) {
            group.extend(self.drops.quote(&self.shared, &record));
        }
        let waits = self.shared.prices.asking().is_some();
        let mut event = self.consumer.poll(if waits { ASKED_WAIT } else { RECORD_WAIT });
        let until = Instant::now() + GATHER_MAX;
        while let Some(next) = event {
            match next {
                Ok(message) if self.aside.takes(&self.shared.schemas, &message) => {}
                Ok(message) => group.extend(self.drops.quote(&self.shared, &message)),
                Err(error) if is_final(&error) => {
                    tracing::warn!("prices are read again from their beginning: {error}");
                    self.begin_anew();
                    break;
                }
                Err(error) => tracing::debug!("prices: {error}"),
            }
            let left = until.saturating_duration_since(Instant::now());
            let full = group.len() >= GROUP_MAX || left.is_zero();
            event = if full { None } else { self.consumer.poll(left) };
        }
        if group.is_empty() {
            return;
        }
        for (quote, reason) in self.drafts.publish(&self.shared.prices, group) {
            let detail = format!("offset {} of partition {}", quote.offset, quote.partition);
            self.drops.add(&self.shared, reason, &detail);
        }
    }

    /// The next record is gone. Prices that were read before change nothing when they are read again.
    fn begin_anew(&mut self) {
        if let Err(error) = self.consumer.unassign() {
            tracing::warn!("prices: {error}");
        }
        (self.assigned, self.goal) = (0, None);
    }

    /// Answers lanes that wait until everything is read.
    fn answer(&mut self) {
        let Some(asking) = self.shared.prices.asking() else { return };
        if self.goal.as_ref().is_none_or(|goal| goal.asking != asking) {
            let ends = self.ends().inspect_err(|error| tracing::debug!("the end of prices: {error}"));
            self.goal = ends.ok().map(|ends| Goal { asking, ends });
        }
        if let Some(goal) = &self.goal
            && self.has_read(&goal.ends)
        {
            self.shared.prices.reach(goal.asking);
            self.goal = None;
        }
    }

    /// Where each partition ends now, open transactions counted.
    fn ends(&mut self) -> KafkaResult<BTreeMap<i32, Extent>> {
        let count = self.partitions()?;
        self.assign(count)?;
        let topic = &self.shared.config.topics.prices;
        (0..count).map(|partition| Ok((partition, self.probe.extent(topic, partition)?))).collect()
    }

    fn has_read(&self, ends: &BTreeMap<i32, Extent>) -> bool {
        let topic = &self.shared.config.topics.prices;
        let position = |partition| librdkafka::position(self.consumer.client(), topic, partition);
        ends.iter().all(|(partition, extent)| {
            extent.start >= extent.end || position(*partition).is_ok_and(|read| read >= extent.end)
        })
    }
}

/// A record as it goes into the book.
///
/// # Errors
/// Why it does not, and for people which record it is.
pub fn quote(schemas: &Schemas, message: &impl Message) -> Result<Quote, (Dropped, String)> {
    let (partition, offset, received) = (message.partition(), message.offset(), clock::now());
    let at = |what: String| format!("offset {offset} of partition {partition}: {what}");
    let unreadable = |what: String| (Dropped::Undecodable, at(what));
    let value = message.payload().ok_or_else(|| unreadable("it has no value".to_owned()))?;
    let opened = schemas.open(RecordType::ReferencePrice, value);
    let body = opened.map_err(|malformed| unreadable(malformed.to_string()))?;
    let price = price::decode(&body).map_err(|malformed| unreadable(malformed.to_string()))?;
    if message.key() != Some(price.instrument_id.as_str().as_bytes()) {
        let detail = at(format!("its key is not its instrument, {}", price.instrument_id));
        return Err((Dropped::Misplaced, detail));
    }
    Ok(Quote { partition, offset, body: body.into_owned(), received })
}

/// Records that were dropped and not logged yet, by reason.
#[derive(Debug, Default)]
struct Drops([Unlogged; Dropped::ALL.len()]);

#[derive(Debug, Default)]
struct Unlogged {
    count: u64,
    last: String,
    logged: Option<Instant>,
}

impl Drops {
    /// The record as it goes into the book, or nothing, which counts.
    fn quote(&mut self, shared: &Shared, message: &impl Message) -> Option<Quote> {
        let quoted = quote(&shared.schemas, message);
        quoted.map_err(|(reason, detail)| self.add(shared, reason, &detail)).ok()
    }

    fn add(&mut self, shared: &Shared, reason: Dropped, detail: &str) {
        shared.metrics.price_dropped(reason);
        let unlogged = &mut self.0[reason.index()];
        unlogged.count += 1;
        detail.clone_into(&mut unlogged.last);
    }

    /// One line a minute for each reason, however many records there are.
    fn log(&mut self, now: Instant) {
        for (reason, unlogged) in Dropped::ALL.iter().zip(&mut self.0) {
            let rests = unlogged.logged.is_some_and(|logged| now - logged < LOGGED_EVERY);
            if unlogged.count > 0 && !rests {
                let Unlogged { count, last, .. } = std::mem::take(unlogged);
                tracing::warn!(count, reason = reason.name(), "prices dropped; the last: {last}");
                unlogged.logged = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::config::Config;

    #[test]
    fn drops_are_logged_once_a_minute_for_each_reason() {
        let shared = Shared::new(Config::default(), Schemas::compiled());
        let (mut drops, began) = (Drops::default(), Instant::now());
        let mut left = |seconds: u64, reason| {
            drops.add(&shared, reason, "here");
            drops.log(began + Duration::from_secs(seconds));
            [Dropped::Ahead, Dropped::Misplaced].map(|reason| drops.0[reason.index()].count)
        };
        assert_eq!(left(0, Dropped::Ahead), [0, 0]);
        assert_eq!(left(1, Dropped::Ahead), [1, 0]);
        assert_eq!(left(2, Dropped::Misplaced), [1, 0]);
        assert_eq!(left(59, Dropped::Ahead), [2, 0]);
        assert_eq!(left(60, Dropped::Misplaced), [0, 1]);
    }
}
