//! Recomputing every verdict of a partition from its trail alone (`G7`).
//!
//! No input, order, offset or price is read: an entry records all that its decision looked at. The
//! first entry that comes out otherwise ends it, for what follows was decided by another ledger.

use rdkafka::error::KafkaResult;
use rdkafka::message::Message;

use super::fault::{Faults, Place};
use super::find::Record;
use super::follow::{Counts, Follower, Stored};
use super::head::{Head, Noted};
use super::records::{Range, Records};
use crate::core::ledger::Placement;
use crate::shell::config::Config;
use crate::shell::topics::Topics;
use crate::shell::trail::Probe;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// What came out in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recomputation {
    /// The partition number.
    pub partition: i32,
    /// What the entries say that were read.
    pub counts: Counts,
    /// The last of them.
    pub head: Option<Head>,
    /// What is wrong with the first entry that is not what it should be: each differing field.
    pub faults: Faults,
    /// That entry.
    pub differing: Option<Record>,
}

/// Recomputes one partition. `tick` is told the offset that was read, now and then.
///
/// # Errors
/// Kafka's word, where the trail could not be read: then nothing is known.
pub fn recompute(
    config: &Config,
    schemas: &Schemas,
    probe: &Probe,
    placement: Placement,
    noted: &[Head],
    tick: &mut dyn FnMut(i64),
) -> KafkaResult<Recomputation> {
    let (topic, partition) = (config.topics.audit.as_str(), placement.partition);
    let range = Range::stable(probe, topic, partition)?;
    let mut recomputing = Recomputing::new(schemas, &config.topics, placement, noted);
    let records = Records::open(config, topic, partition, (range.start, range.end))?;
    while let Some(message) = records.pull()? {
        let place = Place { topic, partition, offset: Some(message.offset()), seq: None };
        let stored = Stored { place, key: message.key(), value: message.payload().unwrap_or_default() };
        if !recomputing.take(&stored) {
            break;
        }
        if message.offset() % 256 == 0 {
            tick(message.offset());
        }
    }
    tick(range.end);
    Ok(recomputing.end())
}

/// A trail, as far as it is recomputed.
pub struct Recomputing<'s> {
    schemas: &'s Schemas,
    topic: &'s str,
    partition: i32,
    follower: Follower<'s>,
    noted: Noted,
    faults: Faults,
    differing: Option<Record>,
}

impl<'s> Recomputing<'s> {
    /// Before the first entry.
    pub fn new(schemas: &'s Schemas, topics: &'s Topics, placement: Placement, noted: &[Head]) -> Self {
        Self {
            schemas,
            topic: &topics.audit,
            partition: placement.partition,
            follower: Follower::new(schemas, topics, placement),
            noted: Noted::of(placement.partition, noted),
            faults: Faults::default(),
            differing: None,
        }
    }

    /// The next record of the trail; whether the one after it is wanted.
    pub fn take(&mut self, stored: &Stored<'_>) -> bool {
        self.judge(stored);
        let is_good = self.faults.count() == 0;
        if !is_good {
            let place = (self.partition, stored.place.offset.unwrap_or_default());
            self.differing = Some(Record::read(self.schemas, place, stored.value));
        }
        is_good
    }

    fn judge(&mut self, stored: &Stored<'_>) {
        let faults = &mut self.faults;
        let body = self.schemas.open(RecordType::Entry, stored.value);
        let entry = match body.as_ref().map_err(Clone::clone).and_then(|body| wire::entry::decode(body)) {
            Ok(entry) => entry,
            Err(malformed) => return self.follower.skip(&malformed, stored, faults),
        };
        let stored = Stored { place: Place { seq: Some(entry.seq), ..stored.place }, ..*stored };
        self.follower.check_chain(&entry, &stored, faults);
        self.follower.follow(&entry, &stored, None, faults);
        if let Some((seq, leaf)) = self.follower.tip {
            self.noted.check(seq, leaf, stored.place, faults);
        }
    }

    /// The trail ends here.
    pub fn end(mut self) -> Recomputation {
        let (partition, tip) = (self.partition, self.follower.tip);
        if self.faults.count() == 0 {
            let place = Place { topic: self.topic, partition, offset: None, seq: None };
            self.noted.end(tip.map(|(seq, _)| seq), place, &mut self.faults);
        }
        Recomputation {
            partition,
            counts: self.follower.counts,
            head: tip.map(|(seq, link)| Head { partition, seq, link }),
            faults: self.faults,
            differing: self.differing,
        }
    }
}
