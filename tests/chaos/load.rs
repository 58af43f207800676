//! Strategies and operators at work, so that every fault hits something that is under way: a steady stream of new
//! intents, retries, conflicts, cancels, replaces and values without meaning, and control records now and then.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use serde_json::{Value as Json, json};

use crate::dice::Dice;
use crate::reader::eventually;
use crate::records::{INTENT, account_in, instrument, limit, new_intent, place, strategy_command, with};
use crate::world::World;

/// Of each lane: enough that an outage is measured to some 50 ms.
const INTENTS_PER_LANE_PER_S: u32 = 20;
const CONTROL_EVERY: Duration = Duration::from_millis(1500);
/// How much an account may have: little enough to be met now and then.
const MOST: &str = "300";

/// What is sent, until it is dropped.
pub struct Load {
    paused: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    outbox: Arc<ThreadedProducer<Receipts>>,
    sent: PathBuf,
    thread: Option<JoinHandle<()>>,
}

/// Writes down what Kafka has acknowledged.
struct Receipts {
    file: Mutex<BufWriter<File>>,
    lost: AtomicUsize,
}

impl ClientContext for Receipts {}

impl ProducerContext for Receipts {
    /// The key of an intent as it is written down, if it is an intent at all.
    type DeliveryOpaque = Box<Option<Json>>;

    fn delivery(&self, result: &DeliveryResult<'_>, named: Self::DeliveryOpaque) {
        let Ok(message) = result else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if let Some(named) = *named {
            let at =
                json!({"topic": "intents", "partition": message.partition(), "offset": message.offset()});
            let mut file = self.file.lock().expect("no writer panics");
            writeln!(file, "{}", with(&at, &named)).expect("the file can be written");
        }
    }
}

impl Load {
    /// Begins, with limits for two accounts of each lane.
    pub fn start(world: &World, seed: u64) -> Self {
        let sent = world.dir().join("sent.jsonl");
        let receipts = Receipts {
            file: Mutex::new(BufWriter::new(File::create(&sent).expect("a file"))),
            lost: AtomicUsize::new(0),
        };
        let outbox = Arc::new(producer(&world.bootstrap, receipts));
        let (paused, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut sender = Sender::new(world, seed, Arc::clone(&outbox));
        sender.introduce();
        let (pause, end) = (Arc::clone(&paused), Arc::clone(&ended));
        let thread = thread::spawn(move || sender.work(&pause, &end));
        Self { paused, ended, outbox, sent, thread: Some(thread) }
    }

    /// Stops sending, and waits until all that was sent lies in its topic.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        // One that was being sent is counted by then.
        thread::sleep(Duration::from_millis(50));
        eventually("all that was sent is acknowledged", || {
            (self.outbox.in_flight_count() == 0).then_some(())
        });
        let receipts = self.outbox.context();
        receipts.file.lock().expect("no writer panics").flush().expect("the file can be written");
        assert_eq!(receipts.lost.load(Ordering::Relaxed), 0, "Kafka took all that was sent");
    }

    /// Sends no more, whatever has become of what was sent.
    pub fn stop(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    pub fn resume(&self) {
        self.paused.store(false, Ordering::SeqCst);
    }

    /// What was acknowledged, one JSON object a line.
    pub fn sent(&self) -> &Path {
        &self.sent
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || !matches!(joined, Some(Err(_))), "the load worked to its end");
    }
}

fn producer(bootstrap: &str, receipts: Receipts) -> ThreadedProducer<Receipts> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("enable.idempotence", "true").set("linger.ms", "2");
    // Longer than any fault lasts: what was sent is acknowledged in the end.
    config.set("message.timeout.ms", "300000");
    config.create_with_context(receipts).expect("a producer")
}

struct Sender {
    topics: [String; 2],
    partitions: i32,
    accounts: Vec<String>,
    dice: Dice,
    outbox: Arc<ThreadedProducer<Receipts>>,
    /// Intents that were sent, the last ones.
    recent: Vec<Json>,
    /// Orders that were asked for: account and `client_order_id`, the last ones.
    orders: Vec<(String, String)>,
    number: u64,
    controls: i64,
}

const RECENT_MAX: usize = 64;

impl Sender {
    fn new(world: &World, seed: u64, outbox: Arc<ThreadedProducer<Receipts>>) -> Self {
        let first = (0..world.partitions).map(|lane| account_in(lane, world.partitions));
        let others = (0..world.partitions).map(|lane| {
            let names = (0..).map(|number| format!("B{number}"));
            names
                .into_iter()
                .find(|name| place(name, world.partitions) == lane)
                .expect("there are many names")
        });
        Self {
            topics: ["intents", "control"].map(|role| world.topic(role)),
            partitions: world.partitions,
            accounts: first.chain(others).collect(),
            dice: Dice(seed),
            outbox,
            recent: Vec::new(),
            orders: Vec::new(),
            number: 0,
            controls: 0,
        }
    }

    fn introduce(&mut self) {
        for account in self.accounts.clone() {
            self.control(&account, &limit(&account, 2, MOST));
        }
    }

