//! Topics of one measurement, and what onefill is told on them: every limit at every scope, none in the way.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use onefill::core::time::Time;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use serde_json::{Value as Json, json};

use crate::Fault;
use crate::intents::{INSTRUMENTS, Made, Maker, STRATEGY, accounts};

/// The binary that is measured, as `make build` makes it.
pub const ONEFILL: &str = "target/release/onefill";
/// Intents and prices of a backlog are as old as this when they are decided, at most, in milliseconds.
const AGE_MAX_MS: i64 = 6 * 60 * 60 * 1_000;
/// How long the broker may take for anything.
const WAIT: Duration = Duration::from_secs(60);

/// Topics under a prefix of their own.
pub struct World {
    /// Where Kafka is.
    pub bootstrap: String,
    /// What their names begin with.
    pub prefix: String,
    /// How many partitions the lanes' topics have.
    pub partitions: i32,
    /// The topic that is read; of a backlog it is shared.
    pub intents: String,
    /// Where the configuration and the logs lie.
    pub dir: PathBuf,
}

/// A producer as a strategy has it.
pub type Strategy = ThreadedProducer<DefaultProducerContext>;

impl World {
    /// Makes the topics, and says what is traded by whom. `intents` names a topic that others read too.
    pub fn make(bootstrap: &str, name: &str, partitions: i32, intents: Option<&str>) -> Result<Self, Fault> {
        let prefix = format!("{name}.");
        let world = Self {
            bootstrap: bootstrap.to_owned(),
            partitions,
            intents: intents.map_or_else(|| format!("{prefix}intents"), str::to_owned),
            dir: PathBuf::from("target/bench").join(name),
            prefix,
        };
        fs::create_dir_all(&world.dir)?;
        fs::write(world.config(), world.settings())?;
        // A broker that has just made a topic may not know its settings yet.
        let began = Instant::now();
        while let Err(fault) = world.call(&["init", "--partitions", &partitions.to_string()]) {
            if began.elapsed() > WAIT {
                return Err(fault);
            }
        }
        world.instruct()?;
        Ok(world)
    }

    /// The name of a topic of its own.
    pub fn topic(&self, role: &str) -> String {
        format!("{}{role}", self.prefix)
    }

    /// onefill's configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("onefill.toml")
    }

    fn settings(&self) -> String {
        let Self { bootstrap, prefix, intents, .. } = self;
        format!(
            "bootstrap = \"{bootstrap}\"\nprefix = \"{prefix}\"\ndev = true\n\n[topics]\nintents = \"{intents}\"\n\n\
             [decide]\nmax_intent_age_ms = {AGE_MAX_MS}\nref_max_age_ms = {AGE_MAX_MS}\n"
        )
    }

    /// A command of onefill on these topics.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ONEFILL);
        command.args(arguments).arg("--config").arg(self.config());
        command
    }

    fn call(&self, arguments: &[&str]) -> Result<(), Fault> {
        let output = self.command(arguments).output()?;
        match output.status.success() {
            true => Ok(()),
            false => {
                Err(format!("onefill {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
            }
        }
    }

    fn instruct(&self) -> Result<(), Fault> {
        let instruments = INSTRUMENTS.map(|id| {
            json!({
                "instrument_id": id, "currency": "USD", "tick_size": "0.01", "lot_size": "1",
                "min_qty": "1", "max_qty": "1000000", "min_notional": "1",
            })
        });
        self.call(&["control", "instrument", "--file", &self.rows("instruments", &instruments)?])?;
        let mut limits = vec![limit("global", "GLOBAL", "")];
        for account in accounts() {
            limits.push(limit(&account, "ACCOUNT", &account));
            let strategy = format!("{account}/{STRATEGY}");
            limits.push(limit(&format!("{account}-{STRATEGY}"), "STRATEGY", &strategy));
        }
        let limits = self.rows("limits", &limits)?;
        self.call(&["control", "limit", "--file", &limits, "--reason", "benchmark"])?;
        let prices = INSTRUMENTS.map(|id| json!({"instrument_id": id, "price": "100"}));
        self.call(&["prices", "set", "--file", &self.rows("prices", &prices)?])
    }

    fn rows(&self, name: &str, rows: &[Json]) -> Result<String, Fault> {
        let path = self.dir.join(format!("{name}.jsonl"));
        let lines: Vec<String> = rows.iter().map(Json::to_string).collect();
        fs::write(&path, lines.join("\n") + "\n")?;
        Ok(path.display().to_string())
    }

    /// A producer for its intents; of many at once, or of each at once.
    pub fn strategy(&self, linger_ms: u32) -> Result<Strategy, Fault> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("enable.idempotence", "true");
        config.set("linger.ms", linger_ms.to_string()).set("batch.num.messages", "10000");
        Ok(config.create()?)
    }

    /// Writes a backlog, whole.
    pub fn fill(&self, intents: u64) -> Result<(), Fault> {
        let (strategy, mut maker) = (self.strategy(5)?, Maker::new("b", self.partitions));
        for _ in 0..intents {
            self.send(&strategy, &mut maker, now())?;
        }
        strategy.flush(WAIT)?;
        Ok(())
    }

    /// Reports as a venue that the orders of such a backlog are cancelled.
    pub fn cancel(&self, orders: u64) -> Result<(), Fault> {
        let (venue, mut maker) = (self.strategy(5)?, Maker::new("b", self.partitions));
        for _ in 0..orders {
            put(&venue, &self.topic("executions"), &maker.cancel(now()))?;
        }
        venue.flush(WAIT)?;
        Ok(())
    }

    /// Sends the next intent, as soon as the producer has room.
    pub fn send(&self, strategy: &Strategy, maker: &mut Maker, created_at: Time) -> Result<(), Fault> {
        put(strategy, &self.intents, &maker.make(created_at))
    }
}

fn put(producer: &Strategy, topic: &str, made: &Made<'_>) -> Result<(), Fault> {
    let record = BaseRecord::to(topic);
    let mut record = record.partition(made.partition).key(made.account).payload(made.value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                record = again;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// The wall clock.
pub fn now() -> Time {
    onefill::shell::clock::now()
}

fn limit(limit_id: &str, scope: &str, scope_id: &str) -> Json {
    let most = "1000000000000";
    json!({
        "limit_id": limit_id, "scope_type": scope, "scope_id": scope_id, "instrument_id": "*",
        "max_order_qty": most, "max_order_notional": most, "max_long_qty": most, "max_short_qty": most,
        "max_gross_notional": most, "currency": "USD", "max_open_orders": 1_000_000_000,
        "price_collar_bps": 1_000, "price_collar_abs": "500", "ref_max_age_ms": AGE_MAX_MS,
        "max_orders": 1_000_000_000, "orders_window_ms": 1_000, "dup_window_ms": 1_000,
        "max_intent_age_ms": AGE_MAX_MS, "market_orders": "ALLOW",
    })
}
