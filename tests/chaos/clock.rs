//! The wall clock of the routers' machine jumps, while the brokers' does not: libfaketime stands between the routers and
//! the system's clock, and leaves their monotonic one alone.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::noise::{CLOCK, ROUTERS_DIED};
use crate::reader::eventually;
use crate::report::{self, Ending, Row};
use crate::scene::{SESSION, SESSION_TIME, Scene, world};
use crate::stage::{take, times};
use crate::team::{Kind, Team};

/// Where Debian's package `faketime` puts it.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let candidates = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    candidates.into_iter().find(|path| path.exists())
}

#[test]
fn a_clock_that_jumps_back_is_waited_for_or_halts_until_it_has_caught_up() {
    let stage = take();
    let Some(library) = library() else {
        let why = "libfaketime is not here (Debian: apt-get install faketime)";
        for fault in [LITTLE, MUCH, UNDER_LOAD] {
            let (fault, ending) = (fault.to_owned(), Ending::NotRun(why.to_owned()));
            report::add(Row { family: "clock", fault, times: 0, ending, recoveries: Vec::new(), checked: 0 });
        }
        return;
    };
    let world = world(&stage, "chaos-clock", 2, &[]);
    let step = world.dir().join("clock");
    let set = |offset: &str| {
        // Replaced whole, so that nobody reads half of it.
        let fresh = step.with_extension("new");
        std::fs::write(&fresh, offset).and_then(|()| std::fs::rename(&fresh, &step)).expect("a file");
    };
    set("+0");
    let mut team = Team::new(&world, Kind::Static, SESSION);
    let file = step.to_str().expect("a path").to_owned();
    team.variables = [
        ("LD_PRELOAD", library.to_str().expect("a path").to_owned()),
        ("FAKETIME_TIMESTAMP_FILE", file),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let mut scene = Scene::open_with(&stage, team, "clock", 0xC10C);
    (0..times(5)).for_each(|_| wait_for_it(&mut scene, &set));
    for round in 0..times(5) {
        if round > 0 {
            awake(&scene);
        }
        halt_until_it_has_caught_up(&mut scene, &set);
    }
    for _ in 0..times(3) {
        awake(&scene);
        decide_nothing_meanwhile(&mut scene, &set);
    }
    scene.close();
}

fn wait_for_it(scene: &mut Scene<'_>, set: &impl Fn(&str)) {
    scene.survive(LITTLE, &[CLOCK, ROUTERS_DIED], |scene| {
        ahead(scene, set, "+0.8s");
        let moment = Instant::now();
        set("+0");
        // Most of it: what was decided before may be shown later.
        scene.watch.wait_gaps(moment, &scene.lanes(), Duration::from_millis(500));
        None
    });
}

fn halt_until_it_has_caught_up(scene: &mut Scene<'_>, set: &impl Fn(&str)) {
    ahead(scene, set, "+10s");
    fall_silent(scene);
    let (before, moment) = (scene.team.halts_said("CLOCK_UNSAFE"), Instant::now());
    set("+0");
    scene.load.resume();
    eventually("both lanes halted with CLOCK_UNSAFE", || {
        let said = scene.team.halts_said("CLOCK_UNSAFE");
        scene.lanes().iter().all(|lane| said.get(lane) > before.get(lane)).then_some(())
    });
    let recovery = scene.watch.first_after(Instant::now(), &scene.lanes());
    assert!(!recovery.is_empty() && scene.team.are_alive());
    scene.record(MUCH, Ending::Halted("CLOCK_UNSAFE".to_owned()), vec![moment.elapsed()]);
    scene.note(MUCH, &[CLOCK, ROUTERS_DIED]);
}

fn decide_nothing_meanwhile(scene: &mut Scene<'_>, set: &impl Fn(&str)) {
    ahead(scene, set, "+10s");
    let moment = Instant::now();
    set("+0");
    let gaps = scene.watch.wait_gaps(moment, &scene.lanes(), SET_BACK / 2);
    assert!(scene.team.are_alive());
    scene.record(UNDER_LOAD, Ending::Survived, gaps.into_values().max().into_iter().collect());
    scene.note(UNDER_LOAD, &[CLOCK, ROUTERS_DIED]);
}

/// How far the clock is set back at most.
const SET_BACK: Duration = Duration::from_secs(10);
const LITTLE: &str = "the clock 0.8 s ahead, and back";
const MUCH: &str = "the clock 10 s ahead, and back while lanes are idle; it ends by itself";
const UNDER_LOAD: &str = "the clock 10 s ahead, and back while lanes decide";

/// Waits until nobody sleeps any more. Clients sleep by the wall clock: what was waited for when it was set back is
/// waited for that much longer, and the group may take a silent member's lanes meanwhile.
fn awake(scene: &Scene<'_>) {
    std::thread::sleep(SET_BACK + SESSION_TIME);
    scene.team.wait_steady(&["r1", "r2"]);
}

/// Pauses the load, and waits until no transaction is under way. One that is, when the clock is set back, may sleep until
/// it has caught up: its lane decides nothing until then, and does not halt either.
fn fall_silent(scene: &Scene<'_>) {
    scene.load.pause();
    scene.wait_answered();
    scene.watch.wait_silent(&scene.lanes(), Duration::from_secs(1));
}

/// Sets the clock ahead, for long enough that every lane has decided by it.
fn ahead(scene: &Scene<'_>, set: &impl Fn(&str), by: &str) {
    set(by);
    std::thread::sleep(Duration::from_millis(500));
    scene.watch.first_after(Instant::now(), &scene.lanes());
}
