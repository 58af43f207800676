//! What a cluster and its topics must be like before money depends on them.
//!
//! Pure: compares what [`super::admin`] has read with what [`super::topics`] requires, and says of
//! each difference what to do about it. It changes nothing and asks nobody. Start at
//! [`topic_findings`].

use std::collections::BTreeMap;

use super::config::Config;
use super::librdkafka::PartitionDescription;
use super::topics::{AuditCleanup, MIN_ISR, Partitions, REPLICATION, Requirement, Role};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// So it is, and may be meant so.
    Note,
    /// Worth knowing.
    Warning,
    /// A promise depends on it.
    Fault,
}

/// A difference between what is and what must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The topic, or what else is meant: `cluster`, `broker 1`, `clock`.
    pub subject: String,
    /// What of it.
    pub setting: String,
    /// What was found.
    pub is: String,
    /// What it should be.
    pub should: String,
    /// What breaks otherwise.
    pub otherwise: String,
    /// What to do.
    pub remedy: String,
    /// Whether it is forgiven, because the cluster is for development (`--dev`).
    pub waived: bool,
}

/// A topic as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicState {
    /// Its name.
    pub name: String,
    /// Its id, as Kafka prints it.
    pub id: String,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionDescription>,
    /// Its settings in force, by Kafka's names.
    pub settings: BTreeMap<String, String>,
}

/// The topics as they are; those that do not exist are missing.
pub type TopicStates = BTreeMap<Role, TopicState>;

/// How many of everything there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Partitions of the topics that have one per lane; `None` for as many as `intents` has.
    pub lanes: Option<usize>,
    /// Replicas of every partition.
    pub replication: i32,
    /// What the audit topic's cleanup policy is; `None` for either.
    pub audit_cleanup: Option<AuditCleanup>,
}

impl Layout {
    /// What preflight demands, whatever the topics were created with.
    pub const SAFE: Self = Self { lanes: None, replication: REPLICATION, audit_cleanup: None };
}

impl Finding {
    /// A fault that `--dev` does not forgive.
    pub fn fault(
        subject: impl Into<String>,
        setting: &str,
        is: impl ToString,
        should: impl ToString,
    ) -> Self {
        Self {
            severity: Severity::Fault,
            subject: subject.into(),
            setting: setting.to_owned(),
            is: is.to_string(),
            should: should.to_string(),
            otherwise: String::new(),
            remedy: String::new(),
            waived: false,
        }
    }

    /// The same, with what breaks and what to do.
    #[must_use]
    pub fn because(self, otherwise: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { otherwise: otherwise.into(), remedy: remedy.into(), ..self }
    }

    /// The same, forgiven if `dev`.
    #[must_use]
    pub fn waived_if(self, dev: bool) -> Self {
        Self { waived: dev, ..self }
    }

    /// The same, but only worth knowing.
    #[must_use]
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// The same, but as a note.
    #[must_use]
    pub fn note(self) -> Self {
        Self { severity: Severity::Note, ..self }
    }

    /// Whether preflight must refuse because of it.
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Fault && !self.waived
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { subject, setting, is, should, remedy, .. } = self;
        write!(out, "{subject}: {setting} is {is}, should be {should}; {remedy}")
    }
}

/// Every difference between the topics and what they must be.
pub fn topic_findings(config: &Config, states: &TopicStates, layout: Layout) -> Vec<Finding> {
    let lanes = layout.lanes.or_else(|| states.get(&Role::Intents).map(|state| state.partitions.len()));
    Role::ALL
        .into_iter()
        .flat_map(|role| match states.get(&role) {
            None => vec![missing(config, role)],
            Some(state) => [
                partition_finding(role, state, lanes),
                replica_finding(state, layout.replication, config.dev),
                leader_finding(state),
            ]
            .into_iter()
            .flatten()
            .chain(setting_findings(config, role, state, layout))
            .collect(),
        })
        .collect()
}

/// The first reason why no lane may run on these topics, if there is one. Counts and ids are for the
/// proof to judge, and leaders come and go.
pub fn unsafe_topic(config: &Config, states: &TopicStates) -> Option<Finding> {
    let (replication, layout) = (Layout::SAFE.replication, Layout::SAFE);
    let findings = states.iter().flat_map(|(role, state)| {
        let replicas = replica_finding(state, replication, config.dev);
        replicas.into_iter().chain(setting_findings(config, *role, state, layout))
    });
    findings.into_iter().find(Finding::refuses)
}

