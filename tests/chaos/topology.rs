//! Topics that are made anew or widened under running routers, and offsets that the cluster forgets.

use std::time::Duration;

use crate::noise::{ROUTERS_DIED, TOPICS_CHANGED};
use crate::reader::eventually;
use crate::report::Ending;
use crate::scene::{Scene, world};
use crate::stage::{is_full, take};
use crate::strangers::{delete_group, recreate, widen};
use crate::team::Kind;
use crate::world::World;

/// All lanes must halt so, whether they see it while they run or when they are opened again after a crash.
fn all_halt(name: &str, fault: &str, code: &'static str, act: impl FnOnce(&World)) {
    let stage = take();
    let world = world(&stage, name, 2, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "topology", 0x70B0);
    let due = [(0, code), (1, code)];
    scene.record(fault, Ending::Halted(code.to_owned()), Vec::new());
    act(&world);
    // Whatever was sent to a topic that is gone is nobody's.
    scene.load.stop();
    scene.crash();
    scene.team.start("r1");
    scene.team.start("r2");
    scene.wait_halts(&due);
    scene.stay_halted(&due, &[0, 1], &[ROUTERS_DIED, TOPICS_CHANGED]);
}

#[test]
fn inputs_that_were_made_anew_halt_all_lanes() {
    all_halt(
        "chaos-anew",
        "a topic of executions made anew under running routers",
        "TOPOLOGY_CHANGED",
        |world| {
            recreate(world, "executions");
        },
    );
}

#[test]
fn control_that_was_made_anew_halts_all_lanes() {
    all_halt(
        "chaos-control",
        "the topic of control made anew under running routers",
        "CONTROL_INVALID",
        |world| {
            recreate(world, "control");
        },
    );
}

#[test]
fn added_partitions_halt_all_lanes() {
    all_halt("chaos-wider", "partitions added under running routers and load", "TOPOLOGY_CHANGED", |world| {
        for role in ["intents", "executions", "orders", "audit"] {
            widen(world, role, 3);
        }
    });
}

#[test]
fn committed_offsets_that_are_gone_halt_all_lanes() {
    let stage = take();
    let world = world(&stage, "chaos-expired", 2, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "topology", 0xE1D);
    scene.load.pause();
    scene.crash();
    if is_full() {
        // A minute without members, as the stage has it.
        std::thread::sleep(Duration::from_secs(65));
        eventually("the offsets expire", || world.committed("intents").is_empty().then_some(()));
    } else {
        delete_group(&world);
    }
    let fault =
        if is_full() { "committed offsets expired" } else { "committed offsets deleted with their group" };
    scene.record(fault, Ending::Halted("CURSOR_MISMATCH".to_owned()), Vec::new());
    let due = [(0, "CURSOR_MISMATCH"), (1, "CURSOR_MISMATCH")];
    scene.load.resume();
    scene.team.start("r1");
    scene.team.start("r2");
    scene.wait_halts(&due);
    scene.stay_halted(&due, &[0, 1], &[ROUTERS_DIED]);
}
