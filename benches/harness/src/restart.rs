//! How long a router that was ended in order takes until all its lanes decide again.

use std::thread;
use std::time::{Duration, Instant};

use crate::Fault;
use crate::orders::Orders;
use crate::peers::{Peer, Sizes};
use crate::process;
use crate::results::Restart;
use crate::world::World;

/// Without news for so long a run has failed.
const STALLED: Duration = Duration::from_secs(60);
/// How often it is asked how its lanes stand.
const ASKED_EVERY: Duration = Duration::from_millis(5);
/// The longest restore that is waited for.
const RESTORED_WITHIN: Duration = Duration::from_secs(1_800);

/// Lets a router decide so many keys, ends it, and starts it again.
pub fn measure(world: &World, peer: Peer, keys: u64, sizes: Sizes) -> Result<Restart, Fault> {
    world.fill(keys)?;
    let orders = Orders::read(world, "orders")?;
    let running = peer.start(world, sizes)?;
    for _ in 0..keys {
        orders.next(STALLED)?.ok_or("no order comes any more")?;
    }
    running.end()?;
    let began = Instant::now();
    let running = peer.start(world, sizes)?;
    let lanes = usize::try_from(world.partitions)?;
    // Until it serves HTTP it cannot be asked.
    while running.counters().ok().flatten().is_none_or(|counters| counters.lanes_running() < lanes) {
        if began.elapsed() > RESTORED_WITHIN {
            return Err(format!("{peer} does not run again").into());
        }
        thread::sleep(ASKED_EVERY);
    }
    let seconds = began.elapsed().as_secs_f64();
    let peak_memory_mib = process::peak_memory(running.pid())? as f64 / f64::from(1 << 20);
    running.end()?;
    Ok(Restart { peer: peer.name().to_owned(), partitions: world.partitions, keys, seconds, peak_memory_mib })
}
