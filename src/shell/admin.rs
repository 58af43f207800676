//! What is asked of a cluster, and the topics that are made on it.
//!
//! Reads and creates; never alters or deletes what exists. What the answers mean is for
//! [`super::preflight`] to say. Every call ends within its timeout.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::client::{self, Isolation, Logged};
use super::clock;
use super::config::Config;
use super::librdkafka;
use super::preflight::{self, BrokerSettings, Finding, Layout, TopicState, TopicStates};
use super::topics::{Partitions, Role};
use crate::core::time::MILLISECOND;

/// How long a client is listened to once it has nothing more to say.
const LISTENING: Duration = Duration::from_millis(100);

/// A cluster that answers.
pub struct Cluster {
    admin: AdminClient<Logged>,
    runtime: tokio::runtime::Runtime,
    timeout: Duration,
    /// The brokers that are there, in order.
    pub brokers: Vec<i32>,
}

/// Why the cluster did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No broker answered.
    #[error("no broker answers at {bootstrap}{}", because(reason))]
    Unreachable {
        /// Where.
        bootstrap: String,
        /// What the connections said; may be empty.
        reason: String,
    },
    /// A request failed.
    #[error("{what}: {reason}")]
    Refused {
        /// What was asked.
        what: String,
        /// What was answered.
        reason: String,
    },
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

pub(super) fn refused(what: impl Into<String>) -> impl FnOnce(KafkaError) -> ClusterError {
    let what = what.into();
    move |error| ClusterError::Refused { what, reason: error.to_string() }
}

impl Cluster {
    /// Asks the brokers who they are, for as long as `reaching`; each later answer may take `timeout`.
    ///
    /// # Errors
    /// [`ClusterError::Unreachable`] when none has answered in time, with what the connections said.
    pub fn connect(config: &Config, reaching: Duration, timeout: Duration) -> Result<Self, ClusterError> {
        let heard = Heard::default();
        let said = Arc::clone(&heard.0);
        let probe: BaseConsumer<Heard> = client::reader(config, Isolation::Uncommitted)
            .create_with_context(heard)
            .map_err(refused("a client cannot be made"))?;
        let metadata = probe.fetch_metadata(None, reaching).map_err(|_| {
            // What was said waits in the client's queue until somebody polls.
            let end = Instant::now() + LISTENING;
            while Instant::now() < end && probe.poll(LISTENING).is_some() {}
            let reason = said.lock().unwrap_or_else(PoisonError::into_inner).join("; ");
            ClusterError::Unreachable { bootstrap: config.bootstrap.clone(), reason }
        })?;
        let mut brokers: Vec<i32> = metadata.brokers().iter().map(|broker| broker.id()).collect();
        brokers.sort_unstable();
        let admin =
            client::admin(config).create_with_context(Logged).map_err(refused("a client cannot be made"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| {
            ClusterError::Refused { what: "a runtime cannot be made".to_owned(), reason: error.to_string() }
        })?;
        Ok(Self { admin, runtime, timeout, brokers })
    }

    /// The topics that exist, with their settings.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not allow it.
    pub fn topics(&self, config: &Config) -> Result<TopicStates, ClusterError> {
        let mut states = self.descriptions(config)?;
        self.read_settings(&mut states)?;
        Ok(states)
    }

    /// The topics that exist, without their settings.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not allow it.
    pub fn descriptions(&self, config: &Config) -> Result<TopicStates, ClusterError> {
        let names = Role::ALL.map(|role| config.topics.name(role));
        let described = librdkafka::describe_topics(self.admin.inner(), &names, self.timeout)
            .map_err(refused("the topics cannot be described"))?;
        let mut states = TopicStates::new();
        for (role, topic) in Role::ALL.into_iter().filter_map(|role| {
            described.iter().find(|topic| topic.name == config.topics.name(role)).map(|topic| (role, topic))
        }) {
            match topic.error {
                None => {
                    let (name, id) = (topic.name.clone(), topic.id.clone());
                    let partitions = topic.partitions.clone();
                    states.insert(role, TopicState { name, id, partitions, settings: BTreeMap::new() });
                }
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {}
                Some(code) => {
                    return Err(refused(format!("topic {}", topic.name))(KafkaError::AdminOp(code)));
                }
            }
        }
        Ok(states)
    }

    fn read_settings(&self, states: &mut TopicStates) -> Result<(), ClusterError> {
        if states.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = states.values().map(|state| ResourceSpecifier::Topic(&state.name)).collect();
        let found = self.settings(&wanted, "the topics' settings cannot be read")?;
        for (state, settings) in states.values_mut().zip(found) {
            state.settings = settings;
        }
        Ok(())
    }

    /// The settings of one broker.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not allow it.
    pub fn broker(&self, id: i32) -> Result<BrokerSettings, ClusterError> {
        let found =
            self.settings(&[ResourceSpecifier::Broker(id)], "the brokers' settings cannot be read")?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// The settings of these, in the same order.
    fn settings(
        &self,
        wanted: &[ResourceSpecifier<'_>],
        what: &str,
    ) -> Result<Vec<BTreeMap<String, String>>, ClusterError> {
        let answer = self.admin.describe_configs(wanted, &self.options());
        let answer = self.runtime.block_on(answer).map_err(refused(what))?;
        let mut answers: Vec<ConfigResource> = Vec::new();
        for one in answer {
            answers.push(one.map_err(|code| refused(what)(KafkaError::AdminOp(code)))?);
        }
        let of = |resource: &ConfigResource| {
            resource
                .entries
                .iter()
                .filter_map(|entry| Some((entry.name.clone(), entry.value.clone()?)))
                .collect()
        };
        let same = |resource: &ConfigResource, wanted: &ResourceSpecifier<'_>| match wanted {
            ResourceSpecifier::Topic(name) | ResourceSpecifier::Group(name) => {
                matches!(&resource.specifier, rdkafka::admin::OwnedResourceSpecifier::Topic(found) if found == name)
            }
            ResourceSpecifier::Broker(id) => {
                matches!(&resource.specifier, rdkafka::admin::OwnedResourceSpecifier::Broker(found) if found == id)
            }
        };
        let find =
            |wanted| answers.iter().find(|resource| same(resource, wanted)).map(of).unwrap_or_default();
        Ok(wanted.iter().map(find).collect())
    }

    /// Everything that preflight finds: of the cluster, its brokers, these topics, the clock.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not allow it.
    pub fn findings(&self, config: &Config, states: &TopicStates) -> Result<Vec<Finding>, ClusterError> {
        let mut found: Vec<Finding> =
            preflight::cluster_finding(config, self.brokers.len()).into_iter().collect();
        for broker in &self.brokers {
            found.extend(preflight::broker_findings(config, *broker, &self.broker(*broker)?));
        }
        found.extend(preflight::topic_findings(config, states, Layout::SAFE));
        if let Some(audit) = states.get(&Role::Audit) {
            let newest = newest_ms(config, &audit.name, audit.partitions.len(), self.timeout)?;
            let now_ms = clock::now().0 / MILLISECOND;
            found.extend(newest.and_then(|newest| preflight::clock_finding(now_ms, newest)));
        }
        Ok(found)
    }

    /// Makes one topic as it must be; one that exists is left as it is.
    ///
    /// # Errors
    /// When the cluster refuses, such as for more replicas than it has brokers.
    pub fn create(&self, config: &Config, role: Role, layout: Layout) -> Result<(), ClusterError> {
        let name = config.topics.name(role);
        let partitions = match role.partitions() {
            Partitions::Lanes => layout.lanes.and_then(|lanes| i32::try_from(lanes).ok()).unwrap_or(1),
            Partitions::One | Partitions::Any => 1,
        };
        let settings = created_with(role, layout);
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(layout.replication));
        for (setting, value) in &settings {
            topic = topic.set(setting, value);
        }
        let what = format!("topic {name} cannot be made");
        let answer =
            self.admin.create_topics([&topic], &self.options().operation_timeout(Some(self.timeout)));
        let answer = self.runtime.block_on(answer).map_err(refused(what.clone()))?;
        match answer.into_iter().next() {
            None | Some(Ok(_)) | Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(refused(what)(KafkaError::AdminOp(code))),
        }
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.timeout))
    }
}

