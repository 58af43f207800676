//! Measures what waits: once a second, on a thread and a connection of its own, so that no lane
//! ever waits for a measurement.
//!
//! What Kafka does not say is unknown, never 0: an alert on lag must not fall silent because the
//! brokers did. Nothing here changes what a lane does.

use std::collections::BTreeMap;
use std::io;
use std::iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult};

use super::clock;
use super::config::Config;
use super::heartbeat::Weight;
use super::lane::Shared;
use super::metrics::kafka::Api;
use super::peek::Peek;
use super::status::{Backlog, Gaps, LagView, LaneView, Oldest, Waiting};
use super::trail::{Marks, Probe};
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
        let (standing, oldest) = (BTreeMap::new(), BTreeMap::new());
        Round { shared, stop, standing, oldest, until: Instant::now(), first: 0 }.run();
    })
}

/// What lives from one round to the next.
struct Round {
    shared: Arc<Shared>,
    stop: Stop,
    standing: BTreeMap<(String, i32), Standing>,
    /// What waited on each input when it was last looked at.
    oldest: BTreeMap<(String, i32), Oldest>,
    until: Instant,
    /// Which lane goes first.
    first: usize,
}

/// Whoever is asked: where partitions end, and what a record looks like.
struct Eyes {
    probe: Probe,
    peek: Peek,
}

impl Eyes {
    fn open(config: &Config) -> KafkaResult<Self> {
        Ok(Self { probe: Probe::with_patience(config, REQUEST_MAX)?, peek: Peek::open(config)? })
    }
}

impl Round {
    fn run(mut self) {
        let heartbeat = self.shared.heartbeats.enter("observer", Weight::Minor);
        let mut eyes = None;
        while !self.stop.is_set() {
            heartbeat.beat();
            let began = Instant::now();
            self.until = began + ROUND_MAX;
            if eyes.is_none() {
                let opened = Eyes::open(&self.shared.config);
                eyes = opened.inspect_err(|error| tracing::warn!("observer: {error}")).ok();
            }
            self.measure_all(eyes.as_ref());
            rest(EVERY.saturating_sub(began.elapsed()));
        }
    }

    fn measure_all(&mut self, eyes: Option<&Eyes>) {
        let mut lanes: Vec<i32> = self.shared.status.lanes().iter().map(|lane| lane.partition).collect();
        if lanes.is_empty() {
            self.standing.clear();
            self.oldest.clear();
            return;
        }
        let (began, count) = (Instant::now(), lanes.len());
        lanes.rotate_left(self.first % count);
        let topics = self.shared.config.topics.clone();
        let own =
            |lane: &i32| [&topics.intents, &topics.executions, &topics.audit].map(|topic| (&**topic, *lane));
        let asked: Vec<_> = iter::once((&*topics.control, 0)).chain(lanes.iter().flat_map(own)).collect();
        let marks = self.marks(eyes.map(|eyes| &eyes.probe), &asked);
        let marks = |topic: &str, partition| marks.get(&(topic.to_owned(), partition)).copied();
        // Where the lanes stand now that it is known how far they could be.
        let stood: BTreeMap<_, _> =
            self.shared.status.lanes().into_iter().map(|lane| (lane.partition, lane)).collect();
        let control = marks(&topics.control, 0);
        let control = self.blocked([("control", &topics.control, 0, control)], Instant::now());
        for (place, partition) in lanes.into_iter().enumerate() {
            if self.stop.is_set() {
                return;
            }
            let (Some(stood), Some(lane)) = (stood.get(&partition), self.shared.status.lane(partition))
            else {
                continue;
            };
            let (intents, executions) =
                (marks(&topics.intents, partition), marks(&topics.executions, partition));
            let audit = marks(&topics.audit, partition);
            let inputs = [
                ("intents", topics.intents.as_str(), partition, intents),
                ("executions", topics.executions.as_str(), partition, executions),
            ];
            let now = Instant::now();
            let blocked = self.blocked(inputs, now).zip(control.clone());
            let blocked = blocked.map(|(own, control)| [own, control].concat());
            let backlog = Backlog {
                lag: lag(stood, intents, executions),
                gaps: gaps(intents, executions, audit),
                blocked,
                waiting: self.waiting(eyes, &lane, intents, executions),
                trail_held: audit.and_then(|marks| self.held(&topics.audit, partition, marks, now)),
            };
            self.shared.status.observe(partition, backlog);
            rest(turn_ends(place, count).saturating_sub(began.elapsed()));
        }
        // None stays unknown for ever where time is always up too early.
        if Instant::now() >= self.until {
            self.first = (self.first + 1) % count;
        }
    }

    /// Without those of which Kafka does not say it, or for which time is up.
    fn marks(&self, probe: Option<&Probe>, asked: &[(&str, i32)]) -> BTreeMap<(String, i32), Marks> {
        let Some(probe) = probe else { return BTreeMap::new() };
        let ask = |some: &[(&str, i32)]| {
            let said = probe.marks(some);
            said.inspect_err(|error| self.missed(some, error)).ok()
        };
        let is_late = || self.stop.is_set() || Instant::now() >= self.until;
        // A broker that does not answer takes all with it that were asked for at once.
        let each = || asked.chunks(1).take_while(|_| !is_late()).filter_map(ask).flatten().collect();
        ask(asked).unwrap_or_else(each)
    }

    fn missed(&self, asked: &[(&str, i32)], error: &KafkaError) {
        self.shared.metrics.kafka.failed(Api::Observe, error);
        tracing::debug!("observer: {asked:?}: {error}");
    }

