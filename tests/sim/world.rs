//! One run: a Kafka, routers, traffic, and faults, from one seed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use onefill::core::lane::Stage;

use crate::engine::{MS, Moment, ProcessId, SECOND, Sim};
use crate::kafka::network::Network;
use crate::kafka::request::Topic;
use crate::kafka::{Cluster, LANES, SESSION, TRANSACTION_TIMEOUT};
use crate::load::{Sent, operator, strategy, venue};
use crate::plan::Plan;
use crate::router::{Board, Process, Setup, member};
use crate::storm;

pub const GROUP: &str = "onefill.router";
const STRANGER: &str = "stranger.router";

/// A place that one process after another takes.
struct Seat {
    instance: Option<u64>,
    clock_ahead: Rc<Cell<Moment>>,
    process: Option<ProcessId>,
}

pub struct World {
    pub sim: Sim,
    pub cluster: Cluster,
    pub network: Network,
    pub plan: Plan,
    pub board: Rc<Board>,
    pub setup: Rc<RefCell<Setup>>,
    /// What strategies, venues and operators have published.
    pub sent: RefCell<Sent>,
    /// Whether seats that fall empty are taken again.
    pub restarts: Cell<bool>,
    seats: RefCell<Vec<Seat>>,
    processes: RefCell<BTreeMap<ProcessId, Rc<Process>>>,
    own: Weak<Self>,
}

impl World {
    pub fn new(plan: Plan) -> Rc<Self> {
        let sim = Sim::new(plan.seed);
        let cluster = Cluster::new(&sim, plan.marker_wait, plan.checks_generations);
        let network = Network::new(&cluster, plan.weather);
        let seat = |number| Seat {
            instance: plan.is_static.then_some(number as u64),
            clock_ahead: Rc::default(),
            process: None,
        };
        let seats: Vec<Seat> = (0..plan.routers).map(seat).collect();
        Rc::new_cyclic(|own| Self {
            sim,
            cluster,
            network,
            board: Rc::default(),
            setup: Rc::new(RefCell::new(plan.setup.clone())),
            sent: RefCell::default(),
            restarts: Cell::new(true),
            seats: RefCell::new(seats),
            processes: RefCell::default(),
            own: Weak::clone(own),
            plan,
        })
    }

    /// Everything up to the time when all is quiet: routers, traffic, storm, and calm after it.
    pub fn play(self: &Rc<Self>) {
        operator::prelude(self);
        for seat in 0..self.plan.routers {
            let (world, wait) = (Rc::clone(self), self.sim.dice().between(0, 800 * MS));
            self.sim.after(wait, move || world.seat(seat));
        }
        strategy::begin(self);
        venue::begin(self);
        operator::begin(self);
        storm::begin(self);
        self.sim.run_until(self.plan.storm);
        self.clear_up();
        // Whoever is frozen wakes up, and finds what has changed.
        self.sim.run_until(self.sim.now() + SESSION + 16 * SECOND);
        self.restart_halted();
        self.settle(60 * SECOND + 2 * TRANSACTION_TIMEOUT);
    }

    /// What an operator does about a halt whose cause is gone: the process begins anew.
    fn restart_halted(self: &Rc<Self>) {
        let stages = self.board.stages.borrow().clone();
        for ((process, _), stage) in stages {
            if stage == Stage::Halted {
                self.kill(process);
            }
        }
        self.sim.run_until(self.sim.now() + 10 * SECOND);
    }

    /// The storm is over: nothing goes wrong any more.
    pub fn clear_up(&self) {
        self.network.clear_up();
        self.cluster.hurry();
        let mut setup = self.setup.borrow_mut();
        (setup.freezes, setup.kills, setup.parts, setup.batch_max) = (0, 0, 0, 20);
    }

    /// Runs until every input is answered, or so long.
    pub fn settle(&self, most: Moment) {
        let until = self.sim.now() + most;
        while self.sim.now() < until && !self.is_quiet() {
            self.sim.run_until(self.sim.now() + 250 * MS);
        }
    }

    /// Whether the offsets that are committed are those of everything there is to read.
    pub fn is_quiet(&self) -> bool {
        (0..LANES).all(|partition| {
            [Topic::Intents, Topic::Executions].into_iter().all(|topic| {
                let extents = self.cluster.log((topic, partition)).extents();
                let records = self.cluster.log((topic, partition)).committed();
                let last = records.last().map_or(-1, |record| record.offset);
                let committed = self.cluster.committed(GROUP, (topic, partition));
                extents.stable == extents.end && committed.is_some_and(|next| next > last)
            })
        }) && self.control_is_answered()
    }