fn missing(config: &Config, role: Role) -> Finding {
    Finding::fault(config.topics.name(role), "topic", "missing", "there").because(
        "there is nowhere to read from or write to",
        format!("onefill init --bootstrap {} --prefix {}", config.bootstrap, config.prefix),
    )
}

fn partition_finding(role: Role, state: &TopicState, lanes: Option<usize>) -> Option<Finding> {
    let should = match role.partitions() {
        Partitions::Lanes => lanes?,
        Partitions::One => 1,
        Partitions::Any => return None,
    };
    let is = state.partitions.len();
    (is != should).then(|| {
        Finding::fault(&state.name, "partitions", is, should).because(
            "keys would lie in other partitions than their ledgers",
            "the count cannot be mended: start anew under another --prefix, see docs/OPERATING.md",
        )
    })
}

fn replica_finding(state: &TopicState, replication: i32, dev: bool) -> Option<Finding> {
    let fewest = state.partitions.iter().map(|partition| partition.replicas.len()).min()?;
    (fewest < usize::try_from(replication).ok()?).then(|| {
        Finding::fault(&state.name, "replication", fewest, format!("at least {replication}"))
            .because(
                "one broken disk loses the trail",
                format!("kafka-reassign-partitions.sh, with {replication} replicas for each partition"),
            )
            .waived_if(dev)
    })
}

/// Partitions that nobody leads, or that lack replicas in sync: they refuse writes now or soon.
fn leader_finding(state: &TopicState) -> Option<Finding> {
    let (leaderless, lagging): (Vec<_>, Vec<_>) = state
        .partitions
        .iter()
        .filter(|partition| partition.leader.is_none() || partition.isr.len() < partition.replicas.len())
        .partition(|partition| partition.leader.is_none());
    let numbers = |of: Vec<&PartitionDescription>| {
        of.iter().map(|partition| partition.partition.to_string()).collect::<Vec<_>>().join(", ")
    };
    if !leaderless.is_empty() {
        let is = format!("none for partition {}", numbers(leaderless));
        let found = Finding::fault(&state.name, "leader", is, "one for each");
        return Some(found.because("the partition cannot be read or written", "bring the brokers back"));
    }
    (!lagging.is_empty()).then(|| {
        let is = format!("incomplete for partition {}", numbers(lagging));
        Finding::fault(&state.name, "replicas in sync", is, "all")
            .because("one more broker down may stop the lane", "look after the brokers that lag or are down")
            .warning()
    })
}

fn setting_findings(config: &Config, role: Role, state: &TopicState, layout: Layout) -> Vec<Finding> {
    let deleted = state.settings.get("cleanup.policy").is_some_and(|policy| policy == "delete");
    let either = if deleted { AuditCleanup::Delete } else { AuditCleanup::Compact };
    let requirements = role.requirements(layout.audit_cleanup.unwrap_or(either));
    requirements.iter().filter_map(|required| setting_finding(config, state, required)).collect()
}

fn setting_finding(config: &Config, state: &TopicState, required: &Requirement) -> Option<Finding> {
    let is = state.settings.get(required.setting).map_or("", String::as_str);
    if required.rule.holds(is) {
        return None;
    }
    let shown = if is.is_empty() { "not known" } else { is };
    let remedy = format!(
        "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config {}={}",
        config.bootstrap,
        state.name,
        required.setting,
        required.rule.created_with(),
    );
    let found = Finding::fault(&state.name, required.setting, shown, required.rule);
    Some(found.because(required.otherwise, remedy).waived_if(config.dev && required.waived_by_dev))
}

/// Settings of a broker, as it gives them.
pub type BrokerSettings = BTreeMap<String, String>;

