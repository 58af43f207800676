//! What a running lane notices without being opened anew, and what an opening passes over (`G3`, `G4`).

use std::time::Duration;

use rdkafka::producer::{BaseRecord, Producer as _};

use crate::checker::check;
use crate::loud::{TOPICS_CHANGED, expect};
use crate::producer::transactional;
use crate::reader::{Isolation, eventually};
use crate::records::{ENTRY, account_in, new_intent};
use crate::router::Router;
use crate::strangers::{alter, last, lose_records, recreate, remove, widen};
use crate::world::World;

const WAIT: Duration = Duration::from_secs(30);

/// One lane that runs and has answered an intent.
fn running(name: &str) -> (World, Router) {
    let world = World::new(name, 1);
    world.send(&new_intent("A1", "first", "first"));
    let router = world.router(&[]);
    world.wait_answered(&router);
    (world, router)
}

/// Breaks the world under a running lane, which must halt so and end with 4.
fn breaks(name: &str, code: &str, damage: impl FnOnce(&World)) {
    let (world, router) = running(name);
    let router = router.saying(TOPICS_CHANGED);
    damage(&world);
    let halted = eventually("the lane has halted", || Some(router.halts()).filter(|found| !found.is_empty()));
    assert_eq!(halted, [(0, code.to_owned())]);
    assert_eq!(router.terminate().code(), Some(4), "{code}");
}

#[test]
fn a_running_lane_sees_that_a_topic_was_made_anew() {
    breaks("anew-executions", "TOPOLOGY_CHANGED", |world| recreate(world, "executions"));
    breaks("anew-audit", "TOPOLOGY_CHANGED", |world| recreate(world, "audit"));
}

#[test]
fn a_running_lane_sees_that_control_was_made_anew() {
    breaks("anew-control", "CONTROL_INVALID", |world| recreate(world, "control"));
}

#[test]
fn a_running_lane_sees_that_a_topic_is_gone() {
    breaks("gone", "TOPOLOGY_CHANGED", |world| remove(world, "orders"));
}

#[test]
fn a_running_lane_sees_that_partitions_were_added() {
    breaks("added", "TOPOLOGY_CHANGED", |world| widen(world, "intents", 2));
}

#[test]
fn a_record_that_its_topic_never_takes_halts_the_lane_by_name_and_no_other() {
    let world = World::new("oversized", 2);
    let refused = expect("transaction: ", "the topic has refused the entry, and with it the transaction");
    let router = world.router(&[]).saying(&[refused]);
    world.wait_openings(2);
    // As much as is required, and less than `init` gives.
    let kept = i64::MAX.to_string();
    let settings = [
        ("max.message.bytes", "1048576"),
        ("cleanup.policy", "compact"),
        ("min.compaction.lag.ms", &kept),
        ("max.compaction.lag.ms", &kept),
    ];
    alter(&world, "audit", &settings);
    alter(&world, "intents", &[("max.message.bytes", "2097152")]);
    // The entry of a record that is no intent carries its whole key.
    let key = vec![b'k'; 1_048_500];
    world.produce("intents", 0, Some(&key), Some(b"no intent"));
    router.wait_logged("raise max.message.bytes");
    assert_eq!(router.halts(), [(0, "UNSAFE_TOPIC".to_owned())]);
    world.send(&new_intent(&account_in(1, 2), "first", "first"));
    world.wait_answered_in(&router, &[1]);
    assert_eq!(router.terminate().code(), Some(4));
}

#[test]
fn of_two_routers_with_one_name_one_goes_on_and_the_other_ends() {
    let world = World::new("twins", 2);
    let put_out = ["Static consumer fenced", "FencedInstanceId"];
    let put_out = put_out.map(|piece| expect(piece, "the other one has its name, and puts it out"));
    let twin = || world.router(&["--instance-id", "one"]).saying(&put_out);
    let first = twin();
    world.wait_openings(2);
    // Each puts the other out, and joins once more when it was put out itself: three times.
    let mut twins = [first, twin()];
    let ended = eventually("one of them ends", || twins.iter_mut().position(|router| !router.is_alive()));
    let status = twins[ended].exited("because another process has its name");
    assert_eq!(status.code(), Some(1), "{}", twins[ended].log());
    assert!(twins[ended].log().contains("put this process out for good"), "{}", twins[ended].log());
    world.send_all(&[0, 1].map(|lane| new_intent(&account_in(lane, 2), "first", "first")));
    let [first, second] = twins;
    let left = if ended == 0 { second } else { first };
    world.wait_answered(&left);
    assert_eq!(left.halts(), []);
    // It was put out as well, and has said so.
    assert_eq!(left.terminate().code(), Some(0));
    assert_eq!(check(&world).count("ACCEPTED"), 2);
}

/// The offsets that the newest opening says the inputs stand at, intents first.
fn opened_at(world: &World) -> [i64; 2] {
    let entries = world.read("audit", Isolation::Committed);
    let mut newest_first =
        entries.iter().rev().map(|record| ENTRY.decode(record.value.as_ref().expect("an entry")));
    let opening = newest_first.find(|entry| entry["kind"] == "LANE_OPENED").expect("an opening");
    ["intents", "executions"].map(|input| opening["as_of"][input].as_i64().expect("an offset"))
}

#[test]
fn an_opening_passes_markers_so_that_retention_can_take_them_without_a_halt() {
    let (world, router) = running("markers");
    router.end_cleanly();
    // Of the intent at offset 0 the cursor is 1; there an aborted record and its marker follow.
    let strategy = transactional(&world.bootstrap, &world.topic("strategy"));
    strategy.begin_transaction().expect("a transaction");
    let topic = world.topic("intents");
    let record = BaseRecord::to(&topic).partition(0).key("A1").payload("aborted");
    strategy.send(record).map_err(|(error, _)| error).expect("the queue has room");
    strategy.flush(WAIT).expect("the record lies in the topic");
    strategy.abort_transaction(WAIT).expect("an abort");
    let router = world.router(&[]);
    world.wait_openings(2);
    router.end_cleanly();
    assert_eq!(opened_at(&world), [3, 0]);
    assert_eq!(world.committed("intents")[&0], 3);
    lose_records(&world, "intents", 0, 3);
    assert_eq!(last(&world, "orders", 0).offset, 0);
    let router = world.router(&[]);
    world.wait_openings(3);
    world.send(&new_intent("A1", "second", "second"));
    world.wait_answered(&router);
    router.end_cleanly();
    assert_eq!(world.committed("intents")[&0], 4);
    assert_eq!(world.read("orders", Isolation::Committed).len(), 2);
}
