//! What the clients of Kafka have to say of brokers: errors, connections, round trips, throttling.
//!
//! Errors are counted where they are met. The rest comes from the statistics that librdkafka hands to a
//! client's own thread, a few times a second: no lane waits for it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{Counter, IntCounter, Registry};
use rdkafka::error::KafkaError;
use serde::Deserialize;

use super::catalogue;
use super::family::{counter_family, seconds_counter};
use crate::core::symbols::symbols;
use crate::shell::failure::{Failure, failure};
use crate::shell::outcome::Step;

symbols! {
    /// What was being done when an error came.
    pub enum Api {
        /// Nothing in particular: a connection was lost, or could not be made.
        Connection = "connection",
        /// Beginning a transaction, and writing records and offsets in it.
        Write = "write",
        /// Waiting for a record's delivery.
        Delivery = "delivery",
        /// Committing.
        Commit = "commit",
        /// Being a member of the group.
        Group = "group",
        /// Asking how far the inputs have grown.
        Observe = "observe",
    }
}

impl From<Step> for Api {
    fn from(step: Step) -> Self {
        match step {
            Step::Writing => Self::Write,
            Step::Committing => Self::Commit,
        }
    }
}

/// Whose statistics these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// A lane's producer: its requests are answered as soon as they are done.
    Producer,
    /// The group's member: some of its requests wait for other members, and say nothing of the way.
    Member,
}

/// The error of which nothing more is known.
const OTHER: &str = "other";
/// What was told longer ago than this is not so any more: everybody tells at least once a second.
const FRESH: Duration = Duration::from_secs(5);

/// The counts, and what is known of each broker, by its id.
#[derive(Debug)]
pub struct Kafka {
    errors: Vec<Vec<IntCounter>>,
    throttle: Counter,
    brokers: Mutex<BTreeMap<i32, Known>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    up_at: Option<Instant>,
    /// Mean round trip, and when it was told.
    rtt: Option<(f64, Instant)>,
}

/// What is read of the statistics.
#[derive(Deserialize)]
struct Statistics<'a> {
    #[serde(borrow, default)]
    brokers: BTreeMap<Cow<'a, str>, Broker<'a>>,
}

#[derive(Deserialize)]
struct Broker<'a> {
    /// Negative for an address that is not known to be a broker's.
    nodeid: i32,
    #[serde(borrow)]
    state: Cow<'a, str>,
    /// In microseconds.
    rtt: Window,
    /// In milliseconds.
    throttle: Window,
}

/// What was measured since the last statistics.
#[derive(Deserialize)]
struct Window {
    avg: u32,
    sum: u64,
    cnt: u64,
}

impl Kafka {
    pub(super) fn new(to: &Registry) -> Self {
        let family = counter_family(to, &catalogue::KAFKA_ERRORS);
        let kinds = || Failure::ALL.iter().map(|failure| failure.name()).chain([OTHER]);
        let of = |api: &Api| kinds().map(|kind| family.with_label_values(&[api.name(), kind])).collect();
        Self {
            errors: Api::ALL.iter().map(of).collect(),
            throttle: seconds_counter(to, &catalogue::KAFKA_THROTTLE),
            brokers: Mutex::default(),
        }
    }

    /// An error was met.
    pub fn failed(&self, api: Api, error: &KafkaError) {
        let kind = error.rdkafka_error_code().and_then(failure);
        self.errors[api.index()][kind.map_or(Failure::ALL.len(), Failure::index)].inc();
    }

