//! The brokers: how many there are, and what they allow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Finding};
use crate::shell::config::Config;
use crate::shell::topics::REPLICATION;

/// Settings of a broker, as it gives them.
pub type BrokerSettings = BTreeMap<String, String>;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const IN_BROKER: &str = "set it in the brokers' configuration";

/// How many brokers there are: those that answer, and those that hold replicas while they are down.
pub fn cluster_finding(known: &BTreeSet<i32>) -> Option<Finding> {
    (known.len() < REPLICATION as usize).then(|| {
        let should = format!("at least {REPLICATION}");
        Finding::of(Code::BrokersFew, "cluster", "brokers", known.len(), should)
            .because("one broken disk loses the trail", "add brokers")
    })
}

/// What a broker's settings mean for the router.
pub fn broker_findings(config: &Config, broker: i32, settings: &BrokerSettings) -> Vec<Finding> {
    let subject = format!("broker {broker}");
    let bound = |code, setting: &str, least: i64, most: i64, otherwise: &str, remedy: &str| {
        let is: i64 = settings.get(setting)?.parse().ok()?;
        let should = if is < least { format!("at least {least}") } else { format!("at most {most}") };
        (!(least..=most).contains(&is))
            .then(|| Finding::of(code, &subject, setting, is, should).because(otherwise, remedy))
    };
    let at_least =
        |code, setting, least, otherwise, remedy| bound(code, setting, least, i64::MAX, otherwise, remedy);
    let session = i64::from(config.session_timeout_ms);
    let transaction = i64::from(config.transaction_timeout_ms);
    let refuses = "the group refuses this member";
    let protocols = "group.coordinator.rebalance.protocols";
    let classic = settings.get(protocols).is_none_or(|all| all.split(',').any(|one| one.trim() == "classic"));
    let unspoken = (!classic).then(|| {
        Finding::of(Code::GroupProtocol, &subject, protocols, &settings[protocols], "classic among them")
            .because("the router cannot join its group", IN_BROKER)
    });
    [
        at_least(
            Code::TransactionTimeout,
            "transaction.max.timeout.ms",
            transaction,
            "no lane can open",
            "raise it, or lower transaction_timeout_ms",
        ),
        bound(
            Code::SessionTimeout,
            "group.min.session.timeout.ms",
            0,
            session,
            refuses,
            "lower it, or raise --session-timeout",
        ),
        at_least(
            Code::SessionTimeout,
            "group.max.session.timeout.ms",
            session,
            refuses,
            "raise it, or lower --session-timeout",
        ),
        at_least(
            Code::IdExpiration,
            "transactional.id.expiration.ms",
            2 * DAY_MS,
            "a quiet lane loses its fence",
            IN_BROKER,
        ),
        at_least(
            Code::OffsetRetention,
            "offsets.retention.minutes",
            7 * DAY_MS / 60_000,
            "the offsets of a router that was down for long are dropped",
            IN_BROKER,
        ),
        unspoken,
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::preflight::Severity;

    fn found(config: &Config, setting: &str, value: &str) -> Vec<Finding> {
        broker_findings(config, 1, &BTreeMap::from([(setting.to_owned(), value.to_owned())]))
    }

    #[test]
    fn two_brokers_are_too_few_wherever_the_third_is() {
        assert_eq!(cluster_finding(&BTreeSet::from([1, 2])).unwrap().is, "2");
        assert_eq!(cluster_finding(&BTreeSet::from([1, 2, 3])), None);
    }

    #[test]
    fn brokers_must_allow_the_timeouts_that_are_asked_for() {
        let config = Config { session_timeout_ms: 3_000, ..Config::default() };
        for (setting, value, code, should) in [
            ("group.min.session.timeout.ms", "6000", "session-timeout", "at most 3000"),
            ("group.max.session.timeout.ms", "2999", "session-timeout", "at least 3000"),
            ("transaction.max.timeout.ms", "5000", "transaction-timeout", "at least 10000"),
            ("transactional.id.expiration.ms", "86400000", "id-expiration", "at least 172800000"),
            ("offsets.retention.minutes", "1440", "offset-retention", "at least 10080"),
        ] {
            let one = found(&config, setting, value);
            let told = (one.len(), one[0].code, one[0].is.as_str(), one[0].should.as_str());
            assert_eq!(told, (1, code, value, should), "{setting}");
        }
        assert_eq!(found(&config, "offsets.retention.minutes", "1")[0].severity, Severity::Warning);
        assert_eq!(found(&config, "transaction.max.timeout.ms", "10000"), []);
    }

    #[test]
    fn the_classic_group_protocol_must_be_spoken() {
        let protocols = |all| found(&Config::default(), "group.coordinator.rebalance.protocols", all);
        assert_eq!(protocols("consumer,streams")[0].code, "group-protocol");
        assert_eq!(protocols("consumer, classic"), []);
    }
}
