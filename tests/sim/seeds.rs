//! Many seeds, on all cores, and what they met.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::plan::Plan;
use crate::run::{Report, run};

/// How many seeds a test runs unless it is told otherwise.
const DEFAULT: u64 = 200;

/// What the default seeds must meet: a promise that was never in danger was not tested.
const MUST_MEET: &[&str] = &[
    "aborts",
    "broker crashes",
    "cancels of all",
    "clock steps",
    "commits",
    "commits in doubt",
    "connections cut",
    "fences met",
    "freezes",
    "freezes at a bad moment",
    "freezes before a fence",
    "kills",
    "kills at a bad moment",
    "late AddPartitions accepted",
    "late EndTxn accepted",
    "late InitProducerId accepted",
    "late Produce accepted",
    "late TxnOffsetCommit accepted",
    "members lost",
    "networks lost in a commit",
    "openings",
    "owed cancels",
    "partitions of the network",
    "processes that left",
    "rebalances",
    "requests lost",
    "requests repeated",
    "routers added",
    "sessions over",
    "stolen transactional ids",
    "strategies' aborts",
    "strategies' commits",
    "transactions timed out",
    "unknown outcomes",
    "waits for ownership",
    "waits for the clock",
    "AUDIT_UNREADABLE",
    "CHAIN_BROKEN",
    "CLOCK_UNSAFE",
    "CONTROL_INVALID",
    "CURSOR_MISMATCH",
    "INPUT_LOST",
    "OUTPUT_MISMATCH",
    "TOPOLOGY_CHANGED",
];

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// The seeds to run: one, or so many from some number on.
fn seeds() -> (u64, u64) {
    if let Ok(text) = std::env::var("ONEFILL_SIM_SEED") {
        let seed = text.parse().expect("ONEFILL_SIM_SEED is a number");
        return (seed, 1);
    }
    (number("ONEFILL_SIM_FROM", 1), number("ONEFILL_SIM_SEEDS", DEFAULT))
}

/// How often each thing happened.
pub type Met = BTreeMap<&'static str, u64>;

/// Runs them on all cores until one fails.
pub fn first_that_fails(
    from: u64,
    count: u64,
    run: &(dyn Fn(u64) -> Report + Sync),
) -> (Met, Option<Report>) {
    let next = AtomicU64::new(from);
    let met = Mutex::new((Met::new(), None::<Report>));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count {
                return;
            }
            let report = run(seed);
            let mut met = met.lock().expect("a worker does not panic");
            for (what, times) in &report.counts {
                *met.0.entry(what).or_default() += times;
            }
            if report.failure.is_some() {
                next.store(from + count, Ordering::Relaxed);
                let first = met.1.as_ref().is_none_or(|known| report.seed < known.seed);
                if first {
                    met.1 = Some(report);
                }
            }
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    met.into_inner().expect("all workers are done")
}

#[test]
fn every_seed_keeps_every_promise() {
    let (from, count) = seeds();
    let (counts, failed) = first_that_fails(from, count, &|seed| run(Plan::draw(seed, None)));
    for (what, times) in &counts {
        println!("{times:>9}  {what}");
    }
    if let Some(report) = failed {
        fail(&report);
    }
    // Too few seeds cannot meet everything.
    if count >= DEFAULT {
        let missing: Vec<&str> =
            MUST_MEET.iter().filter(|what| !counts.contains_key(**what)).copied().collect();
        assert!(missing.is_empty(), "{count} seeds never met {missing:?}: they prove nothing of it");
    }
}

fn fail(report: &Report) {
    let Report { seed, failure, .. } = report;
    let failure = failure.as_ref().expect("a report of a failure");
    panic!(
        "{}: {}\n\n{}\n\nONEFILL_SIM_SEED={seed} cargo test --locked --test sim -- every_seed_keeps_every_promise",
        failure.claim, failure.detail, failure.trace
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 1..=6 {
        let [first, second] = [0, 1].map(|_| run(Plan::draw(seed, None)));
        assert_eq!(first.hash, second.hash, "seed {seed}: hash and length of the trace");
        assert_eq!(first.counts, second.counts, "seed {seed}");
    }
}
