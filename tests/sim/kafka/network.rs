//! Connections: in order each, and any of them may be slow, be cut, and leave requests on the way.
//!
//! A client whose connection is cut opens another. What it had sent on the old one may arrive all the
//! same, later, beside what it sends on the new one. That is how a request reaches a transaction that it
//! was not meant for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Cluster;
use super::request::{Code, Reply, Request};
use crate::engine::{MS, Moment, ProcessId, SECOND, Sim, Slot};

/// How unreliable the network is now.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Usual time of a way, at most.
    pub latency_max: Moment,
    /// Ways in a thousand that take much longer.
    pub slow: u64,
    /// How much longer, at most.
    pub slow_max: Moment,
    /// Requests in a thousand after which the connection is cut.
    pub cut: u64,
    /// Requests on the way, in a thousand, that a cut leaves to arrive later.
    pub stray: u64,
    /// How much later, at most.
    pub stray_max: Moment,
}

impl Weather {
    pub const CALM: Self =
        Self { latency_max: 2 * MS, slow: 0, slow_max: MS, cut: 0, stray: 0, stray_max: MS };
}

pub type ConnectionId = u64;

#[derive(Clone)]
pub struct Network {
    pub sim: Sim,
    pub cluster: Cluster,
    state: Rc<RefCell<State>>,
}

struct State {
    weather: Weather,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Processes that reach no broker, and until when.
    apart: BTreeMap<ProcessId, Moment>,
}

struct Connection {
    process: ProcessId,
    broker: usize,
    /// When the last request arrives, and the last answer.
    last: [Moment; 2],
    /// What was sent and not answered.
    waiting: BTreeMap<u64, Slot<Reply>>,
}

impl Network {
    pub fn new(cluster: &Cluster, weather: Weather) -> Self {
        let state = State { weather, connections: BTreeMap::new(), apart: BTreeMap::new() };
        Self { sim: cluster.sim.clone(), cluster: cluster.clone(), state: Rc::new(RefCell::new(state)) }
    }

    pub fn clear_up(&self) {
        let mut state = self.state.borrow_mut();
        state.weather = Weather::CALM;
        state.apart.clear();
    }

    /// `None` while the broker cannot be reached.
    pub fn connect(&self, process: ProcessId, broker: usize) -> Option<ConnectionId> {
        let now = self.sim.now();
        let mut state = self.state.borrow_mut();
        if self.cluster.is_down(broker) || state.apart.get(&process).is_some_and(|until| *until > now) {
            return None;
        }
        let id = self.sim.next_serial();
        let connection = Connection { process, broker, last: [now; 2], waiting: BTreeMap::new() };
        state.connections.insert(id, connection);
        Some(id)
    }

    pub fn is_open(&self, connection: ConnectionId) -> bool {
        self.state.borrow().connections.contains_key(&connection)
    }

    /// Sends a request; the answer, or the loss of the connection, comes into the slot.
    pub fn send(&self, id: ConnectionId, request: Request) -> Slot<Reply> {
        let slot = Slot::default();
        let (serial, arrives, cuts) = {
            let mut state = self.state.borrow_mut();
            let weather = state.weather;
            let connection = state.connections.get_mut(&id).expect("an open connection");
            // What ends transactions is what hurts most.
            let weight = if kind_of(&request).is_some() { 5 } else { 1 };
            let arrives = (self.sim.now() + self.way(weather, weight)).max(connection.last[0]);
            connection.last[0] = arrives;
            let serial = self.sim.next_serial();
            connection.waiting.insert(serial, slot.clone());
            (serial, arrives, self.sim.dice().chance(weather.cut * weight))
        };
        let network = self.clone();
        self.sim.at(arrives, move || network.arrive(id, serial, request));
        if cuts {
            // On the way there, or on the way back.
            let (network, wait) = (self.clone(), self.sim.dice().between(0, 2 * (arrives - self.sim.now())));
            self.sim.after(wait, move || network.cut(id));
        }
        slot
    }

    fn way(&self, weather: Weather, weight: u64) -> Moment {
        let dice = self.sim.dice();
        let usual = dice.between(MS / 10, weather.latency_max);
        if dice.chance(weather.slow * weight) { usual + dice.between(0, weather.slow_max) } else { usual }
    }