/// The settings that a new topic gets. Fewer replicas than the required ones in sync would refuse
/// every write, so a small cluster gets what it can give; preflight names it.
fn created_with(role: Role, layout: Layout) -> Vec<(&'static str, String)> {
    let required = role.requirements(layout.audit_cleanup.unwrap_or_default());
    let value = |setting: &str, value: String| match setting {
        "min.insync.replicas" if layout.replication < 2 => "1".to_owned(),
        _ => value,
    };
    required.iter().map(|one| (one.setting, value(one.setting, one.rule.created_with()))).collect()
}

/// The time of the newest of a topic's records near the ends of its partitions, in milliseconds.
///
/// # Errors
/// When the partitions cannot be read.
pub fn newest_ms(
    config: &Config,
    topic: &str,
    count: usize,
    timeout: Duration,
) -> Result<Option<i64>, ClusterError> {
    let what = || format!("the end of {topic} cannot be read");
    let reader: BaseConsumer<Logged> = client::reader(config, Isolation::Uncommitted)
        .create_with_context(Logged)
        .map_err(refused(what()))?;
    let mut assignment = TopicPartitionList::new();
    let partitions = 0..i32::try_from(count).unwrap_or(i32::MAX);
    for partition in partitions {
        let (low, high) = reader.fetch_watermarks(topic, partition, timeout).map_err(refused(what()))?;
        // A transaction leaves one marker: the last records are a few offsets before the end.
        if high > low {
            let from = Offset::Offset(low.max(high - 16));
            assignment.add_partition_offset(topic, partition, from).map_err(refused(what()))?;
        }
    }
    let mut open = assignment.count();
    reader.assign(&assignment).map_err(refused(what()))?;
    let mut newest = None;
    while open > 0 {
        match reader.poll(timeout) {
            Some(Ok(record)) => newest = newest.max(record.timestamp().to_millis()),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(refused(what())(error)),
            None => return Ok(newest),
        }
    }
    Ok(newest)
}

/// Remembers what connections say, for the one message that explains why nobody answers.
#[derive(Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

/// As many different complaints as help.
const COMPLAINTS_MAX: usize = 3;

impl ClientContext for Heard {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        client::log_error(&error, reason);
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // "All brokers are down" is what the caller says already.
        let telling = error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown);
        let plain = reason.split(" (after ").next().unwrap_or(reason).to_owned();
        if telling && said.len() < COMPLAINTS_MAX && !said.contains(&plain) {
            said.push(plain);
        }
    }

    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Heard {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_is_not_there_is_said_to_be_unreachable_and_why() {
        let config = Config { bootstrap: "127.0.0.1:1".to_owned(), ..Config::default() };
        let error = Cluster::connect(&config, Duration::from_millis(500), Duration::from_secs(1))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("127.0.0.1:1") && error.contains("refused"), "{error}");
    }

    #[test]
    fn a_single_broker_is_not_asked_for_two_replicas_in_sync() {
        let layout = Layout { lanes: Some(1), replication: 1, audit_cleanup: None };
        let found = created_with(Role::Audit, layout);
        assert!(found.contains(&("min.insync.replicas", "1".to_owned())));
        assert!(found.contains(&("min.compaction.lag.ms", i64::MAX.to_string())));
    }
}
