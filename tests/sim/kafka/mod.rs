//! The modelled Kafka: three brokers, the topics of one router, coordinators, and a network before them.
//!
//! What a broker acknowledged is never lost, and what it does it does at one moment: all that can go
//! wrong is when requests and answers arrive, whether they do, and how late.

pub mod group;
pub mod log;
pub mod network;
pub mod request;
pub mod transactions;

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::engine::{MS, Moment, SECOND, Sim, Slot, WORLD};
use group::Group;
use log::{Log, Payload, Shown};
use request::{Answer, Code, Place, Reply, Request, Topic};
use transactions::{Coordinator, Ending};

pub const BROKERS: usize = 3;
const GROUP_COORDINATOR: usize = 1;
/// Partitions of the topics that have lanes, and of quarantine.
pub const LANES: i32 = 2;
/// A transaction that is open for longer is aborted.
pub const TRANSACTION_TIMEOUT: Moment = 4 * SECOND;
/// A member that is silent for longer is out.
pub const SESSION: Moment = 6 * SECOND;

/// A handle on the cluster.
#[derive(Clone)]
pub struct Cluster {
    pub sim: Sim,
    state: Rc<RefCell<State>>,
}

struct State {
    logs: BTreeMap<Place, Log>,
    ids: BTreeMap<Topic, u64>,
    counts: BTreeMap<Topic, i32>,
    coordinator: Coordinator,
    groups: BTreeMap<&'static str, Group>,
    /// Until when each broker is down.
    down: [Moment; BROKERS],
    /// How long markers may take, at most.
    marker_wait: Moment,
    /// Whether a transaction's offsets are taken only from the group's present generation, as brokers do
    /// since 2.5. The fence alone must suffice as well.
    checks_generations: bool,
    /// Leaders that have just come back: how far they show their logs, and until when.
    lagging: BTreeMap<Place, (i64, Moment)>,
    /// Until when the group's coordinator, just come back, knows no offsets.
    forgetful: Moment,
}

impl Cluster {
    pub fn new(sim: &Sim, marker_wait: Moment, checks_generations: bool) -> Self {
        let counts: BTreeMap<Topic, i32> = Topic::ALL
            .iter()
            .map(|topic| (*topic, if *topic == Topic::Control { 1 } else { LANES }))
            .collect();
        let places = counts.iter().flat_map(|(topic, count)| (0..*count).map(move |at| (*topic, at)));
        let state = State {
            logs: places.map(|place| (place, Log::default())).collect(),
            ids: Topic::ALL.iter().map(|topic| (*topic, 1 + *topic as u64)).collect(),
            counts,
            coordinator: Coordinator::new(TRANSACTION_TIMEOUT),
            groups: BTreeMap::new(),
            down: [0; BROKERS],
            marker_wait,
            checks_generations,
            lagging: BTreeMap::new(),
            forgetful: 0,
        };
        let cluster = Self { sim: sim.clone(), state: Rc::new(RefCell::new(state)) };
        sim.spawn(WORLD, cluster.clone().tick());
        cluster
    }

    /// What brokers do by the clock: sessions, rebalances, transactions that were open for too long.
    async fn tick(self) {
        loop {
            self.sim.sleep(50 * MS).await;
            let now = self.sim.now();
            let mut due = Vec::new();
            let overdue = {
                let mut state = self.state.borrow_mut();
                let partitions = state.counts[&Topic::Intents];
                for group in state.groups.values_mut() {
                    due.extend(group.tick(now, SESSION, partitions));
                }
                state.coordinator.expire(now)
            };
            for (slot, reply) in due {
                self.sim.count("group answers");
                slot.fill(&self.sim, reply);
            }
            for ending in overdue {
                self.sim.count("transactions timed out");
                self.finish(ending);
            }
        }
    }

    /// Markers are written at once from now on.
    pub fn hurry(&self) {
        self.state.borrow_mut().marker_wait = MS;
    }

    pub fn is_down(&self, broker: usize) -> bool {
        self.state.borrow().down[broker] > self.sim.now()
    }

