//! What is asked of a cluster, and the topics that are made on it.
//!
//! Reads and creates; never alters or deletes what exists. What the answers mean is for
//! [`super::preflight`] to say. Every call ends within its timeout.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::client::{self, Isolation, Logged};
use super::config::Config;
use super::heard::{self, Heard, Mistrust};
use super::librdkafka::{self, Acl, AclRefused};
use super::preflight::{Layout, TopicState, TopicStates};
use super::topics::{MESSAGE_BYTES_MIN, Partitions, Role};

/// A cluster that answers.
pub struct Cluster {
    admin: AdminClient<Logged>,
    runtime: tokio::runtime::Runtime,
    timeout: Duration,
    /// The brokers that are there, with their addresses.
    pub brokers: BTreeMap<i32, String>,
}

impl ClusterError {
    /// What to do about it; may be empty.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "name the brokers with --bootstrap or ONEFILL_BOOTSTRAP",
            Self::TurnedAway { .. } => "see in the brokers' own logs why they close a connection",
            Self::Untrusted { mistrust: Mistrust::Login, .. } => {
                "see that sasl.mechanism, sasl.username and the password in [kafka] are what the brokers know"
            }
            Self::Untrusted { mistrust: Mistrust::Certificate, .. } => {
                "see in [kafka] that ssl.ca.location holds the authority that signed the brokers, and that \
                 ssl.certificate.location, where they ask for one, is signed by theirs and has not expired"
            }
            Self::NoClient { .. } => {
                "see in [kafka] that each file can be read, that ssl.key.location holds the key of \
                 ssl.certificate.location, and ssl.key.password.file its password, where it has one"
            }
            Self::NoAuthorizer => {
                "set authorizer.class.name on every broker and controller first, see docs/OPERATING.md; without one \
                 the router needs no rights"
            }
            Self::NotGranting { .. } => {
                "call it with the login of an administrator, who may Alter the cluster (--config); or have one run \
                 the commands that --dry-run prints"
            }
            Self::Refused { .. } | Self::Unsettled { .. } => "",
        }
    }
}

