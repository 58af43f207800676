//! Retry storms: every intent is sent 1 to 10 times, by several producers at once, in any order, while routers come,
//! go and die. One order for each key, and one `DUPLICATE` for each further arrival (`G1`, `G2`, `G3`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value as Json;

use crate::broker::broker;
use crate::checker::check;
use crate::dice::Dice;
use crate::loud::FROZEN;
use crate::records::{INTENT, new_intent, place, with};
use crate::router::Router;
use crate::world::World;

const PRODUCERS: usize = 4;
const ACCOUNTS: usize = 24;

/// Intents on their way, over some seconds.
struct Storm {
    keys: usize,
    arrivals: usize,
    producers: Vec<JoinHandle<()>>,
    calm: Arc<AtomicBool>,
}

impl Storm {
    /// Sends each of `keys` intents 1 to 10 times. `pause` is between two sends of one producer.
    fn rise(world: &World, keys: usize, seed: u64, pause: Duration) -> Self {
        (0..ACCOUNTS).for_each(|number| world.allow(&format!("S{number}")));
        let mut dice = Dice(seed);
        let mut shares = vec![Vec::new(); PRODUCERS];
        for key in 0..keys {
            let account = format!("S{}", key % ACCOUNTS);
            let intent = new_intent(&account, &format!("I{key}"), &format!("C{key}"));
            for attempt in 0..=dice.below(10) {
                // A strategy that sends again may say so in what is not compared.
                let fields = serde_json::json!({"created_at": 1_700_000_000_000_000_000 + attempt as i64});
                shares[dice.below(PRODUCERS)].push(with(&intent, &fields));
            }
        }
        let arrivals = shares.iter().map(Vec::len).sum();
        let calm = Arc::new(AtomicBool::new(false));
        let producers = shares.into_iter().map(|mut share| {
            dice.shuffle(&mut share);
            let (topic, partitions, calm) = (world.topic("intents"), world.partitions, Arc::clone(&calm));
            thread::spawn(move || send_slowly(&topic, partitions, &share, pause, &calm))
        });
        Self { keys, arrivals, producers: producers.collect(), calm }
    }

    fn rages(&self) -> bool {
        self.producers.iter().any(|producer| !producer.is_finished())
    }

    /// Everything that is left is sent at once.
    fn end(&mut self) {
        self.calm.store(true, Ordering::Relaxed);
        for producer in self.producers.drain(..) {
            producer.join().expect("a producer sends all it has");
        }
    }

    /// Everything is answered, the trail is whole, and each key has one order.
    fn verify(mut self, world: &World, last: Router) {
        self.end();
        world.wait_answered(&last);
        last.end_cleanly();
        let trail = check(world);
        let keys: BTreeSet<String> = trail
            .orders
            .values()
            .flatten()
            .map(|order| format!("{}/{}", order["account_id"], order["intent_id"]))
            .collect();
        assert_eq!(keys.len(), self.keys, "each key has an order");
        assert_eq!(trail.orders.values().map(Vec::len).sum::<usize>(), self.keys, "each key has one order");
        assert_eq!(trail.count("ACCEPTED"), self.keys);
        assert_eq!(trail.count("DUPLICATE"), self.arrivals - self.keys, "one for each further arrival");
    }
}

fn send_slowly(topic: &str, partitions: i32, share: &[Json], pause: Duration, calm: &AtomicBool) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", broker()).create().expect("a producer");
    for intent in share {
        let account = intent["account_id"].as_str().expect("an account");
        let value = INTENT.encode(intent);
        let record = BaseRecord::to(topic).partition(place(account, partitions)).key(account).payload(&value);
        producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
        producer.poll(Duration::ZERO);
        if !calm.load(Ordering::Relaxed) {
            thread::sleep(pause);
        }
    }
    producer.flush(Duration::from_secs(30)).expect("the broker takes records");
}

#[test]
fn a_retry_storm_gives_one_order_for_each_key_while_routers_join_and_leave() {
    let world = World::new("storm-rebalance", 4);
    let mut router = world.router(&[]);
    world.wait_openings(4);
    let mut storm = Storm::rise(&world, 400, 0x0F11, Duration::from_millis(20));
    for _ in 0..3 {
        let second = world.router(&[]);
        second.wait_logged("lane assigned");
        router.end_cleanly();
        // The first has left, the second takes over what it held.
        let opened = world.openings();
        router = second;
        let third = world.router(&[]);
        third.wait_logged("lane assigned");
        third.end_cleanly();
        world.wait_openings(opened);
    }
    storm.end();
    storm.verify(&world, router);
}

#[test]
fn a_retry_storm_gives_one_order_for_each_key_through_kill_9_of_a_static_member() {
    killed_again_and_again("storm-kill-static", &["--instance-id", "one", "--session-timeout", "6s"], 0x5EED);
}

#[test]
fn a_retry_storm_gives_one_order_for_each_key_through_kill_9_of_dynamic_members() {
    killed_again_and_again("storm-kill-dynamic", &["--session-timeout", "2s"], 0xD1CE);
}

fn killed_again_and_again(name: &str, flags: &[&str], seed: u64) {
    let world = World::new(name, 4);
    let storm = Storm::rise(&world, 300, seed, Duration::from_millis(40));
    let mut dice = Dice(seed);
    let mut deaths = 0;
    while storm.rages() && deaths < 6 {
        let opened = world.openings();
        let router = world.router(flags);
        // Every other one dies before it has opened a lane, or while it does.
        if deaths % 2 == 0 {
            world.wait_openings(opened + 1);
        }
        thread::sleep(Duration::from_millis(dice.below(1200) as u64));
        router.kill9();
        deaths += 1;
    }
    let last = world.router(flags);
    storm.verify(&world, last);
}

#[test]
fn a_retry_storm_gives_one_order_for_each_key_while_owners_freeze_and_wake_up_too_late() {
    let world = World::new("storm-freeze", 2);
    let flags = ["--session-timeout", "2s"];
    let mut owner = world.router(&flags).saying(FROZEN);
    world.wait_openings(2);
    let storm = Storm::rise(&world, 200, 0xF2EE2E, Duration::from_millis(40));
    for _ in 0..2 {
        let opened = world.openings();
        let successor = world.router(&flags).saying(FROZEN);
        // One lane each, and the storm over both, when the older one freezes.
        world.wait_openings(opened + 2);
        let opened = world.openings();
        owner.signal("STOP");
        world.wait_openings(opened + 2);
        owner.signal("CONT");
        let woken = owner;
        // It joins again, and gets a lane back by the group's word, not by its own.
        world.wait_openings(opened + 4);
        assert_eq!((woken.halts(), successor.halts()), (Vec::new(), Vec::new()));
        let opened = world.openings();
        assert_eq!(woken.terminate().code(), Some(0));
        // The successor has both, before somebody joins it.
        world.wait_openings(opened + 2);
        owner = successor;
    }
    storm.verify(&world, owner);
}

#[test]
fn a_member_that_is_told_to_stop_exits_with_0_and_leaves_the_group_unless_it_is_static() {
    let world = World::new("sigterm", 1);
    for (flags, members_left) in [(&[][..], 0), (&["--instance-id", "one"], 1)] {
        let opened = world.openings();
        let router = world.router(flags);
        world.wait_openings(opened + 1);
        assert_eq!(world.members(), 1, "{flags:?}");
        router.end_cleanly();
        assert_eq!(world.members(), members_left, "{flags:?}");
    }
    check(&world);
}
