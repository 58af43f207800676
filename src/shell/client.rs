//! How the clients of Kafka are configured, and where their logs go.
//!
//! What the guarantees depend on is set last, over whatever was passed through. Nothing here
//! connects: builders return a configuration, the caller creates the client. They fail where the file of a
//! secret cannot be read, and for nothing else.

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::config::Config;
use super::config::kafka::ClientKind;
use super::topics::MESSAGE_BYTES;

/// How often a producer counts what it had to do again.
const STATISTICS_EVERY_MS: &str = "250";

/// How long a lane's records wait for a request to fill up, at most.
const LINGER_MS_MAX: u32 = 1_000;

/// How often the group's member says which brokers it is connected to. It also wakes librdkafka's main thread, which
/// sends heartbeats only when something wakes it, and by itself once a second: this makes them as many as are due.
const MEMBER_STATISTICS_EVERY_MS: &str = "200";

/// What a reader sees of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only what was committed.
    Committed,
    /// Everything, also what is open or aborted; its watermarks are the high ones.
    Uncommitted,
}

/// A consumer that is assigned its partitions by hand and never joins the group.
pub fn reader(config: &Config, isolation: Isolation) -> KafkaResult<ClientConfig> {
    let mut client = consumer(config)?;
    let level = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    client.set("isolation.level", level);
    Ok(client)
}

/// A consumer that asks where partitions begin and end, and reads from one to the other now and then.
///
/// Unlike one that is assigned its partitions for good, it learns of a new leader only when what it knows
/// of the old one has become too old.
pub fn prober(config: &Config, isolation: Isolation) -> KafkaResult<ClientConfig> {
    let mut client = reader(config, isolation)?;
    client
        .set("metadata.max.age.ms", "1000")
        // The end of a partition is told when a fetch comes back with nothing.
        .set("fetch.wait.max.ms", "5");
    Ok(client)
}

/// A consumer that looks at one record now and then: it takes as little besides as a broker sends.
pub fn peeker(config: &Config) -> KafkaResult<ClientConfig> {
    let mut client = prober(config, Isolation::Committed)?;
    // The first batch is sent whole, however large.
    client.set("fetch.message.max.bytes", "1").set("queued.min.messages", "1");
    Ok(client)
}

/// The member of the router's group.
///
/// The classic protocol: under the newer one a transaction's offsets can be fenced without cause.
/// The range assignor: it alone gives partition p of both inputs to one member.
pub fn member(config: &Config) -> KafkaResult<ClientConfig> {
    let mut client = reader(config, Isolation::Committed)?;
    client
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "range")
        .set("statistics.interval.ms", MEMBER_STATISTICS_EVERY_MS)
        .set("session.timeout.ms", config.session_timeout_ms.to_string());
    if config.kafka.value("heartbeat.interval.ms").is_none() {
        // At a heartbeat a member learns that another one is gone: this much later than the session's end
        // it may begin to take over. And there are many chances to be heard in a session.
        client.set("heartbeat.interval.ms", (config.session_timeout_ms / 20).clamp(100, 500).to_string());
    }
    if let Some(instance) = &config.instance_id {
        client.set("group.instance.id", instance);
    }
    Ok(client)
}

/// A lane's producer.
pub fn producer(config: &Config, transactional_id: &str) -> KafkaResult<ClientConfig> {
    let mut client = publisher(config)?;
    if ["linger.ms", "queue.buffering.max.ms"].iter().all(|name| config.kafka.value(name).is_none()) {
        // The flush at the end of a batch ends the wait. A short linger would end it many times while a large
        // batch is being decided, with a small request each: that is most of what a broker then does.
        // librdkafka refuses one that is not shorter than a message lives.
        let linger_ms = LINGER_MS_MAX.min(config.transaction_timeout_ms / 2);
        client.set("linger.ms", linger_ms.to_string());
    }
    client
        .set("transactional.id", transactional_id)
        .set("transaction.timeout.ms", config.transaction_timeout_ms.to_string())
        // Requests that were made again show in the statistics alone; a commit that took longer than two
        // of these intervals is a doubt by itself.
        .set("statistics.interval.ms", STATISTICS_EVERY_MS)
        // A message that outlives its transaction is nobody's: librdkafka insists on it, too.
        .set("message.timeout.ms", config.transaction_timeout_ms.to_string());
    Ok(client)
}

