//! Picking entries out of a trail.

use std::collections::VecDeque;

use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Message};

use super::records::{Range, Records};
use super::summary;
use crate::core::entry::{Entry, EntryKind};
use crate::core::ids::Digest;
use crate::core::verdict::Verdict;
use crate::shell::config::Config;
use crate::shell::trail::Probe;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// Which entries are wanted; what is not said is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The first number.
    pub from: Option<u64>,
    /// The last number.
    pub to: Option<u64>,
    /// Only of this account.
    pub account: Option<String>,
    /// Only of these kinds; of all where none is named.
    pub kinds: Vec<EntryKind>,
    /// Only with these verdicts; with any or none where none is named.
    pub verdicts: Vec<Verdict>,
}

impl Filter {
    /// Whether this entry is wanted.
    pub fn takes(&self, entry: &Entry<'_>) -> bool {
        let body = &entry.body;
        let account = self.account.as_deref();
        self.from.is_none_or(|from| entry.seq >= from)
            && self.to.is_none_or(|to| entry.seq <= to)
            && (account.is_none() || account == summary::account(body).map(|id| id.as_str()))
            && (self.kinds.is_empty() || self.kinds.contains(&body.kind()))
            && (self.verdicts.is_empty()
                || summary::verdict(body).is_some_and(|verdict| self.verdicts.contains(&verdict)))
    }
}

/// A record of the trail with bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition number.
    pub partition: i32,
    /// Where it stands.
    pub offset: i64,
    /// The record's body, in the reader's schema; or why it is no entry.
    pub body: Result<Vec<u8>, String>,
    /// Leaf hash of its value.
    pub leaf: Digest,
}

impl Record {
    /// Copies a record of the trail.
    pub fn of(schemas: &Schemas, message: &BorrowedMessage<'_>) -> Self {
        let value = message.payload().unwrap_or_default();
        Self::read(schemas, (message.partition(), message.offset()), value)
    }

    /// The record of this value, which stands in this partition at this offset.
    pub fn read(schemas: &Schemas, (partition, offset): (i32, i64), value: &[u8]) -> Self {
        let body = schemas.open(RecordType::Entry, value).map_err(|malformed| malformed.to_string());
        let body = body.and_then(|body| match wire::entry::decode(&body) {
            Ok(_) => Ok(body.into_owned()),
            Err(malformed) => Err(malformed.to_string()),
        });
        Self { partition, offset, body, leaf: Digest::leaf(value) }
    }

    /// The entry; or why it is none.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn entry(&self) -> Result<Entry<'_>, String> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        wire::entry::decode(body).map_err(|malformed| malformed.to_string())
    }
}

/// What reads the trail of one partition.
pub struct Search<'s> {
    /// How everything is configured.
    pub config: &'s Config,
    /// The schemas that are known.
    pub schemas: &'s Schemas,
    /// The partition number.
    pub partition: i32,
    /// What of it is read.
    pub range: Range,
}

impl<'s> Search<'s> {
    /// The whole trail of a partition, as far as it is settled now.
    ///
    /// # Errors
    /// Brokers that do not answer, a partition that is not there.
    pub fn new(config: &'s Config, schemas: &'s Schemas, probe: &Probe, partition: i32) -> KafkaResult<Self> {
        let range = Range::stable(probe, &config.topics.audit, partition)?;
        Ok(Self { config, schemas, partition, range })
    }

    /// Hands every entry that the filter takes to `each`, in order, until it says `false`. Records
    /// that are no entries are handed over too: nobody can say what they would have been. `tick` is
    /// told every offset.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn each(
        &self,
        filter: &Filter,
        tick: &mut dyn FnMut(i64),
        each: &mut dyn FnMut(Record) -> bool,
    ) -> KafkaResult<()> {
        // Each entry takes one offset at least, so that none stands before its number.
        let from = filter.from.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(0);
        self.read(from.max(self.range.start), filter, tick, each)
    }

    /// The last `count` entries that the filter takes, looked for in ever longer tails.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn last(&self, filter: &Filter, count: usize) -> KafkaResult<VecDeque<Record>> {
        let mut tail = i64::try_from(count).unwrap_or(i64::MAX / 16).saturating_mul(2).max(64);
        loop {
            let from = self.range.start.max(self.range.end.saturating_sub(tail));
            let mut found = VecDeque::new();
            self.read(from, filter, &mut |_| {}, &mut |record| {
                found.push_back(record);
                if found.len() > count {
                    found.pop_front();
                }
                true
            })?;
            if found.len() >= count || from <= self.range.start {
                return Ok(found);
            }
            tail = tail.saturating_mul(8);
        }
    }

    fn read(
        &self,
        from: i64,
        filter: &Filter,
        tick: &mut dyn FnMut(i64),
        each: &mut dyn FnMut(Record) -> bool,
    ) -> KafkaResult<()> {
        let topic = &self.config.topics.audit;
        let records = Records::open(self.config, topic, self.partition, (from, self.range.end))?;
        while let Some(message) = records.pull()? {
            tick(message.offset());
            let record = Record::of(self.schemas, &message);
            let (wanted, is_last) = match record.entry() {
                Ok(entry) => (filter.takes(&entry), filter.to.is_some_and(|to| entry.seq >= to)),
                Err(_) => (true, false),
            };
            if (wanted && !each(record)) || is_last {
                return Ok(());
            }
        }
        Ok(())
    }
}
