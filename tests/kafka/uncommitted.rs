//! What strategies have not committed is not decided, and what the router has not committed is not seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value as Json;

use crate::checker::check;
use crate::producer::transactional;
use crate::reader::Isolation;
use crate::records::{ENTRY, INTENT, ORDER, new_intent};
use crate::world::World;

const WAIT: Duration = Duration::from_secs(30);

fn put(producer: &BaseProducer, topic: &str, intent: &Json) {
    let value = INTENT.encode(intent);
    let account = intent["account_id"].as_str().expect("an account");
    let record = BaseRecord::to(topic).partition(0).key(account).payload(&value);
    producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
    producer.flush(WAIT).expect("the broker takes records");
}

fn named(number: usize) -> Json {
    new_intent("A1", &format!("I{number}"), &format!("C{number}"))
}

#[test]
fn aborted_intents_are_not_decided_and_offsets_run_over_them() {
    let world = World::new("aborted", 1);
    let topic = world.topic("intents");
    let strategy = transactional(&world.bootstrap, &topic);
    let transaction = |number: usize, commits: bool| {
        strategy.begin_transaction().expect("a transaction");
        put(&strategy, &topic, &named(number));
        if commits {
            strategy.commit_transaction(WAIT).expect("a commit");
        } else {
            strategy.abort_transaction(WAIT).expect("an abort");
        }
    };
    let mut decided = Vec::new();
    for round in 0..3 {
        let router = world.router(&[]);
        for (step, commits) in [false, true, true, false, false].into_iter().enumerate() {
            transaction(round * 10 + step, commits);
            decided.extend(commits.then(|| format!("I{}", round * 10 + step)));
        }
        world.wait_answered(&router);
        // What was aborted before it is sent again, and is then no retry of anything.
        world.send(&named(round * 10));
        decided.push(format!("I{}", round * 10));
        world.wait_answered(&router);
        transaction(round * 10 + 9, false);
        router.end_cleanly();
    }
    let trail = check(&world);
    let ids: Vec<_> = trail.decisions().iter().map(|entry| entry["intent_id"].as_str().unwrap()).collect();
    assert_eq!(ids, decided);
    assert_eq!(trail.count("ACCEPTED"), decided.len());
}

#[test]
fn an_intent_is_decided_only_once_its_transaction_commits() {
    let world = World::new("open", 2);
    let topic = world.topic("intents");
    let strategy = transactional(&world.bootstrap, &topic);
    strategy.begin_transaction().expect("a transaction");
    let account = crate::records::account_in(0, 2);
    put(&strategy, &topic, &new_intent(&account, "first", "first"));
    world.send(&new_intent(&account, "second", "second"));
    let other = crate::records::account_in(1, 2);
    world.send(&new_intent(&other, "other", "other"));
    let router = world.router(&[]);
    world.wait_committed("intents", 1, 1);
    // The second waits behind the first, which is still open; the other lane does not.
    assert_eq!(world.committed("intents").get(&0), Some(&0));
    strategy.commit_transaction(WAIT).expect("a commit");
    world.wait_answered(&router);
    router.end_cleanly();
    let trail = check(&world);
    let ids: Vec<_> = trail.decisions().iter().map(|entry| entry["intent_id"].clone()).collect();
    assert_eq!(ids, ["first", "second", "other"]);
}

#[test]
fn every_visible_order_has_its_entry_once_the_trail_is_stable() {
    let world = World::new("visible", 1);
    let done = AtomicBool::new(false);
    let looks = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = Vec::new();
            while !done.load(Ordering::Relaxed) {
                looks.push(visible(&world));
            }
            looks.push(visible(&world));
            looks
        });
        for number in 0..4 {
            let router = world.router(&["--instance-id", "one"]);
            for step in 0..40 {
                world.send(&named(number * 40 + step));
            }
            if number % 2 == 0 {
                router.kill9();
            } else {
                world.wait_answered(&router);
                router.end_cleanly();
            }
        }
        done.store(true, Ordering::Relaxed);
        reader.join().expect("the reader found nothing wrong")
    });
    assert!(looks.is_sorted(), "orders stay visible: {looks:?}");
    assert_eq!(looks.last(), Some(&160));
    check(&world);
}

/// Reads `orders`, then the trail as far as it is written by then and once that is stable, and compares them.
fn visible(world: &World) -> usize {
    let orders = world.read_visible("orders");
    let entries = world.read("audit", Isolation::Committed);
    for order in &orders {
        let order = ORDER.decode(order);
        let seq = usize::try_from(order["audit_seq"].as_u64().expect("a number")).expect("it is small");
        let entry = entries.get(seq).unwrap_or_else(|| panic!("order without an entry: {order}"));
        let entry = ENTRY.decode(entry.value.as_ref().expect("an entry"));
        let same = |field: &str| entry[field] == order[field];
        assert!(entry["seq"] == seq && same("order_id") && same("intent_id"), "{order} of {entry}");
    }
    orders.len()
}
