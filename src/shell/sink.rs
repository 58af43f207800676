//! A lane's two producers, and what librdkafka lets slip about them.
//!
//! Both are initialised together, slot 0 before slot 1, so that an opening fences the former owner
//! and settles what it left open. Nothing is ever aborted by request: producers with a doubt are
//! dropped, and their successors' initialisation aborts (`G4`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};

use super::client;
use super::config::Config;
use crate::core::lane::Slot;

/// A transactional producer that reports its delivery from a thread of its own.
pub type Producer = ThreadedProducer<Watch>;

/// What happened to a producer besides its answers.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    disturbed: Arc<AtomicBool>,
    audit_end: Arc<AtomicI64>,
    audit: Arc<str>,
}

impl Watch {
    fn of(audit: &str) -> Self {
        Self { disturbed: Arc::default(), audit_end: Arc::default(), audit: audit.into() }
    }
}

impl ClientContext for Watch {
    /// Requests that time out, and connections that end, are logged as warnings or errors, or say
    /// so in words.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let grave = (level as i32) <= (RDKafkaLogLevel::Warning as i32);
        let lost = ["REQTMOUT", "FAIL"].contains(&facility);
        if grave || lost {
            self.disturbed.store(true, Ordering::Relaxed);
        }
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.disturbed.store(true, Ordering::Relaxed);
        client::log_error(&error, reason);
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Watch {
    type DeliveryOpaque = ();

    /// Where the trail ends is learned here; a failed delivery fails the commit by itself.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) if message.topic() == &*self.audit => {
                self.audit_end.fetch_max(message.offset() + 1, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(_) => self.disturbed.store(true, Ordering::Relaxed),
        }
    }
}

/// The two producers of a lane.
pub struct Sink {
    slots: [Producer; 2],
    watch: Watch,
}

impl Sink {
    /// Initialises both producers: afterwards no former owner can commit, and everything that one
    /// left open is settled.
    ///
    /// # Errors
    /// Brokers that do not answer, or another opener in between: open again.
    pub fn open(config: &Config, partition: i32) -> KafkaResult<Self> {
        let watch = Watch::of(&config.topics.audit);
        let producer = |slot: Slot| {
            let id = config.topics.transactional_id(partition, slot.index());
            Producer::from_config_and_context(&client::producer(config, &id), watch.clone())
        };
        let slots = [producer(Slot::Zero)?, producer(Slot::One)?];
        slots.iter().try_for_each(|producer| producer.init_transactions(INIT_WAIT))?;
        watch.disturbed.store(false, Ordering::Relaxed);
        Ok(Self { slots, watch })
    }

    /// The producer of a slot.
    pub const fn producer(&self, slot: Slot) -> &Producer {
        &self.slots[slot.index()]
    }

    /// Whether anything happened that a later transaction of these producers could suffer from.
    pub fn is_disturbed(&self) -> bool {
        self.watch.disturbed.load(Ordering::Relaxed)
    }

    /// The offset after the last audit record that was acknowledged; 0 before the first.
    pub fn audit_end(&self) -> i64 {
        self.watch.audit_end.load(Ordering::Relaxed)
    }
}

/// One attempt to initialise a producer.
const INIT_WAIT: Duration = Duration::from_secs(5);
