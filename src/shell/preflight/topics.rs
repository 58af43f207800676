//! The router's topics: what they are, against what they must be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Finding};
use crate::shell::config::Config;
use crate::shell::librdkafka::{PartitionDescription, TopicDescription};
use crate::shell::topics::{
    AuditCleanup, MESSAGE_BYTES, MESSAGE_BYTES_MIN, Partitions, REPLICATION, Requirement, Role,
};

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

impl TopicState {
    /// A topic as it was described, its settings not yet read.
    pub fn of(described: &TopicDescription) -> Self {
        let TopicDescription { name, id, partitions, .. } = described.clone();
        Self { name, id, partitions, settings: BTreeMap::new() }
    }

    /// A setting that is a number; `None` where it is none, or not known.
    pub fn number(&self, setting: &str) -> Option<i64> {
        self.settings.get(setting)?.parse().ok()
    }
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

/// What an answer takes beside the key of the record that it answers: 64 KiB of its value in
/// `quarantine`, names, headers and framing.
const ROOM_BYTES: i64 = 128 * 1024;

/// Topics of which a part could not be read: findings of their own say so, and nothing is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Nothing is known of these, not even whether they exist.
    pub whole: BTreeSet<String>,
    /// The settings of these are not known.
    pub settings: BTreeSet<String>,
}

/// Every difference between the topics and what they must be.
pub fn topic_findings(config: &Config, states: &TopicStates, layout: Layout) -> Vec<Finding> {
    let found = judged_topics(config, states, layout, &Hidden::default());
    found.into_iter().map(|finding| finding.judged(config)).collect()
}

/// The same, of topics that were not all shown, and before anything is forgiven.
pub(super) fn judged_topics(
    config: &Config,
    states: &TopicStates,
    layout: Layout,
    hidden: &Hidden,
) -> Vec<Finding> {
    let lanes = layout.lanes.or_else(|| states.get(&Role::Intents).map(|state| state.partitions.len()));
    let of_role = |role: Role| {
        let name = config.topics.name(role);
        match states.get(&role) {
            None if hidden.whole.contains(name) => Vec::new(),
            None => vec![missing(config, role)],
            Some(state) => {
                let replicas = replica_finding(state, layout.replication);
                let mut found: Vec<Finding> =
                    partition_finding(role, state, lanes).into_iter().chain(replicas).collect();
                found.extend(leader_finding(state));
                if !hidden.settings.contains(name) {
                    found.extend(setting_findings(config, role, state, layout));
                }
                found
            }
        }
    };
    let mut found: Vec<Finding> = Role::ALL.into_iter().flat_map(of_role).collect();
    found.extend(room_findings(config, states));
    found
}

/// The first reason why no lane may run on these topics, if there is one. Counts and ids are for the
/// proof to judge, and leaders come and go.
pub fn unsafe_topic(config: &Config, states: &TopicStates) -> Option<Finding> {
    let findings = states.iter().flat_map(|(role, state)| {
        let replicas = replica_finding(state, Layout::SAFE.replication);
        replicas.into_iter().chain(setting_findings(config, *role, state, Layout::SAFE))
    });
    findings.map(|finding| finding.judged(config)).find(Finding::refuses)
}

fn missing(config: &Config, role: Role) -> Finding {
    Finding::of(Code::TopicMissing, config.topics.name(role), "topic", "missing", "there").because(
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
        Finding::of(Code::PartitionCount, &state.name, "partitions", is, should).because(
            "keys would lie in other partitions than their ledgers",
            "the count cannot be mended: start anew under another --prefix, see docs/OPERATING.md",
        )
    })
}

pub(super) fn replica_finding(state: &TopicState, replication: i32) -> Option<Finding> {
    let fewest = state.partitions.iter().map(|partition| partition.replicas.len()).min()?;
    (fewest < usize::try_from(replication).ok()?).then(|| {
        Finding::of(Code::Replication, &state.name, "replication", fewest, format!("at least {replication}"))
            .because(
                "one broken disk loses records that were acknowledged",
                format!("kafka-reassign-partitions.sh, with {replication} replicas for each partition"),
            )
    })
}

/// Partitions that nobody leads, or that lack replicas in sync: they refuse writes now or soon.
pub(super) fn leader_finding(state: &TopicState) -> Option<Finding> {
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
        let found = Finding::of(Code::LeaderMissing, &state.name, "leader", is, "one for each");
        return Some(found.because("the partition cannot be read or written", "bring the brokers back"));
    }
    (!lagging.is_empty()).then(|| {
        let is = format!("incomplete for partition {}", numbers(lagging));
        Finding::of(Code::ReplicasLagging, &state.name, "replicas in sync", is, "all")
            .because("one more broker down may stop the lane", "look after the brokers that lag or are down")
    })
}

