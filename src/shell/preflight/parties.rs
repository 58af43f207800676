//! Who needs which rights: the one list that `init --acls` grants, that `check` compares with what brokers allow, and
//! that `docs/OPERATING.md` shows.

use std::collections::BTreeSet;

use super::INTERNAL;
use crate::shell::config::Config;
use crate::shell::librdkafka::Operation::{self, Describe, DescribeConfigs, Read, Write};
use crate::shell::librdkafka::{Acl, Resource};
use crate::shell::topics::Role;

/// What somebody must be allowed to do with what.
pub type Rights = Vec<(Resource, BTreeSet<Operation>)>;

/// Who has to do with the topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The router.
    Router,
    /// Whoever writes intents, and reads what was decided of them.
    Strategy,
    /// Whoever carries orders to a venue, and its reports back.
    Gateway,
    /// Whoever publishes prices.
    Feed,
    /// Whoever commands and looks on.
    Operator,
}

impl Party {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Router, Self::Strategy, Self::Gateway, Self::Feed, Self::Operator];

    /// The least that it needs.
    pub fn rights(self, config: &Config) -> Rights {
        let topic = |role: Role| Resource::Topic(config.topics.name(role).to_owned());
        let of_topics: Vec<_> = Role::ALL
            .into_iter()
            .map(|role| (topic(role), self.with_topic(role)))
            .filter(|(_, operations)| !operations.is_empty())
            .collect();
        let internal =
            INTERNAL.map(|name| (Resource::Topic(name.to_owned()), &[Describe, DescribeConfigs][..]));
        let group = Resource::Group(config.group.clone());
        let ids = Resource::TransactionalIds(id_prefix(config));
        let others = match self {
            Self::Router => [
                &internal[..],
                &[(group, &[Read][..]), (ids, &[Write]), (Resource::Cluster, &[DescribeConfigs])],
            ]
            .concat(),
            Self::Operator => vec![(group, &[Describe][..])],
            Self::Strategy | Self::Gateway | Self::Feed => Vec::new(),
        };
        let all = of_topics.into_iter().chain(others);
        all.map(|(resource, operations)| (resource, operations.iter().copied().collect())).collect()
    }

    const fn with_topic(self, role: Role) -> &'static [Operation] {
        match (self, role) {
            (Self::Router, Role::Intents | Role::Executions | Role::Control | Role::Prices) => {
                &[Read, DescribeConfigs]
            }
            (Self::Router, Role::Orders | Role::Audit) => &[Read, Write, DescribeConfigs],
            (Self::Router, Role::Quarantine) => &[Write, DescribeConfigs],
            (Self::Operator, Role::Control | Role::Prices) => &[Read, Write],
            (Self::Strategy, Role::Audit) | (Self::Gateway, Role::Orders) | (Self::Operator, _) => &[Read],
            (Self::Strategy, Role::Intents)
            | (Self::Gateway, Role::Executions)
            | (Self::Feed, Role::Prices) => &[Write],
            (Self::Strategy | Self::Gateway | Self::Feed, _) => &[],
        }
    }

    /// The same as ACLs of this principal.
    pub fn acls(self, config: &Config, principal: &str) -> Vec<Acl> {
        let of = |(resource, operations): (Resource, BTreeSet<Operation>)| {
            operations.into_iter().map(move |operation| Acl {
                principal: principal.to_owned(),
                resource: resource.clone(),
                operation,
            })
        };
        self.rights(config).into_iter().flat_map(of).collect()
    }
}

/// What the transactional ids of all lanes begin with.
pub fn id_prefix(config: &Config) -> String {
    format!("{}-", config.topics.audit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::preflight::rights::listed;

    /// The table in `docs/OPERATING.md`.
    fn table() -> String {
        let mut table = "| who | with what | may | ACLs |\n| --- | --- | --- | ---: |\n".to_owned();
        for party in Party::ALL {
            let who = match party {
                Party::Router => "the router, `--principal`",
                Party::Strategy => "a strategy, `--strategy`",
                Party::Gateway => "a venue gateway, `--gateway`",
                Party::Feed => "a price feed, `--feed`",
                Party::Operator => "an operator, `--operator`",
            };
            for (resource, operations) in party.rights(&Config::default()) {
                let with = match &resource {
                    Resource::Topic(name) => format!("topic `{name}`"),
                    Resource::Group(name) => format!("group `{name}`"),
                    Resource::TransactionalIds(prefix) => format!("transactional ids `{prefix}*`"),
                    Resource::Cluster => "the cluster".to_owned(),
                };
                table += &format!("| {who} | {with} | {} | {} |\n", listed(&operations), operations.len());
            }
        }
        table
    }

    #[test]
    fn the_handbook_shows_this_list_and_nothing_else() {
        let page = include_str!("../../../docs/OPERATING.md");
        assert!(
            page.contains(&format!("\n\n{}\n", table())),
            "docs/OPERATING.md must have this table, with an empty line before and behind it:\n{}",
            table()
        );
    }

    #[test]
    fn nobody_but_the_router_writes_what_it_says() {
        let config = Config::default();
        for party in Party::ALL {
            let writes = |role| {
                let topic = Resource::Topic(config.topics.name(role).to_owned());
                let rights = party.rights(&config);
                rights.iter().any(|(resource, may)| *resource == topic && may.contains(&Write))
            };
            let is_router = party == Party::Router;
            for role in [Role::Orders, Role::Audit, Role::Quarantine] {
                assert_eq!(writes(role), is_router, "{party:?} {role:?}");
            }
            assert_eq!(writes(Role::Control), party == Party::Operator, "{party:?}");
        }
    }

    #[test]
    fn each_right_is_an_acl_and_none_is_there_twice() {
        let config = Config::default();
        for party in Party::ALL {
            let acls = party.acls(&config, "User:x");
            let rights = party.rights(&config);
            assert_eq!(acls.len(), rights.iter().map(|(_, may)| may.len()).sum::<usize>(), "{party:?}");
            assert_eq!(acls.iter().collect::<BTreeSet<_>>().len(), acls.len(), "{party:?}");
            assert!(acls.iter().all(|acl| acl.principal == "User:x"), "{party:?}");
        }
        assert_eq!(Party::Router.acls(&config, "User:x").len(), 23);
    }
}
