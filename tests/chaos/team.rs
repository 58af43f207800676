//! The routers of a scene, as processes, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::loud::loud;
use crate::reader::eventually;
use crate::router::Router;
use crate::world::World;

/// How members of the group are named to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each has an `--instance-id` of its own.
    Static,
    /// The group names them anew each time.
    Dynamic,
}

pub struct Team<'w> {
    pub world: &'w World,
    kind: Kind,
    session: &'static str,
    members: BTreeMap<String, Router>,
    /// What those that are gone have logged, and was not looked at yet.
    left: Vec<String>,
    /// How many loud lines of each living member were looked at.
    heard: BTreeMap<String, usize>,
    /// Variables of the routers to come.
    pub variables: Vec<(String, String)>,
}

impl<'w> Team<'w> {
    pub fn new(world: &'w World, kind: Kind, session: &'static str) -> Self {
        let (members, left, heard, variables) = Default::default();
        Self { world, kind, session, members, left, heard, variables }
    }

    /// Starts a router of this name, which must not run already. When that was.
    pub fn start(&mut self, name: &str) -> Instant {
        let instance = ["--instance-id", name];
        let session = ["--session-timeout", self.session];
        let flags = match self.kind {
            Kind::Static => [&instance[..], &session].concat(),
            Kind::Dynamic => session.to_vec(),
        };
        let named = [("ONEFILL_ROUTER_ID", name)];
        let others = self.variables.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let variables: Vec<_> = named.into_iter().chain(others).collect();
        let began = Instant::now();
        let router = self.world.router_with("127.0.0.1:0", &flags, &variables).unheard();
        assert!(self.members.insert(name.to_owned(), router).is_none(), "{name} runs already");
        began
    }

    pub fn member(&self, name: &str) -> &Router {
        &self.members[name]
    }

    pub fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    pub fn kill9(&mut self, name: &str) {
        self.remove(name).kill9();
    }

    /// SIGTERM, and the status that it ended with.
    pub fn terminate(&mut self, name: &str) -> Option<i32> {
        let router = self.members.remove(name).expect("it runs");
        let path = router.path().to_owned();
        let status = router.terminate();
        self.collect(name, &std::fs::read_to_string(path).expect("a log"));
        status.code()
    }

    /// Everybody, in order. The statuses that they ended with.
    pub fn terminate_all(&mut self) -> Vec<Option<i32>> {
        self.names().iter().map(|name| self.terminate(name)).collect()
    }

    fn remove(&mut self, name: &str) -> Router {
        let router = self.members.remove(name).expect("it runs");
        self.collect(name, &router.log());
        router
    }

    fn collect(&mut self, name: &str, log: &str) {
        let heard = self.heard.remove(name).unwrap_or_default();
        self.left.extend(loud(log).skip(heard).map(|line| format!("{name}: {line}")));
    }

    /// The lanes that a member has by its own log.
    pub fn lanes_of(&self, name: &str) -> BTreeSet<i32> {
        let mut lanes = BTreeSet::new();
        for line in self.members[name].log().lines() {
            let partition = line.split("partition=").nth(1).and_then(|rest| rest.split_whitespace().next());
            let Some(partition) = partition.and_then(|text| text.parse::<i32>().ok()) else { continue };
            if line.contains("lane assigned") {
                lanes.insert(partition);
            } else if line.contains("lane given back") {
                lanes.remove(&partition);
            }
        }
        lanes
    }

    /// Waits until every lane has one owner, and each of these has some.
    pub fn wait_shared(&self, names: &[&str]) {
        eventually(&format!("lanes are shared among {names:?}"), || {
            let all: Vec<BTreeSet<i32>> = self.members.keys().map(|name| self.lanes_of(name)).collect();
            let count: usize = all.iter().map(BTreeSet::len).sum();
            let owned = i32::try_from(count).expect("a count") == self.world.partitions;
            let shared = names.iter().all(|name| !self.lanes_of(name).is_empty());
            (owned && shared).then_some(())
        });
    }

    /// The same, and that it stays so for a moment: who was cut off may not know yet that others have its lanes.
    pub fn wait_steady(&self, names: &[&str]) {
        let shares = || self.members.keys().map(|name| self.lanes_of(name)).collect::<Vec<_>>();
        eventually(&format!("lanes stay shared among {names:?}"), || {
            self.wait_shared(names);
            let before = shares();
            std::thread::sleep(Duration::from_secs(2));
            (shares() == before).then_some(())
        });
    }

    /// Halts that any living member has logged, in order of partition.
    pub fn halts(&self) -> Vec<(i32, String)> {
        let mut halts: Vec<_> = self.members.values().flat_map(Router::halts).collect();
        halts.sort();
        halts.dedup();
        halts
    }

    /// How often each lane was halted with this code, by living members.
    pub fn halts_said(&self, code: &str) -> BTreeMap<i32, usize> {
        let mut said = BTreeMap::new();
        let halts = self.members.values().flat_map(Router::halts).filter(|(_, halt)| halt == code);
        halts.for_each(|(lane, _)| *said.entry(lane).or_default() += 1);
        said
    }

    /// Every member is a process that lives.
    pub fn are_alive(&mut self) -> bool {
        self.members.values_mut().all(Router::is_alive)
    }

    /// Warnings, errors and panics that were logged since this was asked the last time.
    pub fn news(&mut self) -> Vec<String> {
        let mut news = std::mem::take(&mut self.left);
        for (name, router) in &self.members {
            let heard = self.heard.entry(name.clone()).or_default();
            let log = router.log();
            let lines: Vec<&str> = loud(&log).skip(*heard).collect();
            *heard += lines.len();
            news.extend(lines.iter().map(|line| format!("{name}: {line}")));
        }
        news
    }
}
