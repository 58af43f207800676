//! Whatever does not fit stops its lane with the code that names it, before anything is published, and no other lane
//! (`G4`, `G6`). All through the running binary; what is wrong was done by strangers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apache_avro::types::Value;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::checker::check;
use crate::loud::expect;
use crate::producer::transactional;
use crate::reader::{Isolation, Record, eventually};
use crate::records::{ORDER, account_in, instrument, new_intent, set};
use crate::router::Router;
use crate::strangers::{alter, delete_group, forge, last, lose_records, recreate, set_lane, widen};
use crate::world::World;

const WAIT: Duration = Duration::from_secs(30);

/// A router that has decided two intents in each lane, was opened again, and has ended in order.
fn worked_in(name: &str, lanes: i32) -> World {
    worked_on(World::new(name, lanes))
}

/// The same, on a trail from which an administrator can delete records: those of a compacted topic cannot be.
fn worked_in_deletable(name: &str, lanes: i32) -> World {
    worked_on(World::made_with(name, lanes, &["--audit-cleanup", "delete"]))
}

fn worked_on(world: World) -> World {
    (0..world.partitions).for_each(|lane| world.allow(&account_in(lane, world.partitions)));
    for round in ["first", "second"] {
        send_to_all(&world, round);
    }
    for runs in 1..=2 {
        let router = world.router(&[]);
        world.wait_openings(runs * usize::try_from(world.partitions).expect("a count"));
        world.wait_answered(&router);
        router.end_cleanly();
    }
    check(&world);
    world
}

/// One new intent for every lane.
fn send_to_all(world: &World, id: &str) {
    let intents: Vec<_> =
        (0..world.partitions).map(|lane| new_intent(&account_in(lane, world.partitions), id, id)).collect();
    world.send_all(&intents);
}

/// Waits until exactly these lanes have halted.
fn wait_halts(router: &Router, due: &[(i32, &str)]) {
    let due: Vec<(i32, String)> = due.iter().map(|(lane, code)| (*lane, (*code).to_owned())).collect();
    let found = eventually(&format!("{} lanes have halted", due.len()), || {
        Some(router.halts()).filter(|found| found.len() >= due.len())
    });
    assert_eq!(found, due);
}

/// What the lanes have published, of some partitions.
fn published(world: &World, lanes: &[i32]) -> Vec<Record> {
    let topics = ["orders", "audit"].into_iter();
    let all = topics.flat_map(|role| world.read(role, Isolation::Committed));
    all.filter(|record| lanes.contains(&record.partition)).collect()
}

/// Starts a router that must halt its only lane so, publish nothing, and exit with 4 when it is told to end.
fn halts_with(world: &World, flags: &[&str], code: &str) {
    let before = published(world, &[0]);
    let router = world.router(flags);
    wait_halts(&router, &[(0, code)]);
    assert_eq!(router.terminate().code(), Some(4), "{code}");
    assert_eq!(published(world, &[0]), before, "{code}: nothing is published");
}

/// What happened to each lane while no router ran, and what it must halt with.
const SABOTAGED: [(i32, &str); 13] = [
    (1, "CURSOR_MISMATCH"),
    (2, "CURSOR_MISMATCH"),
    (3, "CHAIN_BROKEN"),
    (4, "CHAIN_BROKEN"),
    (5, "CHAIN_BROKEN"),
    (6, "AUDIT_UNREADABLE"),
    (7, "OUTPUT_MISMATCH"),
    (8, "OUTPUT_MISMATCH"),
    (9, "OUTPUT_MISMATCH"),
    (10, "INPUT_LOST"),
    (11, "CLOCK_UNSAFE"),
    (12, "STATE_DIVERGED"),
    (13, "OUTCOME_UNRESOLVED"),
];
/// Those that go on; of them 11 once the clock has caught up.
const GOING_ON: [i32; 3] = [0, 11, 14];

/// Does it, and hands over the stranger whose transaction on lane 13 is open.
fn sabotage(world: &World) -> BaseProducer {
    let cursor = world.committed("intents");
    let end = |role, lane| last(world, role, lane).offset + 1;
    world.commit("intents", 1, cursor[&1] + 1);
    world.commit("intents", 2, 0);
    lose_records(world, "audit", 3, 2);
    forge(world, 4, |entry| set(entry, "prev", Value::Fixed(32, vec![7; 32])));
    forge(world, 5, |entry| set(entry, "seq", Value::Long(99)));
    world.produce("audit", 6, Some(&[0; 8]), Some(b"no entry at all"));
    world.produce("orders", 7, Some(b"A1"), Some(b"no order at all"));
    let orders = world.read("orders", Isolation::Committed);
    let first = orders.into_iter().find(|record| record.partition == 8).expect("an order");
    world.produce("orders", 8, first.key.as_deref(), first.value.as_deref());
    // The marker behind the last order too.
    lose_records(world, "orders", 9, end("orders", 9) + 1);
    forge(world, 12, |entry| set_lane(entry, "ledger_hash", Value::Fixed(32, vec![7; 32])));
    let soon = nanoseconds_now() + 60_000_000_000;
    forge(world, 11, |entry| set(entry, "decided_at", Value::Long(soon)));
    let stranger = transactional(&world.bootstrap, &world.topic("stranger"));
    open_transaction(&stranger, &world.topic("audit"), 13);
    send_to_all(world, "third");
    lose_records(world, "intents", 10, end("intents", 10));
    stranger
}

