//! `onefill init` and `check`: topics as the contract has them, and every difference named.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};

use crate::broker::broker;
use crate::command::Installation;
use crate::loud::HALTS;
use crate::reader::{Isolation, eventually, read_all};

const WAIT: Duration = Duration::from_secs(30);

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", broker()).create().expect("an admin client")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// The settings of a topic as the broker gives them.
fn settings(topic: &str) -> BTreeMap<String, String> {
    let options = AdminOptions::new().request_timeout(Some(WAIT));
    let answer = block_on(admin().describe_configs(&[ResourceSpecifier::Topic(topic)], &options));
    let resource = answer.expect("an answer").remove(0).expect("the topic's settings");
    resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

fn partitions(topic: &str) -> usize {
    let metadata = admin().inner().fetch_metadata(Some(topic), WAIT).expect("metadata");
    metadata.topics()[0].partitions().len()
}

#[test]
fn topics_are_made_as_the_contract_has_them() {
    let here = Installation::new(broker(), "init-made");
    here.done(&["init", "--partitions", "3"]);
    let never = "9223372036854775807";
    for (topic, count, expected) in [
        (
            "intents",
            3,
            vec![("cleanup.policy", "delete"), ("retention.ms", "604800000"), ("retention.bytes", "-1")],
        ),
        ("executions", 3, vec![("cleanup.policy", "delete"), ("retention.ms", "604800000")]),
        ("orders", 3, vec![("cleanup.policy", "delete"), ("max.message.bytes", "2097152")]),
        (
            "audit",
            3,
            vec![
                ("cleanup.policy", "compact"),
                ("min.compaction.lag.ms", never),
                ("max.compaction.lag.ms", never),
                ("delete.retention.ms", "3155760000000"),
                ("max.message.bytes", "2097152"),
            ],
        ),
        ("control", 1, vec![("cleanup.policy", "delete"), ("retention.ms", "-1")]),
        ("prices", 1, vec![("cleanup.policy", "compact")]),
        ("quarantine", 1, vec![("cleanup.policy", "delete"), ("retention.ms", "-1")]),
    ] {
        let name = format!("{}{topic}", here.prefix);
        assert_eq!(partitions(&name), count, "{topic}");
        let found = settings(&name);
        for (setting, value) in expected {
            assert_eq!(found.get(setting).map(String::as_str), Some(value), "{topic} {setting}");
        }
        assert_eq!(found["unclean.leader.election.enable"], "false", "{topic}");
    }
}

#[test]
fn run_again_it_changes_nothing_and_names_every_difference() {
    let here = Installation::new(broker(), "init-again");
    here.done(&["init", "--partitions", "2"]);
    let audit = format!("{}audit", here.prefix);

    let again = here.done(&["init", "--output", "json"]);
    assert_eq!(again.json()[0]["created"], json!([]));

    // The audit topic loses what keeps it from being cleaned; all else that was set goes with it.
    let change = AlterConfig::new(ResourceSpecifier::Topic(&audit)).set("cleanup.policy", "delete");
    let options = AdminOptions::new().request_timeout(Some(WAIT));
    block_on(admin().alter_configs([&change], &options)).expect("an answer").remove(0).expect("changed");
    let changed = settings(&audit);

    let differing = here.call(&["init", "--partitions", "5", "--output", "json"]);
    assert_eq!(differing.status, 3, "{}", differing.err);
    let found = differing.json()[0]["findings"].as_array().expect("findings").clone();
    let of = |topic: &str, setting: &str| {
        let subject = format!("{}{topic}", here.prefix);
        let same = |one: &&Value| one["subject"] == subject.as_str() && one["setting"] == setting;
        found.iter().find(same).unwrap_or_else(|| panic!("{topic} {setting} is named in {found:?}"))
    };
    let policy = of("audit", "cleanup.policy");
    assert_eq!((&policy["is"], &policy["should"]), (&json!("delete"), &json!("compact")));
    assert!(
        policy["remedy"]
            .as_str()
            .is_some_and(|remedy| remedy.contains("--add-config cleanup.policy=compact"))
    );
    assert_eq!(of("audit", "min.compaction.lag.ms")["is"], "0");
    for topic in ["intents", "executions", "orders", "audit"] {
        assert_eq!(
            (&of(topic, "partitions")["is"], &of(topic, "partitions")["should"]),
            (&json!("2"), &json!("5"))
        );
    }
    assert_eq!(settings(&audit), changed, "nothing was mended by itself");
    assert_eq!(partitions(&audit), 2);
}

#[test]
fn all_that_a_script_is_told_is_one_document() {
    let here = Installation::new(broker(), "init-genesis");
    let begun = here.done(&["init", "--partitions", "2", "--genesis", "--output", "json"]).json();
    let [document] = begun.as_slice() else { panic!("one document, not {begun:?}") };
    assert_eq!(document["created"].as_array().map(Vec::len), Some(7));
    let trail = |partition: i32| json!({ "partition": partition, "accepted": [] });
    assert_eq!((&document["trails"], document.get("acls")), (&json!([trail(0), trail(1)]), None));
}

/// Beside a trail that cannot be read nothing is written, whatever else could be accepted.
#[test]
fn genesis_is_refused_where_a_trail_cannot_be_read() {
    let here = Installation::new(broker(), "init-damaged");
    here.done(&["init", "--partitions", "1"]);
    let audit = format!("{}audit", here.prefix);
    publish(&audit, &0_u64.to_be_bytes(), b"junk");
    let refused = here.call(&["init", "--genesis"]);
    assert_eq!(refused.status, 4, "{}", refused.err);
    assert!(
        refused.err.contains("partition 0") && refused.err.contains("AUDIT_UNREADABLE"),
        "{}",
        refused.err
    );
    assert_eq!(read_all(broker(), &audit, Isolation::Committed).len(), 1);
}

#[test]
fn genesis_leaves_trails_that_have_begun_and_is_refused_where_all_have() {
    let here = Installation::new(broker(), "init-some");
    here.done(&["init", "--partitions", "1"]);
    here.done(&["init", "--genesis"]);
    let refused = here.call(&["init", "--genesis"]);
    assert_eq!(refused.status, 3, "{}", refused.err);
    assert!(refused.err.contains("every trail has begun"), "{}", refused.err);
    let halted = Installation::new(broker(), "init-halted");
    halted.done(&["init", "--partitions", "2"]);
    publish_to(&format!("{}orders", halted.prefix), 1, b"A1", b"junk");
    // Partition 0 begins by itself, partition 1 halts.
    {
        let router = halted.router().saying(HALTS);
        eventually("partition 1 halts", || router.log().contains("OUTPUT_MISMATCH").then_some(()));
        eventually("partition 0 begins", || {
            let audit = format!("{}audit", halted.prefix);
            (!read_all(broker(), &audit, Isolation::Committed).is_empty()).then_some(())
        });
    }
    let recover = ["recover", "--partition", "1", "--accept", "OUTPUT_MISMATCH", "--reason", "junk"];
    let called = eventually("the killed router is gone", || {
        let called = halted.call(&recover);
        (!called.err.contains("has 1 member")).then_some(called)
    });
    assert_eq!(called.status, 3, "{}", called.err);
    assert!(called.err.contains("init --genesis"), "{}", called.err);
    let begun = halted.done(&["init", "--genesis", "--output", "json"]).json().remove(0);
    let due = json!([{"partition": 0, "entries": 1}, {"partition": 1, "accepted": ["OUTPUT_MISMATCH"]}]);
    assert_eq!(begun["trails"], due);
}

fn publish(topic: &str, key: &[u8], value: &[u8]) {
    publish_to(topic, 0, key, value);
}

fn publish_to(topic: &str, partition: i32, key: &[u8], value: &[u8]) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker()).create().expect("a producer");
    let record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).key(key).payload(value);
    producer.send(record).map_err(|(error, _)| error).expect("it is queued");
    producer.flush(WAIT).expect("it is published");
}