    /// A client's statistics, as librdkafka writes them. What cannot be read is passed over.
    pub fn told(&self, by: Teller, statistics: &[u8]) {
        let read: Statistics<'_> = match serde_json::from_slice(statistics) {
            Ok(read) => read,
            Err(error) => return tracing::debug!("statistics of librdkafka: {error}"),
        };
        let now = Instant::now();
        let mut known = self.known();
        for broker in read.brokers.values().filter(|broker| broker.nodeid >= 0) {
            let one = known.entry(broker.nodeid).or_default();
            if broker.state == "UP" {
                one.up_at = Some(now);
            }
            if by == Teller::Producer && broker.rtt.cnt > 0 {
                one.rtt = Some((f64::from(broker.rtt.avg) / 1e6, now));
            }
            self.throttle.inc_by(broker.throttle.sum as f64 / 1e3);
        }
    }

    /// How many brokers somebody is connected to.
    pub fn connected(&self) -> usize {
        self.known().values().filter(|one| one.up_at.is_some_and(|at| at.elapsed() < FRESH)).count()
    }

    /// The longest round trip to any broker, in seconds.
    pub fn round_trip(&self) -> Option<f64> {
        let known = self.known();
        let fresh = known.values().filter_map(|one| one.rtt).filter(|(_, at)| at.elapsed() < FRESH);
        fresh.map(|(seconds, _)| seconds).reduce(f64::max)
    }

    /// Each entry is whole between statements.
    fn known(&self) -> MutexGuard<'_, BTreeMap<i32, Known>> {
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use rdkafka::error::RDKafkaErrorCode;

    use super::*;

    /// Cut down from what librdkafka writes: a broker that is down, one that is up, the same one again as
    /// coordinator, an address.
    pub const STATISTICS: &[u8] = br#"{"name":"p","brokers":{
        "a:1/1":{"name":"a:1/1","nodeid":1,"source":"learned","state":"CONNECT",
            "rtt":{"min":0,"avg":0,"sum":0,"cnt":0},"throttle":{"min":0,"avg":0,"sum":0,"cnt":0}},
        "b:1/2":{"name":"b:1/2","nodeid":2,"source":"learned","state":"UP",
            "rtt":{"min":400,"avg":1500,"sum":3000,"cnt":2},"throttle":{"min":0,"avg":250,"sum":500,"cnt":2}},
        "TxnCoordinator":{"name":"TxnCoordinator","nodeid":2,"source":"logical","state":"UP",
            "rtt":{"min":0,"avg":0,"sum":0,"cnt":0},"throttle":{"min":0,"avg":0,"sum":0,"cnt":0}},
        "b:1/bootstrap":{"name":"b:1/bootstrap","nodeid":-1,"source":"configured","state":"UP",
            "rtt":{"min":9,"avg":9000000,"sum":9,"cnt":1},"throttle":{"min":9,"avg":9,"sum":9,"cnt":1}}
        },"topics":{"t":{"partitions":{"0":{"partition":0}}}},"tx":9}"#;

    #[test]
    fn statistics_say_who_is_connected_and_how_far_away() {
        let kafka = Kafka::new(&Registry::new());
        assert_eq!((kafka.connected(), kafka.round_trip()), (0, None));
        kafka.told(Teller::Producer, STATISTICS);
        assert_eq!((kafka.connected(), kafka.round_trip(), kafka.throttle.get()), (1, Some(0.0015), 0.5));
        kafka.told(Teller::Producer, b"no statistics");
        assert_eq!(kafka.connected(), 1);
    }

    #[test]
    fn requests_that_wait_for_other_members_are_no_round_trips() {
        let kafka = Kafka::new(&Registry::new());
        kafka.told(Teller::Member, STATISTICS);
        assert_eq!((kafka.connected(), kafka.round_trip()), (1, None));
    }

    #[test]
    fn errors_are_counted_by_what_they_say() {
        let kafka = Kafka::new(&Registry::new());
        kafka.failed(Api::Commit, &KafkaError::MessageProduction(RDKafkaErrorCode::ProducerFenced));
        kafka.failed(Api::Group, &KafkaError::NoMessageReceived);
        let count = |api: Api, kind: usize| kafka.errors[api.index()][kind].get();
        assert_eq!(count(Api::Commit, Failure::Fence.index()), 1);
        assert_eq!(count(Api::Group, Failure::ALL.len()), 1);
        assert_eq!(kafka.errors.iter().flatten().map(IntCounter::get).sum::<u64>(), 2);
    }
}
