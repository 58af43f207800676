use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::super::{Polled, flush};
use super::*;

type Plain = Polled<DefaultProducerContext>;

const WAIT: Duration = Duration::from_secs(20);

fn topic(settings: &[(&str, &str)]) -> (Arc<Plain>, TopicHandle<DefaultProducerContext>) {
    let mut config = ClientConfig::new();
    for (name, value) in settings {
        config.set(*name, *value);
    }
    let producer = Arc::new(config.create_with_context(DefaultProducerContext).unwrap());
    let topic = TopicHandle::of(&producer, "t").unwrap();
    (producer, topic)
}

/// Waits until the producer holds so many records: what its thread has not looked at yet is counted with them.
fn holds(producer: &Plain, records: i32) -> bool {
    let until = Instant::now() + WAIT;
    while producer.in_flight_count() != records && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    producer.in_flight_count() == records
}

fn put(outbox: &mut Outbox, numbers: impl IntoIterator<Item = u8>) {
    for number in numbers {
        assert_eq!(outbox.put(&[number], |out| out.extend([number; 10])), [number; 10]);
    }
}

#[test]
fn a_box_is_handed_over_in_order_as_far_as_there_is_room() {
    let (producer, topic) = topic(&[("queue.buffering.max.messages", "3")]);
    let mut outbox = Outbox::default();
    put(&mut outbox, 0..5);
    let refused = topic.send(0, &mut outbox).unwrap_err();
    assert_eq!(refused.error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
    assert_eq!((outbox.len(), outbox.bytes[0], refused.bytes), (2, 3, 11));
    assert!(holds(&producer, 3));
}

#[test]
fn a_record_that_is_too_large_is_named_before_one_without_room_and_stays_refused() {
    let (_producer, topic) = topic(&[("queue.buffering.max.messages", "2"), ("message.max.bytes", "1000")]);
    let mut outbox = Outbox::default();
    for length in [10, 2_000, 10, 10] {
        outbox.put(b"k", |out| out.resize(out.len() + length, 0));
    }
    for _ in 0..2 {
        let refused = topic.send(0, &mut outbox).unwrap_err();
        assert_eq!(refused.error.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge));
        assert_eq!((refused.bytes, outbox.len()), (2_001, 3));
    }
}

#[test]
fn an_empty_box_is_handed_over() {
    let (producer, topic) = topic(&[]);
    assert!(topic.send(0, &mut Outbox::default()).is_ok());
    assert!(holds(&producer, 0));
    assert_eq!(topic.name(), "t");
}

#[test]
fn empty_keys_and_values_are_records_too() {
    let (producer, topic) = topic(&[]);
    let mut outbox = Outbox::default();
    outbox.put(b"", |_| {});
    outbox.put(b"k", |_| {});
    assert!(topic.send(0, &mut outbox).is_ok() && outbox.is_empty());
    assert!(holds(&producer, 2));
}

#[test]
fn what_a_producer_without_a_transaction_refuses_stays_in_the_box() {
    let (producer, topic) = topic(&[("transactional.id", "x")]);
    let mut outbox = Outbox::default();
    put(&mut outbox, 0..5);
    let refused = topic.send(0, &mut outbox).unwrap_err();
    assert_eq!(refused.error.rdkafka_error_code(), Some(RDKafkaErrorCode::State));
    assert_eq!(outbox.len(), 5);
    assert!(holds(&producer, 0));
}

/// The topic is a handle's own reference: producer and handle may go in any order, with records queued.
#[test]
fn a_handle_may_outlive_all_other_holders_of_its_producer() {
    let (producer, topic) = topic(&[]);
    let mut outbox = Outbox::default();
    put(&mut outbox, 0..5);
    topic.send(0, &mut outbox).unwrap();
    drop(producer);
    put(&mut outbox, 0..5);
    topic.send(0, &mut outbox).unwrap();
}

/// A flush ends the linger wherever it finds records, also those of a queue that has no room; all of them
/// are there afterwards, once and in order.
#[test]
fn a_flush_ends_the_linger_and_each_record_is_there_once_and_in_order() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("t", 2, 1).unwrap();
    let began = Instant::now();
    let (producer, topic) = topic(&[
        ("bootstrap.servers", &cluster.bootstrap_servers()),
        ("enable.idempotence", "true"),
        ("linger.ms", "100000"),
        ("queue.buffering.max.messages", "30"),
    ]);
    let mut outbox = Outbox::default();
    for numbers in [0..64, 64..128, 128..200] {
        put(&mut outbox, numbers);
        while let Err(NotTaken { error, .. }) = topic.send(1, &mut outbox) {
            assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
            assert!(began.elapsed() < WAIT, "the linger holds back what is in the queue");
            let _still_full = flush(producer.client(), Duration::from_millis(1));
        }
    }
    flush(producer.client(), WAIT).unwrap();
    assert_eq!(read(&cluster, 200), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_transaction_does_not_commit_without_a_record_that_its_broker_refused() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("t", 2, 1).unwrap();
    let (producer, topic) = topic(&[
        ("bootstrap.servers", &cluster.bootstrap_servers()),
        ("transactional.id", "x"),
        ("linger.ms", "1000"),
    ]);
    producer.init_transactions(WAIT).unwrap();
    let mut outbox = Outbox::default();
    let mut commit = |numbers: Range<u8>| {
        producer.begin_transaction().unwrap();
        put(&mut outbox, numbers);
        topic.send(1, &mut outbox).unwrap();
        // Nothing is left: that is all it says.
        flush(producer.client(), WAIT).unwrap();
        producer.commit_transaction(WAIT)
    };
    commit(0..5).unwrap();
    assert_eq!(read(&cluster, 5), (0..5).collect::<Vec<_>>());
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD]);
    let refused = commit(5..10).unwrap_err();
    assert!(matches!(refused, KafkaError::Transaction(ref error) if error.txn_requires_abort()), "{refused}");
}

/// The first so many records of partition 1, by their values; and that there are no more.
fn read(cluster: &MockCluster<'static, DefaultProducerContext>, count: usize) -> Vec<u8> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "g");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut places = TopicPartitionList::new();
    places.add_partition_offset("t", 1, Offset::Beginning).unwrap();
    consumer.assign(&places).unwrap();
    let (_, end) = consumer.fetch_watermarks("t", 1, WAIT).unwrap();
    assert_eq!(usize::try_from(end), Ok(count));
    let number = |_| {
        let message = consumer.poll(WAIT).unwrap().unwrap();
        let (key, value) = (message.key().unwrap(), message.payload().unwrap());
        assert_eq!(value, [key[0]; 10]);
        value[0]
    };
    (0..count).map(number).collect()
}
