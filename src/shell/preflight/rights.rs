//! What the router must be allowed to do, against what it may.
//!
//! Brokers say of each topic and group what the client that asks may do with it. A cluster without
//! an authorizer says everything. Of transactional ids there is no such list: one beside the lanes' is
//! tried.

use std::collections::BTreeSet;

use super::{Code, Finding, Party};
use crate::shell::config::Config;
use crate::shell::librdkafka::{Operation, Resource};
use crate::shell::survey::Survey;

impl Resource {
    /// What stands for it in a finding.
    pub fn subject(&self) -> String {
        match self {
            Self::Topic(name) => name.clone(),
            Self::Group(name) => format!("group {name}"),
            Self::TransactionalIds(beginning) => format!("transactional ids {beginning}*"),
            Self::Cluster => "cluster".to_owned(),
        }
    }

    fn flags(&self) -> String {
        match self {
            Self::Topic(name) => format!("--topic {}", quoted(name)),
            Self::Group(name) => format!("--group {}", quoted(name)),
            Self::TransactionalIds(beginning) => {
                format!("--transactional-id {} --resource-pattern-type prefixed", quoted(beginning))
            }
            Self::Cluster => "--cluster".to_owned(),
        }
    }

    fn otherwise(&self) -> &'static str {
        match self {
            Self::Topic(_) => "a lane cannot be proved, or cannot answer",
            Self::Group(_) => "the router cannot join its group, or not commit its offsets",
            Self::TransactionalIds(_) => "no lane can open",
            Self::Cluster => "what the brokers allow is not known",
        }
    }
}

/// Every right that lacks.
pub(super) fn right_findings(config: &Config, survey: &Survey) -> Vec<Finding> {
    let lacking = |(resource, needed): (Resource, BTreeSet<Operation>)| {
        // What was not said is not judged: that there was no answer is a finding of its own.
        let held = survey.rights.get(&resource)?;
        let missing: BTreeSet<_> = needed.difference(held).copied().collect();
        (!missing.is_empty()).then(|| {
            let without = format!("without {}", listed(&missing));
            let found =
                Finding::of(Code::RightMissing, resource.subject(), "rights", without, listed(&needed));
            found.because(resource.otherwise(), grant(config, &principal(config), &resource, &missing))
        })
    };
    Party::Router.rights(config).into_iter().filter_map(lacking).collect()
}

pub(super) fn listed(operations: &BTreeSet<Operation>) -> String {
    operations.iter().map(|operation| operation.name()).collect::<Vec<_>>().join(", ")
}

/// The command of Kafka's own tool that grants it.
pub fn grant(
    config: &Config,
    principal: &str,
    resource: &Resource,
    operations: &BTreeSet<Operation>,
) -> String {
    let operations: String =
        operations.iter().map(|operation| format!(" --operation {}", operation.name())).collect();
    format!(
        "kafka-acls.sh --bootstrap-server {} --add --allow-principal {}{operations} {}",
        config.bootstrap,
        quoted(principal),
        resource.flags()
    )
}

/// Who this client is to the brokers, as far as it can know: those who come by certificate or token
/// get their names from the brokers.
fn principal(config: &Config) -> String {
    let kafka = |key| config.kafka.value(key);
    let protocol = kafka("security.protocol").unwrap_or("plaintext").to_lowercase();
    match kafka("sasl.username") {
        Some(user) => format!("User:{user}"),
        None if protocol == "plaintext" => "User:ANONYMOUS".to_owned(),
        None => "User:NAME".to_owned(),
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = text.chars().all(|one| one.is_ascii_alphanumeric() || ":._-".contains(one));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(change: impl FnOnce(&mut Survey)) -> Vec<[String; 4]> {
        let config = Config::default();
        let mut survey =
            Survey { rights: Party::Router.rights(&config).into_iter().collect(), ..Survey::default() };
        change(&mut survey);
        let found = right_findings(&config, &survey);
        found.into_iter().map(|one| [one.subject, one.is, one.should, one.remedy]).collect()
    }

    #[test]
    fn the_least_rights_are_enough() {
        assert_eq!(granted(|_| {}), [[""; 4]; 0]);
    }

    #[test]
    fn what_lacks_is_named_with_the_command_that_grants_it() {
        let found = granted(|survey| {
            let audit = Resource::Topic("onefill.audit".to_owned());
            survey.rights.get_mut(&audit).unwrap().remove(&Operation::Write);
        });
        let remedy = "kafka-acls.sh --bootstrap-server localhost:9092 --add --allow-principal User:ANONYMOUS \
            --operation Write --topic onefill.audit";
        assert_eq!(found, [["onefill.audit", "without Write", "Read, Write, DescribeConfigs", remedy]]);
    }

    #[test]
    fn without_any_right_each_resource_is_named_and_what_was_not_said_is_not_judged() {
        let all = granted(|survey| survey.rights.values_mut().for_each(BTreeSet::clear));
        assert_eq!(all.len(), 12);
        let ids = &all[10];
        assert_eq!(ids[0], "transactional ids onefill.audit-*");
        assert!(ids[3].ends_with(
            "--operation Write --transactional-id onefill.audit- --resource-pattern-type prefixed"
        ));
        assert_eq!(granted(|survey| survey.rights.clear()), [[""; 4]; 0]);
    }

    #[test]
    fn names_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("onefill.audit"), "onefill.audit");
        assert_eq!(quoted("it's mine"), r"'it'\''s mine'");
    }
}
