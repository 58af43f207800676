//! Asking a cluster everything that preflight judges.
//!
//! It reads, and changes nothing; only where brokers have an authorizer, a transactional id beside
//! the lanes' is initialised, since nothing else says whether one may. Nothing is judged here:
//! [`super::preflight`] does that. Every request ends, and all together do: what stayed without an
//! answer is remembered as such. Start at [`Survey::take`].

mod asked;
mod lanes;
mod reading;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::admin::Cluster;
use super::clock;
use super::config::Config;
use super::librdkafka::{GroupDescription, Operation, Resource};
use super::preflight::{BrokerSettings, Hidden, TopicState, TopicStates, Versions};
use super::topics::Role;
use super::trail::REQUEST_WAIT;
use crate::core::time::MILLISECOND;

pub use lanes::view_lanes;

/// How long all requests of a survey may take together.
const SURVEY_MAX: Duration = Duration::from_secs(60);

/// What a cluster answered; what it did not answer is in `unanswered`, and in nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The brokers that answer.
    pub brokers: BTreeSet<i32>,
    /// Their settings.
    pub settings: BTreeMap<i32, BrokerSettings>,
    /// What they speak; empty where one did not say.
    pub versions: BTreeMap<i32, Versions>,
    /// The router's topics.
    pub topics: TopicStates,
    /// Kafka's own topics.
    pub internal: BTreeMap<String, TopicState>,
    /// What of the topics was not shown.
    pub hidden: Hidden,
    /// What this client may do.
    pub rights: BTreeMap<Resource, BTreeSet<Operation>>,
    /// The router's group.
    pub group: Option<GroupDescription>,
    /// This machine's clock, in milliseconds.
    pub now_ms: i64,
    /// The time of the newest entry, in milliseconds; `None` where there is none, or it was not asked for: a lane
    /// finds that out by itself.
    pub newest_entry_ms: Option<i64>,
    /// The time of the newest record of each topic that has one, in milliseconds.
    pub newest_ms: BTreeMap<String, i64>,
    /// The longest delay that a broker put on an answer, in milliseconds; `None` where none was told.
    pub throttle_ms_max: Option<i64>,
    /// What stayed without an answer, and why.
    pub unanswered: Vec<Unanswered>,
}

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// What was asked.
    pub what: String,
    /// Why there is no answer.
    pub reason: String,
}

/// How long a survey may still ask.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'s> {
    end: Instant,
    stop: Option<&'s AtomicBool>,
}

impl<'s> Patience<'s> {
    /// Of whoever asks once, and wants to know everything.
    pub fn once() -> Self {
        Self { end: Instant::now() + SURVEY_MAX, stop: None }
    }

    /// Of whoever asks again until he is told to stop: the first request without an answer ends a survey.
    pub fn until(stop: &'s AtomicBool) -> Self {
        Self { stop: Some(stop), ..Self::once() }
    }

    /// How long the next request may take.
    fn wait(&self) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now()).min(REQUEST_WAIT);
        let is_stopped = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        // librdkafka takes no zero for a timeout.
        if is_stopped { SHORTEST } else { left.max(SHORTEST) }
    }

    /// Whether a survey with this much unanswered is worth going on with.
    const fn goes_on(&self, unanswered: &[Unanswered]) -> bool {
        self.stop.is_none() || unanswered.is_empty()
    }
}

const SHORTEST: Duration = Duration::from_millis(1);

impl Survey {
    /// Asks the cluster everything but what concerns single lanes.
    pub fn take(cluster: &Cluster, config: &Config, patience: Patience<'_>) -> Self {
        let steps = [
            Self::ask_brokers,
            Self::ask_versions,
            Self::ask_topics,
            Self::ask_group,
            Self::ask_transactional_id,
            Self::ask_newest,
        ];
        let mut survey = Self { brokers: cluster.brokers.keys().copied().collect(), ..Self::default() };
        // Until they are asked for.
        survey.hidden.whole = asked::topics(config).map(str::to_owned).collect();
        for step in steps {
            step(&mut survey, cluster, config, patience);
            if !patience.goes_on(&survey.unanswered) {
                break;
            }
        }
        survey
    }

    /// The brokers that answer, and those that hold replicas while they are down.
    pub fn known_brokers(&self) -> BTreeSet<i32> {
        let states = self.topics.values().chain(self.internal.values());
        let replicas = states.flat_map(|state| &state.partitions).flat_map(|partition| &partition.replicas);
        self.brokers.iter().chain(replicas).copied().collect()
    }

    /// How many lanes there are.
    pub fn lanes(&self) -> i32 {
        self.topics.get(&Role::Intents).map_or(0, |state| state.partitions.len() as i32)
    }

    /// Looks at this machine's clock: after what it is compared with, or records of meanwhile would be ahead.
    fn see_clock(&mut self) {
        self.now_ms = clock::now().0 / MILLISECOND;
    }

    pub(super) fn unanswered(&mut self, what: impl Into<String>, error: &KafkaError) {
        let reason = match code_of(error) {
            Some(code) => code.to_string(),
            None => error.to_string(),
        };
        self.unsaid(what, reason);
    }

    /// The same, of anybody's words.
    pub(super) fn unsaid(&mut self, what: impl Into<String>, reason: String) {
        self.unanswered.push(Unanswered { what: what.into(), reason });
    }
}

/// The code of an error, of a request to administer too.
fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        _ => error.rdkafka_error_code(),
    }
}

/// Whether it was refused for want of a right.
fn is_denied(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
        TransactionalIdAuthorizationFailed,
    };
    matches!(
        code_of(error),
        Some(
            ClusterAuthorizationFailed
                | GroupAuthorizationFailed
                | TopicAuthorizationFailed
                | TransactionalIdAuthorizationFailed
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::librdkafka::PartitionDescription;

    #[test]
    fn a_broker_that_is_down_is_known_by_what_it_holds() {
        let partition =
            PartitionDescription { partition: 0, leader: None, replicas: vec![2, 3], isr: vec![2] };
        let state = TopicState { partitions: vec![partition], ..TopicState::default() };
        let topics = [(Role::Audit, state)].into();
        let survey = Survey { brokers: [1, 2].into(), topics, ..Survey::default() };
        assert_eq!(survey.known_brokers(), [1, 2, 3].into());
    }

    #[test]
    fn a_want_of_rights_is_told_from_other_errors_wherever_it_is_said() {
        assert!(is_denied(&KafkaError::AdminOp(RDKafkaErrorCode::GroupAuthorizationFailed)));
        assert!(is_denied(&KafkaError::MetadataFetch(RDKafkaErrorCode::TopicAuthorizationFailed)));
        assert!(!is_denied(&KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut)));
        assert!(!is_denied(&KafkaError::NoMessageReceived));
    }

    #[test]
    fn nobody_is_patient_once_told_to_stop() {
        let stop = AtomicBool::new(false);
        let patience = Patience::until(&stop);
        assert_eq!(patience.wait(), REQUEST_WAIT);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(patience.wait(), SHORTEST);
        assert_eq!(Patience { end: Instant::now(), stop: None }.wait(), SHORTEST);
    }

    #[test]
    fn whoever_asks_again_does_not_go_on_without_an_answer() {
        let stop = AtomicBool::new(false);
        let unanswered = [Unanswered { what: "x".to_owned(), reason: "y".to_owned() }];
        assert!(Patience::until(&stop).goes_on(&[]) && !Patience::until(&stop).goes_on(&unanswered));
        assert!(Patience::once().goes_on(&unanswered));
    }
}
