//! The committed records of a partition, pulled one by one, up to an end that was fixed before.
//!
//! Pulled, so that several partitions can be read in step, in bounded memory. The end is fixed, so
//! that a reading ends although the router goes on, and so that topics can be compared: what is
//! fixed later holds all that belongs to what was fixed before.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};

use crate::core::proof::Extent;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::config::Config;
use crate::shell::trail::{self, Probe, SILENCE_MAX};

/// How long past the transaction timeout an open transaction is waited for.
const SETTLING_GRACE: Duration = Duration::from_secs(5);
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// Where the reading of a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Log start.
    pub start: i64,
    /// No transaction is open before it.
    pub end: i64,
    /// Whether everything that was there has been settled; otherwise a transaction is open at `end`.
    pub is_settled: bool,
}

impl Range {
    /// What is settled now, without waiting.
    ///
    /// # Errors
    /// Brokers that do not answer, a partition that is not there.
    pub fn stable(probe: &Probe, topic: &str, partition: i32) -> KafkaResult<Self> {
        let Extent { start, end } = probe.extent(topic, partition)?;
        let stable = probe.stable_end(topic, partition)?;
        Ok(Self { start, end: stable, is_settled: stable >= end })
    }

    /// What is there now, once it is settled: transactions that are open are waited for, but for no
    /// longer than they may stay open.
    ///
    /// # Errors
    /// As [`Range::stable`].
    pub fn settled(config: &Config, probe: &Probe, topic: &str, partition: i32) -> KafkaResult<Self> {
        let Extent { start, end } = probe.extent(topic, partition)?;
        let patience = Duration::from_millis(config.transaction_timeout_ms.into()) + SETTLING_GRACE;
        let began = Instant::now();
        loop {
            let stable = probe.stable_end(topic, partition)?;
            if stable >= end || began.elapsed() > patience {
                return Ok(Self { start, end: stable.min(end), is_settled: stable >= end });
            }
            std::thread::sleep(ASKED_EVERY);
        }
    }
}

/// The records of one partition in a range.
pub struct Records {
    reader: BaseConsumer<Logged>,
    until: i64,
    is_over: std::cell::Cell<bool>,
}

impl Records {
    /// Begins to read. Nothing is asked of the brokers where there is nothing to read.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(
        config: &Config,
        topic: &str,
        partition: i32,
        (from, until): (i64, i64),
    ) -> KafkaResult<Self> {
        let client = client::reader(config, Isolation::Committed)?;
        let reader: BaseConsumer<Logged> = client.create_with_context(Logged)?;
        let is_over = from >= until;
        if !is_over {
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
            reader.assign(&assignment)?;
        }
        Ok(Self { reader, until, is_over: is_over.into() })
    }

    /// A record that has come, if one has; an end is no end for whoever goes on.
    ///
    /// # Errors
    /// An offset that is not there.
    pub fn poll(&self, wait: Duration) -> KafkaResult<Option<BorrowedMessage<'_>>> {
        match self.reader.poll(wait) {
            Some(Ok(message)) => Ok(Some(message)),
            Some(Err(error)) if trail::is_final(&error) => Err(error),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// The next record, borrowed from the reader's buffer.
    ///
    /// # Errors
    /// Brokers that stay silent, an offset that is not there.
    pub fn pull(&self) -> KafkaResult<Option<BorrowedMessage<'_>>> {
        let heard = Instant::now();
        while !self.is_over.get() {
            match self.reader.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if message.offset() < self.until => return Ok(Some(message)),
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => self.is_over.set(true),
                Some(Err(error)) if trail::is_final(&error) => return Err(error),
                Some(Err(error)) => tracing::debug!("reader: {error}"),
                None if heard.elapsed() > SILENCE_MAX => return Err(KafkaError::NoMessageReceived),
                None => {}
            }
        }
        Ok(None)
    }
}

/// The records with bytes of their own, for whoever has to look ahead.
impl Iterator for Records {
    type Item = KafkaResult<OwnedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pull().map(|message| message.map(|message| message.detach())).transpose()
    }
}