/// What a broker's settings mean for the router. `internal` are the settings that the cluster's own
/// topics have or would get: they hold transactions and offsets, and are as precious as the trail.
pub fn broker_findings(config: &Config, broker: i32, settings: &BrokerSettings) -> Vec<Finding> {
    let subject = format!("broker {broker}");
    let bound = |setting: &str, least: i64, most: i64, otherwise: &str, remedy: &str| {
        let is: i64 = settings.get(setting)?.parse().ok()?;
        let should = if is < least { format!("at least {least}") } else { format!("at most {most}") };
        (!(least..=most).contains(&is))
            .then(|| Finding::fault(&subject, setting, is, should).because(otherwise, remedy))
    };
    let in_broker = "set it in the brokers' configuration";
    let session = i64::from(config.session_timeout_ms);
    let transaction = i64::from(config.transaction_timeout_ms);
    let unsafe_copies =
        "the cluster's own record of offsets and transactions can be lost, and with it the cursor";
    let replicas = i64::from(REPLICATION);
    let forgiven = |found: Option<Finding>| found.map(|found| found.waived_if(config.dev));
    [
        bound(
            "transaction.max.timeout.ms",
            transaction,
            i64::MAX,
            "no lane can open",
            "raise it, or lower transaction_timeout_ms",
        ),
        bound(
            "group.min.session.timeout.ms",
            0,
            session,
            "the group refuses this member",
            "lower it, or raise --session-timeout",
        ),
        bound(
            "group.max.session.timeout.ms",
            session,
            i64::MAX,
            "the group refuses this member",
            "raise it, or lower --session-timeout",
        ),
        bound(
            "transactional.id.expiration.ms",
            2 * DAY_MS,
            i64::MAX,
            "a quiet lane loses its fence",
            in_broker,
        ),
        bound(
            "offsets.retention.minutes",
            7 * DAY_MS / 60_000,
            i64::MAX,
            "the offsets of a router that was down for long are dropped",
            in_broker,
        )
        .map(Finding::warning),
        forgiven(bound(
            "transaction.state.log.replication.factor",
            replicas,
            i64::MAX,
            unsafe_copies,
            in_broker,
        )),
        forgiven(bound("transaction.state.log.min.isr", MIN_ISR, i64::MAX, unsafe_copies, in_broker)),
        forgiven(bound("offsets.topic.replication.factor", replicas, i64::MAX, unsafe_copies, in_broker)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How many brokers there are.
pub fn cluster_finding(config: &Config, brokers: usize) -> Option<Finding> {
    (brokers < REPLICATION as usize).then(|| {
        Finding::fault("cluster", "brokers", brokers, format!("at least {REPLICATION}"))
            .because("one broken disk loses the trail", "add brokers")
            .waived_if(config.dev)
    })
}

/// This machine's clock against the newest record that the router wrote, both in milliseconds.
pub fn clock_finding(now_ms: i64, newest_ms: i64) -> Option<Finding> {
    let behind = newest_ms.saturating_sub(now_ms);
    (behind > 1_000).then(|| {
        Finding::fault("clock", "behind the newest entry", format!("{behind} ms"), "at most 1000 ms").because(
            "verdicts would carry times that did not happen",
            "synchronise the clock, with NTP or PTP",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(partition: i32, replicas: i32) -> PartitionDescription {
        let all: Vec<i32> = (1..=replicas).collect();
        PartitionDescription { partition, leader: Some(1), isr: all.clone(), replicas: all }
    }

    /// Topics as `init` creates them.
    fn made(config: &Config, lanes: i32, replicas: i32) -> TopicStates {
        let state = |role: Role| {
            let count = if role.partitions() == Partitions::Lanes { lanes } else { 1 };
            let required = role.requirements(AuditCleanup::Compact);
            TopicState {
                name: config.topics.name(role).to_owned(),
                id: "id".to_owned(),
                partitions: (0..count).map(|number| partition(number, replicas)).collect(),
                settings: required
                    .iter()
                    .map(|one| (one.setting.to_owned(), one.rule.created_with()))
                    .collect(),
            }
        };
        Role::ALL.into_iter().map(|role| (role, state(role))).collect()
    }

    fn findings(change: impl FnOnce(&mut TopicStates)) -> Vec<(String, String, String, String)> {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        change(&mut states);
        let found = topic_findings(&config, &states, Layout::SAFE);
        found.into_iter().map(|one| (one.subject, one.setting, one.is, one.should)).collect()
    }

    fn one(subject: &str, setting: &str, is: &str, should: &str) -> Vec<(String, String, String, String)> {
        vec![(subject.to_owned(), setting.to_owned(), is.to_owned(), should.to_owned())]
    }

    #[test]
    fn what_init_makes_is_safe() {
        assert_eq!(findings(|_| {}), []);
    }

    #[test]
    fn a_topic_that_is_missing_is_named() {
        let found = findings(|states| drop(states.remove(&Role::Orders)));
        assert_eq!(found, one("onefill.orders", "topic", "missing", "there"));
    }

    #[test]
    fn lanes_have_as_many_partitions_everywhere_and_control_has_one() {
        let more = |role: Role| {
            move |states: &mut TopicStates| {
                states.get_mut(&role).unwrap().partitions.push(partition(4, 3));
            }
        };
        assert_eq!(findings(more(Role::Audit)), one("onefill.audit", "partitions", "5", "4"));
        assert_eq!(findings(more(Role::Control)), one("onefill.control", "partitions", "2", "1"));
        assert_eq!(findings(more(Role::Prices)), []);
    }

    #[test]
    fn a_trail_that_can_be_cleaned_is_a_fault() {
        let found = findings(|states| {
            let audit = states.get_mut(&Role::Audit).unwrap();
            audit.settings.insert("min.compaction.lag.ms".to_owned(), "0".to_owned());
        });
        assert_eq!(found, one("onefill.audit", "min.compaction.lag.ms", "0", "9223372036854775807"));
    }

    #[test]
    fn a_deleted_trail_that_is_kept_for_ever_will_do_unless_init_says_otherwise() {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        let audit = states.get_mut(&Role::Audit).unwrap();
        for (setting, value) in
            [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")]
        {
            audit.settings.insert(setting.to_owned(), value.to_owned());
        }
        assert_eq!(topic_findings(&config, &states, Layout::SAFE), []);
        let layout = Layout { audit_cleanup: Some(AuditCleanup::Compact), ..Layout::SAFE };
        assert_eq!(topic_findings(&config, &states, layout)[0].setting, "cleanup.policy");
    }

    #[test]
    fn development_forgives_what_one_broker_cannot_have_and_nothing_else() {
        let config = Config { dev: true, ..Config::default() };
        let mut states = made(&config, 4, 1);
        for state in states.values_mut() {
            state.settings.insert("min.insync.replicas".to_owned(), "1".to_owned());
        }
        let found = topic_findings(&config, &states, Layout::SAFE);
        assert_eq!(found.len(), 14);
        assert!(found.iter().all(|one| one.waived && !one.refuses()));

        let audit = states.get_mut(&Role::Audit).unwrap();
        audit.settings.insert("cleanup.policy".to_owned(), "delete".to_owned());
        assert!(topic_findings(&config, &states, Layout::SAFE).iter().any(Finding::refuses));
    }

    #[test]
    fn a_partition_without_a_leader_is_a_fault_and_one_that_lags_a_warning() {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        states.get_mut(&Role::Intents).unwrap().partitions[2].isr = vec![1];
        let found = topic_findings(&config, &states, Layout::SAFE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        states.get_mut(&Role::Intents).unwrap().partitions[2].leader = None;
        assert!(topic_findings(&config, &states, Layout::SAFE)[0].refuses());
    }

    #[test]
    fn brokers_must_allow_the_timeouts_that_are_asked_for() {
        let settings = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let config = Config { session_timeout_ms: 3_000, ..Config::default() };
        let found = broker_findings(&config, 1, &settings("group.min.session.timeout.ms", "6000"));
        assert_eq!((found[0].is.as_str(), found[0].should.as_str()), ("6000", "at most 3000"));
        let found = broker_findings(&config, 1, &settings("transaction.max.timeout.ms", "5000"));
        assert_eq!(found[0].should, "at least 10000");
        assert_eq!(broker_findings(&config, 1, &settings("transaction.max.timeout.ms", "10000")), []);
    }

    #[test]
    fn a_clock_may_be_a_second_behind() {
        assert_eq!(clock_finding(1_000, 2_000), None);
        assert!(clock_finding(1_000, 2_001).is_some());
    }
}
