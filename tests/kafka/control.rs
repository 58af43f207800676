//! Control is fresh: what operators publish comes before intents, however many of those wait, and a lane that
//! cannot read control to its end takes no intents (`G4`).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value as Json, json};

use crate::broker::broker;
use crate::checker::check;
use crate::producer::transactional;
use crate::reader::{Isolation, Record, eventually};
use crate::records::{ENTRY, EXECUTION, INSTRUMENT, INTENT, instrument, new_intent, order_id};
use crate::world::World;

const WAIT: Duration = Duration::from_secs(30);
const HELD: &str = "no intents are taken";
const TAKEN_AGAIN: &str = "intents are taken again";

fn open_with_instrument(producer: &BaseProducer, world: &World, version: i64) {
    producer.begin_transaction().expect("a transaction");
    let (topic, value) = (world.topic("control"), instrument(version));
    let record = BaseRecord::to(&topic).partition(0).key("instrument").payload(&value);
    producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
    producer.flush(WAIT).expect("the broker takes records");
}

/// A report that changes nothing.
pub fn acknowledged(exec_id: &str, client_order_id: &str) -> Vec<u8> {
    EXECUTION.encode(&json!({
        "venue": "XTST", "exec_id": exec_id, "exec_type": "NEW", "order_id": order_id("A1", client_order_id),
        "account_id": "A1", "instrument_id": INSTRUMENT, "side": "BUY", "transact_time": 1_700_000_000_000_000_000_i64,
    }))
}

#[test]
fn no_intent_is_taken_while_control_cannot_be_read_to_its_end_and_executions_go_on() {
    let world = World::new("control-held", 1);
    let router = world.router(&[]);
    world.send(&new_intent("A1", "I0", "C0"));
    world.wait_answered(&router);
    let operator = transactional(&world.bootstrap, &world.topic("operator"));
    for (round, commits) in [(1, true), (2, false)] {
        let said = |text: &str| router.log().matches(text).count();
        // On a busy machine a lane that opens may have said so, too.
        let before = said(HELD);
        open_with_instrument(&operator, &world, 1 + round);
        eventually("the lane says that it takes no intents", || (said(HELD) == before + 1).then_some(()));
        world.send(&new_intent("A1", &format!("I{round}"), &format!("C{round}")));
        let report = acknowledged(&format!("E{round}"), "C0");
        world.produce("executions", 0, Some(b"A1"), Some(&report));
        world.wait_committed("executions", 0, round);
        assert_eq!(world.committed("intents").get(&0), Some(&round), "the intent waits");
        let ended =
            if commits { operator.commit_transaction(WAIT) } else { operator.abort_transaction(WAIT) };
        ended.expect("the transaction ends");
        world.wait_answered(&router);
        assert_eq!((said(HELD), said(TAKEN_AGAIN)), (before + 1, before + 1), "said once each");
    }
    router.end_cleanly();
    let trail = check(&world);
    let kinds = trail.entries[&0].iter().map(|entry| entry["kind"].as_str().expect("a kind"));
    let kinds: Vec<&str> = kinds.skip_while(|kind| *kind != "DECISION").collect();
    // What was committed on control is applied before the intent that waited; what was aborted is nothing.
    assert_eq!(kinds, ["DECISION", "EXECUTION", "CONTROL", "DECISION", "EXECUTION", "DECISION"]);
}

/// How many intents wait when the router begins.
const BACKLOG: usize = 100_000;
/// By when a control record that can be read must be in every decision.
const FRESH_WITHIN_MS: f64 = 100.0;

/// The same clock that the router decides by: it runs on this machine.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_nanos()).expect("it is before 2262")
}

/// When it was acknowledged. Its replicas have it, and it is in no transaction: it can be read by then.
fn publish(operator: &BaseProducer, topic: &str, value: &[u8]) -> i64 {
    let record = BaseRecord::to(topic).partition(0).key("instrument").payload(value);
    operator.send(record).map_err(|(error, _)| error).expect("the queue has room");
    // The client's own flush waits in steps of 100 ms.
    while operator.in_flight_count() > 0 {
        operator.poll(Duration::from_millis(1));
    }
    now()
}

