//! The fixture itself: what the other tests lean on must be true.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::broker::{Cluster, Signal, broker};
use crate::producer::transactional;
use crate::reader::{Isolation, Record, eventually, read_all, topic};

const WAIT: Duration = Duration::from_secs(30);
const TIMESTAMP: i64 = 1_700_000_000_000;
/// The broker goes by the records' own timestamps, and would delete such old ones 30 s after its start.
const KEPT: &[(&str, &str)] = &[("retention.ms", "-1")];

#[test]
fn a_committed_reader_sees_exactly_what_was_committed() {
    topic(broker(), "fixture.transactions", 2, KEPT);
    let producer = transactional(broker(), "fixture.transactions");
    for (value, commits) in [("first", true), ("lost", false), ("second", true), ("last", false)] {
        producer.begin_transaction().unwrap();
        send(&producer, "fixture.transactions", 0, value);
        producer.flush(WAIT).unwrap();
        if commits {
            producer.commit_transaction(WAIT).unwrap();
        } else {
            producer.abort_transaction(WAIT).unwrap();
        }
    }
    // Each transaction is one record and one marker, so every other offset is a record's.
    let all = [record(0, "first"), record(2, "lost"), record(4, "second"), record(6, "last")];
    let committed = [all[0].clone(), all[2].clone()];
    assert_eq!(read_all(broker(), "fixture.transactions", Isolation::Uncommitted), all);
    assert_eq!(read_all(broker(), "fixture.transactions", Isolation::Committed), committed);
}

#[test]
fn a_cluster_of_three_outlives_the_loss_of_one() {
    let cluster = Cluster::start(3);
    topic(cluster.bootstrap(), "fixture.loss", 3, KEPT);
    let producer = transactional(cluster.bootstrap(), "fixture.loss");
    cluster.kill(2, Signal::Kill);
    producer.begin_transaction().unwrap();
    for partition in 0..3 {
        send(&producer, "fixture.loss", partition, "without 2");
    }
    producer.flush(WAIT).unwrap();
    eventually("the transaction commits", || producer.commit_transaction(WAIT).ok());
    cluster.restart(2);
    cluster.kill(3, Signal::Term);
    cluster.restart(3);
    cluster.kill(1, Signal::Stop);
    cluster.kill(1, Signal::Continue);
    let records = read_all(cluster.bootstrap(), "fixture.loss", Isolation::Committed);
    assert_eq!(records, [0, 1, 2].map(|partition| Record { partition, ..record(0, "without 2") }));
}

/// The same test is also the process that is killed: then the variable names the file for its bootstrap address.
#[test]
fn a_killed_test_process_leaves_no_broker_behind() {
    const VICTIM: &str = "ONEFILL_TEST_VICTIM";
    if let Ok(path) = std::env::var(VICTIM) {
        let cluster = Cluster::start(1);
        std::fs::write(path, cluster.bootstrap()).unwrap();
        loop {
            std::thread::park();
        }
    }
    let note = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fixture::a_killed_test_process_leaves_no_broker_behind"])
        .env(VICTIM, note.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let bootstrap = eventually("the victim has a broker", || {
        std::fs::read_to_string(note.path()).ok().filter(|text| !text.is_empty())
    });
    assert!(TcpStream::connect(&bootstrap).is_ok(), "the victim's broker answers");
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually("the victim's broker is gone", || TcpStream::connect(&bootstrap).is_err().then_some(()));
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, value: &str) {
    let headers = OwnedHeaders::new().insert(Header { key: "kind", value: Some("test") });
    let record = BaseRecord::to(topic)
        .partition(partition)
        .key("key")
        .payload(value)
        .headers(headers)
        .timestamp(TIMESTAMP);
    producer.send(record).map_err(|(error, _)| error).unwrap();
}

fn record(offset: i64, value: &str) -> Record {
    Record {
        partition: 0,
        offset,
        key: Some(b"key".to_vec()),
        value: Some(value.into()),
        headers: vec![("kind".to_owned(), Some(b"test".to_vec()))],
        timestamp: Some(TIMESTAMP),
    }
}
