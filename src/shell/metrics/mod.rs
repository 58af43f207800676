//! What Prometheus sees. Counters are added to where something has come true, and a batch counts
//! once it has committed; gauges are read from the lanes' status when they are asked for.
//!
//! Nothing here decides anything, and no label names an account, an order or a client. What there
//! is: [`catalogue`]. What a batch counts: [`tally`].

pub mod catalogue;
mod certificates;
mod family;
pub mod kafka;
pub mod laps;
pub mod recent;
mod scrape;
pub mod tally;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{GaugeVec, Histogram, IntCounter, Registry, TextEncoder};

use super::config::Config;
use super::heartbeat::Heartbeats;
use super::log_events::LogEvents;
use super::prices::{Dropped, Prices};
use super::status::Status;
use crate::core::entry::Anomaly;
use crate::core::execution::ExecType;
use crate::core::halt::HaltCode;
use crate::core::intent::IntentType;
use crate::core::lane::Outcome;
use crate::core::symbols::symbols;
use crate::core::time::Time;
use crate::core::verdict::{Reason, Verdict};
use family::{counter, counter_family, counters, gauges, histogram, histograms};
use kafka::Kafka;
use laps::{Laps, Phase};
use recent::Recent;
use scrape::Gauges;
use tally::{QUARANTINE, Tally, UNREADABLE};

symbols! {
    /// How the partitions of this process changed.
    pub enum Rebalance {
        /// It was given partitions.
        Assigned = "assigned",
        /// It gave partitions back when asked.
        Revoked = "revoked",
        /// It lost partitions without being asked.
        Lost = "lost",
    }
}

symbols! {
    /// Why a lane's producers were initialised.
    pub enum Cause {
        /// The lane opened.
        Opening = "opening",
        /// A commit was slow, or something disturbed it.
        Doubt = "doubt",
        /// A transaction did not commit.
        Aborted = "aborted",
        /// Another producer took the fence.
        Fenced = "fenced",
        /// Nobody knows what became of a transaction, or the lane's ids were about to expire.
        Unknown = "unknown",
    }
}