    /// The broker is gone until then. When it is back, it shows the ends of its partitions late, and for a
    /// moment knows of no committed offset.
    pub fn crash(&self, broker: usize, until: Moment) {
        let (lag, seen, forgets) = {
            let dice = self.sim.dice();
            (dice.between(0, 1_200 * MS), dice.between(0, 30), dice.between(0, 3 * SECOND))
        };
        let mut state = self.state.borrow_mut();
        state.down[broker] = until;
        let led: Vec<Place> = state.logs.keys().filter(|place| leader(**place) == broker).copied().collect();
        for place in led {
            let end = state.logs[&place].extents().end;
            state.lagging.insert(place, ((end - seen).max(0), until + lag));
        }
        if broker == GROUP_COORDINATOR {
            state.forgetful = until + forgets;
        }
    }

    /// The broker that a request goes to.
    pub fn broker_of(&self, request: &Request) -> usize {
        match request {
            Request::InitProducerId(txn)
            | Request::AddPartitions(txn, ..)
            | Request::AddOffsets(txn, ..)
            | Request::EndTxn(txn, ..) => (txn.0 as usize + txn.1) % BROKERS,
            Request::Produce { place, .. } | Request::Fetch { place, .. } | Request::Extents(place) => {
                leader(*place)
            }
            Request::TxnOffsetCommit { .. } | Request::OffsetFetch { .. } => GROUP_COORDINATOR,
            Request::Join { .. } | Request::Heartbeat { .. } | Request::Leave { .. } => GROUP_COORDINATOR,
            Request::DescribeGroup(_) => GROUP_COORDINATOR,
            Request::Topology => 0,
        }
    }

    /// A request arrives. `None` where the answer comes later, into this slot.
    pub fn handle(&self, request: Request, late: &Slot<Reply>) -> Option<Reply> {
        let now = self.sim.now();
        Some(match request {
            Request::InitProducerId(txn) => {
                let (stamp, ending) = self.state.borrow_mut().coordinator.initialise(txn);
                self.finish_all(ending);
                stamp.map(Answer::Initialised)
            }
            Request::AddPartitions(txn, stamp, places) => {
                self.state.borrow_mut().coordinator.add(txn, stamp, &places, now).map(|()| Answer::Done)
            }
            Request::AddOffsets(txn, stamp) => {
                self.state.borrow_mut().coordinator.add_offsets(txn, stamp, now).map(|()| Answer::Done)
            }
            Request::EndTxn(txn, stamp) => {
                let (ended, ending) = self.state.borrow_mut().coordinator.commit(txn, stamp);
                self.finish_all(ending);
                ended.map(|()| Answer::Done)
            }
            Request::Join { group, member, instance } => {
                let mut state = self.state.borrow_mut();
                return state.groups.entry(group).or_default().join(member, instance, now, late.clone());
            }
            other => self.state.borrow_mut().answer(other, now),
        })
    }

    fn finish_all(&self, ending: Option<Ending>) {
        if let Some(ending) = ending {
            self.finish(ending);
        }
    }

    /// Writes the markers of an ending, each when its broker is up and gets to it.
    fn finish(&self, ending: Ending) {
        let cluster = self.clone();
        self.sim.spawn(WORLD, async move {
            let wait = cluster.state.borrow().marker_wait;
            for place in &ending.places {
                cluster.wait_for_marker(wait, leader(*place)).await;
                let mut state = cluster.state.borrow_mut();
                if let Some(log) = state.logs.get_mut(place) {
                    log.mark(ending.stamp, ending.commits);
                }
            }
            if ending.has_offsets {
                cluster.wait_for_marker(wait, GROUP_COORDINATOR).await;
                for group in cluster.state.borrow_mut().groups.values_mut() {
                    group.offsets_mut().mark(ending.stamp, ending.commits);
                }
            }
            cluster
                .sim
                .say(&ending.txn, &(if ending.commits { "committed" } else { "aborted" }, ending.stamp));
            cluster.state.borrow_mut().coordinator.complete(ending.txn);
        });
    }

    async fn wait_for_marker(&self, most: Moment, broker: usize) {
        let wait = self.sim.dice().between(0, most);
        self.sim.sleep(wait).await;
        while self.is_down(broker) {
            self.sim.sleep(20 * MS).await;
        }
    }

    /// Somebody who is no router writes a record.
    pub fn publish(&self, place: Place, payload: Payload) -> i64 {
        let timestamp_ms = self.sim.now() / MS;
        self.log_mut(place).append(payload, timestamp_ms) - 1
    }

