//! What a process is told: one TOML file, `ONEFILL_…` variables over it, flags over both.
//!
//! A key that is not known is an error, never ignored: a limit that is misspelt must not be absent.
//! Secrets are read from files or variables and are never printed. Nothing here talks to a broker.
//! Start at [`load`]; the keys are in `settings`, what `[kafka]` may hold is in [`kafka`].

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::topics::Topics;
use crate::core::settings::Settings;

pub mod kafka;
mod layers;
mod settings;

pub use kafka::KafkaSettings;
pub use layers::{Flag, Sources, load};

/// Everything that a command needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Brokers to ask first, `host:port,…`.
    pub bootstrap: String,
    /// What the topic names begin with.
    pub prefix: String,
    /// The topic names.
    pub topics: Topics,
    /// The consumer group of the router.
    pub group: String,
    /// The static member of the group that this process is, if any.
    pub instance_id: Option<String>,
    /// How long a silent member keeps its lanes.
    pub session_timeout_ms: u32,
    /// Where metrics and status are served.
    pub http: SocketAddr,
    /// Whether a halt of one lane ends the process.
    pub exit_on_halt: bool,
    /// Whether unsafe topics are forgiven, because nothing of value is at stake.
    pub dev: bool,
    /// Who this process is, in the trail.
    pub router_id: String,
    /// How many lanes `init` makes; `None` leaves it to the command.
    pub partitions: Option<u16>,
    /// How many replicas it makes of every partition; `None` leaves it to the command.
    pub replication: Option<u8>,
    /// How long a transaction may stay open before the brokers abort it.
    pub transaction_timeout_ms: u32,
    /// What goes to librdkafka as it is.
    pub kafka: KafkaSettings,
    /// How intents are decided where no limit says otherwise.
    pub decide: Settings,
    /// What one transaction may hold.
    pub batch: BatchBounds,
    /// Ledgers that are kept on disk.
    pub checkpoint: CheckpointSettings,
    /// Avro schemas that are known besides those compiled in.
    pub schemas_extra: Vec<PathBuf>,
    /// Who says what the schema ids of the Confluent format stand for.
    pub registry: RegistrySettings,
    /// How orders are written.
    pub output: OutputFormat,
    /// What is logged, as `level` or `module=level,…`; `None` leaves it to the command.
    pub log: Option<String>,
    /// How logs are written.
    pub log_format: LogFormat,
}

/// How orders are written. Entries are always single objects: the trail is read with nothing but itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputFormat {
    /// In Avro's single-object encoding.
    #[default]
    SingleObject,
    /// In the Confluent format, by an id of the registry.
    Confluent,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// As text on a terminal, as JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What one transaction may hold at most: whichever is reached first ends the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchBounds {
    /// Input records.
    pub records: usize,
    /// Bytes of their values.
    pub bytes: usize,
    /// Time spent on deciding them, in milliseconds.
    pub time_ms: u64,
}

/// Whether and how often ledgers are kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointSettings {
    /// Where; `None` for nowhere: the trail is all that a router needs.
    pub dir: Option<PathBuf>,
    /// After how many entries a lane is written again: a restart reads no more of them than that, and what
    /// came while it was written.
    pub every_entries: u64,
}

/// Where the schema registry is, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Its addresses, `http://host:port`, without a slash at the end; none for no registry.
    pub urls: Vec<String>,
    /// The file that holds `user:password`, where it asks for them.
    pub auth_file: Option<PathBuf>,
}

impl Default for CheckpointSettings {
    fn default() -> Self {
        Self { dir: None, every_entries: 200_000 }
    }
}

/// A configuration that cannot be used: where it is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source_of_it}: {fault}")]
pub struct ConfigError {
    /// The file with its key, the variable or the flag.
    pub source_of_it: String,
    /// What is wrong there.
    pub fault: String,
    /// What to do about it.
    pub remedy: String,
}

impl ConfigError {
    pub(crate) fn new(
        source: impl fmt::Display,
        fault: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { source_of_it: source.to_string(), fault: fault.into(), remedy: remedy.into() }
    }
}

/// Where metrics and status are served unless somebody says where.
pub const HTTP_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

impl Default for Config {
    fn default() -> Self {
        let prefix = "onefill.".to_owned();
        Self {
            bootstrap: "localhost:9092".to_owned(),
            topics: Topics::under(&prefix),
            group: format!("{prefix}router"),
            prefix,
            instance_id: None,
            session_timeout_ms: 10_000,
            http: HTTP_DEFAULT,
            exit_on_halt: false,
            dev: false,
            router_id: "onefill".to_owned(),
            partitions: None,
            replication: None,
            transaction_timeout_ms: 10_000,
            kafka: KafkaSettings::default(),
            decide: Settings::default(),
            batch: BatchBounds { records: 10_000, bytes: 16 * 1024 * 1024, time_ms: 50 },
            checkpoint: CheckpointSettings::default(),
            schemas_extra: Vec::new(),
            registry: RegistrySettings::default(),
            output: OutputFormat::default(),
            log: None,
            log_format: LogFormat::Auto,
        }
    }
}
