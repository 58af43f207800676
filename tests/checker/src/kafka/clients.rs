//! Consumers that change nothing: no membership, no offsets stored.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;

use super::Source;

/// Longest single call, so that one which a dying broker swallowed is made anew.
pub const CALL_MAX: Duration = Duration::from_secs(5);

/// What a reader is shown of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    Committed,
    Uncommitted,
}

/// A consumer in the name of the router's group, whose offsets it asks for; it never joins it.
pub fn consumer(source: &Source, isolation: Isolation) -> Result<BaseConsumer, String> {
    let level = if isolation == Isolation::Committed { "read_committed" } else { "read_uncommitted" };
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &source.bootstrap)
        .set("group.id", &source.group)
        .set("isolation.level", level)
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("allow.auto.create.topics", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "5")
        .set("log_level", "0");
    config.create().map_err(|error| format!("no consumer: {error}"))
}
