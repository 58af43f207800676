//! Submitting intents: keys are made and stored before anything is sent, answers are matched.
//!
//! Nothing is sent before every row has been read and found well formed. Start at [`prepare`], then
//! [`Submission::run`]. [`rows`] reads what people write, [`journal`] remembers the keys.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use serde_json::Value;

use super::config::Config;
use super::follow::Follower;
use super::publish::{Delivery, Outgoing, Publisher, UNTOLD_MAX};
use crate::core::entry::{Body, Decision, Entry};
use crate::core::ids::placement;
use crate::wire::{self, RecordType, Schemas};

mod journal;
mod lines;
mod once;
mod rows;

pub use journal::{Fill, Intents, Prepared, prepare};
pub use rows::{Format, Input, Row, fields_of, read_rows};

/// Why intents cannot be submitted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A row is no intent.
    #[error("{place}: {detail}")]
    Input {
        /// File and line.
        place: String,
        /// What is wrong there.
        detail: String,
    },
    /// The journal does not fit the input, or cannot be written.
    #[error("journal {path}: {detail}")]
    Journal {
        /// Its path.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
}

/// An intent that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Where in the input it stands.
    pub line: usize,
    /// Whose it is.
    pub account_id: String,
    /// Its key.
    pub intent_id: String,
}

/// What became of one intent.
pub enum News<'n> {
    /// It lies in `intents`; the router has it before it or has not.
    Published {
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
    },
    /// It may not have arrived.
    Undelivered(&'n KafkaError),
    /// It was decided.
    Decided {
        /// The audit record.
        record: &'n OwnedMessage,
        /// The entry.
        entry: &'n Entry<'n>,
        /// What was decided.
        decision: &'n Decision<'n>,
    },
}

/// How many intents came how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Given to the client.
    pub sent: usize,
    /// In `intents`, as the brokers said.
    pub published: usize,
    /// Decided, as the trail says; only counted when waited for.
    pub decided: usize,
    /// Refused by the client or the brokers.
    pub undelivered: usize,
}

/// How many intents are under way at once. It bounds the memory, and how long an intent that is waited
/// for can stand in line: a router that decides a thousand a second takes it within its age.
const UNDER_WAY_MAX: usize = 2_000;

const _: () =
    assert!(UNDER_WAY_MAX <= UNTOLD_MAX, "deliveries would wait for the sender that waits for them");

/// Intents under way.
pub struct Submission<'c> {
    config: &'c Config,
    partitions: u32,
    publisher: Publisher,
    follower: Option<Follower>,
    schemas: Schemas,
    under_way: HashMap<usize, Sent>,
    /// Where intents lie whose entries are waited for.
    awaited: HashMap<(i32, i64), usize>,
    /// Entries that were read before the delivery they answer was told.
    early: Vec<OwnedMessage>,
    tally: Tally,
}

