//! How long after it was to be sent an intent's order is visible to a reader of committed orders.
//!
//! Intents are sent by a clock, whether or not the peer keeps up, and the time of each is counted from when it
//! was *due*: a peer that stops for a moment pays for every intent that came meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::producer::Producer as _;

use crate::Fault;
use crate::broker::Broker;
use crate::intents::Maker;
use crate::orders::Orders;
use crate::peers::{Peer, Running, Sizes};
use crate::process;
use crate::results::Latency;
use crate::steps::Counters;
use crate::world::{Strategy, World, now};

/// Intents before anything is measured, for Java's compiler, and how many a second.
const WARM_UP: u64 = 20_000;
const WARM_UP_PER_SECOND: u64 = 5_000;
/// Then so many seconds at the rate that is measured.
const SETTLE_S: u64 = 3;
/// Without news for so long a run has failed.
const STALLED: Duration = Duration::from_secs(60);

/// When which intent is due.
struct Schedule {
    start: Instant,
    rate: u64,
    settled: u64,
    total: u64,
}

impl Schedule {
    fn new(rate: u64, seconds: u64) -> Self {
        let settled = WARM_UP + SETTLE_S * rate;
        Self { start: Instant::now(), rate, settled, total: settled + seconds * rate }
    }

    /// The intent from which on processor time counts: to ask for it takes a moment, which is over when waits count.
    const fn counted(&self) -> u64 {
        self.settled - self.rate
    }

    fn due(&self, number: u64) -> Instant {
        let (warming, at_rate) = (number.min(WARM_UP), number.saturating_sub(WARM_UP));
        let nanos = warming * 1_000_000_000 / WARM_UP_PER_SECOND + at_rate * 1_000_000_000 / self.rate;
        self.start + Duration::from_nanos(nanos)
    }
}

/// What was measured while intents came by the clock.
struct Watched {
    waits: Vec<Duration>,
    before: Used,
}

/// Processor time of the peer and of the broker, and the peer's counters.
struct Used(Duration, Duration, Option<Counters>);

impl Used {
    fn now(running: &Running, broker: &Broker) -> Result<Self, Fault> {
        Ok(Self(process::cpu(running.pid())?, process::cpu(broker.pid)?, running.counters()?))
    }
}

/// Measures a peer at this rate for so long.
pub fn measure(
    broker: &Broker,
    world: &World,
    peer: Peer,
    (rate, seconds): (u64, u64),
    sizes: Sizes,
) -> Result<Latency, Fault> {
    let orders = Orders::read(world, "orders")?;
    let running = peer.start(world, sizes)?;
    let (mut maker, strategy) = (Maker::new("l", world.partitions), world.strategy(0)?);
    begin(world, &orders, &strategy, &mut maker)?;
    let numbers = maker.numbers_by_partition(Schedule::new(rate, seconds).total);
    let schedule = Schedule::new(rate, seconds);
    let watched = thread::scope(|scope| {
        let sender = scope.spawn(|| send(world, &strategy, &mut maker, &schedule));
        let watched = watch(&orders, &numbers, &schedule, || Used::now(&running, broker));
        sender.join().map_err(|_| "the sender panicked")??;
        watched
    });
    let Watched { mut waits, before } = watched.map_err(|fault| format!("{peer}: {fault}"))?;
    let after = Used::now(&running, broker)?;
    running.end()?;
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let each_million = 1e6 / (schedule.total - schedule.counted()) as f64;
    Ok(Latency {
        peer: peer.name().to_owned(),
        partitions: world.partitions,
        rate,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        router_cpu_s: (after.0 - before.0).as_secs_f64() * each_million,
        broker_cpu_s: (after.1 - before.1).as_secs_f64() * each_million,
        steps: after.2.zip(before.2).map(|(after, before)| after.since(&before)),
    })
}

/// Waits until an intent of every account has become an order.
fn begin(world: &World, orders: &Orders, strategy: &Strategy, maker: &mut Maker) -> Result<(), Fault> {
    for _ in 0..maker.round() {
        world.send(strategy, maker, now())?;
    }
    for _ in 0..maker.round() {
        next(orders)?;
    }
    Ok(())
}

/// The partition of the next order.
fn next(orders: &Orders) -> Result<usize, Fault> {
    let next = orders.next(STALLED)?.ok_or("no order comes any more")?;
    Ok(usize::try_from(next.0)?)
}

/// How long after it was due each intent's order was seen.
fn watch(
    orders: &Orders,
    numbers: &[Vec<u64>],
    schedule: &Schedule,
    used: impl Fn() -> Result<Used, Fault>,
) -> Result<Watched, Fault> {
    let (mut seen, mut before) = (vec![0_usize; numbers.len()], None);
    let mut waits = Vec::new();
    for _ in 0..schedule.total {
        let partition = next(orders)?;
        let visible = Instant::now();
        let number = numbers[partition][seen[partition]];
        seen[partition] += 1;
        if number >= schedule.counted() && before.is_none() {
            before = Some(used()?);
        }
        if number >= schedule.settled {
            waits.push(visible.saturating_duration_since(schedule.due(number)));
        }
    }
    Ok(Watched { waits, before: before.ok_or("nothing was measured")? })
}

fn send(world: &World, strategy: &Strategy, maker: &mut Maker, schedule: &Schedule) -> Result<(), Fault> {
    for number in 0..schedule.total {
        let left = schedule.due(number).saturating_duration_since(Instant::now());
        if !left.is_zero() {
            thread::sleep(left);
        }
        world.send(strategy, maker, now())?;
    }
    strategy.flush(STALLED)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_are_due_at_an_even_pace_after_the_warm_up() {
        let schedule = Schedule::new(500, 10);
        let due = |number| (schedule.due(number) - schedule.start).as_secs_f64();
        assert_eq!((due(0), due(WARM_UP), due(WARM_UP + 500)), (0.0, 4.0, 5.0));
        assert_eq!((schedule.settled, schedule.total), (WARM_UP + 1_500, WARM_UP + 6_500));
    }
}
