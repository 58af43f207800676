//! What a reader of committed entries is shown, and when: the measure of every outage.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value as Json;

use crate::reader::eventually;
use crate::records::ENTRY;
use crate::world::World;

/// What became visible of a lane, and when, in order.
#[derive(Default)]
struct Shown {
    verdicts: Vec<Instant>,
    /// The first verdict after each opening.
    reopened: Vec<Instant>,
    just_opened: bool,
}

type Seen = Arc<Mutex<BTreeMap<i32, Shown>>>;

/// A reader of all lanes' trails, until it is dropped.
pub struct Watch {
    seen: Seen,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn start(world: &World) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &world.bootstrap).set("group.id", "watch");
        config.set("isolation.level", "read_committed").set("fetch.wait.max.ms", "10");
        config.set("enable.auto.commit", "false").set("topic.metadata.refresh.interval.ms", "1000");
        config.set("reconnect.backoff.max.ms", "200").set("fetch.error.backoff.ms", "20");
        // A broker that is frozen is given up, so that this does not measure its own patience.
        config.set("socket.timeout.ms", "1000");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut all = TopicPartitionList::new();
        for partition in 0..world.partitions {
            let offset = Offset::Beginning;
            all.add_partition_offset(&world.topic("audit"), partition, offset).expect("a partition");
        }
        consumer.assign(&all).expect("an assignment");
        let (seen, ended) = (Seen::default(), Arc::new(AtomicBool::new(false)));
        let (notes, end) = (Arc::clone(&seen), Arc::clone(&ended));
        let thread = thread::spawn(move || look(&consumer, &notes, &end));
        Self { seen, ended, thread: Some(thread) }
    }

    /// Waits until each of these lanes shows a verdict after this moment. How long each took.
    pub fn first_after(&self, moment: Instant, lanes: &[i32]) -> BTreeMap<i32, Duration> {
        all_of(lanes, "decides again", |lane| self.decided_after(moment, lane))
    }

    /// The same, of verdicts by an owner that opened the lane since: its former owner's last ones may be shown late.
    pub fn first_reopened(&self, moment: Instant, lanes: &[i32]) -> BTreeMap<i32, Duration> {
        all_of(lanes, "decides again behind a new owner", |lane| {
            self.first(moment, lane, |shown| &shown.reopened)
        })
    }

    /// How long after this moment a lane has shown a verdict, if it has.
    pub fn decided_after(&self, moment: Instant, lane: i32) -> Option<Duration> {
        self.first(moment, lane, |shown| &shown.verdicts)
    }

    fn first(&self, moment: Instant, lane: i32, of: impl Fn(&Shown) -> &Vec<Instant>) -> Option<Duration> {
        let seen = self.seen.lock().expect("the reader does not panic");
        let after = of(seen.get(&lane)?).iter().rev().take_while(|at| **at > moment);
        Some(after.last()?.duration_since(moment))
    }

    /// The longest time between two verdicts of one of these lanes, of those that ended after this moment.
    pub fn outage(&self, moment: Instant, lanes: &[i32]) -> Duration {
        lanes.iter().filter_map(|lane| self.gap(moment, *lane)).max().unwrap_or_default()
    }

    /// Waits until each of these lanes has shown no verdict for at least so long, and one behind that, after this
    /// moment.
    pub fn wait_gaps(&self, moment: Instant, lanes: &[i32], least: Duration) {
        let long = |lane| self.gap(moment, lane).filter(|gap| *gap >= least);
        all_of(lanes, &format!("decides nothing for {least:?}, and then again"), long);
    }

    /// The longest time between two verdicts of this lane, of those that ended after this moment.
    fn gap(&self, moment: Instant, lane: i32) -> Option<Duration> {
        let seen = self.seen.lock().expect("the reader does not panic");
        let ended = seen.get(&lane)?.verdicts.windows(2).filter(|two| two[1] > moment);
        ended.map(|two| two[1] - two[0]).max()
    }
}

/// Asks of each of these lanes until there is an answer.
fn all_of<T>(lanes: &[i32], claim: &str, ask: impl Fn(i32) -> Option<T>) -> BTreeMap<i32, T> {
    let answer = |lane| eventually(&format!("lane {lane} of {lanes:?} {claim}"), || ask(lane));
    lanes.iter().map(|lane| (*lane, answer(*lane))).collect()
}

fn look(consumer: &BaseConsumer, seen: &Seen, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        // Errors are what brokers that die look like; the client mends them by itself.
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) else { continue };
        let Some(value) = message.payload().filter(|value| value.starts_with(&[0xC3, 0x01])) else {
            continue;
        };
        if ENTRY.is_of(value) {
            let entry = ENTRY.decode(value);
            let mut seen = seen.lock().expect("no reader panics");
            seen.entry(message.partition()).or_default().take(&entry);
        }
    }
}

impl Shown {
    fn take(&mut self, entry: &Json) {
        if entry["kind"] == "DECISION" {
            self.verdicts.push(Instant::now());
            if std::mem::take(&mut self.just_opened) {
                self.reopened.push(Instant::now());
            }
        } else {
            self.just_opened |= entry["kind"] == "LANE_OPENED" || entry["kind"] == "GENESIS";
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || !matches!(joined, Some(Err(_))), "the reader read to its end");
    }
}
