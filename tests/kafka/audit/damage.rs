//! A trail that a router wrote, and copies of it with damage, written by a producer of the tests' own.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::broker::broker;
use crate::command::{Called, Installation};
use crate::reader::{Isolation, Record, read_all, topic};

const WAIT: Duration = Duration::from_secs(30);
/// What stands before an entry: marker and fingerprint.
const HEADER_LEN: usize = 10;

/// What a router once wrote: every test damages a copy of its own.
pub struct Origin {
    pub here: Installation,
    pub audit: Vec<Record>,
    pub orders: Vec<Record>,
}

/// One lane with orders, a refusal, a conflict and a retry. Its last entry publishes nothing.
pub fn origin() -> &'static Origin {
    static ORIGIN: OnceLock<Origin> = OnceLock::new();
    ORIGIN.get_or_init(|| {
        let here = Installation::new(broker(), "audit-origin");
        here.done(&["init", "--partitions", "1"]);
        {
            let _router = here.router();
            here.allow("A1");
            here.done(&instrument());
            let dir = tempfile::tempdir().expect("a directory");
            let file = dir.path().join("intents.csv");
            std::fs::write(&file, intents()).expect("a file");
            here.done(&["submit", file.to_str().expect("UTF-8"), "--wait"]);
        }
        let read = |topic: &str| read_all(broker(), &format!("{}{topic}", here.prefix), Isolation::Committed);
        let (audit, orders) = (read("audit"), read("orders"));
        assert_eq!((audit.len(), orders.len()), (12, 5), "an opening, limits, an instrument, nine intents");
        Origin { here, audit, orders }
    })
}

pub fn instrument() -> [&'static str; 10] {
    [
        "control",
        "instrument",
        "BTC-USD.SIM",
        "--currency",
        "USD",
        "--tick",
        "0.01",
        "--lot",
        "0.001",
        "--wait",
    ]
}

/// Five orders, a price between two ticks, an unknown instrument, another content, a retry.
fn intents() -> String {
    let row = |key: &str, instrument: &str, quantity: &str, price: &str| {
        format!("NEW,{key},A1,S1,{instrument},BUY,LIMIT,{quantity},{price},DAY\n")
    };
    let header = "intent_type,intent_id,account_id,strategy_id,instrument_id,side,order_type,order_qty,price,\
                  time_in_force\n";
    let orders = (1..=5).map(|number| row(&format!("k{number}"), "BTC-USD.SIM", "2", "100.25"));
    let rest = [
        row("k6", "BTC-USD.SIM", "2", "100.251"),
        row("k7", "ETH-USD.SIM", "2", "100.25"),
        row("k1", "BTC-USD.SIM", "3", "100.25"),
        row("k2", "BTC-USD.SIM", "2.000", "100.25"),
    ];
    orders.chain(rest).fold(header.to_owned(), |text, row| text + &row)
}

/// A copy of the trail, or of the orders, or of both, beside the other topics of the origin.
pub struct Copy {
    name: String,
    config: PathBuf,
    dir: tempfile::TempDir,
}

impl Copy {
    /// With this trail and these orders; the origin's, where none are given.
    pub fn new(name: &str, audit: Option<&[Record]>, orders: Option<&[Record]>) -> Self {
        let origin = origin();
        let dir = tempfile::tempdir().expect("a directory");
        let config = dir.path().join("onefill.toml");
        let mut text = "[topics]\n".to_owned();
        for (role, records) in [("audit", audit), ("orders", orders)] {
            if let Some(records) = records {
                let topic_name = format!("{}{name}-{role}", origin.here.prefix);
                write(&topic_name, records);
                text += &format!("{role} = \"{topic_name}\"\n");
            }
        }
        std::fs::write(&config, text).expect("a file");
        Self { name: format!("{}{name}", origin.here.prefix), config, dir }
    }

    /// The name of its trail.
    pub fn audit(&self) -> String {
        format!("{}-audit", self.name)
    }

    /// A file beside its configuration.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Calls `audit verify`.
    pub fn verify(&self, more: &[&str]) -> Called {
        let config = self.config.to_str().expect("UTF-8");
        origin().here.call(&[&["audit", "verify", "--config", config], more].concat())
    }

    /// What it finds, and that it says so by its exit status.
    pub fn faults(&self, more: &[&str]) -> Vec<Value> {
        let called = self.verify(&[&["--output", "json"], more].concat());
        assert!([0, 5].contains(&called.status), "{}", called.err);
        let report = called.json().remove(0);
        let faults = report["partitions"][0]["faults"].as_array().expect("faults").clone();
        assert_eq!(called.status == 0, faults.is_empty(), "{report}");
        faults
    }
}

/// Publishes records as they are, to partition 0 of a new topic.
fn write(name: &str, records: &[Record]) {
    topic(broker(), name, 1, &[("retention.ms", "-1")]);
    append(name, records);
}

/// Publishes further records.
pub fn append(name: &str, records: &[Record]) {
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().expect("a producer");
    for record in records {
        let mut sent = BaseRecord::<[u8], [u8]>::to(name).partition(0);
        if let Some(key) = &record.key {
            sent = sent.key(key);
        }
        if let Some(value) = &record.value {
            sent = sent.payload(value);
        }
        producer.send(sent).map_err(|(error, _)| error).expect("a record is taken");
    }
    producer.flush(WAIT).expect("records are delivered");
}

/// The trail with every link made anew, so that it is consistent in itself.
pub fn relink(audit: &mut [Record]) {
    let mut link = [0; 32];
    for record in audit {
        let value = record.value.as_mut().expect("an entry has a value");
        // `prev` stands behind the number, of which the last byte has no high bit.
        let number = value[HEADER_LEN..].iter().position(|byte| byte & 0x80 == 0).expect("a number");
        let prev = HEADER_LEN + number + 1;
        value[prev..prev + 32].copy_from_slice(&link);
        link = Sha256::new().chain_update([0]).chain_update(&value).finalize().into();
    }
}

/// Puts other text of the same length in the place of the first one found.
pub fn edit(record: &mut Record, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let value = record.value.as_mut().expect("a value");
    let found = value.windows(from.len()).position(|part| part == from.as_bytes());
    let at = found.unwrap_or_else(|| panic!("{from} is not in the record"));
    value[at..at + to.len()].copy_from_slice(to.as_bytes());
}