    /// What has waited for longest; `None` unless that is known of both inputs.
    fn waiting(
        &mut self,
        eyes: Option<&Eyes>,
        lane: &LaneView,
        intents: Option<Marks>,
        executions: Option<Marks>,
    ) -> Option<Waiting> {
        if !stands(lane) {
            return None;
        }
        let (cursors, topics) = (lane.cursors, self.shared.config.topics.clone());
        let intents = self.oldest(eyes, (&topics.intents, lane.partition), cursors.intents, intents?)?;
        let executions =
            self.oldest(eyes, (&topics.executions, lane.partition), cursors.executions, executions?)?;
        Some(Waiting { intents: intents.known(), executions: executions.known() })
    }

    /// The oldest committed record from this cursor on. A record is looked at once, however long it waits.
    fn oldest(
        &mut self,
        eyes: Option<&Eyes>,
        (topic, partition): (&str, i32),
        cursor: i64,
        marks: Marks,
    ) -> Option<Found> {
        let key = (topic.to_owned(), partition);
        if cursor >= marks.stable {
            self.oldest.remove(&key);
            return Some(Found::Nothing);
        }
        if let Some(known) = self.oldest.get(&key).filter(|known| known.offset >= cursor) {
            return Some(Found::Record(Oldest { seen_at: clock::now(), ..*known }));
        }
        if self.stop.is_set() || Instant::now() >= self.until {
            return None;
        }
        let looked = eyes?.peek.first_at(topic, partition, cursor, REQUEST_MAX);
        match looked.inspect_err(|error| self.missed(&[(topic, partition)], error)).ok()? {
            None => Some(Found::Nothing),
            Some((offset, at)) => {
                let oldest = Oldest { offset, at, seen_at: clock::now() };
                self.oldest.insert(key, oldest);
                Some(Found::Record(oldest))
            }
        }
    }

    /// The inputs that are blocked; `None` unless all are known.
    fn blocked<const COUNT: usize>(
        &mut self,
        inputs: [(&'static str, &str, i32, Option<Marks>); COUNT],
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

/// When the turn of one of so many lanes is over, since its round began: together they take the whole of it. To look at
/// what waits for all at once would stand in the way of the lanes' own requests.
fn turn_ends(place: usize, count: usize) -> Duration {
    EVERY.mul_f64((place + 1) as f64 / count as f64)
}

/// What was found behind a cursor.
enum Found {
    Nothing,
    Record(Oldest),
}

impl Found {
    const fn known(self) -> Option<Oldest> {
        match self {
            Self::Nothing => None,
            Self::Record(oldest) => Some(oldest),
        }
    }
}

/// Whether the trail has said where the lane stands.
fn stands(lane: &LaneView) -> bool {
    lane.seq > 0 && lane.stage != Stage::Restoring.name()
}

/// Unknown until the trail has said where the lane stands.
fn lag(lane: &LaneView, intents: Option<Marks>, executions: Option<Marks>) -> Option<LagView> {
    let (intents, executions) = (intents?, executions?);
    stands(lane).then(|| LagView {
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
    use crate::shell::status::Status;
    use crate::wire::schema::Schemas;

    const OPEN: Marks = Marks { high: 10, stable: 7 };
    const SETTLED: Marks = Marks { high: 10, stable: 10 };

    fn round() -> Round {
        let shared = Arc::new(Shared::new(Config::default(), Schemas::compiled()));
        let (standing, oldest) = (BTreeMap::new(), BTreeMap::new());
        Round { shared, stop: Stop::default(), standing, oldest, until: Instant::now(), first: 0 }
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
    fn what_waits_is_looked_at_once_and_forgotten_when_it_is_answered() {
        let (mut round, at) = (round(), ("i", 3));
        // Nobody is there to be asked: what is not known stays so.
        assert!(round.oldest(None, at, 7, OPEN).is_some_and(|found| found.known().is_none()));
        assert!(round.oldest(None, at, 6, OPEN).is_none());
        let known = Oldest { offset: 6, at: Time(1), seen_at: Time(2) };
        round.oldest.insert(("i".to_owned(), 3), known);
        let found = round.oldest(None, at, 5, OPEN).and_then(Found::known);
        assert_eq!(found.map(|oldest| (oldest.offset, oldest.at)), Some((6, Time(1))));
        assert!(round.oldest(None, at, 7, SETTLED).is_none());
    }

    #[test]
    fn turns_are_spread_over_the_second() {
        let ends = |count| (0..count).map(|place| turn_ends(place, count).as_millis()).collect::<Vec<_>>();
        assert_eq!((ends(1), ends(4)), (vec![1_000], vec![250, 500, 750, 1_000]));
    }

    #[test]
    fn every_lane_has_its_turn_and_another_goes_first_where_time_was_up() {
        let mut round = round();
        for partition in 0..3 {
            round.shared.status.begin(partition);
            let lag = Some(LagView { intents: 1, executions: 1 });
            round.shared.status.observe(partition, Backlog { lag, ..Backlog::default() });
        }
        // Nobody is there to be asked: what was known of each is no more.
        round.measure_all(None);
        let lanes = round.shared.status.lanes();
        let lags: Vec<_> = lanes.iter().map(|lane| (lane.partition, lane.lag)).collect();
        assert_eq!((lags, round.first), (vec![(0, None), (1, None), (2, None)], 1));
        round.until = Instant::now() + 2 * ROUND_MAX;
        round.measure_all(None);
        assert_eq!(round.first, 1);
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
        assert_eq!(lane.vitals.waiting, None);
    }
}
