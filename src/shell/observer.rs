//! Measures what waits: once a second, on a thread and a connection of its own, so that no lane
//! ever waits for a measurement.
//!
//! What Kafka does not say is unknown, never 0: an alert on lag must not fall silent because the
//! brokers did. Nothing here changes what a lane does.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::heartbeat::Weight;
use super::lane::Shared;
use super::status::{Backlog, Gaps, LagView, LaneView};
use super::trail::Probe;
use super::worker::{Stop, Worker, rest};
use crate::core::lane::Stage;

/// How often everything is measured.
const EVERY: Duration = Duration::from_secs(1);
/// How long one request may take: it also bounds how late the thread ends.
const REQUEST_MAX: Duration = Duration::from_secs(1);
/// How long a round goes on asking. What it has not reached by then is unknown.
const ROUND_MAX: Duration = Duration::from_secs(3);
/// How long a stable offset may stand behind the high watermark before its input is blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(10);

/// How far a partition goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    /// The offset after the last record, committed or not.
    high: i64,
    /// The first offset that an open transaction may still change.
    stable: i64,
}

/// Since when a partition's stable offset has stood behind its high watermark.
#[derive(Clone, Copy, Debug)]
struct Standing {
    stable: i64,
    since: Instant,
}

/// Begins to measure.
///
/// # Errors
/// No thread can be had.
pub fn start(shared: Arc<Shared>) -> io::Result<Worker> {
    Worker::start("observer", move |stop| {
        Round { shared, stop, standing: BTreeMap::new(), until: Instant::now() }.run();
    })
}

/// What lives from one round to the next.
struct Round {
    shared: Arc<Shared>,
    stop: Stop,
    standing: BTreeMap<(String, i32), Standing>,
    until: Instant,
}

impl Round {
    fn run(mut self) {
        let heartbeat = self.shared.heartbeats.enter("observer", Weight::Minor);
        let mut probe = None;
        while !self.stop.is_set() {
            heartbeat.beat();
            let began = Instant::now();
            self.until = began + ROUND_MAX;
            if probe.is_none() {
                let opened = Probe::with_patience(&self.shared.config, REQUEST_MAX);
                probe = opened.inspect_err(|error| tracing::warn!("observer: {error}")).ok();
            }
            self.measure_all(probe.as_ref());
            rest(EVERY.saturating_sub(began.elapsed()));
        }
    }

    fn measure_all(&mut self, probe: Option<&Probe>) {
        let lanes = self.shared.status.lanes();
        if lanes.is_empty() {
            self.standing.clear();
            return;
        }
        let topics = self.shared.config.topics.clone();
        let control = self.marks(probe, &topics.control, 0);
        for lane in lanes {
            let partition = lane.partition;
            let intents = self.marks(probe, &topics.intents, partition);
            let executions = self.marks(probe, &topics.executions, partition);
            let audit = self.marks(probe, &topics.audit, partition);
            let inputs = [
                ("intents", topics.intents.as_str(), partition, intents),
                ("executions", topics.executions.as_str(), partition, executions),
                ("control", topics.control.as_str(), 0, control),
            ];
            let now = Instant::now();
            let backlog = Backlog {
                lag: lag(&lane, intents, executions),
                gaps: gaps(intents, executions, audit),
                blocked: self.blocked(inputs, now),
                trail_held: audit.and_then(|marks| self.held(&topics.audit, partition, marks, now)),
            };
            self.shared.status.observe(partition, backlog);
        }
    }

    /// `None` when Kafka does not say, or time is up.
    fn marks(&self, probe: Option<&Probe>, topic: &str, partition: i32) -> Option<Marks> {
        if self.stop.is_set() || Instant::now() >= self.until {
            return None;
        }
        let ask = |probe: &Probe| {
            // The high watermark first: what comes in between is then no gap.
            let high = probe.extent(topic, partition)?.end;
            Ok(Marks { high, stable: probe.stable_end(topic, partition)? })
        };
        let asked: rdkafka::error::KafkaResult<Marks> = ask(probe?);
        asked.inspect_err(|error| tracing::debug!(topic, partition, "observer: {error}")).ok()
    }

