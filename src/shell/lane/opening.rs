//! From the fence to the first decision: fence, restore, prove, open.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message as _};

use super::routing::lacked;
use super::{Break, Found, LaneThread, REGISTRY, Shared, Wait};
use crate::core::batch::Batch;
use crate::core::entry::Cursors;
use crate::core::halt::{Halt, HaltCode};
use crate::core::lane::{Event, Outcome, Slot};
use crate::core::ledger::{Head, Ledger};
use crate::core::proof::{self, Evidence, Extent};
use crate::shell::admin::{self, ClusterError};
use crate::shell::config::OutputFormat;
use crate::shell::failure::{Failure, failure};
use crate::shell::restore::restore;
use crate::shell::sink::Sink;
use crate::shell::status::RestoringView;
use crate::shell::trail::{self, REQUEST_WAIT, ReadError};
use crate::shell::transaction::{Destination, Transaction, opening};
use crate::shell::{arrival, clock, evidence, ownership};
use crate::wire::schema::{Encoding, RecordType};

/// How long past the transaction timeout it is waited for that everything is settled.
const UNSETTLED_GRACE: Duration = Duration::from_secs(30);

/// How long the group's coordinator may take to say who owns the partition, try by try.
const OWNERSHIP_WAITS: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3)];

/// How long prices are waited for: what is missing then rejects.
const PRICES_WAIT: Duration = Duration::from_secs(10);

/// How often a trail that cannot be read is read once more: a bit may have flipped on the way.
const READ_AGAIN_MAX: u32 = 2;

/// How often a long restore says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(5);

impl LaneThread {
    /// Waits until the group is stable and gives the partition to this process: a lane that is no longer
    /// owned waits here until it is told so. Its producers are of no use to anybody then.
    pub(super) fn await_ownership(&mut self) -> Result<Event, Break> {
        self.sink = None;
        // The answer waits for brokers that are silent, though it needs only one: that long at most, and
        // longer each time for a coordinator that is slow.
        let mut waits = OWNERSHIP_WAITS.iter().cycle();
        let mut next = || *waits.next().expect("they go round");
        while !self.patiently("say who owns the partition", |lane| lane.is_owned(next()))? {
            self.pause(Duration::from_millis(50));
        }
        Ok(Event::Owned)
    }

    fn is_owned(&self, timeout: Duration) -> Result<bool, ClusterError> {
        let Some(member) = self.membership.member_id() else { return Ok(false) };
        let (config, partition) = (&self.shared.config, self.placement.partition);
        let topics = [config.topics.intents.as_str(), config.topics.executions.as_str()];
        // This client has a connection to each broker: preflight has asked them all.
        let cluster = self.shared.cluster()?;
        let owned = ownership::is_owned(cluster.client(), &config.group, &member, topics, partition, timeout);
        owned.map_err(admin::refused(format!("group {}", config.group)))
    }

    /// Initialises both producers: afterwards no former owner can commit.
    ///
    /// Brokers that do not answer are waited for. A coordinator that answers, but only to refuse, leaves
    /// unsettled what a former owner left open, and nobody may decide beside that.
    pub(super) fn fence(&mut self) -> Result<Event, Break> {
        let (shared, partition) = (Arc::clone(&self.shared), self.placement.partition);
        let (began, bound) = (Instant::now(), self.settling_max());
        let open = || Sink::open(&shared.config, partition, Some(Arc::clone(&shared.metrics.kafka)));
        let opened = self.patiently("initialise the producers", |lane| match open() {
            Err(error) if is_answer(&error) && began.elapsed() > bound && lane.brokers_answer() => {
                Ok(Err(unsettled(format!("its producers cannot be initialised: {error}"))))
            }
            opened => opened.map(Ok),
        })?;
        self.sink = Some(opened?);
        self.shared.metrics.replaced(self.cause);
        Ok(Event::Fenced)
    }

    /// How long what a former owner or a stranger left open may take to be settled.
    pub(super) fn settling_max(&self) -> Duration {
        Duration::from_millis(self.shared.config.transaction_timeout_ms.into()) + UNSETTLED_GRACE
    }

    /// Whether all that a transaction of this lane needs can be reached: its partitions' leaders, and the
    /// coordinator of its group.
    fn brokers_answer(&self) -> bool {
        let (topics, partition) = (&self.shared.config.topics, self.placement.partition);
        let led = |topic: &String| self.probe.extent(topic, partition).is_ok();
        [&topics.audit, &topics.orders].into_iter().all(led) && self.is_owned(REQUEST_WAIT).is_ok()
    }

