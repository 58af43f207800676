//! Kafka's own topics: they hold offsets and transactions, and are as precious as the trail.

use std::collections::BTreeMap;

use super::topics::{TopicState, leader_finding, replica_finding, setting_finding};
use super::{BrokerSettings, Code, Finding};
use crate::shell::config::Config;
use crate::shell::topics::{MIN_ISR, REPLICATION, Requirement, Rule, require};

/// The topics of the group's offsets and of transactions.
pub const INTERNAL: [&str; 2] = ["__consumer_offsets", "__transaction_state"];

const LOST: &str = "the cluster's own record of offsets and transactions can be lost, and with it the cursor";

const REQUIRED: [Requirement; 3] = [
    require("cleanup.policy", Rule::Is("compact"), "offsets and transactions are deleted when they get old"),
    require("min.insync.replicas", Rule::AtLeast(MIN_ISR, MIN_ISR), LOST),
    require("unclean.leader.election.enable", Rule::Is("false"), LOST),
];

/// What Kafka's own topics are, those of them that exist.
pub(super) fn internal_findings(config: &Config, states: &BTreeMap<String, TopicState>) -> Vec<Finding> {
    let of_one = |state: &TopicState| {
        let settings = REQUIRED.iter().filter(|_| !state.settings.is_empty());
        let settings = settings.filter_map(|one| setting_finding(config, state, one));
        let places = [replica_finding(state, REPLICATION), leader_finding(state)];
        places.into_iter().flatten().chain(settings).collect::<Vec<_>>()
    };
    states.values().flat_map(of_one).collect()
}

/// What those that do not exist yet would be when they are made.
pub(super) fn default_findings(
    broker: i32,
    settings: &BrokerSettings,
    states: &BTreeMap<String, TopicState>,
) -> Vec<Finding> {
    let (replicas, off) = (Rule::AtLeast(i64::from(REPLICATION), i64::from(REPLICATION)), Rule::Is("false"));
    let in_sync = Rule::AtLeast(MIN_ISR, MIN_ISR);
    let [offsets, transactions] = INTERNAL;
    let defaults = [
        (offsets, "offsets.topic.replication.factor", replicas),
        (offsets, "min.insync.replicas", in_sync),
        (offsets, "unclean.leader.election.enable", off),
        (transactions, "transaction.state.log.replication.factor", replicas),
        (transactions, "transaction.state.log.min.isr", in_sync),
    ];
    let absent = defaults.iter().filter(|(topic, _, _)| !states.contains_key(*topic));
    let unsafe_ones = absent.filter_map(|(topic, setting, rule)| {
        let is = settings.get(*setting).filter(|is| !rule.holds(is))?;
        let remedy = format!("set it in the brokers' configuration, before {topic} is made");
        let found = Finding::of(Code::InternalDefaults, format!("broker {broker}"), setting, is, rule);
        Some(found.because(LOST, remedy))
    });
    unsafe_ones.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::preflight::topics::tests::partition;

    fn state(name: &str, replicas: i32) -> TopicState {
        TopicState {
            name: name.to_owned(),
            id: String::new(),
            partitions: (0..2).map(|number| partition(number, replicas)).collect(),
            settings: REQUIRED.iter().map(|one| (one.setting.to_owned(), one.rule.created_with())).collect(),
        }
    }

    fn found(change: impl FnOnce(&mut TopicState)) -> Vec<(&'static str, String)> {
        let mut offsets = state(INTERNAL[0], 3);
        change(&mut offsets);
        let states = BTreeMap::from([(offsets.name.clone(), offsets)]);
        let found = internal_findings(&Config::default(), &states);
        found.into_iter().map(|one| (one.code, one.is)).collect()
    }

    fn changed(setting: &str, value: &str) -> Vec<(&'static str, String)> {
        found(|state| drop(state.settings.insert(setting.to_owned(), value.to_owned())))
    }

    #[test]
    fn they_are_judged_as_they_are() {
        assert_eq!(found(|_| {}), []);
        assert_eq!(changed("min.insync.replicas", "1"), [("min-isr", "1".to_owned())]);
        assert_eq!(
            changed("unclean.leader.election.enable", "true"),
            [("unclean-election", "true".to_owned())]
        );
        assert_eq!(changed("cleanup.policy", "delete"), [("cleanup-policy", "delete".to_owned())]);
        let fewer = found(|state| state.partitions[1].replicas.truncate(1));
        assert_eq!(fewer, [("replication", "1".to_owned())]);
        let nobody = found(|state| state.partitions[1].leader = None);
        assert_eq!(nobody, [("leader-missing", "none for partition 1".to_owned())]);
    }

    #[test]
    fn what_was_not_shown_is_not_guessed() {
        assert_eq!(found(|state| state.settings.clear()), []);
    }

    #[test]
    fn defaults_count_only_for_what_is_not_there_yet() {
        let weak = [
            ("offsets.topic.replication.factor", "1"),
            ("min.insync.replicas", "1"),
            ("unclean.leader.election.enable", "true"),
            ("transaction.state.log.replication.factor", "2"),
            ("transaction.state.log.min.isr", "1"),
        ];
        let settings = weak.map(|(setting, value)| (setting.to_owned(), value.to_owned())).into();
        let named = |states: &BTreeMap<_, _>| {
            let found = default_findings(1, &settings, states);
            assert!(found.iter().all(|one| one.code == "internal-defaults"));
            found.into_iter().map(|one| one.setting).collect::<Vec<_>>()
        };
        let one = |name: &str| (name.to_owned(), state(name, 3));
        assert_eq!(named(&BTreeMap::new()), weak.map(|(setting, _)| setting));
        assert_eq!(
            named(&BTreeMap::from([one(INTERNAL[0])])),
            weak[3..].iter().map(|one| one.0).collect::<Vec<_>>()
        );
        assert_eq!(named(&INTERNAL.map(one).into()), [""; 0]);
    }
}
