//! Who owns which partition: the group member of a process, and its lanes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Process;
use super::lane::{Lane, Wish};
use super::mutant::Mutant;
use crate::client::{Client, expect};
use crate::engine::{MS, Moment, SECOND};
use crate::kafka::SESSION;
use crate::kafka::request::{Answer, Code, Joined, Request};

const HEARTBEAT_EVERY: Moment = 700 * MS;

/// A lane that runs: how to tell it to end, and whether it has.
pub struct Running {
    pub signal: Rc<Cell<Option<Wish>>>,
    pub ended: Rc<Cell<bool>>,
}

struct Member {
    process: Rc<Process>,
    client: Client,
    name: Option<u64>,
    lanes: RefCell<BTreeMap<i32, Running>>,
}

/// Why a member must join anew.
enum Out {
    Revoked,
    Lost {
        forgotten: bool,
    },
    /// The process is told to end.
    Left,
}

/// Serves the group for as long as the process lives.
pub async fn serve(process: Rc<Process>) {
    let client = Client::new(&process.network, process.id);
    let mut member = Member { process, client, name: None, lanes: RefCell::default() };
    loop {
        let Some(joined) = member.join().await else { continue };
        member.process.membership.set(Some(joined.membership));
        member.name = Some(joined.membership.member);
        for partition in joined.partitions {
            member.start(partition);
        }
        match member.heartbeats().await {
            Out::Revoked => member.end_lanes(Wish::Stop).await,
            Out::Left => return member.leave().await,
            Out::Lost { forgotten } => {
                member.end_lanes(Wish::Lost).await;
                if forgotten {
                    (member.name, _) = (None, member.process.membership.set(None));
                }
            }
        }
    }
}

impl Member {
    async fn join(&mut self) -> Option<Joined> {
        let sim = &self.process.sim;
        let (group, instance) = (self.process.group, self.process.instance);
        let request = Request::Join { group, member: self.name, instance };
        let deadline = sim.now() + 30 * SECOND;
        let reply = self.client.call_for(request, 30 * SECOND, deadline).await;
        match expect(reply, |answer| if let Answer::Joined(joined) = answer { Some(joined) } else { None }) {
            Ok(joined) => Some(joined),
            Err(code) => {
                if code == Code::UnknownMember {
                    self.name = None;
                    self.process.membership.set(None);
                }
                sim.sleep(100 * MS).await;
                None
            }
        }
    }

    /// Until the group says something else.
    async fn heartbeats(&self) -> Out {
        let sim = self.process.sim.clone();
        let mut heard = sim.now();
        loop {
            sim.sleep(HEARTBEAT_EVERY).await;
            let lag = sim.dice().between(0, self.process.setup.borrow().member_lag);
            sim.sleep(lag).await;
            if self.process.leaves.get() {
                return Out::Left;
            }
            match self.heartbeat().await {
                Ok(()) => heard = sim.now(),
                Err(Code::Rebalancing) => {
                    sim.count("rebalances");
                    return Out::Revoked;
                }
                Err(Code::UnknownMember) => {
                    sim.count("members lost");
                    return Out::Lost { forgotten: true };
                }
                Err(Code::IllegalGeneration) => return Out::Lost { forgotten: false },
                Err(_) if sim.now() - heard > SESSION => {
                    sim.count("sessions over");
                    return Out::Lost { forgotten: false };
                }
                Err(_) => {}
            }
        }
    }

    async fn heartbeat(&self) -> Result<(), Code> {
        let Some(member) = self.process.membership.get() else { return Err(Code::UnknownMember) };
        let request = Request::Heartbeat { group: self.process.group, member };
        let reply = self.client.call(request, self.process.sim.now() + SECOND).await;
        reply.map(drop)
    }

    fn start(&self, partition: i32) {
        let running = Running { signal: Rc::default(), ended: Rc::default() };
        let lane = Lane::new(Rc::clone(&self.process), Rc::clone(&running.signal), partition);
        let ended = Rc::clone(&running.ended);
        self.process.sim.say(&("process", self.process.id), &("lane assigned", partition));
        self.process.sim.spawn(self.process.id, async move {
            lane.run().await;
            ended.set(true);
        });
        self.lanes.borrow_mut().insert(partition, running);
    }

    /// Drains every lane, and leaves the group; a static member stays in it.
    async fn leave(&self) {
        let sim = &self.process.sim;
        self.end_lanes(Wish::Stop).await;
        if let (Some(member), None) = (self.name, self.process.instance) {
            let request = Request::Leave { group: self.process.group, member };
            let _ = self.client.call(request, sim.now() + SECOND).await;
        }
        sim.count("processes that left");
        let (doom, id) = (Rc::clone(&self.process.doom), self.process.id);
        sim.after(0, move || doom(id));
    }

    /// Tells every lane, and waits for all; the session goes on meanwhile.
    async fn end_lanes(&self, wish: Wish) {
        let lanes = std::mem::take(&mut *self.lanes.borrow_mut());
        if self.process.is(Mutant::RevokedGoesOn) {
            return;
        }
        for lane in lanes.values() {
            lane.signal.set(lane.signal.get().max(Some(wish)));
        }
        let mut beat = self.process.sim.now();
        while lanes.values().any(|lane| !lane.ended.get()) {
            self.process.sim.sleep(5 * MS).await;
            if self.process.sim.now() - beat > HEARTBEAT_EVERY {
                beat = self.process.sim.now();
                let _ = self.heartbeat().await;
            }
        }
    }
}