/// An idempotent producer without transactions, for whoever submits intents or control records.
/// Keys are placed as Java does it.
pub fn publisher(config: &Config) -> KafkaResult<ClientConfig> {
    let mut client = ClientConfig::new();
    client
        // A flush ends the wait; until then requests fill up.
        .set("linger.ms", "5")
        // Adding offsets to a transaction that still writes its markers waits this long (100 by
        // default), once per transaction.
        .set("retry.backoff.ms", "5")
        .set("retry.backoff.max.ms", "200")
        // A request must stay below the smallest `max.message.bytes` allowed, 1 MiB, framing included.
        .set("batch.size", "1000000")
        .set("batch.num.messages", "10000")
        // More than one transaction's worth; memory is bounded all the same.
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "131072");
    pass_through(&mut client, config, ClientKind::Producer)?;
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set("message.max.bytes", MESSAGE_BYTES.to_string());
    common(&mut client, config);
    Ok(client)
}

/// A client that asks and administers.
pub fn admin(config: &Config) -> KafkaResult<ClientConfig> {
    let mut client = ClientConfig::new();
    pass_through(&mut client, config, ClientKind::Producer)?;
    common(&mut client, config);
    // Nothing polls such a client for its logs; left unread, they would end up on the terminal.
    // Each answer carries its own error.
    client.set_log_level(RDKafkaLogLevel::Emerg);
    Ok(client)
}

fn consumer(config: &Config) -> KafkaResult<ClientConfig> {
    let mut client = ClientConfig::new();
    client
        // The broker answers at once when there is something; this bounds the wait when there is not.
        .set("fetch.wait.max.ms", "50")
        // One second by default, for which a full queue stands still.
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.error.backoff.ms", "100")
        // A frozen broker closes no connection: its partitions' new leaders are asked for, and what it was
        // asked is given up. By default that takes 5 min and 1 min.
        .set("topic.metadata.refresh.interval.ms", "2000")
        .set("socket.timeout.ms", "10000")
        // The backlog stays in Kafka: memory is bounded by the ledger.
        .set("queued.max.messages.kbytes", "4096");
    pass_through(&mut client, config, ClientKind::Consumer)?;
    client
        .set("group.id", &config.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true");
    common(&mut client, config);
    Ok(client)
}

fn pass_through(client: &mut ClientConfig, config: &Config, kind: ClientKind) -> KafkaResult<()> {
    if config.kafka.value("client.id").is_none() {
        client.set("client.id", &config.router_id);
    }
    for setting in config.kafka.of(kind) {
        let (key, value) = setting?;
        client.set(key, value);
    }
    let protocol = config.kafka.value("security.protocol").unwrap_or_default();
    let authorities = ["ssl.ca.location", "ssl.ca.pem"].map(|key| config.kafka.value(key));
    if protocol.to_ascii_lowercase().ends_with("ssl") && authorities == [None; 2] {
        // The authorities that the system trusts: an OpenSSL that is linked in would look where no system has any.
        client.set("ssl.ca.location", "probe");
    }
    Ok(())
}

fn common(client: &mut ClientConfig, config: &Config) {
    client
        .set("bootstrap.servers", &config.bootstrap)
        .set("allow.auto.create.topics", "false")
        .set("log.connection.close", "true")
        // Disconnects are logged at this level, request timeouts above it. The crate would take the
        // level of another logging facade, which nobody sets here.
        .set_log_level(RDKafkaLogLevel::Info);
}

/// The context of a client that only has to be heard: its logs and errors go to `tracing`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logged;

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Logged {}

/// Sends a line of librdkafka's log to `tracing`.
///
/// Its errors are warnings here: a broker that goes away is no fault of the process, and whoever
/// waits for it says so. Its notices are details.
///
/// A producer that is initialised while its id is still being settled says so each time; whoever waits
/// for it says when that takes long.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Warning if facility == "GETPID" => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
            tracing::warn!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{message}"),
    }
}