impl<'c> Submission<'c> {
    /// Connects; with `wait`, notes where the trail ends before anything is sent.
    ///
    /// # Errors
    /// Brokers that do not answer, topics that are not there.
    pub fn open(config: &'c Config, partitions: usize, wait: bool) -> Result<Self, SubmitError> {
        let count = i32::try_from(partitions).unwrap_or(i32::MAX);
        Ok(Self {
            config,
            partitions: count.unsigned_abs(),
            publisher: Publisher::open(config)?,
            follower: if wait { Some(Follower::open(config, count)?) } else { None },
            schemas: Schemas::compiled(),
            under_way: HashMap::new(),
            awaited: HashMap::new(),
            early: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Sends them all and tells the news of each, until there is no more to tell or nothing was
    /// told for as long as `patience`.
    ///
    /// # Errors
    /// An intent that cannot be sent at all, a journal that cannot be read.
    pub fn run(
        &mut self,
        intents: impl Iterator<Item = Result<(usize, Value), SubmitError>>,
        patience: Duration,
        each: &mut dyn FnMut(&Sent, News<'_>),
    ) -> Result<Tally, SubmitError> {
        let mut intents = intents.peekable();
        let mut told = Instant::now();
        loop {
            while self.under_way.len() < UNDER_WAY_MAX {
                let Some(intent) = intents.next() else { break };
                let (line, intent) = intent?;
                self.send(line, &intent)?;
                told = Instant::now();
                // News that wait are taken between, or a file would be sent blindly to its end.
                self.listen(Duration::ZERO, each);
            }
            if self.under_way.is_empty() && intents.peek().is_none() {
                return Ok(self.tally);
            }
            if self.listen(Duration::from_millis(20), each) {
                told = Instant::now();
            } else if told.elapsed() > patience {
                return Ok(self.tally);
            }
        }
    }

    /// What is still under way: its outcome is not known.
    pub fn unanswered(&self) -> impl Iterator<Item = &Sent> {
        self.under_way.values()
    }

    fn send(&mut self, line: usize, intent: &Value) -> Result<(), SubmitError> {
        let value = encoded(&format!("line {line}"), intent)?;
        let text = |field: &str| intent.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let sent = Sent { line, account_id: text("account_id"), intent_id: text("intent_id") };
        let record = Outgoing {
            topic: &self.config.topics.intents,
            partition: i32::try_from(placement(sent.account_id.as_bytes(), self.partitions)).unwrap_or(0),
            key: sent.account_id.as_bytes(),
            value: &value,
            number: line,
        };
        while !self.publisher.send(record)? {
            // Full: the client makes room as the brokers answer.
            std::thread::sleep(Duration::from_millis(1));
        }
        self.tally.sent += 1;
        self.under_way.insert(line, sent);
        Ok(())
    }

    /// Takes the news that are there; waits up to `timeout` for the first. Whether there were any.
    fn listen(&mut self, timeout: Duration, each: &mut dyn FnMut(&Sent, News<'_>)) -> bool {
        let mut any = false;
        let undelivered = self.under_way.len() > self.awaited.len();
        let wait = if undelivered { timeout } else { Duration::ZERO };
        while let Some(delivery) = self.publisher.delivery(if any { Duration::ZERO } else { wait }) {
            self.delivered(&delivery, each);
            any = true;
        }
        let early = std::mem::take(&mut self.early);
        early.into_iter().for_each(|record| any |= self.answered(record, each));
        let wait = if any || undelivered { Duration::ZERO } else { timeout };
        if let Some(record) = self.follower.as_ref().and_then(|follower| follower.next(wait)) {
            any |= self.answered(record, each);
        }
        any
    }

    fn delivered(&mut self, delivery: &Delivery, each: &mut dyn FnMut(&Sent, News<'_>)) {
        match &delivery.place {
            Ok((partition, offset)) => {
                self.tally.published += 1;
                let Some(sent) = self.under_way.get(&delivery.number) else { return };
                each(sent, News::Published { partition: *partition, offset: *offset });
                if self.follower.is_some() {
                    self.awaited.insert((*partition, *offset), delivery.number);
                } else {
                    self.under_way.remove(&delivery.number);
                }
            }
            Err(error) => {
                self.tally.undelivered += 1;
                if let Some(sent) = self.under_way.remove(&delivery.number) {
                    each(&sent, News::Undelivered(error));
                }
            }
        }
    }

    /// Whether the record answers one of ours.
    fn answered(&mut self, record: OwnedMessage, each: &mut dyn FnMut(&Sent, News<'_>)) -> bool {
        let Some(input) =
            decoded(&self.schemas, &record, |entry| decision(entry).map(|decision| decision.input.offset))
        else {
            return false;
        };
        let Some(number) = self.awaited.remove(&(record.partition(), input)) else {
            // Somebody else's, unless a delivery is still to be told.
            if self.under_way.len() > self.awaited.len() {
                self.early.push(record);
            }
            return false;
        };
        let Some(sent) = self.under_way.remove(&number) else { return false };
        self.tally.decided += 1;
        decoded(&self.schemas, &record, |entry| {
            let decision = decision(entry)?;
            each(&sent, News::Decided { record: &record, entry, decision });
            Some(())
        });
        true
    }
}

fn encoded(place: &str, intent: &Value) -> Result<Vec<u8>, SubmitError> {
    wire::json::intent_from_json(intent)
        .map_err(|fault| SubmitError::Input { place: place.to_owned(), detail: fault.to_string() })
}

fn decision<'e>(entry: &'e Entry<'e>) -> Option<&'e Decision<'e>> {
    match &entry.body {
        Body::Decision(decision) => Some(decision),
        _ => None,
    }
}

/// What `of` makes of the entry in an audit record; `None` where it is none.
pub fn decoded<T>(
    schemas: &Schemas,
    record: &OwnedMessage,
    of: impl FnOnce(&Entry<'_>) -> Option<T>,
) -> Option<T> {
    let body = schemas.open(RecordType::Entry, record.payload()?).ok()?;
    of(&wire::entry::decode(&body).ok()?)
}
