//! A venue: reads the orders, and reports what became of them, so that positions and reservations move while faults
//! happen. It fills every other order, some of them in two parts.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::{Value as Json, json};

use crate::reader::eventually;
use crate::records::{EXECUTION, ORDER, with};
use crate::world::World;

/// An order as the venue has it.
struct Held {
    total: i64,
    filled: i64,
    dead: bool,
}

pub struct Venue {
    ended: Arc<AtomicBool>,
    outbox: Arc<ThreadedProducer<DefaultProducerContext>>,
    thread: Option<JoinHandle<()>>,
}

impl Venue {
    pub fn open(world: &World) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &world.bootstrap).set("enable.idempotence", "true");
        config.set("message.timeout.ms", "300000");
        let outbox: Arc<ThreadedProducer<_>> = Arc::new(config.create().expect("a producer"));
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &world.bootstrap).set("group.id", "venue");
        config.set("isolation.level", "read_committed").set("enable.auto.commit", "false");
        let orders: BaseConsumer = config.create().expect("a consumer");
        let mut all = TopicPartitionList::new();
        for partition in 0..world.partitions {
            all.add_partition_offset(&world.topic("orders"), partition, Offset::Beginning)
                .expect("a partition");
        }
        orders.assign(&all).expect("an assignment");
        let ended = Arc::new(AtomicBool::new(false));
        let mut floor =
            Floor { topic: world.topic("executions"), outbox: Arc::clone(&outbox), held: HashMap::new() };
        let end = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                if let Some(Ok(message)) = orders.poll(Duration::from_millis(50)) {
                    floor.take(&message);
                }
            }
        });
        Self { ended, outbox, thread: Some(thread) }
    }

    /// Waits until all reports lie in their topic.
    pub fn wait_reported(&self) {
        eventually("all reports are acknowledged", || (self.outbox.in_flight_count() == 0).then_some(()));
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || !matches!(joined, Some(Err(_))), "the venue worked to its end");
    }
}

struct Floor {
    topic: String,
    outbox: Arc<ThreadedProducer<DefaultProducerContext>>,
    held: HashMap<String, Held>,
}

impl Floor {
    fn take(&mut self, message: &BorrowedMessage<'_>) {
        // What a stranger wrote is no order, and no venue's business.
        let Some(value) = message.payload().filter(|value| ORDER.is_of(value)) else { return };
        let order = ORDER.decode(value);
        for report in self.answer(&order) {
            let account = order["account_id"].as_str().expect("an account");
            let value = EXECUTION.encode(&report);
            let mut record =
                BaseRecord::to(&self.topic).partition(message.partition()).key(account).payload(&value);
            while let Err((_, again)) = self.outbox.send(record) {
                record = again;
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn answer(&mut self, order: &Json) -> Vec<Json> {
        let id = order["order_id"].as_str().expect("an id").to_owned();
        let report = |kind: &str, part: u32, fields: Json| {
            let own = json!({
                "venue": "XTST", "exec_type": kind, "exec_id": format!("{id}-{}-{part}", order["order_version"]),
                "order_id": id, "client_order_id": order["client_order_id"], "account_id": order["account_id"],
                "instrument_id": order["instrument_id"], "side": order["side"], "transact_time": order["decided_at"],
            });
            with(&own, &fields)
        };
        let asked =
            || order["order_qty"].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
        let held = self.held.entry(id.clone()).or_insert(Held { total: asked(), filled: 0, dead: false });
        let is_over = held.dead || held.filled >= held.total;
        match order["command"].as_str() {
            Some("NEW") => {
                held.filled = match id.bytes().map(u32::from).sum::<u32>() % 4 {
                    0 => held.total,
                    1 => (held.total + 1) / 2,
                    _ => return vec![report("NEW", 0, json!({}))],
                };
                let quantity = held.filled.to_string();
                vec![report("TRADE", 1, json!({"last_qty": quantity, "last_px": "100.00"}))]
            }
            Some("CANCEL") if is_over => vec![report("CANCEL_REJECTED", 0, json!({}))],
            Some("CANCEL") => {
                held.dead = true;
                vec![report("CANCELED", 0, json!({}))]
            }
            _ if is_over || asked() <= held.filled => vec![report("REPLACE_REJECTED", 0, json!({}))],
            _ => {
                held.total = asked();
                vec![report("REPLACED", 0, json!({"order_qty": held.total.to_string()}))]
            }
        }
    }
}