#[test]
fn each_lane_halts_for_its_own_reason_and_the_others_go_on() {
    let world = worked_in_deletable("sabotage", 15);
    let cursor = world.committed("intents");
    let stranger = sabotage(&world);
    world.configure("transaction_timeout_ms = 4000\n[decide]\nmax_intent_age_ms = 0\n");
    let held = expect("a transaction stays open on the trail", "the stranger's does, on lane 13");
    let mut router = world.router(&[]).saying(&[held]);
    world.wait_answered_in(&router, &[0, 14]);
    wait_halts(&router, &SABOTAGED);
    // The clock catches up with the entry from the future, and its lane goes on by itself.
    world.wait_answered_in(&router, &GOING_ON);
    send_to_all(&world, "fourth");
    world.wait_answered_in(&router, &GOING_ON);
    let committed = world.committed("intents");
    let halted = SABOTAGED.map(|(lane, _)| lane).into_iter().filter(|lane| !GOING_ON.contains(lane));
    // Of lanes 1 and 2 it was the stranger who moved the offset.
    for lane in halted.filter(|lane| *lane > 2) {
        assert_eq!(committed[&lane], cursor[&lane], "a halted lane answers nothing: {lane}");
    }
    assert!(router.is_alive());
    drop(stranger);
    assert_eq!(router.terminate().code(), Some(4));
}

#[test]
fn offsets_in_a_transaction_that_nobody_ends_are_waited_for_and_halt_their_lane_alone() {
    let world = worked_in("unsettled", 2);
    let stranger = transactional(&world.bootstrap, &world.topic("stranger"));
    stranger.begin_transaction().expect("a transaction");
    world.commit_within(&stranger, "intents", 0, world.committed("intents")[&0]);
    world.configure("transaction_timeout_ms = 4000\n[decide]\nmax_intent_age_ms = 0\n");
    send_to_all(&world, "third");
    let waits = expect("waiting for Kafka to say how the topics stand", "the lane waits, and says for what");
    let router = world.router(&[]).saying(&[waits]);
    world.wait_answered_in(&router, &[1]);
    assert_eq!(router.halts(), [], "it is waited for, at first");
    wait_halts(&router, &[(0, "OUTCOME_UNRESOLVED")]);
    assert_eq!(router.terminate().code(), Some(4));
    stranger.abort_transaction(WAIT).expect("an abort");
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    check(&world);
}

/// A stranger's transaction on a partition, with a record in it, and no end.
fn open_transaction(stranger: &BaseProducer, topic: &str, partition: i32) {
    stranger.begin_transaction().expect("a transaction");
    let record = BaseRecord::to(topic).partition(partition).key("").payload("");
    stranger.send(record).map_err(|(error, _)| error).expect("the queue has room");
    stranger.flush(WAIT).expect("the record lies in the topic");
}

fn nanoseconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_nanos()).expect("a clock before 2262")
}

#[test]
fn a_fresh_lane_begins_only_where_nothing_was_before() {
    let world = World::new("fresh", 8);
    let stranger = transactional(&world.bootstrap, &world.topic("stranger"));
    open_transaction(&stranger, &world.topic("audit"), 7);
    stranger.abort_transaction(WAIT).expect("an abort");

    world.commit("intents", 1, 0);
    world.commit("executions", 2, 0);
    world.produce("orders", 3, None, Some(b"used"));
    for (role, lane) in [("intents", 4), ("executions", 5), ("orders", 6)] {
        world.produce(role, lane, None, Some(b"lost"));
        lose_records(&world, role, lane, 1);
    }
    send_to_all(&world, "first");
    let router = world.router(&[]);
    wait_halts(
        &router,
        &[
            (1, "CURSOR_MISMATCH"),
            (2, "CURSOR_MISMATCH"),
            (3, "OUTPUT_MISMATCH"),
            (4, "INPUT_LOST"),
            (5, "INPUT_LOST"),
            (6, "OUTPUT_MISMATCH"),
        ],
    );
    // What was aborted was never there.
    world.wait_answered_in(&router, &[0, 7]);
    assert_eq!(router.terminate().code(), Some(4));
}

/// A record that names the right entry, and is not what that decided.
#[test]
fn a_last_order_with_another_price_than_its_entry_halts() {
    let world = worked_in("edited", 1);
    let order = last(&world, "orders", 0);
    let mut edited = ORDER.decode_value(order.value.as_deref().expect("a value"));
    set(&mut edited, "price", Value::Union(1, Box::new(Value::String("900.00".to_owned()))));
    world.produce("orders", 0, order.key.as_deref(), Some(&ORDER.encode_value(edited)));
    halts_with(&world, &[], "OUTPUT_MISMATCH");
}

