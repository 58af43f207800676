//! A lane's two producers, and what librdkafka lets slip about them.
//!
//! Both are initialised together, slot 0 before slot 1, so that an opening fences the former owner
//! and settles what it left open. Nothing is ever aborted by request: producers with a doubt are
//! dropped, and their successors' initialisation aborts (`G4`). What counts as a doubt: `Watch`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;

use super::client;
use super::config::Config;
use super::courier::Courier;
use super::librdkafka::{Log, Polled, TopicHandle};
use super::metrics::kafka::Kafka;
use super::outcome::is_retriable;
use super::watch::Watch;
use crate::core::lane::Slot;

/// A transactional producer that reports its delivery from a thread of its own.
pub type Producer = Polled<Watch>;

/// The two producers of a lane.
pub struct Sink {
    slots: [Line; 2],
    courier: Courier,
    watch: Watch,
}

/// One producer, the topics that it writes most to, and the log of what happened to it.
pub struct Line {
    /// Of `audit`.
    pub audit: TopicHandle<Watch>,
    /// Of `orders`.
    pub orders: TopicHandle<Watch>,
    log: Log,
    /// The courier may still be at work with it when the lane has given it up.
    pub producer: Arc<Producer>,
}

impl Sink {
    /// Initialises both producers: afterwards no former owner can commit, and everything that one
    /// left open is settled.
    ///
    /// # Errors
    /// Brokers that do not answer, or another opener in between: open again.
    pub fn open(config: &Config, partition: i32, kafka: Option<Arc<Kafka>>) -> KafkaResult<Self> {
        let watch = Watch::of(&config.topics.audit, kafka);
        let line = |slot| Line::open(config, partition, slot, &watch);
        let mut slots = [line(Slot::Zero)?, line(Slot::One)?];
        for slot in [Slot::Zero, Slot::One] {
            initialise(&mut slots[slot.index()], &config.topics.audit, || line(slot))?;
        }
        let courier = Courier::start()
            .map_err(|error| KafkaError::ClientCreation(format!("a thread for the offsets: {error}")))?;
        let sink = Self { slots, courier, watch };
        // The past of producers that have just been initialised can harm nobody.
        sink.listen();
        sink.watch.calm();
        Ok(sink)
    }

    /// The producer of a slot, and its topics.
    pub const fn line(&self, slot: Slot) -> &Line {
        &self.slots[slot.index()]
    }

    /// Who sends the offsets of their transactions.
    pub const fn courier(&self) -> &Courier {
        &self.courier
    }

    /// What is known of the producers besides their answers.
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// A transaction begins: what its producers have gone through before is heard, and is no matter.
    pub fn begin(&self) {
        self.listen();
        self.watch.begin();
    }

    /// Whether anything happened until now that a later transaction of these producers could suffer from.
    pub fn is_disturbed(&self) -> bool {
        self.listen();
        self.watch.is_disturbed()
    }

    fn listen(&self) {
        for line in &self.slots {
            line.log.drain(|level, facility, text| self.watch.hear(level, facility, text));
        }
    }
}

impl Line {
    fn open(config: &Config, partition: i32, slot: Slot, watch: &Watch) -> KafkaResult<Self> {
        let id = config.topics.transactional_id(partition, slot.index());
        let client = client::producer(config, &id)?;
        let producer = Arc::new(Producer::from_config_and_context(&client, watch.of_another())?);
        let topic = |name: &str| TopicHandle::of(&producer, name);
        let (audit, orders) = (topic(&config.topics.audit)?, topic(&config.topics.orders)?);
        Ok(Self { audit, orders, log: Log::of(producer.client())?, producer })
    }
}

/// Initialises a producer, or one that `anew` opens in its place.
///
/// While the broker settles what the former owner left open, it refuses; librdkafka asks again only
/// half a second later. A producer that was refused has nothing on the way, so another one may take
/// its place and ask at once.
fn initialise(line: &mut Line, audit: &str, anew: impl Fn() -> KafkaResult<Line>) -> KafkaResult<()> {
    let until = Instant::now() + INIT_WAIT;
    let mut pause = Duration::from_millis(5);
    loop {
        // librdkafka looks for the coordinator when it is connected, or half a second later.
        line.producer.client().fetch_metadata(Some(audit), INIT_WAIT)?;
        let refused = loop {
            match line.producer.init_transactions(INIT_SLICE) {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= until || !is_retriable(&error) => return Err(error),
                Err(error) if is_concurrent(&error) => break error,
                Err(_) => {}
            }
        };
        tracing::debug!("a producer is initialised again: {refused}");
        thread::sleep(pause);
        pause = (2 * pause).min(PAUSE_MAX);
        *line = anew()?;
    }
}

fn is_concurrent(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::ConcurrentTransactions)
}

/// One attempt to initialise a producer.
const INIT_WAIT: Duration = Duration::from_secs(5);
/// How long it is left alone with it at a time: far less than the half second between its requests.
const INIT_SLICE: Duration = Duration::from_millis(20);
/// Longest pause between two producers that were refused.
const PAUSE_MAX: Duration = Duration::from_millis(500);