    fn control_is_answered(&self) -> bool {
        let due = self.cluster.log((Topic::Control, 0)).committed().len();
        (0..LANES).all(|partition| crate::outside::control_entries(&self.cluster, partition) == due)
    }

    /// A process takes the seat.
    pub fn seat(&self, seat: usize) {
        let (instance, clock_ahead) = {
            let seats = self.seats.borrow();
            if seats[seat].process.is_some() {
                return;
            }
            (seats[seat].instance, Rc::clone(&seats[seat].clock_ahead))
        };
        let id = self.start(GROUP, instance, clock_ahead);
        self.seats.borrow_mut()[seat].process = Some(id);
    }

    fn start(&self, group: &'static str, instance: Option<u64>, clock_ahead: Rc<Cell<Moment>>) -> ProcessId {
        let own = Weak::clone(&self.own);
        let id = self.sim.next_serial() as ProcessId;
        let process = Rc::new(Process {
            id,
            sim: self.sim.clone(),
            network: self.network.clone(),
            board: Rc::clone(&self.board),
            setup: Rc::clone(&self.setup),
            group,
            instance,
            partitions: self.cluster.lanes(),
            clock_ahead,
            membership: Cell::new(None),
            leaves: Cell::new(false),
            doom: Rc::new(move |id| {
                if let Some(world) = own.upgrade() {
                    world.kill(id);
                }
            }),
        });
        self.sim.say(&("process", id), &("starts", group));
        self.processes.borrow_mut().insert(id, Rc::clone(&process));
        self.sim.spawn(id, member::serve(process));
        id
    }

    /// The process is gone at once; after a while another takes its seat.
    pub fn kill(self: &Rc<Self>, id: ProcessId) {
        if self.processes.borrow_mut().remove(&id).is_none() {
            return;
        }
        self.sim.say(&("process", id), &"killed");
        self.sim.kill(id);
        self.network.hang_up(id);
        self.board.stages.borrow_mut().retain(|(of, _), _| *of != id);
        let empty = self.seats.borrow().iter().position(|seat| seat.process == Some(id));
        let Some(seat) = empty else { return };
        self.seats.borrow_mut()[seat].process = None;
        if self.restarts.get() {
            let (world, wait) = (Rc::clone(self), self.sim.dice().between(100 * MS, 8 * SECOND));
            self.sim.after(wait, move || {
                if world.restarts.get() {
                    world.seat(seat);
                }
            });
        }
    }

    /// The process is told to end in order; after a while another takes its seat.
    pub fn dismiss(&self, id: ProcessId) {
        if let Some(process) = self.processes.borrow().get(&id) {
            process.leaves.set(true);
        }
    }

    /// One of the processes that run now.
    pub fn any_process(&self) -> Option<ProcessId> {
        let ids: Vec<ProcessId> = self.processes.borrow().keys().copied().collect();
        (!ids.is_empty()).then(|| *self.sim.dice().pick(&ids))
    }

    /// One more router, with no name of its own.
    pub fn add_seat(&self) {
        let seat = self.seats.borrow().len();
        let instance = self.plan.is_static.then_some(seat as u64);
        self.seats.borrow_mut().push(Seat { instance, clock_ahead: Rc::default(), process: None });
        self.seat(seat);
    }

    /// The clock of a seat jumps.
    pub fn step_clock(&self, by: Moment) {
        let seats = self.seats.borrow();
        let seat = self.sim.dice().below(seats.len() as u64) as usize;
        seats[seat].clock_ahead.set(by);
    }

    /// All processes end, and none comes back.
    pub fn end_all(self: &Rc<Self>) {
        self.restarts.set(false);
        let ids: Vec<ProcessId> = self.processes.borrow().keys().copied().collect();
        ids.into_iter().for_each(|id| self.kill(id));
        self.sim.run_until(self.sim.now() + TRANSACTION_TIMEOUT + 15 * SECOND);
    }

    /// They begin again.
    pub fn begin_again(&self) {
        self.restarts.set(true);
        for seat in 0..self.plan.routers {
            self.seat(seat);
        }
    }

    pub fn admit_stranger(&self) -> ProcessId {
        self.start(STRANGER, None, Rc::default())
    }

    /// Somebody sets the committed offset of a lane's intents.
    pub fn put_offset(&self, partition: i32, offset: Option<i64>) {
        self.cluster.group_mut(GROUP).offsets_mut().put((Topic::Intents, partition), offset);
    }

    /// Lets go of everything: tasks and world hold each other.
    pub fn end(&self) {
        self.processes.borrow_mut().clear();
        self.sim.end();
    }
}
