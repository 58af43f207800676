//! The gauges: read from the lanes' status and the heartbeats whenever somebody asks.
//!
//! A lane that is gone, and a fact that nobody knows, has no sample: never a stale one, never 0.

use std::time::Duration;

use prometheus::{GaugeVec, Registry};

use super::catalogue;
use super::certificates::Certificates;
use super::family::gauges;
use super::kafka::Kafka;
use crate::core::control::Scope;
use crate::core::lane::Stage;
use crate::core::ledger::usage::Measured;
use crate::core::prices::PriceBook;
use crate::core::time::Time;
use crate::shell::clock;
use crate::shell::config::Config;
use crate::shell::heartbeat::Pulse;
use crate::shell::status::LaneView;
use crate::shell::topics::Topics;

/// The gauges of this process.
pub(super) struct Gauges {
    topics: Topics,
    lane_state: GaugeVec,
    assigned_lanes: GaugeVec,
    transaction_start: GaugeVec,
    last_commit: GaugeVec,
    lag: GaugeVec,
    lag_seconds: GaugeVec,
    stable_gap: GaugeVec,
    input_blocked: GaugeVec,
    intents_held: GaugeVec,
    price_age: GaugeVec,
    last_progress: GaugeVec,
    keys: GaugeVec,
    open_orders: GaugeVec,
    ledger_bytes: GaugeVec,
    limit_used: GaugeVec,
    trading_state: GaugeVec,
    audit_seq: GaugeVec,
    audit_head: GaugeVec,
    restore_in_progress: GaugeVec,
    restore_remaining: GaugeVec,
    kafka_brokers: GaugeVec,
    kafka_rtt: GaugeVec,
    certificate_expiry: GaugeVec,
    certificates: Certificates,
    heartbeat: GaugeVec,
}

/// No labels.
const NONE: &[&str] = &[];

impl Gauges {
    /// All of the catalogue; what never changes is said at once.
    pub(super) fn new(to: &Registry, config: &Config) -> Self {
        say_constants(to, config);
        Self {
            topics: config.topics.clone(),
            lane_state: gauges(to, &catalogue::LANE_STATE),
            assigned_lanes: gauges(to, &catalogue::ASSIGNED_LANES),
            transaction_start: gauges(to, &catalogue::TRANSACTION_START),
            last_commit: gauges(to, &catalogue::LAST_COMMIT),
            lag: gauges(to, &catalogue::LAG),
            lag_seconds: gauges(to, &catalogue::LAG_SECONDS),
            stable_gap: gauges(to, &catalogue::STABLE_GAP),
            input_blocked: gauges(to, &catalogue::INPUT_BLOCKED),
            intents_held: gauges(to, &catalogue::INTENTS_HELD),
            price_age: gauges(to, &catalogue::PRICE_AGE),
            last_progress: gauges(to, &catalogue::LAST_PROGRESS),
            keys: gauges(to, &catalogue::KEYS),
            open_orders: gauges(to, &catalogue::OPEN_ORDERS),
            ledger_bytes: gauges(to, &catalogue::LEDGER_BYTES),
            limit_used: gauges(to, &catalogue::LIMIT_USED_RATIO),
            trading_state: gauges(to, &catalogue::TRADING_STATE),
            audit_seq: gauges(to, &catalogue::AUDIT_SEQ),
            audit_head: gauges(to, &catalogue::AUDIT_HEAD_TIMESTAMP),
            restore_in_progress: gauges(to, &catalogue::RESTORE_IN_PROGRESS),
            restore_remaining: gauges(to, &catalogue::RESTORE_REMAINING),
            kafka_brokers: gauges(to, &catalogue::KAFKA_BROKERS),
            kafka_rtt: gauges(to, &catalogue::KAFKA_RTT),
            certificate_expiry: gauges(to, &catalogue::CERTIFICATE_EXPIRY),
            certificates: Certificates::of(&config.kafka),
            heartbeat: gauges(to, &catalogue::HEARTBEAT),
        }
    }

    /// Reads all of them anew.
    pub(super) fn read(&self, lanes: &[LaneView], pulses: &[Pulse], prices: &PriceBook, kafka: &Kafka) {
        self.forget();
        let now = clock::now();
        for lane in lanes {
            self.read_lane(lane);
            self.read_inputs(lane);
            self.read_ages(lane, now);
        }
        self.read_sums(lanes);
        self.read_risk(lanes);
        self.read_kafka(kafka);
        if let Some(oldest) = prices.oldest() {
            set(&self.price_age, NONE, now.since(oldest) as f64 / 1e9);
        }
        for pulse in pulses {
            set(&self.heartbeat, &[&pulse.thread], seconds(now) - pulse.age.as_secs_f64());
        }
    }

    /// Nothing of a lane that is gone stays.
    fn forget(&self) {
        let by_lane =
            [&self.lane_state, &self.intents_held, &self.last_progress, &self.audit_seq, &self.audit_head];
        let by_topic = [&self.lag, &self.lag_seconds, &self.stable_gap, &self.input_blocked];
        let of_kafka = [&self.kafka_rtt, &self.certificate_expiry];
        let others = [&self.transaction_start, &self.last_commit, &self.price_age, &self.heartbeat];
        let by_risk = [&self.limit_used, &self.trading_state];
        by_lane
            .into_iter()
            .chain(by_topic)
            .chain(by_risk)
            .chain(of_kafka)
            .chain(others)
            .for_each(GaugeVec::reset);
    }

