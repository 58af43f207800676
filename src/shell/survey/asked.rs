//! What is asked of brokers, topics and the group, one kind of request after another.

use std::collections::BTreeSet;

use rdkafka::admin::ResourceSpecifier;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};

use super::{Patience, Survey, code_of, is_denied};
use crate::shell::admin::Cluster;
use crate::shell::client;
use crate::shell::config::Config;
use crate::shell::librdkafka::{
    OffsetSpec, Operation, Resource, TopicDescription, describe_group, describe_topics, group_members,
    list_offsets,
};
use crate::shell::preflight::{BrokerSettings, INTERNAL, TopicState, id_prefix};
use crate::shell::topics::Role;

/// The topics that are asked for: the router's, and Kafka's own.
pub(super) fn topics(config: &Config) -> impl Iterator<Item = &str> {
    Role::ALL.into_iter().map(|role| config.topics.name(role)).chain(INTERNAL)
}

impl Survey {
    pub(super) fn ask_brokers(&mut self, cluster: &Cluster, _: &Config, patience: Patience<'_>) {
        let brokers: Vec<i32> = cluster.brokers.keys().copied().collect();
        let wanted: Vec<_> = brokers.iter().map(|broker| ResourceSpecifier::Broker(*broker)).collect();
        let answers = cluster.settings_each(&wanted, patience.wait());
        for (broker, answer) in brokers.into_iter().zip(answers) {
            match answer {
                // Every broker has settings: one that shows none does not want to.
                Ok(settings) if settings.is_empty() => {
                    self.rights.insert(Resource::Cluster, BTreeSet::new());
                }
                Ok(settings) => {
                    self.rights.entry(Resource::Cluster).or_insert([Operation::DescribeConfigs].into());
                    self.settings.insert(broker, settings);
                }
                Err(error) => self.unanswered(format!("settings of broker {broker}"), &error),
            }
        }
    }

    pub(super) fn ask_topics(&mut self, cluster: &Cluster, config: &Config, patience: Patience<'_>) {
        let all: Vec<&str> = topics(config).collect();
        let described = match describe_topics(cluster.client(), &all, patience.wait()) {
            Ok(described) => described,
            Err(error) => return self.unanswered("description of the topics", &error),
        };
        self.hidden.whole.clear();
        let (seen, hidden): (Vec<_>, Vec<_>) =
            described.into_iter().partition(|topic| self.take_description(topic));
        let wanted: Vec<_> = seen.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
        let answers = cluster.settings_each(&wanted, patience.wait());
        for (topic, answer) in seen.iter().zip(answers) {
            let mut state = TopicState::of(topic);
            match answer {
                Ok(settings) if settings.is_empty() => self.hide_settings(&topic.name),
                Ok(settings) => state.settings = settings,
                Err(error) => {
                    self.hidden.settings.insert(topic.name.clone());
                    self.unanswered(format!("settings of {}", topic.name), &error);
                }
            }
            match Role::ALL.into_iter().find(|role| config.topics.name(*role) == topic.name) {
                Some(role) => drop(self.topics.insert(role, state)),
                None => drop(self.internal.insert(topic.name.clone(), state)),
            }
        }
        self.ask_hidden(cluster, &hidden, patience);
    }

    /// What may be done with a topic that was not shown: its settings may be read all the same.
    fn ask_hidden(&mut self, cluster: &Cluster, hidden: &[TopicDescription], patience: Patience<'_>) {
        let denied =
            hidden.iter().filter(|topic| topic.error == Some(RDKafkaErrorCode::TopicAuthorizationFailed));
        let names: Vec<&str> = denied.map(|topic| topic.name.as_str()).collect();
        if names.is_empty() {
            return;
        }
        let wanted: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        for (name, answer) in names.iter().zip(cluster.ask_settings_each(&wanted, patience.wait())) {
            if answer.is_ok_and(|settings| !settings.is_empty()) {
                let resource = Resource::Topic((*name).to_owned());
                self.rights.insert(resource, [Operation::DescribeConfigs].into());
            }
        }
    }

