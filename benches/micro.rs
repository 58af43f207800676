//! How many instructions the steps of one intent take, counted by Callgrind: the same on every run of one build,
//! however busy the machine is.
//!
//! `make bench-micro` runs each case and compares it with `benches/micro.counts`, which is committed. What
//! was written down before the first measurement stands in `docs/BENCHMARKS.md` beside it. Valgrind knows no
//! SHA instructions, so that a digest costs about 3,500 instructions a block here, and a tenth of that
//! elsewhere.

mod world;

use std::hint::black_box;

use onefill::core::batch::Batch;
use onefill::core::decide::{Arrival, Content, decide};
use onefill::core::entry::Entry;
use onefill::core::ids::{Digest, Id};
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::replay::Reading;
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};
use world::{INSTRUMENTS, NOW, STANDING, World};

/// Repetitions that a case is measured over.
const ROUNDS: usize = 1_000;

fn main() {
    let case = std::env::args().nth(1).unwrap_or_default();
    let mut world = World::new(INSTRUMENTS.len());
    let arrivals: Vec<Arrival<'static>> = (0..ROUNDS).map(|it| world.arrival(STANDING + it)).collect();
    match case.as_str() {
        "decode" => decode(&arrivals),
        "decide" => measured(&mut || {
            for arrival in &arrivals {
                black_box(decide(&world.ledger, &world.prices, arrival, NOW));
            }
        }),
        "apply" => apply(&mut world, &arrivals),
        "settle" => settle(&mut world, &arrivals),
        "encode" => encode(&mut world, &arrivals),
        "index" => index(&world),
        "chain" => chain(&mut world, &arrivals),
        "hash" => measured(&mut || {
            black_box(ledger_hash(&world.ledger));
        }),
        "restore" => restore(&arrivals),
        _ => eprintln!("decode, decide, apply, settle, encode, index, chain, hash or restore"),
    }
}

/// What Callgrind counts, and nothing else.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

fn intents(arrivals: &[Arrival<'static>]) -> Vec<Vec<u8>> {
    let intent = |arrival: &Arrival<'static>| {
        let Content::Intent(Ok(intent)) = &arrival.content else { unreachable!("arrivals are intents") };
        let mut value = Vec::new();
        wire::intent::encode(intent, &mut value);
        value
    };
    arrivals.iter().map(intent).collect()
}

fn decode(arrivals: &[Arrival<'static>]) {
    let (schemas, values) = (Schemas::compiled(), intents(arrivals));
    measured(&mut || {
        for value in &values {
            let body = schemas.open(RecordType::OrderIntent, value).expect("an intent");
            black_box(wire::intent::decode(&body).expect("an intent"));
        }
    });
}

/// The entries that these arrivals come to, and their bytes.
fn entries<'a>(world: &mut World, arrivals: &'a [Arrival<'static>]) -> Vec<(Entry<'a>, Vec<u8>)> {
    // Entries name prices: those live as long as they do.
    let prices = Box::leak(Box::new(world.prices.clone()));
    let mut batch = Batch::open(&mut world.ledger, prices, NOW);
    let mut taken = Vec::new();
    for arrival in arrivals {
        let entry = batch.take(arrival);
        let mut value = Vec::new();
        wire::entry::encode(&entry, &mut value);
        batch.link(Digest::leaf(&value));
        taken.push((entry, value));
    }
    taken
}

fn apply(world: &mut World, arrivals: &[Arrival<'static>]) {
    let entries = entries(world, arrivals);
    let leaves: Vec<Digest> = entries.iter().map(|(_, value)| Digest::leaf(value)).collect();
    measured(&mut || {
        for ((entry, _), leaf) in entries.iter().zip(&leaves) {
            world.ledger.follow(entry, *leaf).expect("it follows");
        }
    });
}

fn settle(world: &mut World, arrivals: &[Arrival<'static>]) {
    for (entry, value) in &entries(world, arrivals) {
        world.ledger.follow(entry, Digest::leaf(value)).expect("it follows");
    }
    measured(&mut || world.ledger.settle());
}

fn encode(world: &mut World, arrivals: &[Arrival<'static>]) {
    let entries = entries(world, arrivals);
    let mut value = Vec::with_capacity(1 << 16);
    measured(&mut || {
        for (entry, _) in &entries {
            value.clear();
            wire::entry::encode(entry, &mut value);
            black_box(&value);
        }
    });
}

/// Half of the keys are known.
fn index(world: &World) {
    let keys: Vec<String> = (0..ROUNDS).map(|it| format!("k-{}", STANDING - ROUNDS / 2 + it)).collect();
    let accounts = &world.accounts;
    measured(&mut || {
        for (place, key) in keys.iter().enumerate() {
            let number = STANDING - ROUNDS / 2 + place;
            let account = Id::parse(accounts[number % accounts.len()]).expect("an id");
            black_box(world.ledger.key(account, Id::parse(key).expect("an id")));
        }
    });
}

fn chain(world: &mut World, arrivals: &[Arrival<'static>]) {
    let entries = entries(world, arrivals);
    measured(&mut || {
        for (_, value) in &entries {
            black_box(Digest::leaf(value));
        }
    });
}

/// The entries' bytes, and a ledger that has not taken them in.
fn restore(arrivals: &[Arrival<'static>]) {
    let (mut here, mut there) = (World::new(INSTRUMENTS.len()), World::new(INSTRUMENTS.len()));
    let entries = entries(&mut there, arrivals);
    let mut reading = Reading::begin(&here.ledger);
    let schemas = Schemas::compiled();
    measured(&mut || {
        let bodies =
            entries.iter().map(|(_, value)| schemas.open(RecordType::Entry, value).expect("an entry"));
        let bodies: Vec<_> = bodies.collect();
        let decoded = bodies
            .iter()
            .zip(&entries)
            .map(|(body, (_, value))| (wire::entry::decode(body).expect("an entry"), Digest::leaf(value)));
        let decoded: Vec<_> = decoded.collect();
        assert_eq!(reading.take_all(&mut here.ledger, &decoded), (ROUNDS, Ok(())));
    });
}
