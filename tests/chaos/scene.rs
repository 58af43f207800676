//! A world under load, with its routers, in which faults happen one after the other.

use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use crate::load::Load;
use crate::loud::{BUSY, Expected, HALTS, YOUNG, unexplained};
use crate::noise::ALWAYS;
use crate::reader::eventually;
use crate::report::{self, Ending, Row};
use crate::stage::{Stage, is_full};
use crate::team::{Kind, Team};
use crate::venue::Venue;
use crate::verify::{Halted, verify};
use crate::watch::Watch;
use crate::world::World;

pub const LANES: i32 = 4;
/// A dynamic member's lanes are given to others when it was silent for so long.
pub const SESSION: &str = "4s";
pub const SESSION_TIME: Duration = Duration::from_secs(4);

/// A world of so many lanes on the stage's brokers.
pub fn world(stage: &MutexGuard<'static, Stage>, name: &str, lanes: i32, flags: &[&str]) -> World {
    let world = World::made_on(stage.place(), name, lanes, flags);
    configure(&world);
    world
}

/// Transactions that nobody ends are aborted soon, so that they do not set the pace of the whole run; intents may wait.
pub fn configure(world: &World) {
    world.configure("transaction_timeout_ms = 4000\n[decide]\nmax_intent_age_ms = 0\n");
}

pub struct Scene<'w> {
    pub stage: &'w Stage,
    pub world: &'w World,
    pub team: Team<'w>,
    pub load: Load,
    pub venue: Venue,
    pub watch: Watch,
    family: &'static str,
    /// What happened since everything was checked the last time. The short form checks once, at the end.
    unchecked: Vec<Row>,
    /// What routers may have said aloud after what has happened so far. A request that was lost is missed a minute later.
    explained: Vec<Expected>,
    /// What went wrong so far; the scene goes on, and fails at its end.
    faults: Vec<String>,
}

impl<'w> Scene<'w> {
    /// Routers `r1` and `r2` share the lanes, under load.
    pub fn open(stage: &'w Stage, world: &'w World, kind: Kind, family: &'static str, seed: u64) -> Self {
        Self::open_with(stage, Team::new(world, kind, SESSION), family, seed)
    }

    /// The same, of a team that nobody has joined yet.
    pub fn open_with(stage: &'w Stage, mut team: Team<'w>, family: &'static str, seed: u64) -> Self {
        println!("{family}: seed {seed:#x}");
        let world = team.world;
        let load = Load::start(world, seed);
        team.start("r1");
        team.start("r2");
        let (venue, watch) = (Venue::open(world), Watch::start(world));
        team.wait_shared(&["r1", "r2"]);
        let (unchecked, explained, faults) = Default::default();
        let scene = Self { stage, world, team, load, venue, watch, family, unchecked, explained, faults };
        scene.watch.first_after(Instant::now(), &scene.lanes());
        scene
    }

    pub fn lanes(&self) -> Vec<i32> {
        (0..self.world.partitions).collect()
    }

    /// Lets something happen that all lanes must survive. `act` returns once the world is whole again, with the
    /// recovery that was measured and the bound it has, or with `None`: then it is the longest time without a verdict.
    pub fn survive(
        &mut self,
        fault: &str,
        expected: &[&[Expected]],
        act: impl FnOnce(&mut Self) -> Option<(Duration, Duration)>,
    ) {
        self.note(fault, expected);
        let began = Instant::now();
        let measured = act(self);
        self.watch.first_after(Instant::now(), &self.lanes());
        let outage = self.watch.outage(began, &self.lanes());
        let halts = self.team.halts();
        if !halts.is_empty() {
            self.faults.push(format!("{fault}: nothing should halt, and {halts:?} did"));
        }
        if !self.team.are_alive() {
            self.faults.push(format!("{fault}: a router has ended"));
        }
        let recovery = measured.map_or(outage, |(recovery, _)| recovery);
        // The bounds are for a release build that has the machine to itself: the short form only measures.
        if let Some((_, bound)) = measured.filter(|(_, bound)| is_full() && recovery > *bound) {
            self.faults.push(format!("{fault}: {recovery:?} until lanes decided again, {bound:?} at most"));
        }
        println!("{fault}: {recovery:.1?}, outage {outage:.1?}");
        self.record(fault, Ending::Survived, vec![recovery]);
        if is_full() {
            self.check();
            // The pause is over before the next outage is measured.
            self.watch.first_after(Instant::now(), &self.lanes());
        }
        self.note(fault, expected);
    }