fn setting_findings(config: &Config, role: Role, state: &TopicState, layout: Layout) -> Vec<Finding> {
    let deleted = state.settings.get("cleanup.policy").is_some_and(|policy| policy == "delete");
    let either = if deleted { AuditCleanup::Delete } else { AuditCleanup::Compact };
    let requirements = role.requirements(layout.audit_cleanup.unwrap_or(either));
    requirements.iter().filter_map(|required| setting_finding(config, state, required)).collect()
}

/// A setting that is not as required; one that is not known is none that is safe.
pub(super) fn setting_finding(
    config: &Config,
    state: &TopicState,
    required: &Requirement,
) -> Option<Finding> {
    let is = state.settings.get(required.setting).map_or("", String::as_str);
    if required.rule.holds(is) {
        return None;
    }
    let shown = if is.is_empty() { "not known" } else { is };
    let code = code_of(required.setting);
    let remedy = alter(config, &state.name, required.setting, &required.rule.created_with());
    Some(
        Finding::of(code, &state.name, required.setting, shown, required.rule)
            .because(required.otherwise, remedy),
    )
}

/// What a setting of a topic that is not as required is called.
fn code_of(setting: &str) -> Code {
    match setting {
        "min.insync.replicas" => Code::MinIsr,
        "unclean.leader.election.enable" => Code::UncleanElection,
        "cleanup.policy" => Code::CleanupPolicy,
        "max.message.bytes" => Code::RecordSize,
        "retention.ms" | "retention.bytes" => Code::Retention,
        _ => Code::Compaction,
    }
}

/// The command that gives a topic this setting.
fn alter(config: &Config, topic: &str, setting: &str, value: &str) -> String {
    format!(
        "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {topic} --add-config {setting}={value}",
        config.bootstrap
    )
}

