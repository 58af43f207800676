//! An operator's audited ways past a halt, and the first start where the world is not fresh.
//!
//! Each takes the lane's fence, restores and proves as a lane would, and goes past exactly the halt
//! that the operator names. It is refused beside a running group.

use std::borrow::Cow;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;

use super::admin::{Cluster, ClusterError};
use super::client::{self, Isolation, Logged};
use super::clock;
use super::config::Config;
use super::evidence::{self, Gathered};
use super::librdkafka;
use super::restore::restore;
use super::sink::Sink;
use super::trail::{Probe, REQUEST_WAIT, ReadError};
use super::transaction::{Destination, Transaction, opening};
use crate::core::batch::Batch;
use crate::core::entry::{Cursors, Recovery};
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::{Outcome, Slot};
use crate::core::ledger::{Head, Ledger, Placement};
use crate::core::prices::PriceBook;
use crate::core::proof::{self, Evidence, Offsets};
use crate::core::replay::Reading;
use crate::wire::schema::{Encoding, Schemas};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// The cluster's.
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// The group has members: their lanes would be fenced in the middle of their work.
    #[error("group {group} has {members} members: stop the routers first")]
    Running {
        /// The group.
        group: String,
        /// How many members it has.
        members: usize,
    },
    /// The lane halts for another reason, which is not accepted.
    #[error("{0}")]
    Halted(Halt),
    /// There is nothing to go past.
    #[error("{0}")]
    Needless(String),
    /// The transaction did not commit, or nobody knows: do it again.
    #[error("the transaction ended as {0:?}: nothing may have been done; do it again")]
    NotCommitted(Outcome),
}

/// A lane in an operator's hands: fenced, restored, and looked at.
pub struct Bench<'c> {
    config: &'c Config,
    ledger: Ledger,
    sink: Sink,
    gathered: Gathered,
    /// Where the trail ends.
    audit_end: i64,
    /// What reading the trail came to.
    restored: Result<(), Halt>,
    verdict: Result<(), Halt>,
    group: Arc<ConsumerGroupMetadata>,
}

impl<'c> Bench<'c> {
    /// Takes the lane's fence, restores its ledger and gathers what a proof asks for.
    ///
    /// # Errors
    /// A running group, brokers that do not answer.
    pub fn open(config: &'c Config, schemas: &Schemas, placement: Placement) -> Result<Self, OperateError> {
        let member: BaseConsumer<Logged> =
            client::reader(config, Isolation::Committed)?.create_with_context(Logged)?;
        refuse_beside_members(&member, &config.group)?;
        let sink = Sink::open(config, placement.partition, None)?;
        let probe = Probe::open(config)?;
        let mut ledger = Ledger::new(placement);
        let mut next = probe.extent(&config.topics.audit, placement.partition)?.start;
        let (topic, mut reading) = (&config.topics.audit, Reading::begin(&ledger));
        let each = |_: &Head, _, _| Ok(());
        let restored = match restore(&probe, topic, schemas, &mut ledger, &mut next, &mut reading, each) {
            Ok(()) => Ok(()),
            Err(ReadError::Refused(halt)) => Err(halt),
            Err(ReadError::Kafka(error)) => return Err(error.into()),
        };
        let cluster = Cluster::connect(config, REQUEST_WAIT, REQUEST_WAIT)?;
        let gathered = evidence::gather(config, schemas, &cluster, &probe, &ledger)?;
        let verdict = proof::prove(&ledger, restored.clone(), &gathered.evidence);
        let group = Arc::new(member.group_metadata().ok_or(KafkaError::NoMessageReceived)?);
        Ok(Self { config, ledger, sink, gathered, audit_end: next, restored, verdict, group })
    }

    /// Why the lane would halt, if it would.
    pub const fn verdict(&self) -> Result<(), &Halt> {
        match &self.verdict {
            Ok(()) => Ok(()),
            Err(halt) => Err(halt),
        }
    }

    /// `cursor restore`: commits the offsets that the proved trail says. The offsets.
    ///
    /// # Errors
    /// Any other halt than `CURSOR_MISMATCH`, or none.
    pub fn restore_cursor(self) -> Result<Cursors, OperateError> {
        self.expect(HaltCode::CursorMismatch)?;
        self.expect_begun()?;
        let cursors = self.ledger.head().cursors;
        self.commit(|_| Ok(()))?;
        Ok(cursors)
    }

    /// `recover`: accepts this halt, for this reason, and says in the trail that it was accepted.
    ///
    /// # Errors
    /// Any other halt than the accepted one, or none.
    pub fn recover(self, accepted: HaltCode, reason: &str) -> Result<Cursors, OperateError> {
        self.expect(accepted)?;
        self.expect_begun()?;
        let cursors = match accepted {
            HaltCode::InputLost => held(self.ledger.head().cursors, &self.gathered.evidence),
            _ => self.ledger.head().cursors,
        };
        let recovery = Recovery { accepted, reason: Cow::Borrowed(reason) };
        self.commit(|transaction| transaction.recover(recovery, cursors))?;
        Ok(cursors)
    }

