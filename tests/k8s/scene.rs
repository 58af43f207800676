//! A release under load, to which things happen one after the other. After each, everything that Kafka acknowledged is
//! answered, and the independent checker holds all topics against each other.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::broker::Cluster;
use crate::cluster::{place, wait_for};
use crate::load::Load;
use crate::logs::Logs;
use crate::release::Release;
use crate::report::{self, Ending, Row};
use crate::venue::Venue;
use crate::verify::{Halted, verify};
use crate::watch::Watch;
use crate::world::World;

pub const LANES: i32 = 4;

/// What no container may say, whatever happens to it.
const NEVER: [&str; 2] = ["panicked", "lane halted"];

/// Topics with their accounts, on these brokers.
pub fn world(brokers: &Cluster, name: &str) -> World {
    let world = World::made_on(place(brokers), name, LANES, &[]);
    // Brokers learn of new topics one after the other; a router's preflight takes the word of any.
    std::thread::sleep(Duration::from_secs(1));
    world
}

pub struct Scene<'w> {
    pub release: Release<'w>,
    pub load: Load,
    pub venue: Venue,
    pub watch: Watch,
    pub logs: Logs,
}

impl<'w> Scene<'w> {
    /// Installs a release, and puts it under load.
    pub fn open(world: &'w World, name: &'static str, seed: u64) -> Self {
        println!("{name}: seed {seed:#x}");
        let logs = Logs::follow(name);
        let release = Release::install(world, name);
        let load = Load::start(world, seed);
        let scene = Self { release, load, venue: Venue::open(world), watch: Watch::start(world), logs };
        scene.wait_deciding(Instant::now());
        scene
    }

    pub fn lanes(&self) -> Vec<i32> {
        (0..LANES).collect()
    }

    /// Waits until every lane has decided something after this moment.
    pub fn wait_deciding(&self, moment: Instant) {
        for lane in self.lanes() {
            wait_for(&format!("lane {lane} decides"), || self.watch.decided_after(moment, lane));
        }
    }

    /// Lets something happen that costs no order, no verdict and no lane: afterwards all pods are ready, all lanes
    /// decide, nothing has halted, and the checker finds every promise kept.
    pub fn survive(&mut self, fault: &str, act: impl FnOnce(&mut Self)) {
        println!("{fault}");
        let began = Instant::now();
        act(self);
        self.release.wait_ready();
        self.wait_deciding(Instant::now());
        let outage = self.watch.outage(began, &self.lanes());
        println!("{fault}: {:.1?}, of which {outage:.1?} without a verdict in some lane", began.elapsed());
        let checked = self.check();
        let (family, fault) = (self.release.name, fault.to_owned());
        report::add(Row {
            family,
            fault,
            times: 1,
            ending: Ending::Survived,
            recoveries: vec![outage],
            checked,
        });
        // The pause is over before the next outage is measured.
        self.wait_deciding(Instant::now());
    }

    /// Pauses the load, and checks everything. How many records were read.
    pub fn check(&self) -> u64 {
        let world = self.release.world;
        self.load.pause();
        world.wait_all_answered(&self.lanes());
        // Reports of the last orders may have come since.
        self.venue.wait_reported();
        let checked = verify(world, Some(self.load.sent()), &Halted::default());
        let loud = self.logs.lines_with(&NEVER);
        assert!(loud.is_empty(), "nothing halts, nothing panics:\n{}", loud.join("\n"));
        self.load.resume();
        checked
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
            self.logs.keep(&folder);
            eprintln!("--- what the pods have said: {}", folder.join("pods.log").display());
        }
    }
}
