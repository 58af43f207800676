//! A lane: the plain thread that owns one partition.
//!
//! It performs what [`core::lane`](crate::core::lane) asks for, and reports what came of it. It
//! chooses nothing. Start at [`LaneThread::run`].

mod backoff;
mod fresh;
mod keeping;
mod opening;
mod routing;
mod signal;

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaResult;

use super::admin::{Cluster, ClusterError};
use super::checkpoint::{Checkpoints, Kept};
use super::clock;
use super::config::Config;
use super::freshness::ControlEnds;
use super::heartbeat::{Heartbeat, Heartbeats, Weight};
use super::metrics::{Cause, Metrics};
use super::prices::Prices;
use super::risk::RiskView;
use super::sink::Sink;
use super::source::Source;
use super::status::{Holdings, Status, thread_name};
use super::topology::Topologies;
use super::trail::{Probe, REQUEST_WAIT};
use crate::core::entry::Cursors;
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::{Effect, Event, Lane, Outcome};
use crate::core::ledger::{Ledger, Placement};
use crate::core::proof::{self, Topology};
use crate::core::time::Time;
use crate::wire::schema::{Encoding, Schemas};
use backoff::Backoff;
use keeping::Origin;
pub use signal::{Signal, Wish};

/// What all lanes of a process share.
pub struct Shared {
    /// How everything is configured.
    pub config: Config,
    /// The schemas that are known.
    pub schemas: Schemas,
    /// Where lanes say how they are.
    pub status: Status,
    /// Where threads say that they advance.
    pub heartbeats: Heartbeats,
    /// What Prometheus sees.
    pub metrics: Metrics,
    /// Where control ends.
    pub control_ends: ControlEnds,
    /// The prices that are held.
    pub prices: Prices,
    /// How the topics stand.
    pub topologies: Topologies,
    /// Ledgers on disk.
    pub checkpoints: Checkpoints,
    /// Ledgers of lanes that were revoked.
    pub kept: Kept,
    /// What is asked of the cluster as a whole; `None` until it was reached.
    cluster: Mutex<Option<Arc<Cluster>>>,
}

impl Shared {
    /// What a process with no lanes yet has.
    pub fn new(config: Config, schemas: Schemas) -> Self {
        let metrics = Metrics::new(&config);
        let checkpoints = Checkpoints::new(config.checkpoint.clone());
        Self {
            config,
            schemas,
            status: Status::default(),
            heartbeats: Heartbeats::default(),
            metrics,
            control_ends: ControlEnds::default(),
            prices: Prices::default(),
            topologies: Topologies::default(),
            checkpoints,
            kept: Kept::default(),
            cluster: Mutex::default(),
        }
    }

    /// The cluster, once it has answered.
    ///
    /// # Errors
    /// [`ClusterError::Unreachable`].
    pub fn cluster(&self) -> Result<Arc<Cluster>, ClusterError> {
        let mut known = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = &*known {
            return Ok(Arc::clone(cluster));
        }
        let cluster = Arc::new(Cluster::connect(&self.config, REQUEST_WAIT, REQUEST_WAIT)?);
        *known = Some(Arc::clone(&cluster));
        Ok(cluster)
    }

    /// Connects anew when it is next asked for.
    pub fn forget_cluster(&self) {
        let forgotten = self.cluster.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Its connections end outside the lock.
        drop(forgotten);
    }
}

/// What a lane asks of the group's member.
pub trait Membership: Send + Sync {
    /// What the group knows of this member, for the offsets of a transaction; `None` before it
    /// joined.
    fn metadata(&self) -> Option<ConsumerGroupMetadata>;

    /// The id that the group's coordinator knows this member by; `None` before it joined.
    fn member_id(&self) -> Option<String>;
}