#[test]
fn check_refuses_missing_topics_and_forgives_one_broker_by_name() {
    let here = Installation::new(broker(), "init-check");
    let before = here.call(&["check", "--output", "json"]);
    assert_eq!(before.status, 3, "{}", before.err);
    let findings = before.json()[0]["findings"].as_array().expect("findings").clone();
    assert_eq!(findings.iter().filter(|one| one["code"] == "topic-missing").count(), 7);

    here.done(&["init"]);
    let after = here.done(&["check", "--output", "json"]);
    let after = &after.json()[0];
    for finding in after["findings"].as_array().expect("findings") {
        assert!(finding["waived"] == true || finding["severity"] != "fault", "{finding}");
    }
    for code in ["brokers-few", "replication", "min-isr"] {
        assert!(after["waived"].as_array().expect("codes").contains(&json!(code)), "{code}");
    }
}

#[test]
fn where_nothing_was_made_operators_are_told_that_there_is_no_trail() {
    let here = Installation::new(broker(), "init-none");
    let recover = ["recover", "--partition", "3", "--accept", "INPUT_LOST", "--reason", "test"];
    for arguments in
        [&["cursor", "restore"][..], &["cursor", "restore", "--partition", "3"], &recover, &["status"]]
    {
        let called = here.call(arguments);
        assert_eq!(called.status, 1, "{arguments:?}: {}", called.err);
        let said = format!("there is no topic {}audit", here.prefix);
        assert!(called.err.contains(&said), "{arguments:?}: {}", called.err);
    }
    let wide = here.call(&["init", "--replication", "3"]);
    assert!(wide.status == 3 && wide.err.contains("set the replication to 1"), "{}", wide.err);
}
