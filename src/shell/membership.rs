//! Who owns which partition: the group member of this process, and its lanes' threads.
//!
//! The member never reads a record. It holds its partitions paused; each lane reads by itself, from
//! where its trail stands. A revoked lane is drained before the partition is given back; a lost one
//! is dropped, for somebody else may have it already.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::heartbeat::{Heartbeat, Weight};
use super::lane::{LaneThread, Membership, Shared, Signal, Wish};
use super::metrics::Rebalance;
use super::metrics::kafka::{Api, Teller};
use super::status::thread_name;
use super::{client, librdkafka};
use crate::core::ledger::Placement;

/// How often an ending lane is looked at.
const END_WAIT: Duration = Duration::from_millis(2);

/// The group member of this process.
pub struct Member {
    consumer: Arc<BaseConsumer<Rebalancer>>,
}

/// What a rebalance does: it starts and ends lanes.
struct Rebalancer {
    shared: Arc<Shared>,
    heartbeat: Heartbeat,
    partitions: i32,
    consumer: OnceLock<Weak<BaseConsumer<Self>>>,
    lanes: Mutex<BTreeMap<i32, Running>>,
    /// Why a partition that the group gave is not served.
    fault: OnceLock<String>,
    /// The coordinator could not be reached for a whole session, at some time.
    lost_session: AtomicBool,
    /// Since when partitions are waited for; `None` while they are assigned.
    waits_since: Mutex<Option<Instant>>,
}

/// A member that the group has put out: it can never own a lane again.
pub struct Expelled {
    /// Kafka's word.
    pub reason: String,
    /// Its session had run out before. It may have put itself out then, by a request to join that was made
    /// again while coordinators came and went; otherwise another process has joined under its name.
    pub had_lost_session: bool,
}

/// A lane's way to ask the member.
struct Card {
    consumer: Weak<BaseConsumer<Rebalancer>>,
}

impl Membership for Card {
    fn metadata(&self) -> Option<ConsumerGroupMetadata> {
        let consumer = self.consumer.upgrade()?;
        let metadata = consumer.group_metadata()?;
        // A coordinator takes the offsets of a transaction that names no member from anybody.
        librdkafka::member_id(consumer.client()).map(|_| metadata)
    }

    fn member_id(&self) -> Option<String> {
        librdkafka::member_id(self.consumer.upgrade()?.client())
    }
}

/// A lane's thread, and how to tell it to end.
struct Running {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
}

impl Member {
    /// Joins the group of the router, for topics of so many partitions.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn join(shared: Arc<Shared>, partitions: i32) -> KafkaResult<Self> {
        let config = client::member(&shared.config)?;
        let topics = [shared.config.topics.intents.clone(), shared.config.topics.executions.clone()];
        let rebalancer = Rebalancer {
            heartbeat: shared.heartbeats.enter("member", Weight::Vital),
            shared,
            partitions,
            consumer: OnceLock::new(),
            lanes: Mutex::default(),
            fault: OnceLock::new(),
            lost_session: AtomicBool::new(false),
            waits_since: Mutex::new(Some(Instant::now())),
        };
        let consumer: BaseConsumer<Rebalancer> = config.create_with_context(rebalancer)?;
        let consumer = Arc::new(consumer);
        consumer.context().consumer.get_or_init(|| Arc::downgrade(&consumer));
        consumer.subscribe(&topics.each_ref().map(String::as_str))?;
        Ok(Self { consumer })
    }

    /// Serves the group for this long: heartbeats, rebalances.
    pub fn serve(&self, wait: Duration) {
        self.consumer.context().heartbeat.beat();
        match self.consumer.poll(wait) {
            None | Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(error)) => {
                self.consumer.context().shared.metrics.kafka.failed(Api::Group, &error);
                tracing::debug!("group member: {error}");
            }
            Some(Ok(_)) => tracing::debug!("group member: a record came before the pause"),
        }
    }

    /// Whether a lane's thread ended by itself: a broken invariant, which ends the process.
    pub fn is_broken(&self) -> bool {
        self.consumer.context().lanes().values().any(|lane| lane.thread.is_finished())
    }

    /// Why a partition that the group gave is not served, if so: no lane could be started on it.
    pub fn fault(&self) -> Option<String> {
        self.consumer.context().fault.get().cloned()
    }

    /// How this member was put out, if it was.
    pub fn expelled(&self) -> Option<Expelled> {
        let (code, reason) = self.consumer.client().fatal_error()?;
        let had_lost_session = self.consumer.context().lost_session.load(Ordering::Relaxed);
        Some(Expelled { reason: format!("{reason} ({code})"), had_lost_session })
    }

    /// Drains every lane, and leaves the group; a static member stays in it.
    pub fn leave(self) {
        self.consumer.context().end_lanes(Wish::Stop);
    }

    /// The same, for a member with other clients to join at once: a lane that has halted is halted in its hands, too.
    pub fn make_way(self) {
        self.consumer.context().end_lanes(Wish::Renew);
    }
}