/// As a client is told it.
fn address(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
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
    /// Brokers closed each connection as soon as it was secured, and did not say why.
    #[error(
        "the brokers at {bootstrap} close connections right after the TLS handshake; if they ask for a certificate, \
         ssl.certificate.location and ssl.key.location in [kafka] name it: {reason}"
    )]
    TurnedAway {
        /// Where.
        bootstrap: String,
        /// What the connections said.
        reason: String,
    },
    /// Brokers answered, and one side does not trust the other.
    #[error("the brokers at {bootstrap} and this process do not trust each other: {reason}")]
    Untrusted {
        /// Where.
        bootstrap: String,
        /// What the connections said.
        reason: String,
        /// Who does not trust whom.
        mistrust: Mistrust,
    },
    /// No broker was asked: what is configured, and the files that it names, make no client.
    #[error("a client cannot be made: {reason}")]
    NoClient {
        /// What librdkafka does not take.
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
    /// Nobody is asked what he may do.
    #[error("rights cannot be granted: the brokers have no authorizer, so that everybody may do everything")]
    NoAuthorizer,
    /// Whoever asks must not grant anything.
    #[error("rights cannot be granted: {reason}")]
    NotGranting {
        /// The broker's words.
        reason: String,
    },
    /// What a group has committed may still be taken back.
    #[error("group {group}: a transaction is open on its offsets of partition {partition}")]
    Unsettled {
        /// The group.
        group: String,
        /// The partition of its topics.
        partition: i32,
    },
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn no_client(error: KafkaError) -> ClusterError {
    ClusterError::NoClient { reason: error.to_string() }
}

pub(super) fn refused(what: impl Into<String>) -> impl FnOnce(KafkaError) -> ClusterError {
    let what = what.into();
    move |error| ClusterError::Refused { what, reason: error.to_string() }
}

impl Cluster {
    /// Asks the brokers who they are, for as long as `reaching`; each later answer may take `timeout`.
    ///
    /// # Errors
    /// [`ClusterError::Unreachable`] when none has answered in time, with what the connections said, or
    /// [`ClusterError::Untrusted`] or [`ClusterError::TurnedAway`]; [`ClusterError::NoClient`].
    pub fn connect(config: &Config, reaching: Duration, timeout: Duration) -> Result<Self, ClusterError> {
        let heard = Heard::default();
        let probe: BaseConsumer<Heard> = client::reader(config, Isolation::Uncommitted)
            .and_then(|client| client.create_with_context(heard.clone()))
            .map_err(no_client)?;
        let metadata = probe.fetch_metadata(None, reaching).map_err(|_| {
            heard::listen(&probe);
            let (bootstrap, reason) = (config.bootstrap.clone(), heard.complaints());
            match heard.mistrust() {
                Some(mistrust) => ClusterError::Untrusted { bootstrap, reason, mistrust },
                None if heard.is_turned_away() => ClusterError::TurnedAway { bootstrap, reason },
                None => ClusterError::Unreachable { bootstrap, reason },
            }
        })?;
        let brokers = metadata.brokers().iter();
        let brokers = brokers.map(|broker| (broker.id(), address(broker.host(), broker.port()))).collect();
        let admin =
            client::admin(config).and_then(|client| client.create_with_context(Logged)).map_err(no_client)?;
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
        self.descriptions_of(config, &Role::ALL)
    }

    /// The same of these topics alone: for whoever may know of no others.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not allow it.
    pub fn descriptions_of(&self, config: &Config, roles: &[Role]) -> Result<TopicStates, ClusterError> {
        let names: Vec<&str> = roles.iter().map(|role| config.topics.name(*role)).collect();
        let described = librdkafka::describe_topics(self.admin.inner(), &names, self.timeout)
            .map_err(refused("the topics cannot be described"))?;
        let mut states = TopicStates::new();
        for (role, topic) in roles.iter().copied().filter_map(|role| {
            described.iter().find(|topic| topic.name == config.topics.name(role)).map(|topic| (role, topic))
        }) {
            match topic.error {
                None => drop(states.insert(role, TopicState::of(topic))),
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
        let ask = || self.settings(&wanted, "the topics' settings cannot be read");
        let found =
            once_known(ask, |found| found.as_ref().is_ok_and(|found| found.iter().any(BTreeMap::is_empty)))?;
        for (state, settings) in states.values_mut().zip(found) {
            state.settings = settings;
        }
        Ok(())
    }

    /// The settings of these topics, in the same order.
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
        let same = |resource: &&ConfigResource, wanted: &ResourceSpecifier<'_>| match (
            &resource.specifier,
            wanted,
        ) {
            (OwnedResourceSpecifier::Topic(found), ResourceSpecifier::Topic(name)) => found == name,
            _ => false,
        };
        let find = |wanted| answers.iter().find(|resource| same(resource, wanted)).map(entries);
        Ok(wanted.iter().map(|wanted| find(wanted).unwrap_or_default()).collect())
    }

    /// The settings of these, each for itself: one that is refused hides no other, and shows none.
    pub(super) fn settings_each(
        &self,
        wanted: &[ResourceSpecifier<'_>],
        wait: Duration,
    ) -> Vec<KafkaResult<BTreeMap<String, String>>> {
        let is_empty = |one: &KafkaResult<BTreeMap<_, _>>| one.as_ref().is_ok_and(BTreeMap::is_empty);
        once_known(|| self.ask_settings_each(wanted, wait), |found| found.iter().any(is_empty))
    }

    /// The same, asked once: what is not known yet, or not to be known, shows none.
    pub(super) fn ask_settings_each(
        &self,
        wanted: &[ResourceSpecifier<'_>],
        wait: Duration,
    ) -> Vec<KafkaResult<BTreeMap<String, String>>> {
        let options = AdminOptions::new().request_timeout(Some(wait));
        // All are under way before the first is waited for.
        let asked: Vec<_> = wanted
            .iter()
            .map(|one| self.admin.describe_configs(std::slice::from_ref(one), &options))
            .collect();
        let answers = asked.into_iter().map(|answer| self.runtime.block_on(answer));
        let only = |answer: KafkaResult<Vec<_>>| match answer?.into_iter().next() {
            Some(Ok(resource)) => Ok(entries(&resource)),
            Some(Err(code)) => Err(KafkaError::AdminOp(code)),
            None => Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail)),
        };
        answers.map(only).collect()
    }

    /// The client, for requests of other kinds.
    pub fn client(&self) -> &Client<Logged> {
        self.admin.inner()
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

    /// Makes those of these ACLs that are not there yet, and returns them.
    ///
    /// # Errors
    /// When there is no authorizer, or it does not let this client do so.
    pub fn grant(&self, wanted: &[Acl]) -> Result<Vec<Acl>, ClusterError> {
        let what = "rights cannot be granted";
        let principals: BTreeSet<&str> = wanted.iter().map(|acl| acl.principal.as_str()).collect();
        let mut held = BTreeSet::new();
        for principal in principals {
            let found = librdkafka::acls_of(self.client(), principal, self.timeout);
            held.extend(found.map_err(refused(what))?);
        }
        let missing: Vec<Acl> = wanted.iter().filter(|acl| !held.contains(acl)).cloned().collect();
        if missing.is_empty() {
            return Ok(missing);
        }
        let made = librdkafka::create_acls(self.client(), &missing, self.timeout).map_err(refused(what))?;
        let count = made.len();
        match made.into_iter().find_map(Result::err) {
            None if count < missing.len() => Err(ClusterError::Refused {
                what: what.to_owned(),
                reason: format!("{count} of {} were answered", missing.len()),
            }),
            None => Ok(missing),
            Some(refusal) => Err(not_granted(refusal)),
        }
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.timeout))
    }
}