    fn arrive(&self, id: ConnectionId, serial: u64, request: Request) {
        let broker = self.cluster.broker_of(&request);
        if self.cluster.is_down(broker) {
            return;
        }
        if !self.is_open(id) {
            return self.stray(request);
        }
        self.serve(id, serial, request);
    }

    fn serve(&self, id: ConnectionId, serial: u64, request: Request) {
        let late = Slot::default();
        match self.cluster.handle(request, &late) {
            Some(reply) => self.answer(id, serial, reply),
            None => {
                let network = self.clone();
                self.sim.spawn(crate::engine::WORLD, async move {
                    let reply = late.take(&network.sim, network.sim.now() + 60 * SECOND).await;
                    network.answer(id, serial, reply.unwrap_or(Err(Code::TimedOut)));
                });
            }
        }
    }

    /// Its connection was cut while it was on the way: it is lost, or arrives much later.
    fn stray(&self, request: Request) {
        let weather = self.state.borrow().weather;
        if !self.sim.dice().chance(weather.stray) {
            return self.sim.count("requests lost");
        }
        let (network, wait) = (self.clone(), self.sim.dice().between(0, weather.stray_max));
        self.sim.after(wait, move || {
            if network.cluster.is_down(network.cluster.broker_of(&request)) {
                return;
            }
            network.sim.count("late requests");
            let kind = kind_of(&request);
            let accepted = !matches!(network.cluster.handle(request, &Slot::default()), Some(Err(_)));
            if accepted && let Some(kind) = kind {
                network.sim.say(&"late request", &kind);
                network.sim.count(kind);
            }
        });
    }

    fn answer(&self, id: ConnectionId, serial: u64, reply: Reply) {
        let arrives = {
            let mut state = self.state.borrow_mut();
            let weather = state.weather;
            let Some(connection) = state.connections.get_mut(&id) else { return };
            let arrives = (self.sim.now() + self.way(weather, 1)).max(connection.last[1]);
            connection.last[1] = arrives;
            arrives
        };
        let network = self.clone();
        self.sim.at(arrives, move || {
            let waiting = {
                let mut state = network.state.borrow_mut();
                state.connections.get_mut(&id).and_then(|connection| connection.waiting.remove(&serial))
            };
            if let Some(slot) = waiting {
                slot.fill(&network.sim, reply);
            }
        });
    }

    /// The connection is gone: its client learns that, and nothing else.
    pub fn cut(&self, id: ConnectionId) {
        let Some(connection) = self.state.borrow_mut().connections.remove(&id) else { return };
        self.sim.count("connections cut");
        for slot in connection.waiting.into_values() {
            slot.fill(&self.sim, Err(Code::Transport));
        }
    }

    fn cut_all(&self, doomed: impl Fn(&Connection) -> bool) {
        let ids: Vec<ConnectionId> = {
            let state = self.state.borrow();
            state.connections.iter().filter(|(_, one)| doomed(one)).map(|(id, _)| *id).collect()
        };
        ids.into_iter().for_each(|id| self.cut(id));
    }

    pub fn crash(&self, broker: usize, until: Moment) {
        self.cluster.crash(broker, until);
        self.cut_all(|connection| connection.broker == broker);
    }

    /// The process reaches no broker until then.
    pub fn part(&self, process: ProcessId, until: Moment) {
        self.state.borrow_mut().apart.insert(process, until);
        self.cut_all(|connection| connection.process == process);
    }

    /// The process is gone; what it had sent may still arrive.
    pub fn hang_up(&self, process: ProcessId) {
        self.cut_all(|connection| connection.process == process);
    }
}

/// What counts as a request that came late and was taken.
fn kind_of(request: &Request) -> Option<&'static str> {
    match request {
        Request::EndTxn(..) => Some("late EndTxn accepted"),
        Request::TxnOffsetCommit { .. } => Some("late TxnOffsetCommit accepted"),
        Request::AddPartitions(..) | Request::AddOffsets(..) => Some("late AddPartitions accepted"),
        Request::Produce { .. } => Some("late Produce accepted"),
        Request::InitProducerId(_) => Some("late InitProducerId accepted"),
        _ => None,
    }
}