    /// Reads the trail from where it was last read to its end.
    pub(super) fn restore(&mut self) -> Result<Event, Break> {
        let (topic, partition) = (self.shared.config.topics.audit.clone(), self.placement.partition);
        let extent @ Extent { start, end } = self.settled_end(&topic)?;
        self.trail_end = end;
        if self.trail_next.is_none() {
            self.take_kept(start)?;
        }
        let seq = self.ledger.settled_head().next_seq;
        let began = Instant::now();
        let mut next = self.origin.unmet().or(self.trail_next).unwrap_or(start);
        let whole = self.origin.still_begins(start).and_then(|()| proof::still_there(&topic, next, extent));
        if let Err(halt) = whole {
            self.restored = Err(self.origin.of_kept(halt));
            return Ok(Event::Restored { news: true });
        }
        let mut ledger = std::mem::replace(&mut self.ledger, Ledger::new(self.placement));
        let mut unreadable = 0;
        let mut reading = self.origin.reading(&ledger);
        let read = self.patiently("read the trail", |lane| {
            let Shared { schemas, status, .. } = &*lane.shared;
            let mut said = Instant::now();
            let each = |head: &Head, entries, next: i64| {
                status.stand(partition, head.next_seq, head.cursors, head.decided_at);
                status.restore(partition, Some(RestoringView { next, end }));
                if said.elapsed() > SAID_EVERY {
                    tracing::info!(partition, next, end, "reading the trail");
                    said = Instant::now();
                }
                lane.shared.metrics.restored_entries(entries);
                lane.heartbeat.beat();
                // A long trail takes minutes: whoever waits for the lane to end must not.
                lane.signal.wish().map_or(Ok(()), |wish| Err(Break::Told(wish)))
            };
            match restore(&lane.probe, &topic, schemas, &mut ledger, &mut next, &mut reading, each) {
                Ok(()) => Ok(Ok(())),
                Err(ReadError::Refused(reason)) => Ok(Err(reason)),
                Err(ReadError::Kafka(error))
                    if trail::is_unreadable(&error) && unreadable >= READ_AGAIN_MAX =>
                {
                    let detail = format!("what lies at offset {next} or behind it cannot be read: {error}");
                    Ok(Err(Halt::new(HaltCode::AuditUnreadable, detail).into()))
                }
                Err(ReadError::Kafka(error)) => {
                    unreadable += u32::from(trail::is_unreadable(&error));
                    Err(error)
                }
            }
        });
        self.ledger = ledger;
        self.trail_next = Some(next);
        if self.ledger.settled_head().next_seq > seq {
            // Also when the reading ends early: whoever has the lane next goes on from there.
            self.origin.restored(start, next);
        }
        self.shared.status.restore(partition, None);
        self.restored = match read? {
            Ok(()) => {
                self.origin.restored(start, next);
                Ok(())
            }
            Err(Break::Halt(halt)) => Err(self.origin.of_kept(halt)),
            Err(told) => return Err(told),
        };
        self.measure(Duration::ZERO);
        self.shared.metrics.restored(began.elapsed());
        let news = self.restored.is_err() || self.ledger.settled_head().next_seq != seq;
        let entries = self.ledger.settled_head().next_seq - seq;
        tracing::info!(partition, entries, seconds = began.elapsed().as_secs_f64(), "trail read to its end");
        Ok(Event::Restored { news })
    }

    /// Waits until everything on `audit[p]` is settled; what it holds.
    ///
    /// The fence has settled this lane's own transactions. What may still be open is a stranger's.
    fn settled_end(&mut self, topic: &str) -> Result<Extent, Break> {
        let partition = self.placement.partition;
        let (began, bound) = (Instant::now(), self.settling_max());
        loop {
            let (extent, stable) = self.patiently("say where the trail ends", |lane| {
                let extent = lane.probe.extent(topic, partition)?;
                lane.probe.stable_end(topic, partition).map(|stable| (extent, stable))
            })?;
            if stable >= extent.end {
                self.shared.status.settle(partition);
                return Ok(extent);
            }
            if began.elapsed() > bound {
                let end = extent.end;
                let detail = format!("a transaction is open at offset {stable}, the log ends at {end}");
                return Err(unsettled(format!("{topic}[{partition}]: {detail}")).into());
            }
            self.pause(Duration::from_millis(10));
        }
    }

