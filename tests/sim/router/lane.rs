//! A lane: it performs what `core::lane` asks for, and reports what came of it. It chooses nothing.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use onefill::core::halt::{Halt, HaltCode};
use onefill::core::lane::{Effect, Event, Lane as Machine, Outcome, Slot, Stage};
use onefill::core::ledger::{Ledger, Placement};
use onefill::core::proof::Topology;
use onefill::wire::schema::Schemas;

use super::Process;
use super::mutant::Mutant;
use super::source::Source;
use crate::client::Client;
use crate::client::producer::Producer;
use crate::engine::{MS, Moment, SECOND};
use crate::kafka::request::{Membership, Reply, Request, Topic};

/// What a lane is told. The later one weighs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    Stop,
    Lost,
}

/// Why a lane leaves what it does.
pub enum Break {
    Told(Wish),
    Halt(Halt),
    /// The next record of an input cannot be read.
    Doubted(Halt),
}

impl From<Halt> for Break {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<Break> for Event {
    fn from(reason: Break) -> Self {
        match reason {
            Break::Told(Wish::Stop) => Self::Stop,
            Break::Told(Wish::Lost) => Self::Lost,
            Break::Halt(halt) => Self::Halt(halt),
            Break::Doubted(halt) => Self::Doubted(halt),
        }
    }
}

/// A lane's two producers.
pub struct Sink {
    pub slots: [Producer; 2],
}

impl Sink {
    pub fn is_disturbed(&self) -> bool {
        self.slots.iter().any(Producer::is_disturbed)
    }

    pub fn audit_end(&self) -> i64 {
        self.slots.iter().map(|slot| slot.audit_end).max().unwrap_or_default()
    }
}

pub struct Lane {
    pub process: Rc<Process>,
    signal: Rc<Cell<Option<Wish>>>,
    pub placement: Placement,
    pub ledger: Ledger,
    pub schemas: Schemas,
    pub probe: Client,
    pub source: Source,
    pub sink: Option<Sink>,
    /// What the group knew of the process when the lane was opened.
    pub member: Option<Membership>,
    pub trail_next: Option<i64>,
    pub trail_end: i64,
    pub restored: Result<(), Halt>,
    pub topology: Topology,
    failures: i64,
    pub last_commit: Moment,
}

enum Ended {
    Stopped,
    Again,
}

impl Lane {
    pub fn new(process: Rc<Process>, signal: Rc<Cell<Option<Wish>>>, partition: i32) -> Self {
        let placement = Placement { partition, count: process.partitions };
        let topology = Topology {
            group: process.group.to_owned(),
            partition_counts: BTreeMap::new(),
            topic_ids: BTreeMap::new(),
            control: Topic::Control.name().to_owned(),
        };
        Self {
            probe: Client::new(&process.network, process.id),
            source: Source::new(&process, partition),
            last_commit: process.sim.now(),
            process,
            signal,
            placement,
            ledger: Ledger::new(placement),
            schemas: Schemas::compiled(),
            sink: None,
            member: None,
            trail_next: None,
            trail_end: 0,
            restored: Ok(()),
            topology,
            failures: 0,
        }
    }

    /// Lives until it is told to stop, or has halted and is told to stop.
    pub async fn run(mut self) {
        while let Ended::Again = self.live().await {
            self.ledger = Ledger::new(self.placement);
            self.trail_next = None;
        }
        let key = (self.process.id, self.placement.partition);
        self.process.board.stages.borrow_mut().remove(&key);
    }

    async fn live(&mut self) -> Ended {
        let mut machine = Machine::default();
        let mut effect = machine.start();
        loop {
            let key = (self.process.id, self.placement.partition);
            self.process.board.stages.borrow_mut().insert(key, machine.stage());
            let event = match effect {
                Effect::AwaitOwnership => self.await_ownership().await,
                Effect::Fence => self.fence().await,
                Effect::Restore => self.restore().await,
                Effect::Prove => self.prove().await,
                Effect::Open => self.open().await,
                Effect::Route(slot) => self.route(slot).await,
                Effect::Stop => return Ended::Stopped,
                Effect::Halt(halt) => return self.rest(&halt).await,
            };
            let event = event.unwrap_or_else(Event::from);
            self.note(&event).await;
            effect = match self.mistaken(&event).await {
                Some(effect) => effect,
                None => machine.on(event, self.process.clock()),
            };
        }
    }