    fn work(&mut self, paused: &AtomicBool, ended: &AtomicBool) {
        let lanes = u32::try_from(self.partitions).expect("a count");
        let pause = Duration::from_secs(1) / (lanes * INTENTS_PER_LANE_PER_S);
        let mut said = Instant::now();
        while !ended.load(Ordering::SeqCst) {
            if !paused.load(Ordering::SeqCst) {
                // In turn, so that each lane has some at any time.
                let lane = i32::try_from(self.number % u64::from(lanes)).expect("a lane");
                self.send(lane);
                if said.elapsed() >= CONTROL_EVERY {
                    said = Instant::now();
                    self.say();
                }
            }
            thread::sleep(pause);
        }
    }

    fn send(&mut self, lane: i32) {
        self.number += 1;
        let own: Vec<String> =
            self.accounts.iter().filter(|name| place(name, self.partitions) == lane).cloned().collect();
        let account = own[self.dice.below(own.len())].clone();
        let (intent, name) = (format!("I{}", self.number), format!("C{}", self.number));
        let fresh = new_intent(&account, &intent, &name);
        let past = self.orders.iter().filter(|(owner, _)| *owner == account).map(|(_, name)| name.clone());
        let past: Vec<String> = past.collect();
        let said = match self.dice.below(100) {
            0..12 => self.again(lane).unwrap_or(fresh),
            12..15 => self.again(lane).map_or(fresh, |one| with(&one, &json!({"strategy_id": "another"}))),
            15..17 => return self.poison(lane),
            17..25 if !past.is_empty() => self.change(&fresh, &past, json!({"intent_type": "CANCEL"})),
            25..31 if !past.is_empty() => {
                let total = (1 + self.dice.below(9)).to_string();
                self.change(&fresh, &past, json!({"intent_type": "REPLACE", "order_qty": total}))
            }
            _ => {
                remember(&mut self.orders, (account, name));
                let side = ["BUY", "SELL"][self.dice.below(2)];
                with(&fresh, &json!({"side": side, "order_qty": (1 + self.dice.below(5)).to_string()}))
            }
        };
        remember(&mut self.recent, said.clone());
        let said = with(&said, &json!({"created_at": now()}));
        let key = said["account_id"].as_str().expect("an account").to_owned();
        let named = json!({"account_id": said["account_id"], "intent_id": said["intent_id"]});
        self.put(0, lane, &key, &INTENT.encode(&said), Some(named));
    }

    /// An intent of the lane that was sent before.
    fn again(&mut self, lane: i32) -> Option<Json> {
        let here =
            |one: &&Json| one["account_id"].as_str().is_some_and(|name| place(name, self.partitions) == lane);
        let known: Vec<&Json> = self.recent.iter().filter(here).collect();
        let count = known.len().max(1);
        let chosen = self.dice.below(count);
        known.get(chosen).copied().cloned()
    }

    /// A cancel or replace of an order that was asked for.
    fn change(&mut self, fresh: &Json, past: &[String], fields: Json) -> Json {
        let name = &past[self.dice.below(past.len())];
        let mut changed = with(&with(fresh, &fields), &json!({"client_order_id": name}));
        let record = changed.as_object_mut().expect("a record");
        for field in ["side", "order_type", "time_in_force", "price"] {
            record.remove(field);
        }
        if fields["intent_type"] == "CANCEL" {
            record.remove("order_qty");
        }
        changed
    }

    fn poison(&mut self, lane: i32) {
        let bytes = [&b"no intent"[..], &[0xC3, 0x01, 1, 2, 3], &[0; 9]];
        let bytes = bytes[self.dice.below(bytes.len())];
        self.put(0, lane, "poison", bytes, None);
    }

    /// What operators say: a limit again, the instrument again, a strategy that nobody has halted and resumed.
    fn say(&mut self) {
        self.controls += 1;
        let (turn, version) = (self.controls % 4, self.controls + 2);
        let account = self.accounts[self.dice.below(self.accounts.len())].clone();
        let (halt, resume) = (format!("halt-{}", self.controls / 4), format!("resume-{}", self.controls / 4));
        let holder = &self.accounts[0];
        let value = match turn {
            0 => strategy_command(&halt, holder, "momentum", None),
            1 => strategy_command(&resume, holder, "momentum", Some(&halt)),
            2 => limit(&account, version, MOST),
            _ => instrument(version),
        };
        self.control("operator", &value);
    }

    fn control(&self, key: &str, value: &[u8]) {
        self.put(1, 0, key, value, None);
    }

    fn put(&self, topic: usize, partition: i32, key: &str, value: &[u8], named: Option<Json>) {
        let opaque = Box::new(named);
        let record = BaseRecord::with_opaque_to(&self.topics[topic], opaque).partition(partition).key(key);
        let mut record = record.payload(value);
        // A cluster that is away for long fills the queue; the load waits then.
        while let Err((_, again)) = self.outbox.send(record) {
            record = again;
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn remember<T>(of: &mut Vec<T>, one: T) {
    if of.len() >= RECENT_MAX {
        of.remove(0);
    }
    of.push(one);
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_nanos()).expect("it is before 2262")
}