    /// Compares the trail with the world.
    pub(super) fn prove(&mut self) -> Result<Event, Break> {
        let (bound, orders) = (self.settling_max(), self.register_orders()?);
        let mut unsettled_since = None::<Instant>;
        let gathered = self.patiently("say how the topics stand", |lane| {
            let Shared { config, schemas, .. } = &*lane.shared;
            let gathered = (lane.shared.cluster())
                .and_then(|cluster| evidence::gather(config, schemas, &cluster, &lane.probe, &lane.ledger));
            let Err(error @ ClusterError::Unsettled { .. }) = gathered else {
                // Brokers that do not answer say nothing of what is settled.
                unsettled_since = None;
                return gathered.map(Ok);
            };
            if unsettled_since.get_or_insert_with(Instant::now).elapsed() > bound {
                // The fence has settled what this lane had left open. This is a stranger's, or hangs.
                return Ok(Err(unsettled(error.to_string())));
            }
            Err(error)
        })??;
        let proved = proof::prove(&self.ledger, self.restored.clone(), &gathered.evidence);
        let proved = proved.and_then(|()| proof::still_ends(gathered.evidence.audit, self.trail_end));
        if let Err(halt) = proved {
            return self.overtaken(&gathered.evidence, halt);
        }
        if let Some(finding) = gathered.unsafe_topic {
            return Err(Halt::new(HaltCode::UnsafeTopic, finding.to_string()).into());
        }
        let reached = match self.patiently("show the next records", |lane| lane.reach(&gathered.evidence))? {
            Ok(reached) => reached,
            Err(halt) => return Ok(Event::Doubted(halt)),
        };
        let topology = gathered.evidence.topology;
        let quarantine_partitions = gathered.quarantine_partitions;
        self.found = Found { topology, quarantine_partitions, reached, orders };
        self.wait_for_prices()?;
        Ok(Event::Proved)
    }

    /// How orders are written: in the Confluent format by the id that the registry gives, before anything is decided.
    fn register_orders(&mut self) -> Result<Encoding, Break> {
        let OutputFormat::Confluent = self.shared.config.output else { return Ok(Encoding::SingleObject) };
        let subject = format!("{}-value", self.shared.config.topics.orders);
        let what = format!("register Order as {subject}");
        self.wait_for(&Wait { whom: REGISTRY, what: &what }, |lane| {
            lane.shared.schemas.register(RecordType::Order, &subject, clock::now)
        })
    }

    /// A lane that was frozen while it was proved may have been overtaken: what does not fit is then the
    /// successor's work, and no reason to halt.
    fn overtaken(&mut self, evidence: &Evidence, halt: Halt) -> Result<Event, Break> {
        let has_grown = proof::still_ends(evidence.audit, self.trail_end).is_err();
        let is_owned = |lane: &Self| lane.is_owned(REQUEST_WAIT);
        if has_grown || !self.patiently("say who owns the partition", is_owned)? {
            return Ok(Event::Doubted(halt));
        }
        Err(halt.into())
    }

    /// Where the next records lie: markers and aborted records are no records, and one day retention
    /// takes them, so that a cursor before them would look as if records were lost.
    ///
    /// One that cannot be read is a halt, if reading it again does not help.
    fn reach(&self, evidence: &Evidence) -> KafkaResult<Result<Cursors, Halt>> {
        let (topics, partition) = (&self.shared.config.topics, self.placement.partition);
        let cursors = self.ledger.settled_head().cursors;
        let reach = |topic: &str, cursor, Extent { end, .. }| match self.ledger.opened() {
            Some(_) if cursor < end => match self.probe.next_record((topic, partition), cursor) {
                Err(error) if trail::is_unreadable(&error) => {
                    let detail = format!("topic {topic}: its next record cannot be read: {error}");
                    Ok(Err(Halt::new(HaltCode::InputLost, detail)))
                }
                reached => reached.map(Ok),
            },
            _ => Ok(Ok(cursor)),
        };
        let intents = reach(&topics.intents, cursors.intents, evidence.inputs.intents)?;
        let executions = reach(&topics.executions, cursors.executions, evidence.inputs.executions)?;
        let both = |(intents, executions)| Cursors { intents, executions, control: cursors.control };
        Ok(intents.and_then(|intents| Ok((intents, executions?))).map(both))
    }

    /// Waits until all prices that are there now are read: a decision should not miss one only because
    /// the process has just begun. They are no proof of anything, so this is no reason to halt.
    fn wait_for_prices(&self) -> Result<(), Break> {
        let Shared { prices, status, .. } = &*self.shared;
        let (partition, began, asking) = (self.placement.partition, Instant::now(), prices.ask_for_end());
        while !prices.has_reached(asking) {
            status.wait(partition, Some("Kafka to show all prices".to_owned()));
            if began.elapsed() >= PRICES_WAIT {
                tracing::warn!(
                    partition,
                    "prices are not read to their end; whoever needs one that is missing is rejected"
                );
                break;
            }
            self.pause(Duration::from_millis(10));
            if let Some(wish) = self.signal.wish() {
                return Err(Break::Told(wish));
            }
        }
        status.wait(partition, None);
        Ok(())
    }

