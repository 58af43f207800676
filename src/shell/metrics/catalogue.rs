//! Every metric: its name, type, labels and meaning. `docs/METRICS.md` is this table.
//!
//! No label names an account, an order or a client: their number has no bound.

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name, without the prefix.
    pub name: &'static str,
    /// What kind of numbers it has.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in one line.
    pub help: &'static str,
}

/// What kind of numbers a metric has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It is as it is now; absent when it is not known.
    Gauge,
    /// Observations by size, up to each of these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word of Prometheus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// What the names begin with.
pub const PREFIX: &str = "onefill_";

/// From a commit of one record on an idle machine, over the objective of 250 ms, to a backlog.
const LATENCY: Kind = Kind::Histogram(&[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
]);
/// From one record to a transaction that takes its whole timeout.
const STAGE: Kind = Kind::Histogram(&[
    0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
]);
const RECORDS: Kind =
    Kind::Histogram(&[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0]);
const RESTORE: Kind =
    Kind::Histogram(&[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0]);

/// From a restart within the session to a group that takes several rounds.
const REBALANCE: Kind =
    Kind::Histogram(&[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0]);

macro_rules! catalogue {
    ($($constant:ident = $kind:expr, $name:literal, [$($label:literal),*], $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: Metric =
                Metric { name: $name, kind: $kind, labels: &[$($label),*], help: $help };
        )+
        /// Every metric.
        pub const ALL: &[Metric] = &[$($constant,)+];
    };
}