/// Sends an error of librdkafka's error callback to `tracing`: it logs most of them itself as well,
/// so that only fatal ones are worth a second line.
pub fn log_error(error: &KafkaError, reason: &str) {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::Fatal) => tracing::error!(target: "librdkafka", "fatal: {reason}"),
        _ => tracing::debug!(target: "librdkafka", "{reason}"),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::BaseConsumer;
    use rdkafka::producer::BaseProducer;

    use super::*;
    use crate::shell::config::KafkaSettings;

    #[test]
    fn every_configuration_is_one_that_librdkafka_takes() {
        let config = Config { instance_id: Some("i-1".to_owned()), ..Config::default() };
        for client in [reader(&config, Isolation::Uncommitted), peeker(&config), member(&config)] {
            client.unwrap().create_with_context::<_, BaseConsumer<Logged>>(Logged).unwrap();
        }
        for client in [producer(&config, "t-0-0"), publisher(&config), admin(&config)] {
            drop(client.unwrap().create::<BaseProducer>().unwrap());
        }
    }

    #[test]
    fn a_lane_lingers_for_less_than_a_message_lives_and_as_long_as_it_is_told_to() {
        let mut config = Config::default();
        let lane = |config: &Config| producer(config, "t-0-0").unwrap();
        assert_eq!(lane(&config).get("linger.ms"), Some("1000"));
        config.transaction_timeout_ms = 1_000;
        assert_eq!(lane(&config).get("linger.ms"), Some("500"));
        drop(lane(&config).create::<BaseProducer>().unwrap());
        // Two names of one setting: the latter would win or lose by accident.
        for name in ["linger.ms", "queue.buffering.max.ms"] {
            let mut config = Config::default();
            config.kafka.put(&"here", name, "3".to_owned(), false).unwrap();
            let told = lane(&config);
            assert_eq!((told.get(name), told.get("linger.ms") == Some("1000")), (Some("3"), false), "{name}");
        }
    }

    #[test]
    fn whom_nobody_says_to_trust_the_system_says() {
        let authority = |settings| {
            let config = Config { kafka: settings, ..Config::default() };
            let client = reader(&config, Isolation::Committed).unwrap();
            client.get("ssl.ca.location").map(str::to_owned)
        };
        let probed = Some("probe".to_owned());
        assert_eq!(authority(KafkaSettings::given([("security.protocol", "SSL")])), probed);
        assert_eq!(authority(KafkaSettings::given([("security.protocol", "sasl_ssl")])), probed);
        assert_eq!(authority(KafkaSettings::given([("security.protocol", "SASL_PLAINTEXT")])), None);
        let given = KafkaSettings::given([("security.protocol", "SSL"), ("ssl.ca.location", "ca.crt")]);
        assert_eq!(authority(given), Some("ca.crt".to_owned()));
        let given = KafkaSettings::given([("security.protocol", "SSL"), ("ssl.ca.pem", "x")]);
        assert_eq!(authority(given), None);
    }

    #[test]
    fn a_member_is_static_only_when_it_has_a_name() {
        let mut config = Config::default();
        assert_eq!(member(&config).unwrap().get("group.instance.id"), None);
        config.instance_id = Some("i-1".to_owned());
        assert_eq!(member(&config).unwrap().get("group.instance.id"), Some("i-1"));
        assert_eq!(reader(&config, Isolation::Committed).unwrap().get("group.instance.id"), None);
    }
}
