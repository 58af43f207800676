//! Sending records outside a transaction: intents that somebody submits, control records.
//!
//! Idempotent, placed by hand, and every delivery is told. The router itself never sends by this.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext};

use super::client;
use super::config::Config;
use super::librdkafka::Polled;

/// A record to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; the caller places.
    pub partition: i32,
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// What its delivery is told by.
    pub number: usize,
}

/// What became of a record.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// As given when it was sent.
    pub number: usize,
    /// Its partition and offset, or why it may not have arrived.
    pub place: Result<(i32, i64), KafkaError>,
}

/// How many deliveries may wait to be asked for. A caller has fewer records under way, or the client
/// stands still until it asks.
pub const UNTOLD_MAX: usize = 4_096;

/// Sends records, and tells what became of them.
pub struct Publisher {
    producer: Polled<Deliveries>,
    delivered: Receiver<Delivery>,
}

impl Publisher {
    /// A publisher on the configured cluster; connects when something is sent.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(config: &Config) -> KafkaResult<Self> {
        let (sender, delivered) = sync_channel(UNTOLD_MAX);
        let context = Deliveries(sender);
        Ok(Self { producer: client::publisher(config)?.create_with_context(context)?, delivered })
    }

    /// Sends a record; `false` when the queue is full, and it must be sent again a little later.
    ///
    /// # Errors
    /// A record that cannot be sent, such as one that is too large.
    pub fn send(&self, record: Outgoing<'_>) -> KafkaResult<bool> {
        let message = BaseRecord::with_opaque_to(record.topic, record.number)
            .partition(record.partition)
            .key(record.key)
            .payload(record.value);
        match self.producer.send(message) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(error),
        }
    }

    /// The next delivery, if one is told in time.
    pub fn delivery(&self, timeout: Duration) -> Option<Delivery> {
        self.delivered.recv_timeout(timeout).ok()
    }
}

struct Deliveries(SyncSender<Delivery>);

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::log_error(&error, reason);
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let place = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        // A publisher that is being dropped listens no more.
        let _ = self.0.send(Delivery { number, place });
    }
}