catalogue! {
    BUILD_INFO = Kind::Gauge, "build_info", ["version", "revision"], "1, for the program that runs.";
    INSTANCE_INFO = Kind::Gauge, "instance_info", ["instance_id", "group"],
        "1, for the member of the group that this process is; no instance id when it is not static.";
    CONFIG_LOAD_TIMESTAMP = Kind::Gauge, "config_load_timestamp_seconds", [],
        "Unix time at which the configuration was loaded.";
    LANE_STATE = Kind::Gauge, "lane_state", ["partition", "state"],
        "1 for the stage that an owned lane is in, 0 for the others.";
    LANE_HALTS = Kind::Counter, "lane_halts_total", ["code"], "Halts of lanes, by code.";
    ASSIGNED_LANES = Kind::Gauge, "assigned_lanes", [], "Lanes that this process owns.";
    REBALANCES = Kind::Counter, "rebalances_total", ["kind"],
        "Changes of the partitions that this process owns: assigned, revoked, or lost without being asked.";
    REBALANCE_SECONDS = REBALANCE, "rebalance_seconds", [],
        "From when the partitions of this process were given back, lost or first asked for to the next assignment.";
    INTENTS = Kind::Counter, "intents_total", ["verdict"], "Intents decided and committed, by verdict.";
    REJECTIONS = Kind::Counter, "rejections_total", ["reason"],
        "Rejections committed, by the first reason.";
    ORDERS = Kind::Counter, "orders_total", ["command"], "Records committed to orders, by command.";
    OWED_CANCELS = Kind::Counter, "owed_cancels_total", [],
        "Cancels committed to orders because a command owed them; also counted there.";
    EXECUTIONS = Kind::Counter, "executions_total", ["kind"],
        "Execution reports taken in, by type; UNREADABLE for what could not be decoded.";
    ANOMALIES = Kind::Counter, "anomalies_total", ["kind"], "Odd execution reports, by anomaly.";
    QUARANTINED = Kind::Counter, "quarantined_total", ["topic", "reason"],
        "Values kept in quarantine, by the topic they came from.";
    INTENT_TO_COMMIT = LATENCY, "intent_to_commit_seconds", [],
        "From the Kafka timestamp of an intent to the commit of its verdict.";
    STAGE_SECONDS = STAGE, "stage_seconds", ["stage"],
        "What a committed batch spent on taking records, deciding, producing, offsets, flush and commit.";
    BATCH_RECORDS = RECORDS, "batch_records", [], "Input records of a committed batch.";
    TRANSACTIONS = Kind::Counter, "transactions_total", ["outcome"],
        "Transactions ended, by what became of them.";
    TRANSACTION_START = Kind::Gauge, "transaction_start_timestamp_seconds", [],
        "Unix time at which the oldest open transaction began; absent while none is open.";
    TRANSACTION_TIMEOUT = Kind::Gauge, "transaction_timeout_seconds", [],
        "How long a transaction may stay open before the brokers abort it.";
    REPLACEMENTS = Kind::Counter, "producer_replacements_total", ["cause"],
        "Pairs of producers initialised: for an opening, after a doubtful commit, an abort, a fence, an unknown outcome.";
    LAST_COMMIT = Kind::Gauge, "last_commit_timestamp_seconds", [],
        "Unix time of the last commit of any lane; absent before the first.";
    LAG = Kind::Gauge, "lag_records", ["topic", "partition"],
        "Offsets from the cursor to the high watermark, markers and aborted records counted.";
    LAG_SECONDS = Kind::Gauge, "lag_seconds", ["topic", "partition"],
        "Age of the oldest committed record that is not answered, by its Kafka timestamp; 0 when none waits.";
    STABLE_GAP = Kind::Gauge, "stable_offset_gap_records", ["topic", "partition"],
        "Offsets from the last stable one to the high watermark: what open transactions hold back.";
    INPUT_BLOCKED = Kind::Gauge, "input_blocked", ["topic", "partition"],
        "1 while the stable offset of an input has stood behind its high watermark for 10 s.";
    INTENTS_HELD = Kind::Gauge, "intents_held", ["partition"],
        "1 while a lane takes no intents because control is not known to its end, 0 while it does.";
    PRICE_AGE = Kind::Gauge, "price_age_seconds", [],
        "Age of the oldest price held, of any instrument; absent while none is held.";
    PRICES_DROPPED = Kind::Counter, "prices_dropped_total", ["reason"],
        "Records of prices that were dropped: ahead of this machine's clock, overlong, undecodable, misplaced.";
    LAST_PROGRESS = Kind::Gauge, "last_progress_timestamp_seconds", ["partition"],
        "Unix time at which a lane last restored or committed an entry.";
    KEYS = Kind::Gauge, "keys", [], "Intent keys remembered, over all lanes.";
    OPEN_ORDERS = Kind::Gauge, "open_orders", [], "Orders that may still be filled, over all lanes.";
    LEDGER_BYTES = Kind::Gauge, "ledger_bytes", [],
        "Memory that the tables of the ledgers take, over all lanes; texts behind rows are estimated.";
    LIMIT_USED_RATIO = Kind::Gauge, "limit_used_ratio", ["limit"],
        "The most that any account or strategy uses of a limit of this kind, 1 for all of it; absent where none is set.";
    TRADING_STATE = Kind::Gauge, "trading_state", ["scope"],
        "The strictest trading state of any scope of this kind: 0 ACTIVE, 1 REDUCING, 2 HALTED.";
    AUDIT_SEQ = Kind::Gauge, "audit_seq", ["partition"], "The number that the next audit entry takes.";
    AUDIT_HEAD_TIMESTAMP = Kind::Gauge, "audit_head_timestamp_seconds", ["partition"],
        "Unix time at which the last audit entry was decided.";
    RESTORE_IN_PROGRESS = Kind::Gauge, "restore_in_progress", [], "Lanes that read their trail now.";
    RESTORE_REMAINING = Kind::Gauge, "restore_remaining_entries", [],
        "Offsets of the trail that lanes still have to read, over all that restore now.";
    RESTORED_ENTRIES = Kind::Counter, "restored_entries_total", [], "Audit entries read by restores.";
    RESTORE_SECONDS = RESTORE, "restore_seconds", [], "How long a lane read its trail to its end.";
    CHECKPOINT_SUCCESS = Kind::Gauge, "checkpoint_last_success_timestamp_seconds", [],
        "Unix time at which a checkpoint was last written; absent before the first.";
    CHECKPOINT_FAILURES = Kind::Counter, "checkpoint_failures_total", [],
        "Checkpoints that could not be written.";
    KAFKA_ERRORS = Kind::Counter, "kafka_errors_total", ["api", "error"],
        "Errors of Kafka, by what was being done and what the error says.";
    KAFKA_BROKERS = Kind::Gauge, "kafka_connected_brokers", [],
        "Brokers that the group's member or a lane's producer is connected to.";
    KAFKA_RTT = Kind::Gauge, "kafka_rtt_seconds", [],
        "Mean round trip of the producers' last requests, of the slowest broker; absent while there were none.";
    KAFKA_THROTTLE = Kind::Counter, "kafka_throttle_seconds_total", [],
        "Time for which brokers have asked this process to wait, by their quotas.";
    LOG_EVENTS = Kind::Counter, "log_events_total", ["level"],
        "Lines logged, by level; lines that were only counted because they repeat are among them.";
    CERTIFICATE_EXPIRY = Kind::Gauge, "certificate_expiry_timestamp_seconds", [],
        "Unix time at which TLS to Kafka ends working: a certificate of ours expires, or the last authority; absent without any.";
    HEARTBEAT = Kind::Gauge, "watchdog_heartbeat_timestamp_seconds", ["thread"],
        "Unix time at which a thread last advanced.";
}

/// What no dashboard shows: of use to whoever looks for a fault.
pub const DEBUG: &[Metric] = &[CONFIG_LOAD_TIMESTAMP];

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in `docs/METRICS.md`.
    fn table() -> String {
        let mut table = "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
        for metric in ALL {
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let (name, kind, help) = (metric.name, metric.kind.name(), metric.help);
            table += &format!("| `{PREFIX}{name}` | {kind} | {} | {help} |\n", labels.join(", "));
        }
        table
    }

    #[test]
    fn the_page_shows_this_table() {
        let page = include_str!("../../../docs/METRICS.md");
        assert!(page.contains(&table()), "docs/METRICS.md must have this table:\n{}", table());
    }

    #[test]
    fn names_follow_the_conventions_and_are_unique() {
        for (index, metric) in ALL.iter().enumerate() {
            let counter = metric.kind == Kind::Counter;
            assert_eq!(metric.name.ends_with("_total"), counter, "{}", metric.name);
            assert!(metric.help.ends_with('.') && !metric.help.contains('\n'), "{}", metric.name);
            assert!(ALL[index + 1..].iter().all(|other| other.name != metric.name), "{}", metric.name);
            let labels = metric.labels.iter();
            let private = labels.filter(|label| ["account", "order", "client", "intent"].contains(label));
            assert_eq!(private.count(), 0, "{}", metric.name);
        }
    }
}