    fn read_lane(&self, lane: &LaneView) {
        let partition = &*lane.partition.to_string();
        for stage in Stage::ALL {
            let is_in = f64::from(u8::from(lane.stage == stage.name()));
            set(&self.lane_state, &[partition, stage.name()], is_in);
        }
        set(&self.intents_held, &[partition], f64::from(u8::from(lane.intents_held.is_some())));
        set(&self.audit_seq, &[partition], lane.seq as f64);
        set_time(&self.audit_head, &[partition], lane.vitals.head_at);
        set_time(&self.last_progress, &[partition], lane.vitals.progressed_at);
    }

    fn read_inputs(&self, lane: &LaneView) {
        let (topics, partition) = (&self.topics, &*lane.partition.to_string());
        if let Some(lag) = lane.lag {
            set(&self.lag, &[&topics.intents, partition], lag.intents as f64);
            set(&self.lag, &[&topics.executions, partition], lag.executions as f64);
        }
        if let Some(gaps) = lane.vitals.gaps {
            set(&self.stable_gap, &[&topics.intents, partition], gaps.intents as f64);
            set(&self.stable_gap, &[&topics.executions, partition], gaps.executions as f64);
            set(&self.stable_gap, &[&topics.audit, partition], gaps.audit as f64);
        }
        if let Some(blocked) = &lane.input_blocked {
            let inputs = [
                ("intents", &topics.intents, partition),
                ("executions", &topics.executions, partition),
                ("control", &topics.control, "0"),
            ];
            for (name, topic, partition) in inputs {
                let is_blocked = f64::from(u8::from(blocked.contains(&name)));
                set(&self.input_blocked, &[topic, partition], is_blocked);
            }
        }
    }

    /// Until it has said that nothing waits, or what, nobody knows.
    fn read_ages(&self, lane: &LaneView, now: Time) {
        let (topics, partition) = (&self.topics, &*lane.partition.to_string());
        let Some(waiting) = &lane.vitals.waiting else { return };
        let ages = [
            (&topics.intents, waiting.intents, lane.cursors.intents),
            (&topics.executions, waiting.executions, lane.cursors.executions),
        ];
        for (topic, oldest, cursor) in ages {
            set(&self.lag_seconds, &[topic, partition], oldest.map_or(0.0, |oldest| oldest.age(cursor, now)));
        }
    }

    fn read_kafka(&self, kafka: &Kafka) {
        set(&self.kafka_brokers, NONE, kafka.connected() as f64);
        if let Some(seconds) = kafka.round_trip() {
            set(&self.kafka_rtt, NONE, seconds);
        }
        if let Some(ends) = self.certificates.end() {
            set(&self.certificate_expiry, NONE, ends as f64);
        }
    }

    fn read_sums(&self, lanes: &[LaneView]) {
        let sum = |of: fn(&LaneView) -> usize| lanes.iter().map(of).sum::<usize>() as f64;
        set(&self.assigned_lanes, NONE, lanes.len() as f64);
        set(&self.keys, NONE, sum(|lane| lane.vitals.holdings.keys));
        set(&self.open_orders, NONE, sum(|lane| lane.vitals.holdings.open_orders));
        set(&self.ledger_bytes, NONE, sum(|lane| lane.vitals.holdings.bytes));
        let remaining = |lane: &LaneView| lane.restoring.map(|at| (at.end - at.next).max(0));
        set(&self.restore_remaining, NONE, lanes.iter().filter_map(remaining).sum::<i64>() as f64);
        set(&self.restore_in_progress, NONE, sum(|lane| usize::from(lane.stage == Stage::Restoring.name())));
        let oldest = lanes.iter().filter_map(|lane| lane.vitals.transaction_began_at).min();
        let newest = lanes.iter().filter_map(|lane| lane.vitals.committed_at).max();
        set_time(&self.transaction_start, NONE, oldest);
        set_time(&self.last_commit, NONE, newest);
    }

    /// The worst of all lanes, so that no label names whose it is.
    fn read_risk(&self, lanes: &[LaneView]) {
        let known = || lanes.iter().filter_map(|lane| lane.risk.as_ref());
        for field in Measured::ALL {
            let worst = known().filter_map(|risk| risk.worst[field.index()]).reduce(f64::max);
            if let Some(worst) = worst {
                set(&self.limit_used, &[field.name()], worst);
            }
        }
        for scope in Scope::ALL {
            if let Some(state) = known().map(|risk| risk.strictest[scope.index()]).max() {
                set(&self.trading_state, &[scope.name()], state.index() as f64);
            }
        }
    }
}

fn say_constants(to: &Registry, config: &Config) {
    let revision = option_env!("ONEFILL_REVISION").unwrap_or("unknown");
    set(&gauges(to, &catalogue::BUILD_INFO), &[env!("CARGO_PKG_VERSION"), revision], 1.0);
    let instance = config.instance_id.as_deref().unwrap_or_default();
    set(&gauges(to, &catalogue::INSTANCE_INFO), &[instance, &config.group], 1.0);
    set_time(&gauges(to, &catalogue::CONFIG_LOAD_TIMESTAMP), NONE, Some(clock::now()));
    let timeout = Duration::from_millis(config.transaction_timeout_ms.into());
    set(&gauges(to, &catalogue::TRANSACTION_TIMEOUT), NONE, timeout.as_secs_f64());
}

fn set(family: &GaugeVec, labels: &[&str], value: f64) {
    family.with_label_values(labels).set(value);
}

fn set_time(family: &GaugeVec, labels: &[&str], at: Option<Time>) {
    if let Some(at) = at {
        set(family, labels, seconds(at));
    }
}

/// Unix time in seconds.
fn seconds(at: Time) -> f64 {
    at.0 as f64 / 1e9
}