    /// Whether the topic is there, and was shown.
    fn take_description(&mut self, topic: &TopicDescription) -> bool {
        let resource = Resource::Topic(topic.name.clone());
        match topic.error {
            None => {
                self.rights.extend(topic.operations.clone().map(|operations| (resource, operations)));
                return true;
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => return false,
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                self.rights.insert(resource, BTreeSet::new());
            }
            Some(code) => {
                self.unanswered(format!("description of {}", topic.name), &KafkaError::AdminOp(code));
            }
        }
        self.hidden.whole.insert(topic.name.clone());
        false
    }

    /// Every topic has settings: one that shows none does not want to.
    fn hide_settings(&mut self, topic: &str) {
        self.hidden.settings.insert(topic.to_owned());
        let held = self.rights.entry(Resource::Topic(topic.to_owned())).or_default();
        held.remove(&Operation::DescribeConfigs);
    }

    pub(super) fn ask_group(&mut self, cluster: &Cluster, config: &Config, patience: Patience<'_>) {
        let resource = Resource::Group(config.group.clone());
        let what = || format!("description of group {}", config.group);
        // Only a coordinator that answers is asked for more, see there.
        let answers = group_members(cluster.client(), &config.group, patience.wait());
        if let Err(error) = answers {
            return self.unanswered(what(), &error);
        }
        match describe_group(cluster.client(), &config.group, patience.wait()) {
            Ok(group) => {
                self.rights.extend(group.operations.clone().map(|operations| (resource, operations)));
                self.group = Some(group);
            }
            Err(error) if is_denied(&error) => drop(self.rights.insert(resource, BTreeSet::new())),
            Err(error) => self.unanswered(what(), &error),
        }
    }

    /// Whether transactional ids like the lanes' may be used: an id that begins like theirs and is
    /// none of them is initialised. Without an authorizer everybody may, and nothing is tried.
    pub(super) fn ask_transactional_id(&mut self, _: &Cluster, config: &Config, patience: Patience<'_>) {
        const AUTHORIZER: &str = "authorizer.class.name";
        let all_shown = self.settings.len() == self.brokers.len();
        let nobody = |settings: &BrokerSettings| settings.get(AUTHORIZER).is_some_and(String::is_empty);
        if all_shown && self.settings.values().all(nobody) {
            return;
        }
        let resource = Resource::TransactionalIds(id_prefix(config));
        let id = format!("{}check", id_prefix(config));
        let initialise = || {
            let mut client = client::producer(config, &id)?;
            // Its answer says everything.
            client.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
            client.create::<BaseProducer>()?.init_transactions(patience.wait())
        };
        match initialise() {
            Ok(()) => drop(self.rights.insert(resource, [Operation::Write].into())),
            Err(error) if is_denied(&error) => drop(self.rights.insert(resource, BTreeSet::new())),
            Err(error) => self.unanswered(format!("use of transactional id {id}"), &error),
        }
    }

    /// The time of each topic's newest record.
    pub(super) fn ask_newest(&mut self, cluster: &Cluster, _: &Config, patience: Patience<'_>) {
        let all = self.topics.values().flat_map(|state| {
            state.partitions.iter().map(|partition| (state.name.as_str(), partition.partition))
        });
        let all: Vec<_> = all.collect();
        if !all.is_empty() {
            match list_offsets(cluster.client(), &all, OffsetSpec::Newest, patience.wait()) {
                Ok(listed) => {
                    for (topic, timestamp) in
                        listed.into_iter().filter_map(|one| Some((one.topic, one.timestamp_ms?)))
                    {
                        let newest = self.newest_ms.entry(topic).or_insert(timestamp);
                        *newest = timestamp.max(*newest);
                    }
                }
                // Brokers know it since Kafka 3.0; without, the entries' ends alone say how late it is.
                Err(error) if is_unknown(&error) => tracing::debug!("the newest records: {error}"),
                Err(error) => self.unanswered("the newest records", &error),
            }
        }
        self.see_clock();
    }
}

/// Whether the broker does not know such a request.
fn is_unknown(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{UnsupportedFeature, UnsupportedVersion};
    matches!(code_of(error), Some(UnsupportedFeature | UnsupportedVersion))
}