#[test]
fn proofs_are_made_in_order_and_the_first_that_fails_names_the_halt() {
    let world = worked_in("proofs", 1);
    // Each fault lies before the former ones in the order of proving: (e), (c), (b), (a), and (d) before all.
    world.produce("control", 0, Some(b"instrument"), Some(&instrument(2)));
    lose_records(&world, "control", 0, last(&world, "control", 0).offset + 1);
    halts_with(&world, &[], "CONTROL_INVALID");
    world.produce("orders", 0, Some(b"A1"), Some(b"no order at all"));
    halts_with(&world, &[], "OUTPUT_MISMATCH");
    delete_group(&world);
    halts_with(&world, &[], "CURSOR_MISMATCH");
    forge(&world, 0, |entry| set(entry, "prev", Value::Fixed(32, vec![7; 32])));
    halts_with(&world, &[], "CHAIN_BROKEN");
    halts_with(&world, &["--group", "another"], "TOPOLOGY_CHANGED");
}

#[test]
fn a_key_that_wider_topics_have_moved_gives_no_second_order() {
    let mut world = World::new("wider", 1);
    let moved = new_intent(&account_in(1, 2), "first", "first");
    world.send(&moved);
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    check(&world);
    for role in ["intents", "executions", "orders", "audit"] {
        widen(&world, role, 2);
    }
    world.partitions = 2;
    let orders = |world: &World| {
        let orders = world.read("orders", Isolation::Committed);
        let decoded = orders.iter().map(|order| ORDER.decode(order.value.as_ref().expect("an order")));
        decoded.map(|order| [order["account_id"].clone(), order["intent_id"].clone()]).collect::<Vec<_>>()
    };
    let before = orders(&world);
    world.send(&moved);
    let router = world.router(&[]);
    eventually("both lanes have halted, or one has decided", || {
        let decided = world.committed("intents").get(&1) >= Some(&1);
        (decided || router.halts().len() == 2).then_some(())
    });
    assert_eq!(orders(&world), before);
    let due = [0, 1].map(|lane| (lane, "TOPOLOGY_CHANGED".to_owned()));
    assert_eq!(router.halts(), due);
    assert_eq!(router.terminate().code(), Some(4));
}

#[test]
fn a_topic_that_was_made_anew_is_another_topic() {
    let world = worked_in("anew", 1);
    // Nothing was ever on it, so that every offset is as it was.
    recreate(&world, "executions");
    halts_with(&world, &[], "TOPOLOGY_CHANGED");
}

#[test]
fn records_that_are_lost_under_a_running_lane_halt_it() {
    let world = World::new("lost", 2);
    let strategy = transactional(&world.bootstrap, &world.topic("strategy"));
    open_transaction(&strategy, &world.topic("intents"), 0);
    let router = world.router(&[]);
    send_to_all(&world, "first");
    // Whatever lies behind an open transaction waits, and is lost before it can be read.
    world.wait_committed("intents", 1, 1);
    lose_records(&world, "intents", 0, 2);
    wait_halts(&router, &[(0, "INPUT_LOST")]);
    send_to_all(&world, "second");
    world.wait_committed("intents", 1, 2);
    assert_eq!(router.terminate().code(), Some(4));
}

#[test]
fn the_fourth_fence_by_a_stranger_halts_the_lane_and_no_other() {
    let world = World::new("fenced", 2);
    let router = world.router(&[]).saying(&[expect("fenced", "the stranger has taken the lane's ids")]);
    world.wait_openings(2);
    for theft in 0..4 {
        // Both, since the lane uses them in turn.
        for slot in 0..2 {
            drop(transactional(&world.bootstrap, &format!("{}-0-{slot}", world.topic("audit"))));
        }
        send_to_all(&world, &format!("after theft {theft}").replace(' ', "-"));
        if theft < 3 {
            world.wait_answered(&router);
            assert_eq!(router.halts(), []);
        }
    }
    wait_halts(&router, &[(0, "FENCED")]);
    world.wait_answered_in(&router, &[1]);
    assert_eq!(router.terminate().code(), Some(4));
    // A restart proves everything again, and goes on.
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    assert_eq!(check(&world).count("ACCEPTED"), 8);
}

#[test]
fn a_trail_that_may_be_deleted_stops_its_lanes_and_refuses_a_start() {
    let world = worked_in("unsafe", 2);
    let opened = world.openings();
    let first = world.router(&[]);
    world.wait_openings(opened + 2);
    let second = world.router(&[]);
    // Every lane is given back and assigned anew, to either of the two.
    world.wait_openings(opened + 4);
    alter(&world, "audit", &[("cleanup.policy", "delete"), ("retention.ms", "3600000")]);
    second.terminate();
    wait_halts(&first, &[(0, "UNSAFE_TOPIC"), (1, "UNSAFE_TOPIC")]);
    assert_eq!(first.terminate().code(), Some(4));
    let mut refused = world.router(&[]);
    let status = refused.exited("because preflight refuses");
    assert_eq!(status.code(), Some(3), "{}", refused.log());
}
