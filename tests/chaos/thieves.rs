//! A stranger who takes a transactional id of a lane: three times the lane takes them back, then it halts.

use std::time::{Duration, Instant};

use crate::noise::{ROUTERS_DIED, STOLEN};
use crate::producer::transactional;
use crate::reader::eventually;
use crate::report::Ending;
use crate::scene::{Scene, world};
use crate::stage::take;
use crate::team::Kind;

/// A lane that decides has used both of its ids long before.
const MET_WITHIN: Duration = Duration::from_secs(1);

#[test]
fn stolen_transactional_ids_are_taken_back_three_times_and_the_fourth_halts_the_lane_alone() {
    let stage = take();
    let world = world(&stage, "chaos-thief", 2, &[]);
    // One of the two: a lane uses them in turn, and misses it with its next transaction but one.
    let steal = || drop(transactional(&world.bootstrap, &format!("{}-0-0", world.topic("audit"))));
    let mut scene = Scene::open(&stage, &world, Kind::Static, "tampering", 0x7E1F);
    let fences = |scene: &Scene<'_>| -> usize {
        let logs = scene.team.names().into_iter().map(|name| scene.team.member(&name).log());
        logs.map(|log| log.matches("outcome=Fenced").count()).sum()
    };
    loop {
        let (known, mut began) = (fences(&scene), Instant::now());
        eventually("the lane meets the thief", || {
            // A lane that replaces its producers just then, for a commit that was slow, never meets this one.
            began = Instant::now();
            steal();
            within(MET_WITHIN, || fences(&scene) > known).then_some(())
        });
        // One that must ask the coordinator twice takes the id twice.
        std::thread::sleep(Duration::from_secs(1));
        if fences(&scene) > 3 {
            break;
        }
        scene.watch.first_after(Instant::now(), &scene.lanes());
        let recovery = scene.watch.outage(began, &scene.lanes());
        scene.record(
            "a transactional id of a lane stolen, up to three fences",
            Ending::Survived,
            vec![recovery],
        );
    }
    let fault = "a transactional id of a lane stolen, the fourth fence";
    scene.record(fault, Ending::Halted("FENCED".to_owned()), Vec::new());
    let due = [(0, "FENCED")];
    scene.wait_halts(&due);
    assert_eq!(fences(&scene), 4, "not before, and none after");
    scene.end_restarted(&[STOLEN, ROUTERS_DIED]);
}

/// Whether this comes to be true so soon.
fn within(wait: Duration, mut claim: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + wait;
    while Instant::now() < end {
        if claim() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
