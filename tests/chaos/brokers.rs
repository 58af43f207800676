//! Brokers that are killed, frozen, restarted one after the other, or away for long.

use std::time::{Duration, Instant};

use crate::broker::Signal;
use crate::noise::{BROKERS_DIED, ROUTERS_DIED};
use crate::reader::eventually;
use crate::scene::{LANES, Scene, world};
use crate::stage::{BROKERS, is_full, take, times};
use crate::team::Kind;

/// What the broker that is hit does for the router.
const ROLES: [&str; 3] =
    ["a partition of the trail", "a partition of __transaction_state", "a partition of __consumer_offsets"];

/// The broker that has this role now.
fn holder(scene: &Scene<'_>, role: usize) -> u32 {
    let audit = scene.world.topic("audit");
    match role {
        0 => scene.stage.leader(&audit, 0),
        1 => scene.stage.coordinator("__transaction_state", &format!("{audit}-0-0")),
        _ => scene.stage.coordinator("__consumer_offsets", &scene.world.group()),
    }
}

#[test]
fn brokers_that_are_killed_frozen_or_restarted_lose_and_double_nothing() {
    let stage = take();
    let world = world(&stage, "chaos-brokers", LANES, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "brokers", 0xB20CE2);
    // The short form kills two, and freezes the third.
    let (killed, frozen) = if is_full() { (0..3, 0..3) } else { (0..2, 2..3) };
    for role in (0..times(3)).flat_map(|_| killed.clone()) {
        let name = format!("kill -9 of the broker that leads {}", ROLES[role]);
        scene.survive(&name, &[BROKERS_DIED, ROUTERS_DIED], |scene| {
            let node = holder(scene, role);
            let began = Instant::now();
            scene.stage.cluster.kill(node, Signal::Kill);
            scene.watch.first_after(began, &scene.lanes());
            scene.stage.wait_led_elsewhere(node);
            scene.stage.cluster.restart(node);
            scene.stage.wait_whole();
            None
        });
    }
    for role in (0..times(3)).flat_map(|_| frozen.clone()) {
        let name = format!("SIGSTOP and SIGCONT of the broker that leads {}", ROLES[role]);
        scene.survive(&name, &[BROKERS_DIED, ROUTERS_DIED], |scene| {
            let node = holder(scene, role);
            scene.stage.cluster.kill(node, Signal::Stop);
            // Longer than the cluster waits for a sign of life.
            std::thread::sleep(Duration::from_secs(7));
            scene.stage.cluster.kill(node, Signal::Continue);
            scene.stage.wait_whole();
            None
        });
    }
    for _ in 0..times(3) {
        scene.survive("restart of all brokers in turn", &[BROKERS_DIED, ROUTERS_DIED], |scene| {
            for node in 1..=BROKERS {
                scene.stage.cluster.kill(node, Signal::Term);
                scene.stage.cluster.restart(node);
                scene.stage.wait_whole();
            }
            None
        });
        scene.survive(
            "leads given back to the brokers that had them",
            &[BROKERS_DIED, ROUTERS_DIED],
            |scene| {
                scene.stage.give_leads_back();
                None
            },
        );
    }
    scene.close();
}

#[test]
fn lanes_go_on_with_one_replica_away_and_wait_without_a_halt_with_two() {
    let stage = take();
    let world = world(&stage, "chaos-replicas", LANES, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "brokers", 0x0FF11E);
    scene.survive("one of three replicas away", &[BROKERS_DIED, ROUTERS_DIED], |scene| {
        scene.stage.cluster.kill(3, Signal::Kill);
        let began = Instant::now();
        scene.watch.first_after(began, &scene.lanes());
        for _ in 0..times(10) {
            std::thread::sleep(Duration::from_secs(1));
            scene.watch.first_after(Instant::now(), &scene.lanes());
        }
        None
    });
    scene.survive("two of three replicas away for 10 s", &[BROKERS_DIED, ROUTERS_DIED], |scene| {
        scene.stage.cluster.kill(2, Signal::Kill);
        std::thread::sleep(Duration::from_secs(10));
        assert_eq!(scene.team.halts(), [], "brokers that cannot be reached are no halt");
        for name in scene.team.names() {
            let log = || scene.team.member(&name).log();
            // A member that has lost its session has no lanes that could wait.
            let said =
                |log: &str| ["waiting for Kafka", "session timed out"].iter().any(|one| log.contains(one));
            eventually("who waits says so", || said(&log()).then_some(()));
        }
        // Without a majority the cluster could not give away what broker 2 led. Broker 3 led nothing any more.
        scene.stage.cluster.restart(3);
        scene.stage.wait_led_elsewhere(2);
        scene.stage.cluster.restart(2);
        scene.stage.wait_whole();
        None
    });
    scene.close();
}
