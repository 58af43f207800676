//! How long a router that was ended in order takes until all its lanes decide again: with the checkpoints that
//! it has left, and without, from its trail; and how long a bare consumer takes that only reads the trail.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use onefill::shell::config::Config;
use onefill::shell::trail::Probe;

use crate::Fault;
use crate::peers::{Peer, Running};
use crate::process;
use crate::results::{Restart, Start};
use crate::steps::Counters;
use crate::world::World;

/// Without news for so long a run has failed.
const STALLED: Duration = Duration::from_secs(60);
/// How often a router that is being filled is asked how far it is.
const FILLING_ASKED_EVERY: Duration = Duration::from_millis(250);
/// How often one that starts is asked how its lanes stand.
const ASKED_EVERY: Duration = Duration::from_millis(5);
/// The longest restore that is waited for.
const RESTORED_WITHIN: Duration = Duration::from_secs(1_800);
/// The longest end that is waited for: every lane's checkpoint is written, one after the other.
const ENDED_WITHIN: Duration = Duration::from_secs(300);

/// Lets a router decide so many keys, and a venue cancel their orders; ends it, and starts it again, twice.
pub fn measure(world: &World, peer: Peer, keys: u64) -> Result<Restart, Fault> {
    let checkpoints = world.dir.join("checkpoints");
    world.fill(keys)?;
    let running = peer.start_router(world, Some(&checkpoints))?;
    wait(&running, |counters| counters.keys == keys)?;
    world.cancel(keys)?;
    wait(&running, |counters| counters.keys == keys && counters.open_orders == 0)?;
    running.end_in_order(ENDED_WITHIN)?;
    let from_checkpoint = start(world, peer, keys, Some(&checkpoints))?;
    let began = Instant::now();
    let entries = read_bare(world)?;
    let bare_seconds = began.elapsed().as_secs_f64();
    let from_trail = start(world, peer, keys, None)?;
    let (from_checkpoint, from_trail) = checked(from_checkpoint, from_trail, entries, world.partitions)?;
    let peer = peer.name().to_owned();
    Ok(Restart { peer, partitions: world.partitions, keys, from_checkpoint, from_trail, bare_seconds })
}

/// Waits until the router's counters are so.
fn wait(running: &Running, is_done: impl Fn(&Counters) -> bool) -> Result<(), Fault> {
    let (mut records, mut news) = (0.0, Instant::now());
    while news.elapsed() < STALLED {
        // Until it serves HTTP it cannot be asked.
        if let Some(counters) = running.counters().ok().flatten() {
            if is_done(&counters) {
                return Ok(());
            }
            if counters.records > records {
                (records, news) = (counters.records, Instant::now());
            }
        }
        thread::sleep(FILLING_ASKED_EVERY);
    }
    Err(format!("nothing is decided any more after {records} records").into())
}

/// Starts the router, and ends it once all its lanes decide.
fn start(world: &World, peer: Peer, keys: u64, checkpoints: Option<&Path>) -> Result<Start, Fault> {
    let began = Instant::now();
    let running = peer.start_router(world, checkpoints)?;
    let lanes = usize::try_from(world.partitions)?;
    let counters = loop {
        if began.elapsed() > RESTORED_WITHIN {
            return Err(format!("{peer} does not run again").into());
        }
        match running.counters() {
            Ok(Some(counters)) if counters.lanes_running == lanes => break counters,
            // Until it serves HTTP it cannot be asked.
            Ok(_) | Err(_) => thread::sleep(ASKED_EVERY),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    if counters.keys != keys {
        return Err(format!("{peer} was to know {keys} keys again, and knows {}", counters.keys).into());
    }
    let peak_memory_mib = process::peak_memory(running.pid())? as f64 / f64::from(1 << 20);
    running.end_in_order(ENDED_WITHIN)?;
    Ok(Start { seconds, entries: counters.restored_entries, peak_memory_mib })
}

/// Reads the trail as a restore does, a thread for each partition, and drops what it reads; how many entries that were.
fn read_bare(world: &World) -> Result<u64, Fault> {
    let config = Config { bootstrap: world.bootstrap.clone(), ..Config::default() };
    let audit = world.topic("audit");
    let read = |partition| -> Result<u64, Fault> {
        let mut entries = 0;
        Probe::open(&config)?.read_to_end((&audit, partition), 0, |_| {
            entries += 1;
            Ok::<(), Fault>(())
        })?;
        Ok(entries)
    };
    thread::scope(|scope| {
        let readers: Vec<_> =
            (0..world.partitions).map(|partition| scope.spawn(move || read(partition))).collect();
        readers.into_iter().map(|reader| reader.join().map_err(|_| "a reader panicked")?).sum()
    })
}

/// Makes sure that each start was what it was to be. From an orderly end's checkpoint only the last transaction of
/// each lane is read again; from the trail, all of it.
fn checked(
    from_checkpoint: Start,
    from_trail: Start,
    entries: u64,
    lanes: i32,
) -> Result<(Start, Start), Fault> {
    let last = Config::default().batch.records as u64 * u64::try_from(lanes)?;
    if from_checkpoint.entries > last {
        return Err(
            format!("its checkpoints were not used: it read {} entries", from_checkpoint.entries).into()
        );
    }
    if from_trail.entries != entries {
        return Err(format!("its trail has {entries} entries, and it read {}", from_trail.entries).into());
    }
    Ok((from_checkpoint, from_trail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_was_not_what_it_was_to_be_is_no_measurement() {
        let start = |entries| Start { seconds: 1.0, entries, peak_memory_mib: 1.0 };
        let fault = |checkpoint, trail| {
            let checked = checked(start(checkpoint), start(trail), 1_000_000, 4);
            checked.err().map(|fault| fault.to_string())
        };
        assert_eq!(fault(40_000, 1_000_000), None);
        let unused = "its checkpoints were not used: it read 40001 entries";
        assert_eq!(fault(40_001, 1_000_000).as_deref(), Some(unused));
        let partly = "its trail has 1000000 entries, and it read 7";
        assert_eq!(fault(7, 7).as_deref(), Some(partly));
    }
}