    /// Remembers what has happened until everything is checked.
    pub fn record(&mut self, fault: &str, ending: Ending, recoveries: Vec<Duration>) {
        let (family, fault) = (self.family, fault.to_owned());
        self.unchecked.push(Row { family, fault, times: 1, ending, recoveries, checked: 0 });
    }

    /// Checks everything after what happened since this was done last, and puts that into the table.
    fn check(&mut self) {
        self.load.pause();
        self.wait_answered();
        // Reports of the last orders may have come since.
        self.venue.wait_reported();
        let checked = verify(self.world, Some(self.load.sent()), &Halted::default());
        println!("{checked} records checked");
        self.unchecked.drain(..).for_each(|row| report::add(Row { checked, ..row }));
        self.load.resume();
    }

    fn wait_answered(&self) {
        self.wait_answered_in(&self.lanes());
    }

    fn wait_answered_in(&self, lanes: &[i32]) {
        let any = self.team.names().first().cloned().expect("there is a router");
        self.world.wait_answered_in(self.team.member(&any), lanes);
    }

    fn lanes_without(&self, halted: &[(i32, impl Sized)]) -> Vec<i32> {
        self.lanes().into_iter().filter(|lane| halted.iter().all(|(other, _)| other != lane)).collect()
    }

    /// Every router dies at once.
    pub fn crash(&mut self) {
        self.team.names().iter().for_each(|name| self.team.kill9(name));
    }

    /// Waits until exactly these lanes have halted, and all others decide.
    pub fn wait_halts(&mut self, due: &[(i32, &str)]) {
        let due: Vec<(i32, String)> = due.iter().map(|(lane, code)| (*lane, (*code).to_owned())).collect();
        eventually(&format!("{due:?} have halted"), || (self.team.halts().len() >= due.len()).then_some(()));
        self.watch.first_after(Instant::now(), &self.lanes_without(&due));
        assert_eq!(self.team.halts(), due);
        assert!(self.team.are_alive(), "a halt ends no process");
    }

    /// What follows when lanes have halted: routers that are told to end say so by their status, and the next router
    /// halts the same lanes with the same codes, lives on, and serves all others. Then everything is checked.
    pub fn stay_halted(mut self, due: &[(i32, &str)], sabotaged: &[i32], expected: &[&[Expected]]) {
        self.terminate_halted();
        self.team.start("next");
        self.wait_halts(due);
        self.load.stop();
        let lanes = due.iter().map(|(lane, _)| *lane).collect();
        let checked = verify(self.world, None, &Halted { lanes, sabotaged: sabotaged.to_vec() });
        self.terminate_halted();
        self.note("halts", &[HALTS, expected.concat().as_slice()]);
        self.unchecked.drain(..).for_each(|row| report::add(Row { checked, ..row }));
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
    }

    /// The same, for halts that a restart ends: the next router opens the lanes again, and everything holds.
    pub fn end_restarted(mut self, expected: &[&[Expected]]) {
        self.terminate_halted();
        self.note("halts", &[HALTS, expected.concat().as_slice()]);
        self.team.start("next");
        self.watch.first_after(Instant::now(), &self.lanes());
        self.close();
    }

    /// Ends all routers: their status says whether they had halted lanes.
    fn terminate_halted(&mut self) {
        for name in self.team.names() {
            let status = if self.team.member(&name).halts().is_empty() { 0 } else { 4 };
            assert_eq!(
                self.team.terminate(&name),
                Some(status),
                "{name}: the status says whether lanes are halted"
            );
        }
    }

    /// Looks at what routers have said, and remembers what nothing explains.
    pub fn note(&mut self, fault: &str, expected: &[&[Expected]]) {
        self.explained.extend(expected.iter().copied().flatten());
        // The full form has the machine to itself.
        let busy = if is_full() { &[] } else { BUSY };
        let news = self.team.news();
        let loud = unexplained(news.iter().map(String::as_str), &[&self.explained, ALWAYS, YOUNG, busy]);
        self.faults.extend(loud.into_iter().map(|line| format!("{fault}: {line}")));
    }

    /// Ends the routers in order; nothing may have gone wrong.
    pub fn close(mut self) {
        self.check();
        let statuses = self.team.terminate_all();
        if statuses.iter().any(|status| *status != Some(0)) {
            self.faults.push(format!("routers that are told to end do it in order: {statuses:?}"));
        }
        self.note("the end", &[]);
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
    }
}
