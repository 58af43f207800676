//! Reading a partition to its end: the trail for a restore, the orders for a proof, both for audits.
//!
//! "To its end" means the uncommitted high watermark, with everything before it settled. A reader
//! that stopped at the stable offset could miss what a successor will see.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, Isolation, Logged};
use super::config::Config;
use super::cursor::{Cursor, cursors};
use super::librdkafka;
use super::topics::Topics;
use crate::core::proof::{Extent, Offsets};

/// How long one request may take: longer only delays what is done about it.
pub const REQUEST_WAIT: Duration = Duration::from_secs(3);
/// How long a reader may hear nothing before the read is made again.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(30);

/// How far a partition goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The offset after the last record, committed or not.
    pub high: i64,
    /// The first offset that an open transaction may still change.
    pub stable: i64,
}

/// Asks where partitions begin and end, committed and not, and reads them from one to the other.
///
/// A client is slow to come and slow to go, so that whoever asks several times keeps its probe.
pub struct Probe {
    committed: BaseConsumer<Logged>,
    uncommitted: BaseConsumer<Logged>,
    wait: Duration,
}

impl Probe {
    /// Connects.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(config: &Config) -> KafkaResult<Self> {
        Self::with_patience(config, REQUEST_WAIT)
    }

    /// Connects, for requests that may take so long each.
    ///
    /// # Errors
    /// As [`Probe::open`].
    pub fn with_patience(config: &Config, wait: Duration) -> KafkaResult<Self> {
        let open = |isolation| client::prober(config, isolation)?.create_with_context(Logged);
        Ok(Self { committed: open(Isolation::Committed)?, uncommitted: open(Isolation::Uncommitted)?, wait })
    }

    /// Log start and high watermark.
    ///
    /// # Errors
    /// Brokers that do not answer, a partition that is not there.
    pub fn extent(&self, topic: &str, partition: i32) -> KafkaResult<Extent> {
        let (start, end) = self.uncommitted.fetch_watermarks(topic, partition, self.wait)?;
        Ok(Extent { start, end })
    }

    /// The last stable offset: no transaction is open before it.
    ///
    /// # Errors
    /// As [`Probe::extent`].
    pub fn stable_end(&self, topic: &str, partition: i32) -> KafkaResult<i64> {
        // Under read_committed the upper watermark is the stable one.
        Ok(self.committed.fetch_watermarks(topic, partition, self.wait)?.1)
    }

    /// How far each of these partitions goes, by two requests to each broker that leads some; without those of which
    /// nothing is said.
    ///
    /// # Errors
    /// One of the brokers does not answer.
    pub fn marks(&self, of: &[(&str, i32)]) -> KafkaResult<BTreeMap<(String, i32), Marks>> {
        // The high watermark first: what comes in between is then no gap.
        let (high, stable) = (ends(&self.uncommitted, of, self.wait)?, ends(&self.committed, of, self.wait)?);
        let both = high.into_iter().filter_map(|(at, high)| {
            let stable = *stable.get(&at)?;
            Some((at, Marks { high, stable }))
        });
        Ok(both.collect())
    }

    /// How many members the group has.
    ///
    /// # Errors
    /// A coordinator that does not answer.
    pub fn members(&self, group: &str) -> KafkaResult<usize> {
        let found = librdkafka::group_members(self.committed.client(), group, self.wait)?;
        Ok(found.map_or(0, |group| group.members.len()))
    }

    /// What the group has committed of a lane's inputs; `None` while a transaction is open on that.
    ///
    /// # Errors
    /// A coordinator that does not answer.
    pub fn committed(&self, topics: &Topics, partition: i32) -> KafkaResult<Option<Offsets<Option<i64>>>> {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&topics.intents, partition);
        asked.add_partition(&topics.executions, partition);
        let found = cursors([&self.committed, &self.uncommitted], &asked, [self.wait; 2])?;
        let is_settled = !found.contains(&Cursor::Unstable);
        Ok(is_settled.then(|| Offsets { intents: found[0].offset(), executions: found[1].offset() }))
    }

    /// Hands every committed record of a partition from `from` to the end to `each`, as the free
    /// [`read_to_end`] does.
    ///
    /// # Errors
    /// As there.
    pub fn read_to_end<E>(
        &self,
        at: (&str, i32),
        from: i64,
        each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        let read = read_with(&self.committed, at, from, each);
        // Nothing more is fetched, whatever the reading came to.
        self.committed.unassign()?;
        read.map(drop)
    }

    /// Where the first committed record at or after `from` lies, or how far the partition was read when
    /// there is none: markers and aborted records are passed.
    ///
    /// # Errors
    /// As [`read_to_end`].
    pub fn next_record(&self, at: (&str, i32), from: i64) -> KafkaResult<i64> {
        let read = read_with(&self.committed, at, from, |message| Err(message.offset()));
        self.committed.unassign()?;
        match read {
            Ok(reached) | Err(ReadError::Refused(reached)) => Ok(reached),
            Err(ReadError::Kafka(error)) => Err(error),
        }
    }
}