/// An answer repeats the key of the record that it answers, so it must have room for the largest.
fn room_findings(config: &Config, states: &TopicStates) -> Vec<Finding> {
    const SETTING: &str = "max.message.bytes";
    const OTHERWISE: &str = "a record with so long a key can never be answered, and its lane stands still";
    let size = |role: Role| {
        let state = states.get(&role)?;
        Some((state.name.as_str(), state.number(SETTING)?))
    };
    let most = MESSAGE_BYTES - ROOM_BYTES;
    let inputs: Vec<_> =
        [Role::Intents, Role::Executions, Role::Control].into_iter().filter_map(size).collect();
    let largest = inputs.iter().map(|(_, bytes)| *bytes).filter(|bytes| *bytes <= most).max();
    let mut found = Vec::new();
    for (name, bytes) in inputs.iter().filter(|(_, bytes)| *bytes > most) {
        let remedy = alter(config, name, SETTING, &MESSAGE_BYTES_MIN.to_string());
        let one = Finding::of(Code::RecordRoom, *name, SETTING, bytes, format!("at most {most}"));
        found.push(one.because(OTHERWISE, remedy));
    }
    let outputs = [Role::Audit, Role::Quarantine].into_iter().filter_map(size);
    // What is below the bound of all is a finding already.
    for (name, bytes) in outputs.filter(|(_, bytes)| *bytes >= MESSAGE_BYTES_MIN) {
        let Some(least) = largest.map(|input| input + ROOM_BYTES).filter(|least| bytes < *least) else {
            continue;
        };
        let remedy = alter(config, name, SETTING, &MESSAGE_BYTES.to_string());
        let one = Finding::of(Code::RecordRoom, name, SETTING, bytes, format!("at least {least}"));
        found.push(one.because(OTHERWISE, remedy));
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::shell::preflight::Severity;

    pub fn partition(partition: i32, replicas: i32) -> PartitionDescription {
        let all: Vec<i32> = (1..=replicas).collect();
        PartitionDescription { partition, leader: Some(1), isr: all.clone(), replicas: all }
    }

    /// Topics as `init` creates them.
    pub fn made(config: &Config, lanes: i32, replicas: i32) -> TopicStates {
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

    fn set(states: &mut TopicStates, role: Role, setting: &str, value: &str) {
        let state = states.get_mut(&role).unwrap();
        state.settings.insert(setting.to_owned(), value.to_owned());
    }

    fn findings(change: impl FnOnce(&mut TopicStates)) -> Vec<[String; 4]> {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        change(&mut states);
        let found = topic_findings(&config, &states, Layout::SAFE);
        found.into_iter().map(|one| [one.code.to_owned(), one.subject, one.is, one.should]).collect()
    }

    #[test]
    fn what_init_makes_is_safe() {
        assert_eq!(findings(|_| {}), [[""; 4]; 0]);
    }

    #[test]
    fn a_topic_that_is_missing_is_named() {
        let found = findings(|states| drop(states.remove(&Role::Orders)));
        assert_eq!(found, [["topic-missing", "onefill.orders", "missing", "there"]]);
    }

    #[test]
    fn what_was_not_shown_is_not_guessed() {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        states.remove(&Role::Orders);
        states.get_mut(&Role::Audit).unwrap().settings.clear();
        let name = |role| BTreeSet::from([config.topics.name(role).to_owned()]);
        let hidden = Hidden { whole: name(Role::Orders), settings: name(Role::Audit) };
        assert_eq!(judged_topics(&config, &states, Layout::SAFE, &hidden), []);
        // A lane that is to run on it takes what is not known for unsafe.
        assert_eq!(unsafe_topic(&config, &states).unwrap().is, "not known");
    }

    #[test]
    fn lanes_have_as_many_partitions_everywhere_and_control_has_one() {
        let more = |role: Role| {
            move |states: &mut TopicStates| {
                states.get_mut(&role).unwrap().partitions.push(partition(4, 3));
            }
        };
        assert_eq!(findings(more(Role::Audit)), [["partition-count", "onefill.audit", "5", "4"]]);
        assert_eq!(findings(more(Role::Control)), [["partition-count", "onefill.control", "2", "1"]]);
        assert_eq!(findings(more(Role::Prices)), [[""; 4]; 0]);
    }

    #[test]
    fn each_setting_has_its_name() {
        let never = "9223372036854775807";
        for (role, setting, value, code, should) in [
            (Role::Audit, "min.compaction.lag.ms", "0", "compaction", never),
            (Role::Audit, "max.compaction.lag.ms", "1", "compaction", never),
            (Role::Audit, "delete.retention.ms", "1", "compaction", "at least 3155760000000"),
            (Role::Intents, "cleanup.policy", "compact", "cleanup-policy", "delete"),
            (Role::Intents, "retention.ms", "1", "retention", "at least 604800000, or -1"),
            (Role::Orders, "retention.bytes", "1", "retention", "-1"),
            (Role::Orders, "max.message.bytes", "1", "record-size", "at least 1048576"),
            (Role::Control, "min.insync.replicas", "1", "min-isr", "at least 2"),
            (Role::Prices, "unclean.leader.election.enable", "true", "unclean-election", "false"),
        ] {
            let name = Config::default().topics.name(role).to_owned();
            let found = findings(|states| set(states, role, setting, value));
            assert_eq!(found, [[code, &name, value, should]], "{setting}");
        }
    }

    #[test]
    fn a_deleted_trail_that_is_kept_for_ever_will_do_unless_init_says_otherwise() {
        let config = Config::default();
        let mut states = made(&config, 4, 3);
        for (setting, value) in
            [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")]
        {
            set(&mut states, Role::Audit, setting, value);
        }
        assert_eq!(topic_findings(&config, &states, Layout::SAFE), []);
        let layout = Layout { audit_cleanup: Some(AuditCleanup::Compact), ..Layout::SAFE };
        assert_eq!(topic_findings(&config, &states, layout)[0].setting, "cleanup.policy");
    }

    #[test]
    fn development_forgives_what_one_broker_cannot_have_and_nothing_else() {
        let config = Config { dev: true, ..Config::default() };
        let mut states = made(&config, 4, 1);
        for role in Role::ALL {
            set(&mut states, role, "min.insync.replicas", "1");
        }
        let found = topic_findings(&config, &states, Layout::SAFE);
        assert_eq!(found.len(), 14);
        assert!(found.iter().all(|one| one.waived && !one.refuses()));

        set(&mut states, Role::Audit, "cleanup.policy", "delete");
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
        let found = topic_findings(&config, &states, Layout::SAFE);
        assert!(found[0].refuses() && found[0].may_pass());
    }

    #[test]
    fn an_answer_has_room_for_the_longest_key() {
        let room = |intents: &str, audit: &str| {
            findings(|states| {
                set(states, Role::Intents, "max.message.bytes", intents);
                set(states, Role::Audit, "max.message.bytes", audit);
            })
        };
        // What `init` makes, beside inputs of Kafka's own default.
        assert_eq!(room("1048588", "2097152"), [[""; 4]; 0]);
        let short = ["record-room", "onefill.audit", "1048576", "at least 1179660"];
        assert_eq!(room("1048588", "1048576"), [short]);
        assert_eq!(room("1048588", "1179660"), [[""; 4]; 0]);
        // More than a producer sends at all.
        let long = ["record-room", "onefill.intents", "1966081", "at most 1966080"];
        assert_eq!(room("1966081", "1048576"), [long]);
        // One finding of a topic is enough.
        assert_eq!(room("1048588", "1048575")[0][0], "record-size");
        assert_eq!(room("1048588", "1048575").len(), 1);
    }
}