    /// What a shell with a mistake does instead of asking the machine.
    async fn mistaken(&mut self, event: &Event) -> Option<Effect> {
        let unknown = *event == Event::Ended(Outcome::Unknown) && self.ledger.opened().is_some();
        if !unknown || !self.process.is(Mutant::UnknownIsAborted) {
            return None;
        }
        self.fence().await.ok()?;
        Some(Effect::Route(Slot::Zero))
    }

    async fn note(&mut self, event: &Event) {
        let sim = self.process.sim.clone();
        if *event == Event::Idle {
            return;
        }
        let head = self.ledger.settled_head();
        let stands = (head.next_seq, head.cursors.intents, head.cursors.executions, head.cursors.control);
        sim.say(&("lane", self.process.id, self.placement.partition), &(event, stands));
        self.ledger.validate().expect("a settled ledger keeps every invariant");
        let Event::Ended(outcome) = event else { return };
        sim.count(match outcome {
            Outcome::Committed => "commits",
            Outcome::CommittedInDoubt => "commits in doubt",
            Outcome::Aborted => "aborts",
            Outcome::Fenced => "fences met",
            Outcome::Unknown => "unknown outcomes",
        });
        if outcome.is_committed() {
            self.failures = 0;
        } else {
            self.failures += 1;
            self.pause(50 * MS * self.failures.min(40)).await;
        }
    }

    /// Rests in a halt. Only that of the clock ends by itself.
    async fn rest(&mut self, halt: &Halt) -> Ended {
        let process = Rc::clone(&self.process);
        process.sim.say(&("halt", process.id, self.placement.partition), halt);
        self.show(halt);
        let key = (process.id, self.placement.partition);
        process.board.stages.borrow_mut().insert(key, Stage::Halted);
        self.sink = None;
        loop {
            if self.wish().is_some() {
                return Ended::Stopped;
            }
            let caught_up = process.clock() >= self.ledger.settled_head().decided_at;
            if halt.code == HaltCode::ClockUnsafe && caught_up {
                return Ended::Again;
            }
            self.pause(SECOND).await;
        }
    }

    fn show(&self, halt: &Halt) {
        let (process, partition) = (&self.process, self.placement.partition);
        process.board.halts.borrow_mut().push((partition, halt.clone()));
        process.sim.count(halt.code.name());
    }

    pub fn wish(&self) -> Option<Wish> {
        self.signal.get()
    }

    pub fn heed(&self) -> Result<(), Break> {
        self.wish().map_or(Ok(()), |wish| Err(Break::Told(wish)))
    }

    /// Waits, but for no longer than it takes to be told something.
    pub async fn pause(&self, length: Moment) {
        let sim = &self.process.sim;
        let until = sim.now() + length;
        while self.wish().is_none() && sim.now() < until {
            sim.sleep((until - sim.now()).min(20 * MS)).await;
        }
    }

    /// Makes a call again until Kafka answers.
    pub async fn patiently(&self, request: Request) -> Result<Reply, Break> {
        let sim = self.process.sim.clone();
        let mut attempts = 0;
        loop {
            self.heed()?;
            let reply = self.probe.call(request.clone(), sim.now() + 10 * SECOND).await;
            match reply {
                Err(code) if is_passing(code) => {
                    sim.count("waits for Kafka");
                    attempts += 1;
                    self.pause(100 * MS * attempts.min(20)).await;
                }
                reply => return Ok(reply),
            }
        }
    }
}

/// Whether the same question may be answered later.
const fn is_passing(code: crate::kafka::request::Code) -> bool {
    use crate::kafka::request::Code::{ConcurrentTransactions, TimedOut, Transport, UnstableOffset};
    matches!(code, Transport | TimedOut | UnstableOffset | ConcurrentTransactions)
}