impl Cause {
    /// What a transaction that ended so makes necessary; after a good one nothing, but the next
    /// fence is then for a doubt.
    pub const fn after(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Committed | Outcome::CommittedInDoubt => Self::Doubt,
            Outcome::Aborted => Self::Aborted,
            Outcome::Fenced => Self::Fenced,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

/// The label of each outcome, in the order of their declaration.
const OUTCOMES: [&str; 5] = ["committed", "committed_in_doubt", "aborted", "fenced", "unknown"];

/// The metrics of this process.
pub struct Metrics {
    /// What the clients of Kafka have to say.
    pub kafka: Arc<Kafka>,
    /// What was decided last.
    pub recent: Recent,
    /// The lines that were logged; whoever logs counts them.
    pub log_events: LogEvents,
    registry: Registry,
    halts: Vec<IntCounter>,
    rebalances: Vec<IntCounter>,
    rebalance_seconds: Histogram,
    checkpoint_failures: IntCounter,
    checkpoint_success: GaugeVec,
    logged: Vec<IntCounter>,
    batches: Batches,
    transactions: Vec<IntCounter>,
    replacements: Vec<IntCounter>,
    prices_dropped: Vec<IntCounter>,
    restored_entries: IntCounter,
    restore_seconds: Histogram,
    gauges: Gauges,
}

/// What committed batches count.
struct Batches {
    intents: Vec<IntCounter>,
    rejections: Vec<IntCounter>,
    orders: Vec<IntCounter>,
    executions: Vec<IntCounter>,
    anomalies: Vec<IntCounter>,
    quarantined: Vec<IntCounter>,
    owed_cancels: IntCounter,
    intent_to_commit: Histogram,
    phases: Vec<Histogram>,
    records: Histogram,
}

impl Metrics {
    /// All of the catalogue, counters at 0.
    pub fn new(config: &Config) -> Self {
        let registry = Registry::new();
        observe_process(&registry);
        let to = &registry;
        Self {
            halts: counters(to, &catalogue::LANE_HALTS, HaltCode::ALL.iter().map(|code| code.name())),
            rebalances: counters(to, &catalogue::REBALANCES, Rebalance::ALL.iter().map(|kind| kind.name())),
            rebalance_seconds: histogram(to, &catalogue::REBALANCE_SECONDS),
            checkpoint_failures: counter(to, &catalogue::CHECKPOINT_FAILURES),
            checkpoint_success: gauges(to, &catalogue::CHECKPOINT_SUCCESS),
            logged: counters(to, &catalogue::LOG_EVENTS, LogEvents::LEVELS),
            kafka: Arc::new(Kafka::new(to)),
            recent: Recent::default(),
            log_events: LogEvents::default(),
            batches: Batches::new(to, config),
            transactions: counters(to, &catalogue::TRANSACTIONS, OUTCOMES),
            replacements: counters(to, &catalogue::REPLACEMENTS, Cause::ALL.iter().map(|cause| cause.name())),
            prices_dropped: counters(
                to,
                &catalogue::PRICES_DROPPED,
                Dropped::ALL.iter().map(|reason| reason.name()),
            ),
            restored_entries: counter(to, &catalogue::RESTORED_ENTRIES),
            restore_seconds: histogram(to, &catalogue::RESTORE_SECONDS),
            gauges: Gauges::new(to, config),
            registry,
        }
    }

    /// A lane halted.
    pub fn halted(&self, code: HaltCode) {
        self.halts[code.index()].inc();
    }

    /// The partitions of this process changed.
    pub fn rebalanced(&self, kind: Rebalance) {
        self.rebalances[kind.index()].inc();
    }

    /// Partitions were assigned, so long after they began to be waited for.
    pub fn rebalanced_within(&self, length: Duration) {
        self.rebalance_seconds.observe(length.as_secs_f64());
    }

    /// A checkpoint was written, now.
    pub fn checkpointed(&self, now: Time) {
        self.checkpoint_success.with_label_values::<&str>(&[]).set(now.0 as f64 / 1e9);
    }

    /// A checkpoint could not be written.
    pub fn checkpoint_failed(&self) {
        self.checkpoint_failures.inc();
    }

    /// A batch has committed, now.
    pub fn committed(&self, tally: &Tally, laps: &Laps, now: Time) {
        self.recent.add(&tally.recent);
        self.batches.add(tally, now);
        // An opening takes no queued records: how long it took says nothing of batches.
        if !tally.opens {
            self.batches.observe(tally, laps);
        }
    }

    /// A transaction has ended.
    pub fn ended(&self, outcome: Outcome) {
        self.transactions[outcome as usize].inc();
    }

    /// A lane's producers were initialised.
    pub fn replaced(&self, cause: Cause) {
        self.replacements[cause.index()].inc();
    }

    /// A record of `prices` was dropped.
    pub fn price_dropped(&self, reason: Dropped) {
        self.prices_dropped[reason.index()].inc();
    }

    /// So many entries of the trail were read.
    pub fn restored_entries(&self, entries: u64) {
        self.restored_entries.inc_by(entries);
    }

    /// A trail was read to its end.
    pub fn restored(&self, length: Duration) {
        self.restore_seconds.observe(length.as_secs_f64());
    }

    /// Everything in the text format of Prometheus, as it is now.
    ///
    /// # Errors
    /// Metrics that cannot be written as text: a broken invariant.
    pub fn render(
        &self,
        status: &Status,
        heartbeats: &Heartbeats,
        prices: &Prices,
    ) -> prometheus::Result<String> {
        self.gauges.read(&status.lanes(), &heartbeats.pulses(), &prices.book(), &self.kafka);
        for (counter, count) in self.logged.iter().zip(self.log_events.counts()) {
            counter.inc_by(count.saturating_sub(counter.get()));
        }
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

impl Batches {
    fn new(to: &Registry, config: &Config) -> Self {
        let quarantined = counter_family(to, &catalogue::QUARANTINED);
        let quarantined = QUARANTINE
            .map(|(role, reason)| quarantined.with_label_values(&[config.topics.name(role), reason]));
        let exec_types = ExecType::ALL.iter().map(|kind| kind.name()).chain([UNREADABLE]);
        Self {
            intents: counters(to, &catalogue::INTENTS, Verdict::ALL.iter().map(|verdict| verdict.name())),
            rejections: counters(to, &catalogue::REJECTIONS, Reason::ALL.iter().map(|reason| reason.name())),
            orders: counters(to, &catalogue::ORDERS, IntentType::ALL.iter().map(|kind| kind.name())),
            executions: counters(to, &catalogue::EXECUTIONS, exec_types),
            anomalies: counters(to, &catalogue::ANOMALIES, Anomaly::ALL.iter().map(|kind| kind.name())),
            quarantined: quarantined.to_vec(),
            owed_cancels: counter(to, &catalogue::OWED_CANCELS),
            intent_to_commit: histogram(to, &catalogue::INTENT_TO_COMMIT),
            phases: histograms(to, &catalogue::STAGE_SECONDS, Phase::ALL.iter().map(|phase| phase.name())),
            records: histogram(to, &catalogue::BATCH_RECORDS),
        }
    }

    fn add(&self, tally: &Tally, now: Time) {
        add(&self.intents, &tally.intents);
        add(&self.rejections, &tally.rejections);
        add(&self.orders, &tally.orders);
        add(&self.executions, &tally.executions);
        add(&self.anomalies, &tally.anomalies);
        add(&self.quarantined, &tally.quarantined);
        self.owed_cancels.inc_by(tally.owed_cancels);
        for at in &tally.intents_at {
            // A clock of Kafka's that is ahead of ours is no time at all.
            self.intent_to_commit.observe((now.since(*at) as f64 / 1e9).max(0.0));
        }
    }

    fn observe(&self, tally: &Tally, laps: &Laps) {
        for phase in Phase::ALL {
            self.phases[phase.index()].observe(laps.spent(*phase).as_secs_f64());
        }
        self.records.observe(tally.records as f64);
    }
}

fn add(counters: &[IntCounter], counts: &[u64]) {
    for (counter, count) in counters.iter().zip(counts) {
        if *count > 0 {
            counter.inc_by(*count);
        }
    }
}

/// The usual `process_*`, where the system has them.
fn observe_process(registry: &Registry) {
    #[cfg(target_os = "linux")]
    {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        if let Err(error) = registry.register(Box::new(process)) {
            tracing::warn!("no process metrics: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _none: &Registry = registry;
}

#[cfg(test)]
mod tests;
