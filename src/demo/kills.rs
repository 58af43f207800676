//! Ends both routers in the middle of their work, again and again.
//!
//! A kill waits until a transaction is open: records that an uncommitted reader of `audit` sees and
//! a committed one does not. Right after it the watermarks say whether one stayed open: only then
//! was it in mid-transaction, and only then is it counted so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::children::Children;
use super::dice::Dice;
use super::plan::{PARTITIONS, Plan, Player};
use super::{Fault, Scene, settle};
use crate::core::time::Time;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::clock;
use crate::shell::trail::Probe;

/// How long a router works between two kills, in milliseconds.
const LIFE_MS: (u64, u64) = (300, 1_600);
/// How long a record that nobody has committed yet is waited for.
const OPEN_WAIT: Duration = Duration::from_secs(1);
/// How long after a kill the requests that were on their way may still arrive.
const LAST_WORDS: Duration = Duration::from_millis(30);

/// How long after a kill the last orders from before it are filled. No lane opens as soon as that.
const LAST_FILLS: Duration = Duration::from_millis(300);

/// One `kill -9` of both routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// When.
    pub at: Time,
    /// Records of `audit` and markers that the killed router left without a commit.
    pub uncommitted: i64,
}

/// Kills while `trading`, and leaves both routers running.
///
/// # Errors
/// Kafka's; a router that ended by itself, or came to no work again.
pub fn strike(scene: &Scene<'_>, trading: &AtomicBool) -> Result<Vec<Kill>, Fault> {
    let Scene { plan, children, .. } = *scene;
    let (probe, dice) = (Probe::open(&plan.config)?, plan.dice(Player::Striker));
    let mut striker = Striker { plan, probe, watch: watch(plan)?, dice };
    let mut kills: Vec<Kill> = Vec::new();
    loop {
        let life = Duration::from_millis(striker.dice.between(LIFE_MS.0, LIFE_MS.1));
        let end = Instant::now() + life;
        while (plan.spares || Instant::now() < end) && trading.load(Ordering::Relaxed) {
            // Polled all the time, so that what it sees is new.
            let _seen = striker.watch.poll(Duration::from_millis(20));
        }
        if !trading.load(Ordering::Relaxed) {
            return Ok(kills);
        }
        let kill = striker.kill(children)?;
        kills.push(kill);
        scene.narrator.event(&told(kills.len(), kill));
        children.restart()?;
        thread::sleep(LAST_FILLS);
        let before = striker.fills()?;
        settle::wait(scene, "every lane of the router works again", || {
            let works = striker.fills()?.iter().zip(&before).all(|(now, before)| now > before);
            Ok(works || !trading.load(Ordering::Relaxed))
        })?;
    }
}

struct Striker<'p> {
    plan: &'p Plan,
    probe: Probe,
    watch: BaseConsumer<Logged>,
    dice: Dice,
}

impl Striker<'_> {
    fn kill(&mut self, children: &Children) -> Result<Kill, Fault> {
        let give_up = Instant::now() + OPEN_WAIT;
        // What was fetched before is old; the next record after an empty poll has just been written.
        while Instant::now() < give_up && matches!(self.watch.poll(Duration::ZERO), Some(Ok(_))) {}
        while Instant::now() < give_up && !matches!(self.watch.poll(OPEN_WAIT), Some(Ok(_)) | None) {}
        let at = clock::now();
        children.kill()?;
        thread::sleep(LAST_WORDS);
        Ok(Kill { at, uncommitted: self.uncommitted()? })
    }

    /// How much of `audit` is after the last stable offset.
    fn uncommitted(&self) -> Result<i64, Fault> {
        let topic = &self.plan.config.topics.audit;
        (0..PARTITIONS).try_fold(0, |sum, partition| {
            let end = self.probe.extent(topic, partition)?.end;
            Ok(sum + end - self.probe.stable_end(topic, partition)?)
        })
    }

    /// How many fills onefill's orders have, lane by lane: only a lane that works adds to them.
    fn fills(&self) -> Result<Vec<i64>, Fault> {
        let topic = &self.plan.config.topics.executions;
        (0..PARTITIONS).map(|partition| Ok(self.probe.extent(topic, partition)?.end)).collect()
    }
}

/// Sees everything that is written to `audit` from now on.
fn watch(plan: &Plan) -> Result<BaseConsumer<Logged>, Fault> {
    let reader: BaseConsumer<Logged> =
        client::reader(&plan.config, Isolation::Uncommitted)?.create_with_context(Logged)?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assignment.add_partition_offset(&plan.config.topics.audit, partition, Offset::End)?;
    }
    reader.assign(&assignment)?;
    Ok(reader)
}

fn told(number: usize, kill: Kill) -> String {
    match kill.uncommitted {
        0 => format!("kill -9 no. {number}, between two transactions"),
        records => format!("kill -9 no. {number}, in mid-transaction: {records} records never committed"),
    }
}