    /// `init --genesis`: whether the trail has begun, and if not, what stands in the way of a first entry. Writes
    /// nothing.
    ///
    /// # Errors
    /// A trail that cannot be read: its records are evidence, and nothing is to be written behind them. A halt that
    /// cannot be accepted so.
    pub fn beginning(self) -> Result<Beginning<'c>, OperateError> {
        const ACCEPTABLE: [HaltCode; 3] =
            [HaltCode::CursorMismatch, HaltCode::OutputMismatch, HaltCode::InputLost];
        if let Err(halt) = self.restored {
            return Err(OperateError::Halted(halt));
        }
        let entries = self.ledger.head().next_seq;
        if entries > 0 {
            return Ok(Beginning::Made { entries });
        }
        let mut evidence = self.gathered.evidence.clone();
        let mut accepted = Vec::new();
        while let Err(halt) = proof::prove(&self.ledger, Ok(()), &evidence) {
            if !ACCEPTABLE.contains(&halt.code) || accepted.contains(&halt.code) {
                return Err(OperateError::Halted(halt));
            }
            accepted.push(halt.code);
            overlook(&mut evidence, halt.code);
        }
        Ok(Beginning::Due(Box::new(FirstEntries { bench: self, accepted })))
    }

    /// What goes on from a trail needs one.
    fn expect_begun(&self) -> Result<(), OperateError> {
        match self.ledger.opened() {
            Some(_) => Ok(()),
            None => {
                let why =
                    "the trail is empty: it says nothing of where to go on; see `onefill init --genesis`";
                Err(OperateError::Needless(why.to_owned()))
            }
        }
    }

    /// Exactly this halt must stand in the way.
    fn expect(&self, code: HaltCode) -> Result<(), OperateError> {
        match &self.verdict {
            Err(halt) if halt.code == code => Ok(()),
            Err(halt) => Err(OperateError::Halted(halt.clone())),
            Ok(()) => {
                Err(OperateError::Needless(format!("the lane is proved: there is no {code} to go past")))
            }
        }
    }

    /// One transaction under the lane's ids, with the offsets where it leaves the inputs.
    fn commit(
        mut self,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<(), Outcome>,
    ) -> Result<(), OperateError> {
        let to = Destination {
            config: self.config,
            partition: self.ledger.placement().partition,
            quarantine_partitions: self.gathered.quarantine_partitions,
            orders: Encoding::default(),
            audit_from: self.audit_end,
            metrics: None,
        };
        let prices = PriceBook::default();
        let batch = Batch::open(&mut self.ledger, &prices, clock::now());
        let outcome = Transaction::begin(batch, &self.sink, Slot::Zero, &to).and_then(|mut transaction| {
            write(&mut transaction)?;
            Ok(transaction.commit(self.group))
        });
        match outcome.unwrap_or_else(|outcome| outcome) {
            outcome if outcome.is_committed() => Ok(()),
            outcome => Err(OperateError::NotCommitted(outcome)),
        }
    }
}

/// How a trail's beginning stands.
pub enum Beginning<'c> {
    /// It has begun.
    Made {
        /// How many entries it has.
        entries: u64,
    },
    /// It may begin.
    Due(Box<FirstEntries<'c>>),
}

/// What a trail that may begin is to begin with.
pub struct FirstEntries<'c> {
    bench: Bench<'c>,
    accepted: Vec<HaltCode>,
}

impl FirstEntries<'_> {
    /// Writes them: they name what was accepted, and why. What was accepted.
    ///
    /// # Errors
    /// A transaction that did not commit.
    pub fn write(self, reason: &str) -> Result<Vec<HaltCode>, OperateError> {
        let Self { bench, accepted } = self;
        let Evidence { inputs, topology, .. } = &bench.gathered.evidence;
        let start =
            Cursors { intents: inputs.intents.start, executions: inputs.executions.start, control: 0 };
        let first = opening(bench.config, topology, &bench.ledger);
        bench.commit(|transaction| {
            transaction.open_lane(first, Cursors::default())?;
            accepted.iter().try_for_each(|code| {
                let recovery = Recovery { accepted: *code, reason: Cow::Borrowed(reason) };
                transaction.recover(recovery, start)
            })
        })?;
        Ok(accepted)
    }
}

/// A member that is there would be fenced in the middle of its work.
fn refuse_beside_members(client: &BaseConsumer<Logged>, group: &str) -> Result<(), OperateError> {
    let found = librdkafka::group_members(client.client(), group, REQUEST_WAIT)?;
    match found.map_or(0, |group| group.members.len()) {
        0 => Ok(()),
        members => Err(OperateError::Running { group: group.to_owned(), members }),
    }
}

/// The nearest place where each input still has its next record.
fn held(cursors: Cursors, evidence: &Evidence) -> Cursors {
    let inputs = &evidence.inputs;
    Cursors {
        intents: cursors.intents.clamp(inputs.intents.start, inputs.intents.end),
        executions: cursors.executions.clamp(inputs.executions.start, inputs.executions.end),
        control: cursors.control,
    }
}

/// The evidence without what was accepted.
fn overlook(evidence: &mut Evidence, code: HaltCode) {
    match code {
        HaltCode::CursorMismatch => evidence.committed = Offsets { intents: None, executions: None },
        HaltCode::InputLost => {
            evidence.inputs.intents.start = 0;
            evidence.inputs.executions.start = 0;
        }
        _ => {
            evidence.orders.start = 0;
            evidence.last_order = None;
        }
    }
}
