//! Routers that are killed, frozen and restarted.

use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::loud::FROZEN;
use crate::noise::ROUTERS_DIED;
use crate::scene::{LANES, SESSION_TIME, Scene, world};
use crate::stage::{take, times};
use crate::team::Kind;

/// What a restarted router has, from its start to its first verdicts.
const RESTART: Duration = Duration::from_secs(2);
/// What another has beyond the session of the one that is gone.
const TAKEOVER: Duration = Duration::from_secs(2);

#[test]
fn a_router_that_is_killed_and_restarted_under_its_name_decides_again_within_2_s() {
    let stage = take();
    let world = world(&stage, "chaos-restart", LANES, &[]);
    let mut dice = Dice(0xC0FFEE);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "routers", 0xC0FFEE);
    for _ in 0..times(20) {
        let name = ["r1", "r2"][dice.below(2)];
        let pause = Duration::from_millis(dice.below(300) as u64);
        scene.survive("kill -9 of a router, restarted under its --instance-id", &[ROUTERS_DIED], |scene| {
            let lanes: Vec<i32> = scene.team.lanes_of(name).into_iter().collect();
            std::thread::sleep(pause);
            scene.team.kill9(name);
            let began = scene.team.start(name);
            Some((longest(scene, began, &lanes), RESTART))
        });
    }
    scene.close();
}

/// How long these lanes showed no verdict after this moment, the longest of them.
fn longest(scene: &Scene<'_>, began: Instant, lanes: &[i32]) -> Duration {
    let all = scene.watch.first_reopened(began, lanes).into_values();
    all.max().expect("the router had lanes")
}

#[test]
fn the_lanes_of_a_router_that_is_killed_or_frozen_are_taken_over_within_its_session_and_2_s() {
    let stage = take();
    let world = world(&stage, "chaos-takeover", LANES, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Dynamic, "routers", 0xDEAD);
    let within = SESSION_TIME + TAKEOVER;
    for (leaver, other) in [("r1", "r2"), ("r2", "r1")].into_iter().cycle().take(2 * times(5)) {
        scene.survive("kill -9 of a router, taken over by another", &[ROUTERS_DIED], |scene| {
            let lanes: Vec<i32> = scene.team.lanes_of(leaver).into_iter().collect();
            let began = Instant::now();
            scene.team.kill9(leaver);
            let worst = longest(scene, began, &lanes);
            scene.team.start(leaver);
            scene.team.wait_shared(&[leaver, other]);
            Some((worst, within))
        });
    }
    for leaver in ["r1", "r2"].into_iter().cycle().take(times(5)) {
        scene.survive(
            "SIGSTOP of a router, taken over by another, and SIGCONT",
            &[ROUTERS_DIED, FROZEN],
            |scene| {
                let lanes: Vec<i32> = scene.team.lanes_of(leaver).into_iter().collect();
                let began = Instant::now();
                scene.team.member(leaver).signal("STOP");
                let worst = longest(scene, began, &lanes);
                scene.team.member(leaver).signal("CONT");
                scene.team.wait_shared(&["r1", "r2"]);
                Some((worst, within))
            },
        );
    }
    for _ in 0..times(5) {
        scene.survive("restart of all routers in turn", &[ROUTERS_DIED], |scene| {
            for name in ["r1", "r2"] {
                assert_eq!(scene.team.terminate(name), Some(0), "{name} ends in order");
                scene.team.start(name);
                scene.team.wait_shared(&["r1", "r2"]);
            }
            None
        });
    }
    scene.close();
}