#[test]
fn under_a_backlog_of_intents_no_decision_is_100_ms_behind_control() {
    let world = World::new("control-backlog", 1);
    // Batches that last as long as they may, unless control ends them.
    world.configure("[decide]\nmax_intent_age_ms = 0\n[batch]\ntime_ms = 5000\nrecords = 1000000\n");
    enqueue_intents(&world);
    let began = Instant::now();
    let router = world.router(&[]);
    world.wait_openings(1);
    let operator: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker())
        .set("linger.ms", "0")
        .create()
        .expect("a producer");
    let mut readable_at = Vec::new();
    let mut version = 1;
    while world.committed("intents").get(&0) < Some(&(BACKLOG as i64)) {
        for pause in [15, 60, 25, 40, 10, 30] {
            version += 1;
            readable_at.push(publish(&operator, &world.topic("control"), &instrument(version)));
            std::thread::sleep(Duration::from_millis(pause));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    world.wait_committed("intents", 0, BACKLOG as i64);
    router.end_cleanly();
    let audit = world.read("audit", Isolation::Committed);
    let control = world.read("control", Isolation::Committed);
    let published = control[control.len() - readable_at.len()..].iter().map(|record| record.offset);
    let published = published.zip(readable_at);
    let delays: Vec<Delay> = published.filter_map(|(offset, at)| Delay::of(&audit, offset, at)).collect();
    let count = delays.len();
    println!(
        "{BACKLOG} intents in {seconds:.1} s, {count} control records meanwhile. In ms after each could be read:"
    );
    print("it was applied", &delays, |delay| delay.applied_ms, 100);
    let decided = print("the last intent before it was decided", &delays, |delay| delay.decided_ms, 100);
    let written = print("and written", &delays, |delay| delay.written_ms, 50);
    assert!(count >= 10, "control records fell among the decisions: {count}");
    assert!(decided < FRESH_WITHIN_MS, "decided beside a control record that could be read: {decided} ms");
    // Times of entries are times of batches. Whether a batch ends when control comes, only these tell: if it did not,
    // half of these would be over 2 s.
    assert!(written < 1000.0, "batches go on beside control that waits: {written} ms");
}

/// Prints how these are distributed; what so many percent do not exceed.
fn print(what: &str, delays: &[Delay], of: fn(&Delay) -> f64, percent: usize) -> f64 {
    let mut millis: Vec<f64> = delays.iter().map(of).collect();
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| millis[(millis.len() - 1) * percent / 100];
    println!("{what}: p50 {:.1}, p90 {:.1}, p99 {:.1}, most {:.1}", at(50), at(90), at(99), at(100));
    at(percent)
}

/// Intents of one account, all alike but for their ids, which are of one length: encoded once.
fn enqueue_intents(world: &World) {
    let mut value = INTENT.encode(&new_intent("A1", "I000000", "C000000"));
    let places = ["I000000", "C000000"].map(|id| {
        value.windows(id.len()).position(|bytes| bytes == id.as_bytes()).expect("the id stands in the record")
            + 1
    });
    for number in 0..BACKLOG {
        let digits = format!("{number:06}");
        for place in places {
            value[place..place + digits.len()].copy_from_slice(digits.as_bytes());
        }
        world.enqueue("intents", 0, Some(b"A1"), Some(&value));
    }
    world.flush();
}

/// How long after a control record could be read what was decided, by the entries; before that where it is negative.
struct Delay {
    /// By the entry of the control record.
    applied_ms: f64,
    /// By the entry of the last intent before it.
    decided_ms: f64,
    /// By the timestamp that the router's producer gave to that entry's record.
    written_ms: f64,
}

impl Delay {
    /// `None` where no entry follows the record's own. `as_of` only grows in a trail, and so does the time.
    fn of(audit: &[Record], offset: i64, readable_at: i64) -> Option<Self> {
        let entry = |at: usize| ENTRY.decode(audit[at].value.as_ref().expect("an entry"));
        let (mut low, mut high) = (0, audit.len());
        while low < high {
            let middle = low.midpoint(high);
            if entry(middle)["as_of"]["control"].as_i64() <= Some(offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if high == audit.len() {
            return None;
        }
        let own = entry(high - 1);
        assert_eq!((&own["kind"], &own["input"]["offset"]), (&json!("CONTROL"), &json!(offset)));
        let last = (0..high).rev().find(|at| entry(*at)["kind"] == "DECISION")?;
        let after = |time: i64| (time - readable_at) as f64 / 1e6;
        let decided_at = |entry: &Json| entry["decided_at"].as_i64().expect("a time");
        Some(Self {
            applied_ms: after(decided_at(&own)),
            decided_ms: after(decided_at(&entry(last))),
            written_ms: after(audit[last].timestamp.expect("a timestamp") * 1_000_000),
        })
    }
}