/// The owner of one partition.
pub struct LaneThread {
    shared: Arc<Shared>,
    membership: Arc<dyn Membership>,
    signal: Arc<Signal>,
    heartbeat: Heartbeat,
    placement: Placement,
    ledger: Ledger,
    probe: Probe,
    source: Source,
    sink: Option<Sink>,
    /// Who the group's member was when the lane was opened. If the group knows it by another name or generation
    /// since, it refuses the offsets, and the lane opens anew.
    group: Option<Arc<ConsumerGroupMetadata>>,
    /// The next offset of `audit[p]` to read; `None` before the first read.
    trail_next: Option<i64>,
    /// How the ledger came to stand where it does, and from where on that can be checked.
    origin: Origin,
    /// Where the trail ended when it was last read.
    trail_end: i64,
    /// What reading the trail came to.
    restored: Result<(), Halt>,
    /// What the last proof found.
    found: Found,
    /// A lane that fails again and again tries again ever more slowly.
    backoff: Backoff,
    /// Why the next fence is taken.
    cause: Cause,
    last_commit: Instant,
    /// When the ledger was last measured, and how long that took.
    measured: (Instant, Duration),
    /// How the topics stood when it last looked.
    topology_seen: Option<Arc<Topology>>,
    /// Since when it takes no intents, if so.
    without_intents_since: Option<Instant>,
}

/// What a proof found that the lane needs later.
struct Found {
    topology: Topology,
    quarantine_partitions: i32,
    /// How orders are written.
    orders: Encoding,
    /// Where the inputs' next records lie, or how far they were read when there is none.
    reached: Cursors,
}

/// Why a lane leaves what it does.
enum Break {
    /// It is told to.
    Told(Wish),
    /// The world cannot be served.
    Halt(Halt),
    /// Something does not fit; this halt, unless an opening finds another reason, or that all is well.
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
            Break::Told(Wish::Renew | Wish::Stop) => Self::Stop,
            Break::Told(Wish::Lost) => Self::Lost,
            Break::Halt(halt) => Self::Halt(halt),
            Break::Doubted(halt) => Self::Doubted(halt),
        }
    }
}

