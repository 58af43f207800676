//! What the network between routers and brokers can do to all that they say: cuts, silence one way, delays, too
//! little room.

use std::time::Duration;

use crate::noise::{BROKERS_DIED, ROUTERS_DIED};
use crate::proxy::weather::Weather;
use crate::scene::{LANES, Scene, world};
use crate::stage::{is_full, take, times};
use crate::team::Kind;

/// Longer than a session, so that lanes change their owner behind the back of the one that is cut off.
fn long() -> Duration {
    Duration::from_secs(if is_full() { 8 } else { 5 })
}

const SHORT: Duration = Duration::from_secs(2);

fn weathers(scene: &Scene<'_>) -> Vec<(&'static str, Duration, Weather)> {
    let r1 = || Weather { client: "r1".to_owned(), ..Weather::default() };
    let broker =
        scene.stage.leader(&scene.world.topic("audit"), *scene.team.lanes_of("r1").first().unwrap_or(&0));
    vec![
        ("a router cut off for 2 s", SHORT, Weather { cut: true, ..r1() }),
        ("a router cut off beyond its session", long(), Weather { cut: true, ..r1() }),
        (
            "a router cut off from one broker, beyond its session",
            long(),
            Weather { cut: true, broker, ..r1() },
        ),
        ("all routers cut off for 2 s", SHORT, Weather { cut: true, ..Weather::default() }),
        ("answers to a router lost beyond its session", long(), Weather { no_answers: true, ..r1() }),
        ("requests of a router lost beyond its session", long(), Weather { no_requests: true, ..r1() }),
        (
            "every request and answer 150 ms late",
            long(),
            Weather { delay: Duration::from_millis(150), ..Weather::default() },
        ),
        ("connections of 20 kB/s", long(), Weather { bytes_per_s: 20_000, ..Weather::default() }),
    ]
}

#[test]
fn cuts_silence_delays_and_narrow_connections_lose_and_double_nothing() {
    let stage = take();
    let world = world(&stage, "chaos-network", LANES, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "network", 0x2E7);
    for _ in 0..times(3) {
        for (name, length, weather) in weathers(&scene) {
            scene.survive(name, &[BROKERS_DIED, ROUTERS_DIED], |scene| {
                // What was meant for a router that has no lanes would hit nobody.
                scene.team.wait_steady(&["r1", "r2"]);
                scene.stage.net.set(weather);
                std::thread::sleep(length);
                scene.stage.net.calm();
                scene.team.wait_shared(&["r1", "r2"]);
                None
            });
        }
    }
    scene.close();
}