    pub fn log(&self, place: Place) -> Ref<'_, Log> {
        Ref::map(self.state.borrow(), |state| &state.logs[&place])
    }

    pub fn log_mut(&self, place: Place) -> RefMut<'_, Log> {
        RefMut::map(self.state.borrow_mut(), |state| state.logs.get_mut(&place).expect("a partition"))
    }

    pub fn group_mut(&self, group: &'static str) -> RefMut<'_, Group> {
        RefMut::map(self.state.borrow_mut(), |state| state.groups.entry(group).or_default())
    }

    /// What a group has committed.
    pub fn committed(&self, group: &'static str, place: Place) -> Option<i64> {
        self.state.borrow().groups.get(group).and_then(|group| group.offsets().committed(place))
    }

    /// The topic is deleted and made anew: it has another id, and nothing in it.
    pub fn recreate(&self, topic: Topic) {
        let mut state = self.state.borrow_mut();
        *state.ids.get_mut(&topic).expect("a topic") += 1_000;
        for partition in 0..state.counts[&topic] {
            state.logs.insert((topic, partition), Log::default());
        }
    }

    /// Partitions of the data topics now.
    pub fn lanes(&self) -> i32 {
        self.state.borrow().counts[&Topic::Intents]
    }

    /// Adds a partition to a topic.
    pub fn widen(&self, topic: Topic) {
        let mut state = self.state.borrow_mut();
        let count = state.counts[&topic];
        state.logs.insert((topic, count), Log::default());
        state.counts.insert(topic, count + 1);
    }
}

/// The leader of a partition, always the same broker.
const fn leader((topic, partition): Place) -> usize {
    (topic as usize + partition as usize) % BROKERS
}

impl State {
    fn answer(&mut self, request: Request, now: Moment) -> Reply {
        match request {
            Request::Produce { place, txn, stamp, sequence, records } => {
                self.coordinator.verify(txn, stamp, place)?;
                let log = self.logs.get_mut(&place).ok_or(Code::UnknownTopic)?;
                log.append_open(stamp, sequence, records, now / MS).map(Answer::Written)
            }
            Request::TxnOffsetCommit { group, member, txn, stamp, offsets } => {
                self.coordinator.verify_offsets(txn, stamp)?;
                let member = self.checks_generations.then_some(member);
                self.group(group).commit(member, stamp, &offsets).map(|()| Answer::Done)
            }
            Request::OffsetFetch { .. } if now < self.forgetful => Ok(Answer::Offsets([None; 2])),
            Request::OffsetFetch { group, places } => {
                self.group(group).offsets().fetch(places).map(Answer::Offsets)
            }
            Request::Fetch { place, from, most, uncommitted } => {
                let before = self.lagging.get(&place).filter(|(_, until)| now < *until);
                let before = before.map_or(i64::MAX, |(end, _)| (*end).max(from));
                self.log(place)?.fetch(from, most, Shown { uncommitted, before }).map(Answer::Fetched)
            }
            Request::Extents(place) => self.log(place).map(|log| Answer::Extents(log.extents())),
            Request::Topology => {
                let row = |topic: &Topic| (*topic, self.ids[topic], self.counts[topic]);
                Ok(Answer::Topology(Topic::ALL.iter().map(row).collect()))
            }
            Request::Heartbeat { group, member } => {
                self.group(group).heartbeat(member, now).map(|()| Answer::Done)
            }
            Request::Leave { group, member } => {
                self.group(group).leave(member, now);
                Ok(Answer::Done)
            }
            Request::DescribeGroup(group) => Ok(Answer::Group(self.group(group).describe())),
            Request::InitProducerId(_) | Request::AddPartitions(..) | Request::AddOffsets(..) => {
                unreachable!("the coordinator's")
            }
            Request::EndTxn(..) | Request::Join { .. } => unreachable!("the coordinator's"),
        }
    }

    fn log(&self, place: Place) -> Result<&Log, Code> {
        self.logs.get(&place).ok_or(Code::UnknownTopic)
    }

    fn group(&mut self, group: &'static str) -> &mut Group {
        self.groups.entry(group).or_default()
    }
}
