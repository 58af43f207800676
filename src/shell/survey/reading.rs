//! Reading a few records of many partitions: the ends of the trail, the beginnings of what waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::{Patience, is_denied};
use crate::core::proof::Extent;
use crate::shell::admin::Cluster;
use crate::shell::client::{self, Isolation};
use crate::shell::config::Config;
use crate::shell::heard::{self, Heard};
use crate::shell::librdkafka::{OffsetSpec, list_offsets};
use crate::shell::trail;

/// A transaction leaves one marker: the last records are a few offsets before the end.
const TAIL: i64 = 16;
/// How often a client says how brokers slow it down, in milliseconds.
const STATISTICS_MS: &str = "50";

/// Log start and high watermark of these partitions of a topic, of those that can say them.
///
/// # Errors
/// Brokers that do not answer.
pub(super) fn extents(
    cluster: &Cluster,
    topic: &str,
    count: i32,
    patience: Patience<'_>,
) -> KafkaResult<BTreeMap<i32, Extent>> {
    let all: Vec<_> = (0..count).map(|partition| (topic, partition)).collect();
    if all.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list = |spec| -> KafkaResult<BTreeMap<i32, i64>> {
        let listed = list_offsets(cluster.client(), &all, spec, patience.wait())?;
        Ok(listed.into_iter().filter_map(|one| Some((one.partition, one.offset.ok()?))).collect())
    };
    let (starts, ends) = (list(OffsetSpec::Earliest)?, list(OffsetSpec::Latest)?);
    let both = |(partition, start)| Some((partition, Extent { start, end: *ends.get(&partition)? }));
    Ok(starts.into_iter().filter_map(both).collect())
}

/// Reads the ends of the trail: the time of the newest entry there, in milliseconds, and what brokers say
/// meanwhile of how they slow answers down.
///
/// # Errors
/// Brokers that do not answer.
pub(super) fn newest_entry_ms(
    cluster: &Cluster,
    config: &Config,
    count: i32,
    patience: Patience<'_>,
    heard: &Heard,
) -> KafkaResult<Option<i64>> {
    let audit = &config.topics.audit;
    let extents = extents(cluster, audit, count, patience)?.into_iter();
    let held = extents.filter(|(_, extent)| extent.end > extent.start);
    let starts = held.map(|(partition, Extent { start, end })| (partition, start.max(end - TAIL)));
    let mut newest = None;
    let reader = scan(config, (audit, starts.collect()), patience.wait(), heard, |message| {
        newest = newest.max(message.timestamp().to_millis());
        Enough::No
    })?;
    if let Some(reader) = reader {
        heard::listen(&reader);
    }
    Ok(newest)
}

/// Whether no more of a partition is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enough {
    Yes,
    No,
}

/// Hands every record from these offsets on to `each`, committed or not, up to the end of its
/// partition or until `each` has enough of it. The client, which can be listened to; `None` where
/// there was nothing to read.
///
/// # Errors
/// Brokers that do not answer in time.
pub(super) fn scan(
    config: &Config,
    (topic, starts): (&str, BTreeMap<i32, i64>),
    wait: Duration,
    heard: &Heard,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Enough,
) -> KafkaResult<Option<BaseConsumer<Heard>>> {
    if starts.is_empty() {
        return Ok(None);
    }
    let reader: BaseConsumer<Heard> = client::reader(config, Isolation::Uncommitted)?
        .set("statistics.interval.ms", STATISTICS_MS)
        .create_with_context(heard.clone())?;
    let mut assignment = TopicPartitionList::new();
    for (partition, from) in &starts {
        assignment.add_partition_offset(topic, *partition, Offset::Offset(*from))?;
    }
    reader.assign(&assignment)?;
    let mut open: BTreeSet<i32> = starts.into_keys().collect();
    let end = Instant::now() + wait;
    while !open.is_empty() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(KafkaError::Global(RDKafkaErrorCode::OperationTimedOut));
        }
        match reader.poll(left) {
            Some(Ok(message)) if !open.contains(&message.partition()) => {}
            Some(Ok(message)) if each(&message) == Enough::Yes => {
                open.remove(&message.partition());
                let mut done = TopicPartitionList::new();
                done.add_partition(topic, message.partition());
                reader.pause(&done)?;
            }
            Some(Ok(_)) => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) if trail::is_final(&error) || is_denied(&error) => return Err(error),
            Some(Err(error)) => tracing::debug!(topic, "reader: {error}"),
            None => {}
        }
    }
    Ok(Some(reader))
}
