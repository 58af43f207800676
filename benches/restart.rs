//! How long a restart takes: from a checkpoint, and from the trail.
//!
//! `cargo bench --bench restart -- 10000000` fills one lane with so many keys with their dead orders, and says
//! how long the lane stands still for a checkpoint, how long that is written, and how long it is read until the
//! lane could go on; `--pace 100000` behind the number lets the lane's clock have so many intents a second, and not
//! 1,000, so that more of them are younger than an hour, and with `--distinct` no order looks like another. With
//! `ONEFILL_BOOTSTRAP` and `--trail ENTRIES` it writes a trail of so many entries to a topic of its own, and reads it in
//! turn with a bare consumer that drops what it reads, and as a restore.
//!
//! The estimate that was written before it was measured: 100 bytes a key at 1 GB/s and two indexes at 20 ns a
//! row on two processors, 1.5 s for ten million; standing still 20,000 shared chunks at 50 ns, 1 ms.

#[path = "world/fill.rs"]
mod fill;
mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fill::{Fill, PACE};
use onefill::core::halt::Halt;
use onefill::core::ledger::{Head, Ledger};
use onefill::core::replay::Reading;
use onefill::core::settings::RULES_VERSION;
use onefill::shell::checkpoint::file::{self, Place, Stamp};
use onefill::shell::config::Config;
use onefill::shell::restore::restore;
use onefill::shell::trail::Probe;
use onefill::wire::schema::Schemas;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<usize>().ok());
    let after = |flag: &str| arguments.iter().position(|argument| argument == flag);
    let trail = after("--trail");
    match (trail, std::env::var("ONEFILL_BOOTSTRAP")) {
        (Some(place), Ok(bootstrap)) => {
            from_trail(bootstrap, number(arguments.get(place + 1)).unwrap_or(1_000_000));
        }
        (Some(_), Err(_)) => eprintln!("ONEFILL_BOOTSTRAP must name a broker: `make kafka-start` prints one"),
        (None, _) => {
            let pace = after("--pace").and_then(|place| number(arguments.get(place + 1))).unwrap_or(PACE);
            let mut fill = Fill::new(pace.max(1), Box::new(|_, _| {}));
            if after("--distinct").is_some() {
                fill = fill.distinct();
            }
            from_checkpoint(number(arguments.first()).unwrap_or(1_000_000), fill);
        }
    }
}

/// The smallest, the median and the largest, in seconds.
fn spread(mut times: Vec<Duration>) -> [f64; 3] {
    times.sort_unstable();
    [times[0], times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64())
}

fn show(what: &str, times: Vec<Duration>) {
    let [least, median, most] = spread(times);
    println!("{what:<34}  {:>9.1}  {:>9.1}  {:>9.1}", least * 1e3, median * 1e3, most * 1e3);
}

fn from_checkpoint(keys: usize, mut fill: Fill) {
    fill.until(keys);
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("0.checkpoint");
    let ledger = &fill.world.ledger;
    println!("{:<34}  {:>9}  {:>9}  {:>9}", format!("{keys} keys, ms"), "least", "median", "most");
    let timed = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    show("the lane stands still", (0..9).map(|_| timed(&mut || drop(ledger.freeze()))).collect());
    let mut frozen = ledger.freeze();
    let mut ledger_hash = None;
    show("the ledger is hashed", vec![timed(&mut || ledger_hash = Some(frozen.hash()))]);
    let stamp = Stamp {
        rules_version: RULES_VERSION,
        place: Place {
            partition: ledger.placement().partition,
            count: ledger.placement().count,
            topic: "bench.audit".to_owned(),
            topic_id: "bench".to_owned(),
            begins: 0,
        },
        seq: ledger.head().next_seq,
        link: ledger.head().link,
        offset: 0,
        ledger_hash: ledger_hash.expect("hashed just now"),
    };
    let write = || timed(&mut || file::write(&path, &stamp, &frozen).expect("it can be written"));
    show("it is written and synced", (0..3).map(|_| write()).collect());
    let bytes = std::fs::metadata(&path).expect("it is there").len();
    drop(frozen);
    // A process that begins has no other ledger.
    drop(fill);
    let read = || timed(&mut || drop(file::read(&path, &stamp.place).expect("it can be read").0));
    show("it is read, indexed and checked", (0..5).map(|_| read()).collect());
    println!("{:.0} bytes a key on disk", bytes as f64 / keys as f64);
}