    /// Asks the registry for all that the control records which are not in the trail yet are written by, before a
    /// transaction waits for it.
    fn learn_control(&mut self) -> Result<(), Break> {
        if !self.shared.schemas.has_registry() {
            return Ok(());
        }
        let (topic, cursor) =
            (self.shared.config.topics.control.clone(), self.ledger.settled_head().cursors.control);
        let ids = self.patiently("show what control is written by", |lane| {
            let mut ids = BTreeSet::new();
            let read = lane.probe.read_to_end((&topic, 0), cursor, |message| -> Result<(), Infallible> {
                lane.heartbeat.beat();
                ids.extend(lacked(&lane.shared, message));
                Ok(())
            });
            match read {
                Ok(()) => Ok(ids),
                // The opening finds it too, and says so.
                Err(ReadError::Kafka(error)) if trail::is_unreadable(&error) || trail::is_final(&error) => {
                    Ok(ids)
                }
                Err(ReadError::Kafka(error)) => Err(error),
                Err(ReadError::Refused(never)) => match never {},
            }
        })?;
        ids.into_iter().try_for_each(|id| self.learn(id))
    }

    /// Writes the opening and every control record not yet in the trail, in one transaction.
    pub(super) fn open(&mut self) -> Result<Event, Break> {
        self.learn_control()?;
        self.wait_for_clock()?;
        let Some(group) = self.membership.metadata().map(Arc::new) else {
            return Ok(Event::Ended(Outcome::Aborted));
        };
        self.group = Some(Arc::clone(&group));
        let shared = Arc::clone(&self.shared);
        let sink = self.sink.as_ref().expect("a lane opens behind its fence");
        let to = Destination {
            config: &shared.config,
            partition: self.placement.partition,
            quarantine_partitions: self.found.quarantine_partitions,
            orders: self.found.orders,
            audit_from: self.trail_next.unwrap_or_default(),
            metrics: Some(&shared.metrics),
        };
        let opening = opening(&shared.config, &self.found.topology, &self.ledger);
        let cursor = self.ledger.settled_head().cursors.control;
        let prices = shared.prices.book();
        let batch = Batch::open(&mut self.ledger, &prices, clock::now());
        shared.status.transaction_began(self.placement.partition);
        let mut unreadable = None;
        let outcome = Transaction::begin(batch, sink, Slot::Zero, &to).and_then(|mut transaction| {
            transaction.open_lane(opening, self.found.reached)?;
            let topics = &shared.config.topics;
            let each = |message: &BorrowedMessage<'_>| {
                self.heartbeat.beat();
                // It has come since the registry was asked for what was there: once more, from the fence on.
                if message.payload().is_some_and(|value| shared.schemas.never_learnt(value).is_some()) {
                    return Err(Outcome::Aborted);
                }
                arrival::with(topics, &shared.schemas, message, |arrival| {
                    transaction.answer(arrival).map(drop)
                })
            };
            match self.probe.read_to_end((&topics.control, 0), cursor, each) {
                Ok(()) => Ok(transaction.commit(group)),
                Err(ReadError::Refused(outcome)) => Err(outcome),
                Err(ReadError::Kafka(error)) => {
                    tracing::warn!(topic = topics.control, "control could not be read to its end: {error}");
                    unreadable = trail::is_unreadable(&error).then_some(error);
                    Err(Outcome::Aborted)
                }
            }
        });
        let outcome = outcome.unwrap_or_else(|outcome| outcome);
        self.after_transaction(outcome)?;
        if let Some(error) = unreadable {
            let detail = format!("a record at offset {cursor} or behind it cannot be read: {error}");
            return Ok(Event::Doubted(Halt::new(HaltCode::ControlInvalid, detail)));
        }
        if outcome.is_committed() {
            let seq = self.ledger.settled_head().next_seq;
            tracing::info!(partition = self.placement.partition, seq, "lane opened");
        }
        Ok(Event::Ended(outcome))
    }
}

fn unsettled(detail: String) -> Halt {
    Halt::new(HaltCode::OutcomeUnresolved, detail)
}

/// Whether a broker has said this, and not only silence.
fn is_answer(error: &KafkaError) -> bool {
    let failure = error.rdkafka_error_code().and_then(failure);
    failure.is_some_and(|failure| failure != Failure::Unanswered)
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode;

    use super::*;

    #[test]
    fn only_what_a_coordinator_has_said_can_end_in_a_halt() {
        let is_said = |code| is_answer(&KafkaError::MessageProduction(code));
        for code in [
            RDKafkaErrorCode::ConcurrentTransactions,
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
            RDKafkaErrorCode::InvalidTransactionTimeout,
        ] {
            assert!(is_said(code), "{code:?}");
        }
        for code in [
            RDKafkaErrorCode::OperationTimedOut,
            RDKafkaErrorCode::BrokerTransportFailure,
            RDKafkaErrorCode::CoordinatorNotAvailable,
            RDKafkaErrorCode::CoordinatorLoadInProgress,
        ] {
            assert!(!is_said(code), "{code:?}");
        }
        assert!(!is_answer(&KafkaError::NoMessageReceived));
    }
}
