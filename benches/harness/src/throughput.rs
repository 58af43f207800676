//! How fast a backlog is worked off, and what that costs.

use std::time::{Duration, Instant};

use crate::Fault;
use crate::broker::Broker;
use crate::orders::Orders;
use crate::peers::{Peer, Running, Sizes};
use crate::process;
use crate::results::Throughput;
use crate::steps::Counters;
use crate::world::World;

/// The first part of a backlog is not measured: processes start, a Java compiler is at work.
const WARM_UP: u64 = 5;
/// Without news for so long a run has failed.
const STALLED: Duration = Duration::from_secs(60);

/// What had been used at one moment.
struct Mark {
    at: Instant,
    router: Duration,
    broker: Duration,
    counters: Option<Counters>,
}

impl Mark {
    fn now(broker: &Broker, router: &Running) -> Result<Self, Fault> {
        Ok(Self {
            at: Instant::now(),
            router: process::cpu(router.pid())?,
            broker: process::cpu(broker.pid)?,
            counters: router.counters()?,
        })
    }
}

/// Lets a peer work off a backlog of so many intents. It counts what a reader of orders sees.
pub fn measure(
    broker: &Broker,
    world: &World,
    peer: Peer,
    backlog: u64,
    sizes: Sizes,
) -> Result<Throughput, Fault> {
    let orders = Orders::read(world, "orders")?;
    let running = peer.start(world, sizes)?;
    let (mut seen, mut first, mut news) = (0_u64, None, Instant::now());
    while seen < backlog {
        match orders.next(Duration::from_millis(100))? {
            Some(_) => seen += 1,
            None if news.elapsed() > STALLED => {
                return Err(format!(
                    "{peer}: nothing comes after {seen} orders; see {}",
                    world.dir.display()
                )
                .into());
            }
            None => continue,
        }
        if seen.is_multiple_of(1_000) {
            news = Instant::now();
        }
        if seen == backlog / WARM_UP {
            first = Some(Mark::now(broker, &running)?);
        }
    }
    let last = Mark::now(broker, &running)?;
    let first = first.ok_or("the backlog is too small to be measured")?;
    let counted = (backlog - backlog / WARM_UP) as f64;
    let each_million = 1e6 / counted;
    let result = Throughput {
        peer: peer.name().to_owned(),
        partitions: world.partitions,
        backlog,
        per_second: counted / (last.at - first.at).as_secs_f64(),
        router_cpu_s: (last.router - first.router).as_secs_f64() * each_million,
        broker_cpu_s: (last.broker - first.broker).as_secs_f64() * each_million,
        peak_memory_mib: process::peak_memory(running.pid())? as f64 / f64::from(1 << 20),
        steps: last.counters.zip(first.counters).map(|(last, first)| last.since(&first)),
    };
    running.end()?;
    Ok(result)
}
