//! What one decision costs, with every check on.
//!
//! The estimate that was written before the first measurement, for an accepted NEW: three SHA-256
//! digests of one to three blocks (fingerprint, key, order) 350 ns, some 40 look-ups in hash maps
//! 350 ns, arithmetic in 256 bits 100 ns: below 1 µs. One allocation, for the list of the prices that
//! the entry names.
//!
//! `cargo bench --no-default-features --bench decide` prints times and allocations. Absolute times
//! are those of the machine; what counts is how they compare in one run.

mod world;

use std::hint::black_box;

use divan::{AllocProfiler, Bencher};
use onefill::core::batch::Batch;
use onefill::core::decide::{Arrival, decide};
use onefill::core::entry::{Body, Decision, Ruling};
use onefill::core::ids::Digest;
use world::{INSTRUMENTS, NOW, STANDING, World};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn is_accepted(body: &Body<'_>) -> bool {
    matches!(body, Body::Decision(Decision { ruling: Ruling::Accepted { .. }, .. }))
}

/// Deciding alone: nothing is applied. The account holds one instrument, or several of one currency,
/// which its gross exposure sums up.
#[divan::bench(sample_size = 1000, args = [1, 4])]
fn decide_an_accepted_new(bencher: Bencher<'_, '_>, breadth: usize) {
    let mut world = World::new(breadth);
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(STANDING + number)).collect();
    assert!(arrivals.iter().all(|it| is_accepted(&decide(&world.ledger, &world.prices, it, NOW))));
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % arrivals.len();
        decide(black_box(&world.ledger), &world.prices, &arrivals[turn], NOW)
    });
}

/// A retry: it ends at its key.
#[divan::bench(sample_size = 1000)]
fn decide_a_duplicate(bencher: Bencher<'_, '_>) {
    let mut world = World::new(INSTRUMENTS.len());
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(number)).collect();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % arrivals.len();
        decide(black_box(&world.ledger), &world.prices, &arrivals[turn], NOW)
    });
}

/// Deciding and applying, in batches of a thousand that are dropped again.
#[divan::bench]
fn take_a_thousand_accepted_news(bencher: Bencher<'_, '_>) {
    let mut world = World::new(INSTRUMENTS.len());
    let arrivals: Vec<Arrival<'static>> = (0..1000).map(|number| world.arrival(STANDING + number)).collect();
    bencher.bench_local(|| {
        let mut batch = Batch::open(&mut world.ledger, &world.prices, NOW);
        for arrival in &arrivals {
            black_box(batch.take(arrival));
            batch.link(Digest::ZERO);
        }
    });
}