impl LaneThread {
    /// A lane that has not begun.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn new(
        shared: Arc<Shared>,
        membership: Arc<dyn Membership>,
        signal: Arc<Signal>,
        placement: Placement,
    ) -> KafkaResult<Self> {
        let (probe, source) = (Probe::open(&shared.config)?, Source::open(&shared.config)?);
        let topology = Topology {
            group: shared.config.group.clone(),
            partition_counts: Default::default(),
            topic_ids: Default::default(),
            control: shared.config.topics.control.clone(),
        };
        let heartbeat = shared.heartbeats.enter(thread_name(placement.partition), Weight::Vital);
        Ok(Self {
            shared,
            membership,
            signal,
            heartbeat,
            placement,
            ledger: Ledger::new(placement),
            probe,
            source,
            sink: None,
            group: None,
            trail_next: None,
            origin: Origin::default(),
            trail_end: 0,
            restored: Ok(()),
            found: Found {
                topology,
                quarantine_partitions: 1,
                orders: Encoding::default(),
                reached: Cursors::default(),
            },
            topology_seen: None,
            backoff: Backoff::default(),
            cause: Cause::Opening,
            last_commit: Instant::now(),
            measured: (Instant::now(), Duration::ZERO),
            without_intents_since: None,
        })
    }

    /// Lives until it is told to stop, or has halted and is told to stop. A lane whose halt is on the board already
    /// rests in it: it had halted before the clients were made anew, and that is no reason to try it again.
    pub fn run(mut self) {
        let partition = self.placement.partition;
        let mut ended = match self.shared.status.halted(partition) {
            Some((code, head_at)) => {
                tracing::info!(partition, code = code.name(), "the lane stays halted");
                self.rest(code, head_at)
            }
            None => {
                self.shared.status.begin(partition);
                self.live()
            }
        };
        while let Ended::Again = ended {
            self.shared.status.resume(partition);
            self.cause = Cause::Opening;
            self.ledger = Ledger::new(self.placement);
            self.trail_next = None;
            self.origin = Origin::default();
            ended = self.live();
        }
        match self.signal.wish() {
            Some(Wish::Renew) => self.shared.status.end_unless_halted(partition),
            _ => self.shared.status.end(partition),
        }
    }

    /// One life of the lane's machine.
    fn live(&mut self) -> Ended {
        let (partition, mut machine) = (self.placement.partition, Lane::default());
        let mut effect = machine.start();
        loop {
            if !matches!(effect, Effect::Route(_)) {
                tracing::debug!(partition, stage = %machine.stage(), ?effect);
            }
            self.heartbeat.beat();
            self.shared.status.enter(partition, machine.stage());
            let opens = matches!(effect, Effect::Open);
            let event = match effect {
                Effect::AwaitOwnership => self.await_ownership(),
                Effect::Fence => self.fence(),
                Effect::Restore => self.restore(),
                Effect::Prove => self.prove(),
                Effect::Open => self.open(),
                Effect::Route(slot) => self.route(slot),
                Effect::Stop => {
                    self.keep();
                    return Ended::Stopped;
                }
                Effect::Halt(halt) => return self.halt(&halt),
            };
            let event = event.unwrap_or_else(Event::from);
            self.count(&event, opens);
            effect = machine.on(event, clock::now());
        }
    }

    /// Says why, once, and rests.
    fn halt(&mut self, halt: &Halt) -> Ended {
        let partition = self.placement.partition;
        let head = self.ledger.settled_head();
        let (seq, head_at, Cursors { intents, executions, .. }) =
            (head.next_seq, head.decided_at, head.cursors);
        tracing::error!(
            partition,
            code = halt.code.name(),
            seq,
            intents,
            executions,
            "lane halted: {}",
            halt.detail
        );
        self.shared.status.halt(partition, halt);
        self.shared.metrics.halted(halt.code);
        self.sink = None;
        self.rest(halt.code, head_at)
    }

    /// Rests in a halt. Only that of the clock ends by itself, when the clock has caught up with the last entry.
    fn rest(&self, code: HaltCode, head_at: Time) -> Ended {
        loop {
            self.heartbeat.beat();
            if self.signal.wish().is_some() {
                return Ended::Stopped;
            }
            if code == HaltCode::ClockUnsafe && clock::now() >= head_at {
                return Ended::Again;
            }
            thread::park_timeout(Duration::from_secs(1));
        }
    }

    /// Takes note of why the next fence is taken, and waits after a failure.
    fn count(&mut self, event: &Event, opens: bool) {
        match event {
            Event::Ended(outcome) => self.count_outcome(*outcome, opens),
            Event::Disturbed => self.cause = Cause::Doubt,
            Event::Reopen | Event::Doubted(_) => self.cause = Cause::Unknown,
            _ => {}
        }
    }

    fn count_outcome(&mut self, outcome: Outcome, opens: bool) {
        self.cause = Cause::after(outcome);
        if let Some(length) = self.backoff.after(outcome, opens) {
            self.pause(length);
        }
    }

    /// Waits, but for no longer than it takes to be told something.
    fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        while self.signal.wish().is_none() {
            self.heartbeat.beat();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }

    /// Halts when the topics are no longer those that the lane was opened on.
    fn check_topology(&self) -> Result<(), Halt> {
        match (self.ledger.opened(), self.shared.topologies.now()) {
            (Some(opened), Some(now)) => proof::prove_topology(opened, &now),
            _ => Ok(()),
        }
    }

    /// Makes a call again until Kafka answers, and says so; brokers that cannot be reached are no
    /// halt, but a topic that is no longer there is.
    fn patiently<T, E: Display>(
        &mut self,
        what: &str,
        call: impl FnMut(&Self) -> Result<T, E>,
    ) -> Result<T, Break> {
        self.wait_for(&Wait { whom: "Kafka", what }, call)
    }

    /// Asks the schema registry what an id stands for, until it says so.
    fn learn(&mut self, id: u32) -> Result<(), Break> {
        let what = format!("say what its schema {id} is");
        let wait = Wait { whom: REGISTRY, what: &what };
        self.wait_for(&wait, |lane| lane.shared.schemas.learn(id, clock::now))
    }

    fn wait_for<T, E: Display>(
        &mut self,
        wait: &Wait<'_>,
        mut call: impl FnMut(&Self) -> Result<T, E>,
    ) -> Result<T, Break> {
        let partition = self.placement.partition;
        let mut attempts = 0;
        let began = Instant::now();
        let (mut renewed, mut said) = (began, None::<Instant>);
        loop {
            self.heartbeat.beat();
            if let Some(wish) = self.signal.wish() {
                return Err(Break::Told(wish));
            }
            match call(self) {
                Ok(value) => {
                    if attempts > 0 {
                        self.shared.status.wait(partition, None);
                    }
                    if said.is_some() {
                        tracing::info!(partition, "{} answers again: {}", wait.whom, wait.what);
                    }
                    return Ok(value);
                }
                Err(error) => {
                    self.check_topology()?;
                    // What is over within a second is nobody's concern; what lasts is said again.
                    let loud =
                        said.map_or(began.elapsed() >= SAID_AFTER, |at| at.elapsed() >= SAID_AGAIN_EVERY);
                    self.say_waiting(wait, &error, loud);
                    if loud {
                        said = Some(Instant::now());
                    }
                    attempts += 1;
                    if wait.whom != REGISTRY && renewed.elapsed() > RENEWED_EVERY {
                        self.renew_clients();
                        renewed = Instant::now();
                    }
                    self.pause(Duration::from_millis(100) * attempts.min(20));
                }
            }
        }
    }

    /// A client whose requests fail may know leaders and coordinators of old, and no answer tells it better:
    /// a new one asks for them.
    fn renew_clients(&mut self) {
        self.shared.forget_cluster();
        match Probe::open(&self.shared.config) {
            Ok(probe) => self.probe = probe,
            Err(error) => {
                let partition = self.placement.partition;
                tracing::warn!(partition, "a client cannot be made: {error}");
            }
        }
    }

    /// Says how much the ledger holds: not at every batch, for it looks at each account. However
    /// many there are, deciding has the lane nearly to itself.
    fn measure(&mut self, every: Duration) {
        let (began, took) = self.measured;
        if began.elapsed() < every.max(took * MEASURE_SHARE) {
            return;
        }
        let began = Instant::now();
        let holdings = Holdings {
            keys: self.ledger.keys_len(),
            open_orders: self.ledger.open_orders(),
            bytes: self.ledger.bytes(),
        };
        let risk = RiskView::of(&self.ledger, clock::now());
        self.shared.status.hold(self.placement.partition, holdings, risk);
        self.measured = (began, began.elapsed());
    }

    fn say_waiting(&self, Wait { whom, what }: &Wait<'_>, error: &dyn Display, loud: bool) {
        let (partition, waiting) = (self.placement.partition, format!("{whom} to {what}: {error}"));
        match loud {
            true => tracing::warn!(partition, "waiting for {waiting}"),
            false => tracing::debug!(partition, "waiting for {waiting}"),
        }
        self.shared.status.wait(partition, Some(waiting));
    }
}

/// Who is waited for where it is not Kafka.
const REGISTRY: &str = "the schema registry";

/// Who is waited for, and what they are to do.
struct Wait<'w> {
    whom: &'static str,
    what: &'w str,
}

/// How long a client is asked in vain before another one is tried.
const RENEWED_EVERY: Duration = Duration::from_secs(5);
/// How long Kafka is waited for before it is said.
const SAID_AFTER: Duration = Duration::from_secs(1);
/// How often it is said again: the reason may have become another.
const SAID_AGAIN_EVERY: Duration = Duration::from_secs(30);
/// How often the size of the ledger is said.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// Measuring takes no more than one part in so many of a lane's time.
const MEASURE_SHARE: u32 = 100;

/// How a life of the lane's machine ended.
enum Ended {
    Stopped,
    Again,
}