fn from_trail(bootstrap: String, entries: usize) {
    let config = Config { bootstrap, ..Config::default() };
    let topic = format!("bench.restart.{}", std::process::id());
    make(&config, &topic);
    let written = write_trail(&config, &topic, entries);
    println!("{entries} entries of {:.0} bytes\n", written as f64 / entries as f64);
    println!("{:<34}  {:>9}  {:>9}  {:>9}", "ms", "least", "median", "most");
    let (mut bare, mut restored) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        bare.push(read_bare(&config, &topic));
        restored.push(read_as_restore(&config, &topic, entries));
    }
    let rate = |times: &[Duration]| entries as f64 / spread(times.to_vec())[1];
    let (plain, own) = (rate(&bare), rate(&restored));
    show("a bare consumer", bare);
    show("a restore", restored);
    println!(
        "\n{plain:.0} and {own:.0} entries a second: a restore is {:.2} of a bare consumer",
        own / plain
    );
}

fn make(config: &Config, topic: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &config.bootstrap).create().expect("an admin client");
    let topics = [NewTopic::new(topic, 4, TopicReplication::Fixed(1))];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let made = runtime.block_on(admin.create_topics(&topics, &AdminOptions::new())).expect("an answer");
    made.into_iter().for_each(|made| drop(made.expect("the topic is made")));
}

/// Appends the entries of a lane that is filled; their bytes.
fn write_trail(config: &Config, topic: &str, entries: usize) -> usize {
    let producer: Rc<BaseProducer> = ClientConfig::new()
        .set("bootstrap.servers", &config.bootstrap)
        .set("linger.ms", "20")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.messages", "1000000")
        .create()
        .map(Rc::new)
        .expect("a producer");
    let (written, bytes) = (Rc::new(RefCell::new(0)), Rc::new(RefCell::new(0)));
    let (topic, of, sizes) = (topic.to_owned(), Rc::clone(&written), Rc::clone(&bytes));
    let sender = Rc::clone(&producer);
    let mut fill = Fill::new(
        PACE,
        Box::new(move |seq, value| {
            if *of.borrow() == entries {
                return;
            }
            let key = seq.to_be_bytes();
            let mut record = BaseRecord::to(&topic).partition(0).key(&key).payload(value);
            while let Err((_, back)) = sender.send(record) {
                sender.poll(Duration::from_millis(10));
                record = back;
            }
            *of.borrow_mut() += 1;
            *sizes.borrow_mut() += value.len();
        }),
    );
    while *written.borrow() < entries {
        fill.until(fill.keys() + 1_000);
    }
    producer.flush(Duration::from_secs(60)).expect("all is written");
    bytes.take()
}

fn read_bare(config: &Config, topic: &str) -> Duration {
    let began = Instant::now();
    let probe = Probe::open(config).expect("a client");
    let mut bytes = 0;
    let read = probe.read_to_end((topic, 0), 0, |message| {
        bytes += message.payload_len();
        Ok::<(), ()>(())
    });
    assert!(read.is_ok() && bytes > 0);
    began.elapsed()
}

fn read_as_restore(config: &Config, topic: &str, entries: usize) -> Duration {
    let began = Instant::now();
    let probe = Probe::open(config).expect("a client");
    let (schemas, mut next) = (Schemas::compiled(), 0);
    let mut ledger = Ledger::new(onefill::core::ledger::Placement { partition: 0, count: 4 });
    let mut reading = Reading::begin(&ledger);
    let each = |_: &Head, _, _| Ok::<(), Halt>(());
    restore(&probe, topic, &schemas, &mut ledger, &mut next, &mut reading, each).expect("it is restored");
    assert_eq!(ledger.head().next_seq, entries as u64);
    began.elapsed()
}
