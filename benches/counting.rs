//! What the metrics cost: counting an intent, and a scrape of six lanes. Prints two numbers as JSON, the
//! median of many rounds each; `make metrics-cost` sets them against the CPU of a router at work.
#![allow(missing_docs)] // A program.

use std::hint::black_box;
use std::time::Instant;

use onefill::core::entry::{Body, Cursors, Decision, Entry, Input, IntentIds, Prior, Ruling};
use onefill::core::ids::{Digest, Fingerprint, Id};
use onefill::core::intent::IntentType;
use onefill::core::lane::{Outcome, Stage};
use onefill::core::time::Time;
use onefill::shell::config::Config;
use onefill::shell::heartbeat::Heartbeats;
use onefill::shell::metrics::Metrics;
use onefill::shell::metrics::laps::{Laps, Phase};
use onefill::shell::metrics::tally::Tally;
use onefill::shell::prices::Prices;
use onefill::shell::status::Status;

/// Intents of a batch: as at 10,000 a second in commits of 5 ms.
const BATCH: u64 = 50;
const BATCHES: u64 = 200;
const ROUNDS: usize = 101;

fn entry(seq: u64) -> Entry<'static> {
    let id = |text| Id::parse(text).expect("an id");
    let ids = IntentIds {
        account_id: id("ACC-07"),
        strategy_id: id("strategy-3"),
        instrument_id: id("ESZ6.XCME"),
        intent_id: id("0198c5a2-7d4e-7b3f-9a61-5d2f0c8e1b47"),
        client_order_id: id("0198c5a2-7d4e-7b3f-9a61-5d2f0c8e1b47"),
    };
    let of = Prior { seq: 0, reason: None, order_id: None };
    let ruling = Ruling::Duplicate { ids, fingerprint: Fingerprint([0; 16]), of };
    let input = Input { topic: "onefill.intents", partition: 0, offset: seq as i64, timestamp: Time(1) };
    Entry {
        seq,
        prev: Digest::ZERO,
        as_of: Cursors::default(),
        decided_at: Time(2),
        limits_version: -1,
        body: Body::Decision(Decision { input, ruling }),
    }
}

/// One batch, with everything that is counted and timed on its way. Each lap reads the clock, as in a lane.
fn count(metrics: &Metrics, status: &Status, entries: &[Entry<'_>]) {
    let (mut tally, mut laps) = (Tally::default(), Laps::start());
    status.transaction_began(0);
    for entry in entries {
        laps.lap(Phase::Fetch);
        laps.lap(Phase::Decide);
        tally.entry(black_box(entry));
        tally.order(IntentType::New);
        laps.lap(Phase::Produce);
    }
    for phase in [Phase::Fetch, Phase::Offsets, Phase::Flush, Phase::Commit] {
        laps.lap(phase);
    }
    metrics.committed(&tally, &laps, Time(3));
    metrics.ended(Outcome::Committed);
    status.transaction_ended(0, true);
    status.stand(0, 1, Cursors::default(), Time(2));
}

/// The median of so many rounds, in nanoseconds.
fn median(mut round: impl FnMut()) -> f64 {
    let mut lengths: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            round();
            began.elapsed().as_secs_f64() * 1e9
        })
        .collect();
    lengths.sort_by(f64::total_cmp);
    lengths[ROUNDS / 2]
}

fn main() {
    let (metrics, status) = (Metrics::new(&Config::default()), Status::default());
    for partition in 0..6 {
        status.begin(partition);
        status.enter(partition, Stage::Running);
    }
    let entries: Vec<_> = (0..BATCH).map(entry).collect();
    let batches = median(|| (0..BATCHES).for_each(|_| count(&metrics, &status, &entries)));
    let (heartbeats, prices) = (Heartbeats::default(), Prices::default());
    let scrape = median(|| {
        black_box(metrics.render(&status, &heartbeats, &prices)).expect("metrics are text");
    });
    println!("{{\"intent_ns\": {:.1}, \"scrape_ns\": {scrape:.0}}}", batches / (BATCH * BATCHES) as f64);
}