fn not_granted(AclRefused { code, reason }: AclRefused) -> ClusterError {
    match code {
        RDKafkaErrorCode::SecurityDisabled => ClusterError::NoAuthorizer,
        RDKafkaErrorCode::ClusterAuthorizationFailed => ClusterError::NotGranting { reason },
        code => {
            let what = "rights cannot be granted".to_owned();
            ClusterError::Refused { what, reason: format!("{reason} ({code})") }
        }
    }
}

/// What is set, by Kafka's names; secrets and what has no value are left out.
fn entries(resource: &ConfigResource) -> BTreeMap<String, String> {
    let entries = resource.entries.iter();
    entries.filter_map(|entry| Some((entry.name.clone(), entry.value.clone()?))).collect()
}

/// An answer that lacks nothing, or what is answered in the end: a broker may show no settings of a topic
/// because it was made a moment ago, elsewhere.
fn once_known<T>(ask: impl Fn() -> T, lacks: impl Fn(&T) -> bool) -> T {
    let until = Instant::now() + KNOWN_AFTER_MAX;
    loop {
        let found = ask();
        if !lacks(&found) || Instant::now() >= until {
            return found;
        }
        thread::sleep(ASKED_EVERY);
    }
}

/// How long a topic that was made may be unknown to some brokers.
const KNOWN_AFTER_MAX: Duration = Duration::from_secs(3);
/// How often it is asked for meanwhile.
const ASKED_EVERY: Duration = Duration::from_millis(200);

/// The settings that a new topic gets. Fewer replicas than the required ones in sync would refuse
/// every write, so a small cluster gets what it can give; preflight names it. Inputs take no larger
/// records than their answers have room for.
fn created_with(role: Role, layout: Layout) -> Vec<(&'static str, String)> {
    let required = role.requirements(layout.audit_cleanup.unwrap_or_default());
    let value = |setting: &str, value: String| match setting {
        "min.insync.replicas" if layout.replication < 2 => "1".to_owned(),
        _ => value,
    };
    let required = required.iter().map(|one| (one.setting, value(one.setting, one.rule.created_with())));
    let is_input = matches!(role, Role::Intents | Role::Executions | Role::Control);
    required.chain(is_input.then(|| ("max.message.bytes", MESSAGE_BYTES_MIN.to_string()))).collect()
}

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