    /// The inputs that are blocked; `None` unless all are known.
    fn blocked(
        &mut self,
        inputs: [(&'static str, &str, i32, Option<Marks>); 3],
        now: Instant,
    ) -> Option<Vec<&'static str>> {
        let mut blocked = Some(Vec::new());
        for (name, topic, partition, marks) in inputs {
            let Some(marks) = marks else {
                blocked = None;
                continue;
            };
            if self.held(topic, partition, marks, now).is_some_and(|held| held >= BLOCKED_AFTER)
                && let Some(blocked) = &mut blocked
            {
                blocked.push(name);
            }
        }
        blocked
    }

    /// How long the stable offset of a partition has stood behind its high watermark, if it does.
    fn held(&mut self, topic: &str, partition: i32, marks: Marks, now: Instant) -> Option<Duration> {
        let key = (topic.to_owned(), partition);
        let standing = Standing::next(self.standing.get(&key).copied(), marks, now);
        match standing {
            Some(standing) => drop(self.standing.insert(key, standing)),
            None => drop(self.standing.remove(&key)),
        }
        standing.map(|standing| now - standing.since)
    }
}

impl Standing {
    /// What these marks make of it: a stable offset that moves is no open transaction that stays.
    fn next(before: Option<Self>, marks: Marks, now: Instant) -> Option<Self> {
        if marks.stable >= marks.high {
            return None;
        }
        let same = before.filter(|before| before.stable == marks.stable);
        Some(same.unwrap_or(Self { stable: marks.stable, since: now }))
    }
}

/// Unknown until the trail has said where the lane stands.
fn lag(lane: &LaneView, intents: Option<Marks>, executions: Option<Marks>) -> Option<LagView> {
    let stands = lane.seq > 0 && lane.stage != Stage::Restoring.name();
    let (intents, executions) = (intents?, executions?);
    stands.then(|| LagView {
        intents: (intents.high - lane.cursors.intents).max(0),
        executions: (executions.high - lane.cursors.executions).max(0),
    })
}

fn gaps(intents: Option<Marks>, executions: Option<Marks>, audit: Option<Marks>) -> Option<Gaps> {
    let gap = |marks: Marks| (marks.high - marks.stable).max(0);
    Some(Gaps { intents: gap(intents?), executions: gap(executions?), audit: gap(audit?) })
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::core::entry::Cursors;
    use crate::core::time::Time;
    use crate::shell::config::Config;
    use crate::shell::status::Status;
    use crate::wire::schema::Schemas;

    const OPEN: Marks = Marks { high: 10, stable: 7 };
    const SETTLED: Marks = Marks { high: 10, stable: 10 };

    fn round() -> Round {
        let shared = Arc::new(Shared::new(Config::default(), Schemas::compiled()));
        Round { shared, stop: Stop::default(), standing: BTreeMap::new(), until: Instant::now() }
    }

    fn intents(marks: Option<Marks>) -> [(&'static str, &'static str, i32, Option<Marks>); 3] {
        [
            ("intents", "i", 3, marks),
            ("executions", "e", 3, Some(SETTLED)),
            ("control", "c", 0, Some(SETTLED)),
        ]
    }

    #[test]
    fn an_input_is_blocked_once_its_stable_offset_has_stood_for_10_s() {
        let (mut round, began) = (round(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(round.blocked(intents(Some(OPEN)), at(0)), Some(vec![]));
        assert_eq!(round.blocked(intents(Some(OPEN)), at(9)), Some(vec![]));
        assert_eq!(round.blocked(intents(Some(OPEN)), at(10)), Some(vec!["intents"]));
        assert_eq!(round.blocked(intents(Some(SETTLED)), at(11)), Some(vec![]));
        assert_eq!(round.blocked(intents(Some(OPEN)), at(12)), Some(vec![]));
    }

    #[test]
    fn a_stable_offset_that_moves_blocks_nothing() {
        let (mut round, began) = (round(), Instant::now());
        for step in 0..30_u32 {
            let marks = Marks { high: 100, stable: i64::from(step) };
            let at = began + Duration::from_secs(step.into());
            assert_eq!(round.blocked(intents(Some(marks)), at), Some(vec![]));
        }
    }

    #[test]
    fn a_moment_of_silence_makes_it_unknown_and_forgets_nothing() {
        let (mut round, began) = (round(), Instant::now());
        assert_eq!(round.blocked(intents(Some(OPEN)), began), Some(vec![]));
        assert_eq!(round.blocked(intents(None), began + Duration::from_secs(5)), None);
        let later = round.blocked(intents(Some(OPEN)), began + BLOCKED_AFTER);
        assert_eq!(later, Some(vec!["intents"]));
    }

    #[test]
    fn lag_counts_from_the_cursor_once_the_trail_is_read() {
        let status = Status::default();
        let view = || status.lanes().remove(0);
        status.begin(3);
        assert_eq!(lag(&view(), Some(OPEN), Some(OPEN)), None);
        status.stand(3, 5, Cursors { intents: 4, executions: 11, control: 0 }, Time(0));
        status.enter(3, Stage::Restoring);
        assert_eq!(lag(&view(), Some(OPEN), Some(OPEN)), None);
        status.enter(3, Stage::Halted);
        assert_eq!(lag(&view(), Some(OPEN), Some(OPEN)), Some(LagView { intents: 6, executions: 0 }));
        assert_eq!(lag(&view(), Some(OPEN), None), None);
    }

    #[test]
    fn a_gap_is_known_when_all_are() {
        assert_eq!(
            gaps(Some(OPEN), Some(SETTLED), Some(OPEN)),
            Some(Gaps { intents: 3, executions: 0, audit: 3 })
        );
        assert_eq!(gaps(Some(OPEN), Some(SETTLED), None), None);
    }

    #[test]
    fn without_kafka_everything_is_unknown_and_it_ends_promptly() {
        // Nobody listens on port 1.
        let config = Config { bootstrap: "127.0.0.1:1".to_owned(), ..Config::default() };
        let shared = Arc::new(Shared::new(config, Schemas::compiled()));
        shared.status.begin(0);
        shared.status.stand(0, 5, Cursors::default(), Time(0));
        let observer = start(Arc::clone(&shared)).unwrap();
        thread::sleep(Duration::from_millis(100));
        let began = Instant::now();
        drop(observer);
        assert!(began.elapsed() < REQUEST_MAX * 4);
        let lane = shared.status.lanes().remove(0);
        assert_eq!((lane.lag, lane.input_blocked, lane.vitals.gaps), (None, None, None));
    }
}
