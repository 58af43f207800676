//! Whether the topics are still those that the lanes were opened on, asked of the cluster all the time.
//!
//! A topic that is deleted and made again keeps old offsets valid by accident, and a topic that gets
//! more partitions moves keys, so that a running lane must see either before it is opened anew. What
//! differs from what its trail has recorded, the lane judges itself (`core::proof`).

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::admin::ClusterError;
use super::evidence;
use super::heartbeat::Weight;
use super::lane::Shared;
use super::worker::{Stop, Worker, rest};
use crate::core::proof::Topology;

/// How often the cluster is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long a topic must be said to be missing, or to have fewer partitions than before, until it is
/// believed: a broker that starts may know less than all for a moment.
const LESS_BELIEVED_AFTER: Duration = Duration::from_secs(5);

/// How the topics stand, as far as it is believed.
#[derive(Debug, Default)]
pub struct Topologies(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    believed: Option<Arc<Topology>>,
    /// Since when the cluster says less than that.
    less_since: Option<Instant>,
}

impl Topologies {
    /// How the topics stand; `None` before the cluster has said so.
    pub fn now(&self) -> Option<Arc<Topology>> {
        self.lock().believed.clone()
    }

    fn say(&self, now: Instant, said: Topology) {
        self.lock().say(now, said);
    }

    /// What is known is whole between statements, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn say(&mut self, now: Instant, said: Topology) {
        let less = match &self.believed {
            Some(believed) => is_less(&said, believed),
            None => said.topic_ids.len() < evidence::RECORDED.len(),
        };
        if less && now - *self.less_since.get_or_insert(now) < LESS_BELIEVED_AFTER {
            return;
        }
        self.less_since = None;
        if self.believed.as_deref() != Some(&said) {
            self.believed = Some(Arc::new(said));
        }
    }
}

/// Whether a topic is missing that was there before, or has fewer partitions than it had.
fn is_less(said: &Topology, before: &Topology) -> bool {
    let gone = before.topic_ids.keys().any(|topic| !said.topic_ids.contains_key(topic));
    let fewer = before.partition_counts.iter().any(|(topic, count)| said.partition_counts[topic] < *count);
    gone || fewer
}

/// Begins to ask.
///
/// # Errors
/// No thread can be had.
pub fn start(shared: Arc<Shared>) -> io::Result<Worker> {
    Worker::start("topics", move |stop| watch(&shared, &stop))
}

fn watch(shared: &Shared, stop: &Stop) {
    let heartbeat = shared.heartbeats.enter("topics", Weight::Minor);
    while !stop.is_set() {
        heartbeat.beat();
        match ask(shared) {
            Ok(topology) => shared.topologies.say(Instant::now(), topology),
            Err(error) => tracing::debug!("topics: {error}"),
        }
        rest(EVERY);
    }
}

/// How the topics stand now.
///
/// # Errors
/// Brokers that do not answer.
pub(super) fn ask(shared: &Shared) -> Result<Topology, ClusterError> {
    let states = shared.cluster()?.descriptions(&shared.config)?;
    Ok(evidence::topology(&shared.config, &states))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Topics of which `intents` has this id, if it is there, and so many partitions.
    fn topology(intents: Option<&str>, count: i32) -> Topology {
        let others = ["executions", "orders", "audit", "control"].map(|topic| (topic, "A"));
        let ids = others.into_iter().chain(intents.map(|id| ("intents", id)));
        Topology {
            group: "g".to_owned(),
            partition_counts: [("intents".to_owned(), count)].into(),
            topic_ids: ids.map(|(topic, id)| (topic.to_owned(), id.to_owned())).collect(),
            control: "control".to_owned(),
        }
    }

    /// What is believed after each of these words, each said so many seconds after the first.
    fn believed(words: &[(u64, &Topology)]) -> Vec<Option<Topology>> {
        let (mut known, began) = (Known::default(), Instant::now());
        words
            .iter()
            .map(|(seconds, said)| {
                known.say(began + Duration::from_secs(*seconds), (*said).clone());
                known.believed.as_deref().cloned()
            })
            .collect()
    }

    #[test]
    fn another_topic_and_more_partitions_are_believed_at_once() {
        let was = topology(Some("A"), 4);
        for now in [topology(Some("B"), 4), topology(Some("A"), 5)] {
            assert_eq!(believed(&[(0, &was), (1, &now)]), [Some(was.clone()), Some(now)]);
        }
    }

    #[test]
    fn less_is_believed_when_it_was_said_for_5_s_without_a_break() {
        let was = topology(Some("A"), 4);
        for less in [topology(None, 4), topology(Some("A"), 3)] {
            let found = believed(&[(0, &was), (1, &less), (5, &less), (6, &less)]);
            assert_eq!(found, [&was, &was, &was, &less].map(|one| Some(one.clone())));
            let found = believed(&[(0, &was), (1, &less), (5, &was), (6, &less), (10, &less)]);
            assert_eq!(found.last(), Some(&Some(was.clone())));
        }
    }

    #[test]
    fn a_first_word_that_lacks_a_topic_is_not_believed_at_once() {
        let (whole, less) = (topology(Some("A"), 4), topology(None, 0));
        assert_eq!(believed(&[(0, &less), (1, &whole)]), [None, Some(whole)]);
        assert_eq!(believed(&[(0, &less), (5, &less)]), [None, Some(less.clone())]);
    }
}
