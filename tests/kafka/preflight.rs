//! `onefill check` on real brokers: what they say of rights, of protocols, of what waits and of what a trail recorded.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value as Json;

use crate::broker::{Cluster, broker};
use crate::command::{Called, Installation};
use crate::login::Login;
use crate::producer::transactional;
use crate::reader::eventually;
use crate::records::{account_in, new_intent};
use crate::strangers::{lose_records, recreate};
use crate::world::World;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a check found that is not forgiven: code and subject, in order.
fn found(out: &str) -> Vec<[String; 2]> {
    let checked: Json = serde_json::from_str(out).expect("JSON");
    let findings = checked["findings"].as_array().expect("findings").iter();
    let open = findings.filter(|finding| finding["waived"] == false);
    open.map(|finding| ["code", "subject"].map(|field| finding[field].as_str().expect("a text").to_owned()))
        .collect()
}

/// The same without what every check of a test's broker finds.
fn news(out: &str) -> Vec<[String; 2]> {
    let usual = ["quotas-unknown", "record-room"];
    found(out).into_iter().filter(|[code, _]| !usual.contains(&code.as_str())).collect()
}

#[test]
fn check_finds_ahead_of_time_what_lanes_would_halt_for() {
    let world = World::new("ahead", 2);
    let router = world.router(&[]);
    world.wait_openings(2);
    router.end_cleanly();
    let check = || world.call(&["check", "--output", "json"]);
    let checked = check();
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!((checked.status.code(), news(&out)), (Some(0), vec![]), "{out}");

    // Of lane 0 a record is lost, of lane 1 one has waited for more than half of seven days.
    world.send(&new_intent(&account_in(0, 2), "lost", "lost"));
    lose_records(&world, "intents", 0, 1);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let late = i64::try_from(since.as_millis()).expect("a clock before 2262") - 4 * DAY_MS;
    let strategy: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker()).create().expect("a producer");
    let intents = world.topic("intents");
    let record = BaseRecord::to(&intents).partition(1).key("A1").payload("late").timestamp(late);
    strategy.send(record).expect("the queue has room");
    strategy.flush(Duration::from_secs(30)).expect("the record lies in the topic");
    recreate(&world, "executions");
    let checked = check();
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    let subject = |code: &str, subject: String| [code.to_owned(), subject];
    let due = [
        subject("topology-changed", "lane 0".to_owned()),
        subject("input-lost", format!("{intents}/0")),
        subject("topology-changed", "lane 1".to_owned()),
        subject("input-expiring", format!("{intents}/1")),
    ];
    assert_eq!((checked.status.code(), news(&out)), (Some(3), due.to_vec()), "{out}");
    assert!(out.contains("96 h 0 min"), "{out}");
    // Each lane halts by itself: none of it keeps a router from its other lanes.
    let checked = world.call(&["check", "--start", "--output", "json"]);
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!((checked.status.code(), news(&out)), (Some(0), vec![]), "{out}");
}

#[test]
fn an_offset_of_an_open_transaction_is_worth_a_warning_and_holds_nobody_back() {
    let world = World::new("unstable", 2);
    let router = world.router(&[]);
    world.wait_openings(2);
    router.end_cleanly();
    let stranger = transactional(broker(), "unstable");
    stranger.begin_transaction().expect("a transaction");
    world.commit_within(&stranger, "intents", 1, 0);
    let checked = world.call(&["check", "--output", "json"]);
    let out = String::from_utf8_lossy(&checked.stdout).into_owned();
    let due = [["offsets-unstable".to_owned(), format!("{}/1", world.topic("intents"))]];
    assert_eq!((checked.status.code(), news(&out)), (Some(0), due.to_vec()), "{out}");
    let told = world.call(&["status", "--output", "json"]);
    let out = String::from_utf8_lossy(&told.stdout).into_owned();
    let status: Json = serde_json::from_str(&out).expect("status is JSON");
    let committed = [0, 1].map(|lane| status["lanes"][lane]["committed"].clone());
    assert_eq!(committed, [serde_json::json!({"intents": 0, "executions": 0}), Json::Null], "{out}");
}

