//! Reading topics back, with rdkafka alone: nothing of onefill is used, so that a mistake in it cannot hide.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Longest that a topic is waited for: to be created, to become stable, to be read to its end.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Longest single call of the client; shorter than the above, so that a call that a dying broker swallowed is made anew.
const CALL_MAX: Duration = Duration::from_secs(5);

/// What a reader is shown of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only what was committed.
    Committed,
    /// Also what was aborted, or is still open.
    Uncommitted,
}

/// A record as it stands in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: Option<i64>,
}

/// Creates a topic with the cluster's default replication, and waits until each partition has a leader.
pub fn topic(bootstrap: &str, name: &str, partitions: i32, configs: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = client(bootstrap).create().expect("an admin client");
    let wanted = NewTopic::new(name, partitions, TopicReplication::Fixed(-1));
    let wanted = configs.iter().fold(wanted, |topic, (key, value)| topic.set(key, value));
    let options = AdminOptions::new().operation_timeout(Some(WAIT_MAX)).request_timeout(Some(WAIT_MAX));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let created =
        runtime.block_on(admin.create_topics([&wanted], &options)).expect("an answer about the topic");
    assert_eq!(created, [Ok(name.to_owned())], "topic {name} is created");
    let ready = || {
        let known = admin.inner().fetch_metadata(Some(name), CALL_MAX).ok()?;
        let partitions_led =
            known.topics().first()?.partitions().iter().filter(|one| one.leader() >= 0).count();
        (i32::try_from(partitions_led) == Ok(partitions)).then_some(())
    };
    eventually(&format!("each partition of {name} has a leader"), ready);
}

/// Every record of every partition, by partition and offset, from the beginning to the high watermark as it was
/// when this was called.
///
/// To a reader of committed records alone, a client reports the last *stable* offset as the end. Whoever stops there
/// misses what a transaction commits a moment later. So the end is asked of a client that reads uncommitted records,
/// and then this waits until the stable offset has come that far; a transaction that stays open fails the test.
pub fn read_all(bootstrap: &str, topic: &str, isolation: Isolation) -> Vec<Record> {
    let everything = consumer(bootstrap, Isolation::Uncommitted);
    let ends = high_watermarks(&everything, topic);
    let reader = consumer(bootstrap, isolation);
    for (&partition, &end) in &ends {
        let reached = || {
            let (_, stable) = reader.fetch_watermarks(topic, partition, CALL_MAX).ok()?;
            (stable >= end).then_some(())
        };
        eventually(&format!("{topic}/{partition} is stable up to {end}"), reached);
    }
    read_up_to(&reader, topic, ends)
}

fn read_up_to(reader: &BaseConsumer, topic: &str, ends: BTreeMap<i32, i64>) -> Vec<Record> {
    let mut unread: BTreeMap<i32, i64> = ends.into_iter().filter(|&(_, end)| end > 0).collect();
    let mut assigned = TopicPartitionList::new();
    for &partition in unread.keys() {
        assigned.add_partition_offset(topic, partition, Offset::Beginning).expect("a partition");
    }
    reader.assign(&assigned).expect("an assignment");
    let mut records = Vec::new();
    let give_up = Instant::now() + WAIT_MAX;
    while !unread.is_empty() {
        assert!(Instant::now() < give_up, "{topic}: still unread after {WAIT_MAX:?}: {unread:?}");
        match reader.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                let Some(&end) = unread.get(&message.partition()) else { continue };
                if message.offset() < end {
                    records.push(record(&message));
                }
                if message.offset() + 1 >= end {
                    unread.remove(&message.partition());
                }
            }
            // Markers take offsets and are never handed out: this is how the end is seen when the last is one.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                unread.remove(&partition);
            }
            // The client mends these by itself: brokers come and go in tests of faults.
            Some(Err(error)) if is_passing(&error) => {}
            Some(Err(error)) => panic!("{topic}: {error}"),
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}

fn high_watermarks(consumer: &BaseConsumer, topic: &str) -> BTreeMap<i32, i64> {
    let partitions = eventually(&format!("topic {topic} is known"), || {
        let known = consumer.fetch_metadata(Some(topic), CALL_MAX).ok()?;
        let ids: Vec<i32> = known.topics().first()?.partitions().iter().map(|one| one.id()).collect();
        (!ids.is_empty()).then_some(ids)
    });
    let end = |partition| {
        eventually(&format!("the end of {topic}/{partition} is known"), || {
            consumer.fetch_watermarks(topic, partition, CALL_MAX).ok().map(|(_, high)| high)
        })
    };
    partitions.into_iter().map(|partition| (partition, end(partition))).collect()
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    Record {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
        timestamp: message.timestamp().to_millis(),
    }
}

/// Asks until there is an answer, and fails the test when there is none in time.
pub fn eventually<T>(claim: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + WAIT_MAX;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < give_up, "not within {WAIT_MAX:?}: {claim}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_passing(error: &KafkaError) -> bool {
    use rdkafka::types::RDKafkaErrorCode as Code;
    let passing =
        [Code::BrokerTransportFailure, Code::AllBrokersDown, Code::OperationTimedOut, Code::Resolve];
    error.rdkafka_error_code().is_some_and(|code| passing.contains(&code))
}

fn consumer(bootstrap: &str, isolation: Isolation) -> BaseConsumer {
    let level = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    client(bootstrap)
        .set("group.id", "reader-of-the-tests")
        .set("isolation.level", level)
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "5")
        .create()
        .expect("a consumer")
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}
