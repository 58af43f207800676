//! Looks after threads that must advance and transactions that must end, and says so when they do not.
//!
//! It changes nothing: `/livez` fails for a silent thread, and the broker aborts a transaction that is
//! too old. But whoever reads the log must not have to guess why. Each finding is said once, and once
//! more when it is over.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::heartbeat::{Pulse, Weight};
use super::http::health;
use super::lane::Shared;
use super::status::LaneView;
use super::worker::{Stop, Worker, rest};
use crate::core::time::{MILLISECOND, Time};

const EVERY: Duration = Duration::from_secs(1);
/// How long the same transaction may hold back a trail's readers before it is said.
const HELD_MAX: Duration = Duration::from_secs(10);

/// What has stood still for too long.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Still {
    /// A thread, by name.
    Thread(String),
    /// The transaction of a lane, by partition.
    Transaction(i32),
    /// An input of a lane: a transaction of others stays open on it.
    Input(i32, &'static str),
    /// The trail of a lane: a transaction stays open on it.
    Trail(i32),
}

/// Begins to look.
///
/// # Errors
/// No thread can be had.
pub fn start(shared: Arc<Shared>) -> io::Result<Worker> {
    Worker::start("watchdog", move |stop| watch(&shared, &stop))
}

fn watch(shared: &Shared, stop: &Stop) {
    let mut said = BTreeSet::new();
    while !stop.is_set() {
        let timeout_ms = shared.config.transaction_timeout_ms;
        let found = still(&shared.heartbeats.pulses(), &shared.status.lanes(), clock::now(), timeout_ms);
        for one in found.difference(&said) {
            say(one);
        }
        for one in said.difference(&found) {
            tracing::info!("it goes on: {one:?}");
        }
        said = found;
        rest(EVERY);
    }
}

fn say(still: &Still) {
    match still {
        Still::Thread(thread) => {
            tracing::error!(thread, "a thread has stopped advancing: /livez fails, restart the process");
        }
        Still::Transaction(partition) => {
            tracing::warn!(partition, "a transaction is open for longer than the brokers allow");
        }
        Still::Input(partition, input) => {
            tracing::warn!(
                partition,
                input,
                "a transaction stays open on an input: what lies behind it waits"
            );
        }
        Still::Trail(partition) => {
            tracing::warn!(partition, "a transaction stays open on the trail: readers of it see nothing new");
        }
    }
}

/// Everything that stands still.
fn still(pulses: &[Pulse], lanes: &[LaneView], now: Time, transaction_timeout_ms: u32) -> BTreeSet<Still> {
    let bound = health::still_max(transaction_timeout_ms);
    let vital = pulses.iter().filter(|pulse| pulse.weight == Weight::Vital && pulse.age > bound);
    let threads = vital.map(|pulse| Still::Thread(pulse.thread.clone()));
    let too_old = |lane: &&LaneView| {
        let began = lane.vitals.transaction_began_at;
        began.is_some_and(|began| {
            now.since(began) > i128::from(transaction_timeout_ms) * i128::from(MILLISECOND)
        })
    };
    let transactions = lanes.iter().filter(too_old).map(|lane| Still::Transaction(lane.partition));
    let inputs = lanes.iter().flat_map(|lane| {
        let blocked = lane.input_blocked.iter().flatten();
        blocked.map(|input| Still::Input(lane.partition, input))
    });
    let too_long = |lane: &&LaneView| lane.vitals.trail_held.is_some_and(|held| held >= HELD_MAX);
    let trails = lanes.iter().filter(too_long).map(|lane| Still::Trail(lane.partition));
    threads.chain(transactions).chain(inputs).chain(trails).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::status::{Backlog, Status};

    const TIMEOUT_MS: u32 = 10_000;

    fn pulse(thread: &str, weight: Weight, seconds: u64) -> Pulse {
        Pulse { thread: thread.to_owned(), weight, age: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_vital_thread_that_is_silent_for_longer_than_any_step_takes_is_found() {
        let found = |pulse| still(&[pulse], &[], Time(0), TIMEOUT_MS);
        let lane = |seconds| pulse("lane-0", Weight::Vital, seconds);
        assert_eq!(found(lane(70)), BTreeSet::new());
        assert_eq!(found(lane(71)), BTreeSet::from([Still::Thread("lane-0".to_owned())]));
        assert_eq!(found(pulse("observer", Weight::Minor, 900)), BTreeSet::new());
    }

    #[test]
    fn a_transaction_that_is_older_than_its_timeout_is_found_until_it_ends() {
        let status = Status::default();
        status.begin(3);
        status.transaction_began(3);
        let began = status.lanes()[0].vitals.transaction_began_at.expect("it began");
        let after = |millis: i64| Time(began.0 + millis * MILLISECOND);
        let found = |at| still(&[], &status.lanes(), at, TIMEOUT_MS);
        assert_eq!(found(after(10_000)), BTreeSet::new());
        assert_eq!(found(after(10_001)), BTreeSet::from([Still::Transaction(3)]));
        status.transaction_ended(3, false);
        assert_eq!(found(after(20_000)), BTreeSet::new());
    }

    #[test]
    fn an_input_that_is_blocked_is_found() {
        let status = Status::default();
        status.begin(3);
        let blocked = Some(vec!["intents"]);
        status.observe(3, Backlog { blocked, ..Backlog::default() });
        let found = still(&[], &status.lanes(), Time(0), TIMEOUT_MS);
        assert_eq!(found, BTreeSet::from([Still::Input(3, "intents")]));
    }

    #[test]
    fn a_trail_whose_readers_are_held_back_for_10_s_is_found() {
        let status = Status::default();
        status.begin(3);
        let found = |seconds| {
            let trail_held = Some(Duration::from_secs(seconds));
            status.observe(3, Backlog { trail_held, ..Backlog::default() });
            still(&[], &status.lanes(), Time(0), TIMEOUT_MS)
        };
        assert_eq!(found(9), BTreeSet::new());
        assert_eq!(found(10), BTreeSet::from([Still::Trail(3)]));
    }
}