/// Applies each remedy as it stands, by Kafka's own tool; those that differ in the topic alone, at once.
fn apply(cluster: &Cluster, findings: &[Json]) {
    let mut calls: Vec<Vec<String>> = Vec::new();
    for finding in findings {
        let remedy = finding["remedy"].as_str().expect("a remedy").split(' ').map(str::to_owned);
        let mut words: Vec<String> = remedy.collect();
        assert_eq!(
            (words.remove(0).as_str(), words.remove(0).as_str()),
            ("kafka-acls.sh", "--bootstrap-server")
        );
        // The user may not grant himself anything.
        cluster.bootstrap().clone_into(&mut words[0]);
        let topic = words.iter().position(|word| word == "--topic");
        let same = |call: &&mut Vec<String>| topic.is_some_and(|at| call.get(..=at) == words.get(..=at));
        match calls.iter_mut().find(same) {
            Some(call) => call.extend(words.drain(topic.expect("a topic")..)),
            None => calls.push(words),
        }
    }
    for call in calls {
        let arguments: Vec<&str> = ["kafka-acls.sh", "--bootstrap-server"]
            .into_iter()
            .chain(call.iter().map(String::as_str))
            .collect();
        cluster.tool(&arguments);
    }
}

#[test]
fn the_rights_that_check_asks_for_are_enough_to_route() {
    let (cluster, users) = Cluster::with_users(&["router"]);
    let admin = Installation::new(cluster.bootstrap(), "rights");
    admin.done(&["init", "--partitions", "1"]);
    let login = Login::new(&users, "router");
    let config = login.config();
    let user = Installation::new(&users, "rights");
    let check = || -> Called { user.call(&["check", "--output", "json", "--config", config]) };

    let before = check();
    let findings = before.json()[0]["findings"].as_array().expect("findings").clone();
    let lacking: Vec<Json> = findings.into_iter().filter(|one| one["code"] == "right-missing").collect();
    assert_eq!((before.status, lacking.len()), (3, 12), "{}\n{}", before.out, before.err);
    let refused = user.call(&["run", "--http", "127.0.0.1:0", "--config", config]);
    assert_eq!(refused.status, 3, "{}\n{}", refused.out, refused.err);
    assert!(refused.out.contains("right-missing"), "{}", refused.out);

    apply(&cluster, &lacking);
    let after = check();
    assert_eq!((after.status, news(&after.out)), (0, vec![]), "{}\n{}", after.out, after.err);
    let _router = user.router_with(&["--config", config]);
    admin.done(&[
        "control",
        "instrument",
        "X.SIM",
        "--currency",
        "USD",
        "--tick",
        "1",
        "--lot",
        "1",
        "--wait",
    ]);
    admin.allow("A1");
    let order = ["--account", "A1", "--strategy", "S1", "--instrument", "X.SIM", "--side", "BUY"];
    let terms = ["--order-type", "LIMIT", "--qty", "1", "--price", "1", "--output", "json"];
    let submitted = admin.done(&[&["submit", "--wait"][..], &order, &terms].concat());
    assert!(submitted.out.contains("ACCEPTED"), "{}", submitted.out);
}

#[test]
fn three_brokers_need_no_waiver_and_kafkas_own_topics_are_judged_as_they_are() {
    let cluster = Cluster::start(3);
    let here = Installation::strict(cluster.bootstrap(), "strict");
    here.done(&["init", "--partitions", "1"]);
    // A broker that is short of time falls behind for a moment, and check says so. Asking for the group's offsets makes
    // the topic that holds them.
    let checked = |due: &[[String; 2]]| {
        eventually(&format!("check finds {due:?}"), || {
            let called = here.call(&["check", "--output", "json"]);
            (news(&called.out) == due).then_some(called.status)
        })
    };
    assert_eq!(checked(&[]), 0);

    let offsets = "__consumer_offsets";
    let settings = "min.insync.replicas=1,unclean.leader.election.enable=true";
    let alter =
        ["kafka-configs.sh", "--bootstrap-server", cluster.bootstrap(), "--alter", "--entity-type", "topics"];
    cluster.tool(&[&alter[..], &["--entity-name", offsets, "--add-config", settings]].concat());
    let due = ["min-isr", "unclean-election"].map(|code| [code.to_owned(), offsets.to_owned()]);
    assert_eq!(checked(&due), 3);
}
