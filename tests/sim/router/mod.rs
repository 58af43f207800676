//! The simulated shell: it performs the effects of the real core in the order in which the real shell
//! does, against the modelled Kafka.
//!
//! Read it beside `src/shell/`: [`member`] is `membership.rs`, [`lane`] the lane's thread, with
//! [`opening`], [`restore`], [`evidence`], [`routing`], [`source`] and [`transaction`] named as there.

pub mod arrival;
pub mod evidence;
pub mod lane;
pub mod member;
pub mod mutant;
pub mod opening;
pub mod restore;
pub mod routing;
pub mod source;
pub mod transaction;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use onefill::core::halt::Halt;
use onefill::core::lane::Stage;
use onefill::core::settings::Settings;
use onefill::core::time::Time;

use crate::engine::{MS, Moment, ProcessId, SECOND, Sim};
use crate::kafka::SESSION;
use crate::kafka::network::Network;
use crate::kafka::request::Membership;
use mutant::Mutant;

/// The wall clock at the beginning of every run.
pub const EPOCH: i64 = 1_700_000_000_000_000_000;

/// How routers are configured, and how they are ill-treated.
#[derive(Clone, Debug)]
pub struct Setup {
    pub settings: Settings,
    /// Records of one batch, at most.
    pub batch_max: usize,
    /// How late the member's thread may come to its heartbeat, at most.
    pub member_lag: Moment,
    /// Of a thousand dangerous moments those at which the process freezes.
    pub freezes: u64,
    /// Of a thousand dangerous moments those at which it is killed.
    pub kills: u64,
    /// Of a thousand commits those on whose way the process loses all brokers.
    pub parts: u64,
    /// Where freezes are eight times as likely.
    pub focus: Option<&'static str>,
    pub mutant: Option<Mutant>,
}

/// What everybody can see of the lanes.
#[derive(Default)]
pub struct Board {
    pub stages: RefCell<BTreeMap<(ProcessId, i32), Stage>>,
    pub halts: RefCell<Vec<(i32, Halt)>>,
    /// What a lane's ledger said at its end: its head and hash.
    pub control_read: Cell<i64>,
}

/// One process: its memory is gone when it is killed.
pub struct Process {
    pub id: ProcessId,
    pub sim: Sim,
    pub network: Network,
    pub board: Rc<Board>,
    pub setup: Rc<RefCell<Setup>>,
    pub group: &'static str,
    pub instance: Option<u64>,
    /// Partitions of the topics when the process began.
    pub partitions: i32,
    /// How far its clock is ahead.
    pub clock_ahead: Rc<Cell<Moment>>,
    pub membership: Cell<Option<Membership>>,
    /// Whether it is told to end in order.
    pub leaves: Cell<bool>,
    /// Kills this process, and has another one started.
    pub doom: Rc<dyn Fn(ProcessId)>,
}

impl Process {
    /// Its wall clock.
    pub fn clock(&self) -> Time {
        Time(EPOCH + self.sim.now() + self.clock_ahead.get())
    }

    pub fn mutant(&self) -> Option<Mutant> {
        self.setup.borrow().mutant
    }

    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant() == Some(mutant)
    }

    /// The network may fail just while a commit is on its way, there or back.
    pub fn endanger_commit(&self) {
        let parts = self.setup.borrow().parts;
        if parts == 0 || !self.sim.dice().chance(parts) {
            return;
        }
        let dice = self.sim.dice();
        let (wait, length) = (dice.between(0, 6 * MS), dice.between(300 * MS, SESSION + 2 * SECOND));
        let (network, id) = (self.network.clone(), self.id);
        self.sim.count("networks lost in a commit");
        self.sim.after(wait, move || network.part(id, network.sim.now() + length));
    }

    /// A moment at which it is bad to be stopped: now and then it is.
    pub async fn hazard(&self, place: &'static str) {
        let (freezes, kills) = {
            let setup = self.setup.borrow();
            (setup.freezes, setup.kills)
        };
        let focus = self.setup.borrow().focus == Some(place);
        let (freezes, kills) = if focus { (freezes * 8, kills) } else { (freezes, kills) };
        if kills > 0 && self.sim.dice().chance(kills) {
            self.sim.say(&("killed", self.id), &place);
            self.sim.count("kills at a bad moment");
            let (doom, id) = (Rc::clone(&self.doom), self.id);
            self.sim.after(0, move || doom(id));
            return self.sim.sleep(1_000_000 * SECOND).await;
        }
        if freezes > 0 && self.sim.dice().chance(freezes) {
            let length = match self.sim.dice().below(3) {
                0 => self.sim.dice().between(200 * MS, 3 * SECOND),
                _ => self.sim.dice().between(SESSION + SECOND, SESSION + 7 * SECOND),
            };
            self.sim.say(&("frozen", self.id), &(place, length / MS));
            self.sim.count(if place.contains("fence") {
                "freezes before a fence"
            } else {
                "freezes at a bad moment"
            });
            self.sim.freeze(self.id, self.sim.now() + length);
            self.sim.sleep(1).await;
        }
    }
}
