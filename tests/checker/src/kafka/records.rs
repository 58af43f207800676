//! Every record of every partition, by both readers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;

use super::Source;
use super::clients::{Isolation, consumer};
use crate::log::{Log, Partition, Record, Topic};

/// Longest time without a record before reading is given up.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Fills in the records.
pub fn read(source: &Source, log: &mut Log, deadline: Instant) -> Result<(), String> {
    for topic in &mut log.topics {
        // A client of its own for each topic: the end of a partition is told without the topic's name.
        let committed = consumer(source, Isolation::Committed)?;
        walk(&committed, topic, deadline, |partition, record, _| partition.committed.push(record))?;
        drop(committed);
        let uncommitted = consumer(source, Isolation::Uncommitted)?;
        let mut seen = vec![0; topic.partitions.len()];
        walk(&uncommitted, topic, deadline, |partition, record, index| match partition.at(record.offset) {
            Some(known) => {
                seen[index] += 1;
                if *known != record {
                    partition.contradictory.push(record.offset);
                }
            }
            None => partition.aborted.push(record),
        })?;
        for (partition, seen) in topic.partitions.iter_mut().zip(seen) {
            if seen != partition.committed.len() {
                partition.contradictory.push(partition.end);
            }
        }
    }
    Ok(())
}

fn walk(
    reader: &BaseConsumer,
    topic: &mut Topic,
    deadline: Instant,
    mut take: impl FnMut(&mut Partition, Record, usize),
) -> Result<(), String> {
    let mut unread = assign(reader, topic)?;
    let mut heard = Instant::now();
    while !unread.is_empty() {
        match reader.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                heard = Instant::now();
                let number = message.partition();
                if !unread.contains(&number) {
                    continue;
                }
                let index = usize::try_from(number).map_err(|error| error.to_string())?;
                let partition = &mut topic.partitions[index];
                if message.offset() < partition.end {
                    take(partition, record(&message), index);
                }
                if message.offset() + 1 >= partition.end {
                    unread.remove(&number);
                }
            }
            // Markers take offsets and are never handed out: this is how the end is seen when the last is one.
            Some(Err(KafkaError::PartitionEOF(number))) => {
                unread.remove(&number);
            }
            Some(Err(error)) if is_passing(&error) => {}
            Some(Err(error)) => return Err(format!("reading {}: {error}", topic.name)),
        }
        if heard.elapsed() > SILENCE_MAX && Instant::now() > deadline {
            return Err(format!("{}: no record for {SILENCE_MAX:?}, still unread: {unread:?}", topic.name));
        }
    }
    Ok(())
}

/// Begins at each log start. Which partitions have anything to be read.
fn assign(reader: &BaseConsumer, topic: &Topic) -> Result<BTreeSet<i32>, String> {
    let mut unread = BTreeSet::new();
    let mut assigned = TopicPartitionList::new();
    for (number, partition) in (0..).zip(&topic.partitions).filter(|(_, it)| it.end > it.start) {
        assigned
            .add_partition_offset(&topic.name, number, Offset::Offset(partition.start))
            .map_err(|error| error.to_string())?;
        unread.insert(number);
    }
    reader.assign(&assigned).map_err(|error| error.to_string())?;
    Ok(unread)
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|it| (it.key.to_owned(), it.value.unwrap_or_default().to_vec())).collect()
    });
    Record {
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(-1),
        key: message.key().map(Box::from),
        value: message.payload().map(Box::from),
        headers: headers.unwrap_or_default(),
    }
}

/// The client mends these by itself.
fn is_passing(error: &KafkaError) -> bool {
    let passing =
        [Code::BrokerTransportFailure, Code::AllBrokersDown, Code::OperationTimedOut, Code::Resolve];
    error.rdkafka_error_code().is_some_and(|code| passing.contains(&code))
}