impl ClientContext for Rebalancer {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == "SESSTMOUT" {
            self.lost_session.store(true, Ordering::Relaxed);
        }
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.shared.metrics.kafka.failed(Api::Connection, &error);
        client::log_error(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.shared.metrics.kafka.told(Teller::Member, statistics);
    }
}

impl ConsumerContext for Rebalancer {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let done = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assigned(consumer, partitions),
            _ => self.revoked(consumer),
        };
        if let Err(error) = done {
            self.fault.get_or_init(|| error.to_string());
        }
    }
}

impl Rebalancer {
    fn assigned(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        let mut at_end = TopicPartitionList::new();
        for element in partitions.elements() {
            at_end.add_partition_offset(element.topic(), element.partition(), Offset::End)?;
        }
        consumer.assign(&at_end)?;
        consumer.pause(partitions)?;
        self.shared.metrics.rebalanced(Rebalance::Assigned);
        if let Some(since) = self.waits_since().take() {
            self.shared.metrics.rebalanced_within(since.elapsed());
        }
        let topics = &self.shared.config.topics;
        let given = partitions.elements_for_topic(&topics.intents).into_iter().map(|one| one.partition());
        let whole = |partition: &i32| partitions.find_partition(&topics.executions, *partition).is_some();
        let (ours, halves): (Vec<i32>, Vec<i32>) = given.partition(whole);
        for partition in halves {
            tracing::error!(partition, "intents and executions went to different members: no lane starts");
        }
        // A halt from before the clients were made anew stays with a lane that came back at once. Whoever else
        // has the lane now proves it, as after every assignment.
        self.shared.status.keep_only(&ours);
        ours.into_iter().try_for_each(|partition| self.start(partition))
    }

    /// Whoever comes next finds no transaction of this member open, unless it was too slow.
    fn revoked(&self, consumer: &BaseConsumer<Self>) -> KafkaResult<()> {
        let (wish, kind) = match consumer.assignment_lost() {
            true => (Wish::Lost, Rebalance::Lost),
            false => (Wish::Stop, Rebalance::Revoked),
        };
        self.shared.metrics.rebalanced(kind);
        self.waits_since().get_or_insert_with(Instant::now);
        self.end_lanes(wish);
        consumer.unassign()
    }

    fn start(&self, partition: i32) -> KafkaResult<()> {
        let placement = Placement { partition, count: self.partitions };
        let membership = Arc::new(Card { consumer: self.consumer.get().cloned().unwrap_or_default() });
        let signal = Arc::new(Signal::default());
        let lane = LaneThread::new(Arc::clone(&self.shared), membership, Arc::clone(&signal), placement)?;
        let thread = thread::Builder::new()
            .name(thread_name(partition))
            .spawn(move || lane.run())
            .map_err(|_| KafkaError::ClientCreation("a thread for the lane".to_owned()))?;
        tracing::info!(partition, "lane assigned");
        self.lanes().insert(partition, Running { signal, thread });
        Ok(())
    }

    fn end_lanes(&self, wish: Wish) {
        let lanes = std::mem::take(&mut *self.lanes());
        for lane in lanes.values() {
            lane.signal.tell(wish);
            lane.thread.thread().unpark();
        }
        for (partition, lane) in lanes {
            // However long a lane takes to finish: whether it advances, its own heartbeat says.
            while !lane.thread.is_finished() {
                self.heartbeat.beat();
                thread::sleep(END_WAIT);
            }
            match lane.thread.join() {
                Ok(()) => tracing::info!(partition, ?wish, "lane given back"),
                Err(_) => tracing::error!(partition, "the lane broke an invariant"),
            }
        }
    }

    fn waits_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.waits_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<i32, Running>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
