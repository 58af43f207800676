//! Waiting for facts, with an end to every wait.
//!
//! Settled means: both groups have committed the end of `intents`, every order has its fill, the
//! router has taken in every fill, and nothing that it wrote is uncommitted. All of it is asked of
//! the brokers; no router is believed.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::Message as _;

use super::plan::{PARTITIONS, Side};
use super::{Fault, Scene, venue};
use crate::shell::config::Config;
use crate::shell::topics::Role;
use crate::shell::trail::{self, Probe, ReadError};

/// How long any one thing may take. Opening a lane takes seconds; a slow machine takes more of them.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How long to wait before asking again.
pub const ASK_EVERY: Duration = Duration::from_millis(50);

/// Waits until `holds`.
///
/// # Errors
/// [`Fault::Late`] when it does not in time, [`Fault::Deserted`] when a router ended meanwhile,
/// [`Fault::Interrupted`] when somebody wants the end.
pub fn wait(
    scene: &Scene<'_>,
    what: &str,
    mut holds: impl FnMut() -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let began = Instant::now();
    while !holds()? {
        if scene.stop.load(Ordering::Relaxed) {
            return Err(Fault::Interrupted);
        }
        scene.children.check()?;
        if began.elapsed() > WAIT_MAX {
            let (what, logs) = (what.to_owned(), scene.plan.logs.clone());
            return Err(Fault::Late { what, seconds: WAIT_MAX.as_secs(), logs });
        }
        thread::sleep(ASK_EVERY);
    }
    Ok(())
}

/// Waits until every lane has written its first entry.
///
/// # Errors
/// As [`wait`].
pub fn until_open(scene: &Scene<'_>) -> Result<(), Fault> {
    let config = &scene.plan.config;
    let probe = Probe::open(config)?;
    wait(scene, "every lane is open", || {
        all(|partition| Ok(probe.stable_end(&config.topics.audit, partition)? > 0))
    })
}

/// Waits until everything that was asked is answered, filled and settled.
///
/// # Errors
/// As [`wait`].
pub fn until_settled(scene: &Scene<'_>) -> Result<(), Fault> {
    let [ours, naive] = [Side::Onefill, Side::Naive].map(|side| scene.plan.side(side));
    for (config, who) in [(ours, "the router"), (naive, "the naive router")] {
        let probe = Probe::open(config)?;
        wait(scene, &format!("{who} has read every intent"), || is_all_read(config, &probe))?;
        wait(scene, &format!("what {who} wrote is committed"), || {
            all(|partition| is_stable(&probe, &config.topics.orders, partition))
        })?;
        let due = count_trades_due(config)?;
        wait(scene, &format!("every order of {who} is filled"), || {
            let traded = (0..PARTITIONS).try_fold(0, |sum, partition| {
                Ok::<_, Fault>(sum + probe.extent(&config.topics.executions, partition)?.end)
            })?;
            Ok(traded >= due)
        })?;
    }
    let probe = Probe::open(ours)?;
    wait(scene, "the router has taken in every fill", || {
        all(|partition| {
            Ok(is_read(ours, &probe, Role::Executions, partition)?
                && is_stable(&probe, &ours.topics.audit, partition)?)
        })
    })
}

fn all(holds: impl Fn(i32) -> Result<bool, Fault>) -> Result<bool, Fault> {
    for partition in 0..PARTITIONS {
        if !holds(partition)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the group has committed the end of `intents`.
///
/// # Errors
/// Kafka's.
pub fn is_all_read(config: &Config, probe: &Probe) -> Result<bool, Fault> {
    all(|partition| is_read(config, probe, Role::Intents, partition))
}

/// Whether the group has committed the end of an input. A coordinator that does not answer now will later.
fn is_read(config: &Config, probe: &Probe, input: Role, partition: i32) -> Result<bool, Fault> {
    let end = probe.extent(config.topics.name(input), partition)?.end;
    let Ok(Some(committed)) = probe.committed(&config.topics, partition) else { return Ok(false) };
    let committed = if input == Role::Intents { committed.intents } else { committed.executions };
    Ok(committed.unwrap_or(0) == end)
}

fn is_stable(probe: &Probe, topic: &str, partition: i32) -> Result<bool, Fault> {
    Ok(probe.stable_end(topic, partition)? == probe.extent(topic, partition)?.end)
}

/// How many trades the orders that a committed reader sees will have. Offsets do not say: markers
/// take some.
fn count_trades_due(config: &Config) -> Result<i64, Fault> {
    let mut count = 0;
    for partition in 0..PARTITIONS {
        let read = trail::read_to_end(config, (&config.topics.orders, partition), 0, |order| {
            count += i64::from(venue::trades(order.offset()));
            Ok::<_, Infallible>(())
        });
        read.map_err(|error| match error {
            ReadError::Kafka(error) => Fault::Kafka(error),
            ReadError::Refused(never) => match never {},
        })?;
    }
    Ok(count)
}