/// Where these partitions end for this reader; without those of which nothing is said.
fn ends(
    reader: &BaseConsumer<Logged>,
    of: &[(&str, i32)],
    wait: Duration,
) -> KafkaResult<BTreeMap<(String, i32), i64>> {
    let mut asked = TopicPartitionList::new();
    for (topic, partition) in of {
        // To ask for the "time" of the end is to ask for the end: so ListOffsets means it.
        asked.add_partition_offset(topic, *partition, Offset::End)?;
    }
    let said = reader.offsets_for_times(asked, wait)?;
    let end = |element: TopicPartitionListElem<'_>| match (element.error(), element.offset()) {
        (Ok(()), Offset::Offset(end)) => Some(((element.topic().to_owned(), element.partition()), end)),
        _ => None,
    };
    Ok(said.elements().into_iter().filter_map(end).collect())
}

/// Why a partition could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// Kafka's fault: the read can be made again.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// The reader's: what it read, it refused.
    #[error("{0}")]
    Refused(E),
}

/// Hands every committed record from `from` to the end to `each`. The caller has made sure that
/// everything before the high watermark is settled: the end is then the stable offset.
///
/// # Errors
/// Whatever `each` refuses, brokers that do not answer, an offset that is not there.
pub fn read_to_end<E>(
    config: &Config,
    at: (&str, i32),
    from: i64,
    each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let reader: BaseConsumer<Logged> =
        client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
    read_with(&reader, at, from, each).map(drop)
}

/// The same; the offset up to which everything was read.
fn read_with<E>(
    reader: &BaseConsumer<Logged>,
    (topic, partition): (&str, i32),
    from: i64,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), E>,
) -> Result<i64, ReadError<E>> {
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
    reader.assign(&assignment)?;
    // A broker that has just become the leader may not know yet how far the log goes: its end is only
    // believed when it is no nearer than the one that was asked for.
    let (_, end) = reader.fetch_watermarks(topic, partition, REQUEST_WAIT)?;
    let mut heard = Instant::now();
    loop {
        match reader.poll(Duration::from_millis(100)) {
            // A record of the reader's former assignment may still have been on its way.
            Some(Ok(message)) if message.offset() < from || message.topic() != topic => {}
            Some(Ok(message)) => each(&message).map_err(ReadError::Refused)?,
            Some(Err(KafkaError::PartitionEOF(_))) => {
                let position = librdkafka::position(reader.client(), topic, partition)?.max(from);
                if position >= end && librdkafka::fetched_end(reader.client(), topic, partition)? >= end {
                    return Ok(position);
                }
                tracing::debug!(topic, partition, position, end, "the log seems to end too early");
            }
            Some(Err(error)) if is_final(&error) || is_unreadable(&error) => return Err(error.into()),
            Some(Err(error)) => {
                tracing::debug!(topic, partition, "reader: {error}");
                continue;
            }
            None if heard.elapsed() > SILENCE_MAX => return Err(KafkaError::NoMessageReceived.into()),
            None => continue,
        }
        heard = Instant::now();
    }
}

/// The first committed record of each of these partitions that has one.
///
/// # Errors
/// Brokers that do not answer.
pub fn read_first(config: &Config, topic: &str, partitions: &[i32]) -> KafkaResult<BTreeMap<i32, Vec<u8>>> {
    let reader: BaseConsumer<Logged> =
        client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
    let mut assignment = TopicPartitionList::new();
    for partition in partitions {
        assignment.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    reader.assign(&assignment)?;
    let mut heard = Instant::now();
    let mut first = BTreeMap::new();
    while first.len() < partitions.len() {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let value = || message.payload().unwrap_or_default().to_vec();
                first.entry(message.partition()).or_insert_with(|| Some(value()));
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                first.entry(partition).or_insert(None);
            }
            Some(Err(error)) if is_final(&error) => return Err(error),
            Some(Err(error)) => {
                tracing::debug!(topic, "reader: {error}");
                continue;
            }
            None if heard.elapsed() > SILENCE_MAX => return Err(KafkaError::NoMessageReceived),
            None => continue,
        }
        heard = Instant::now();
    }
    Ok(first.into_iter().filter_map(|(partition, value)| Some((partition, value?))).collect())
}

/// An offset that is not there stays away, however often it is asked for.
pub(super) fn is_final(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{AutoOffsetReset, OffsetOutOfRange};
    matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(error.rdkafka_error_code(), Some(AutoOffsetReset | OffsetOutOfRange))
}

/// Whether the records that come next are there, but cannot be read: their checksum does not fit, say. Whoever
/// polls on passes over them, for librdkafka does.
pub(super) fn is_unreadable(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    let code = error.rdkafka_error_code();
    // The last one is said of a batch whose length does not fit.
    let damaged = [Code::BadMessage, Code::BadCompression, Code::InvalidMessage, Code::MessageSizeTooLarge];
    code.is_some_and(|code| damaged.contains(&code) || code == Code::NotImplemented)
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode as Code;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_from_what_is_gone_and_what_passes() {
        let judged = |code| {
            let error = KafkaError::MessageConsumption(code);
            (is_final(&error), is_unreadable(&error))
        };
        assert!(
            [Code::BadMessage, Code::BadCompression, Code::InvalidMessage].map(judged) == [(false, true); 3]
        );
        assert!([Code::NotImplemented, Code::MessageSizeTooLarge].map(judged) == [(false, true); 2]);
        for code in [Code::AutoOffsetReset, Code::OffsetOutOfRange] {
            assert_eq!(judged(code), (true, false), "{code:?}");
        }
        for code in [Code::BrokerTransportFailure, Code::AllBrokersDown, Code::OperationTimedOut] {
            assert_eq!(judged(code), (false, false), "{code:?}");
        }
    }
}
