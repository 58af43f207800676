//! The wall clock of the routers' machine jumps, while the brokers' does not: libfaketime stands between the routers and
//! the system's clock, and leaves their monotonic one alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::noise::CLOCK;
use crate::reader::eventually;
use crate::report::{self, Ending, Row};
use crate::scene::{SESSION, Scene, world};
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
        for fault in [LITTLE, MUCH] {
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
        ("LD_PRELOAD", format!("{}:{}", waits(world.dir()).display(), library.display())),
        ("FAKETIME_TIMESTAMP_FILE", file),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let mut scene = Scene::open_with(&stage, team, "clock", 0xC10C);
    for _ in 0..times(5) {
        wait_for_it(&mut scene, &set);
    }
    for _ in 0..times(5) {
        halt_until_it_has_caught_up(&mut scene, &set);
    }
    scene.close();
}

fn wait_for_it(scene: &mut Scene<'_>, set: &impl Fn(&str)) {
    scene.survive(LITTLE, &[CLOCK], |scene| {
        ahead(scene, set, "+0.8s");
        let moment = Instant::now();
        set("+0");
        // Most of it: what was decided before may be shown later.
        scene.watch.wait_gaps(moment, &scene.lanes(), Duration::from_millis(500));
        None
    });
}

fn halt_until_it_has_caught_up(scene: &mut Scene<'_>, set: &impl Fn(&str)) {
    // Far enough that a busy machine has something to decide before the clock has caught up.
    ahead(scene, set, "+10s");
    let (before, moment) = (scene.team.halts_said("CLOCK_UNSAFE"), Instant::now());
    set("+0");
    eventually("both lanes halted with CLOCK_UNSAFE", || {
        let said = scene.team.halts_said("CLOCK_UNSAFE");
        scene.lanes().iter().all(|lane| said.get(lane) > before.get(lane)).then_some(())
    });
    let recovery = scene.watch.first_after(Instant::now(), &scene.lanes());
    assert!(!recovery.is_empty() && scene.team.are_alive());
    scene.record(MUCH, Ending::Halted("CLOCK_UNSAFE".to_owned()), vec![moment.elapsed()]);
    scene.note(MUCH, &[CLOCK]);
}

const LITTLE: &str = "the clock 0.8 s ahead, and back";
const MUCH: &str = "the clock 10 s ahead, and back; it ends by itself";

/// librdkafka waits by C11's `cnd_timedwait`, which libfaketime does not know: it would wait until the clock that is ahead
/// is reached by the true one. This leads it to the wait that libfaketime knows.
const WAITS: &str = "
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t *cond, mtx_t *mutex, const struct timespec *until) {
    int error = pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until);
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}
";

/// A library of [`WAITS`], in this folder.
fn waits(dir: &Path) -> PathBuf {
    let (source, library) = (dir.join("waits.c"), dir.join("waits.so"));
    std::fs::write(&source, WAITS).expect("a file");
    let mut compiler = Command::new("cc");
    let built = compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(built.expect("a C compiler").success(), "the waits compile");
    library
}

/// Sets the clock ahead, for long enough that every lane has decided by it.
fn ahead(scene: &Scene<'_>, set: &impl Fn(&str), by: &str) {
    set(by);
    std::thread::sleep(Duration::from_millis(500));
    scene.watch.first_after(Instant::now(), &scene.lanes());
}
