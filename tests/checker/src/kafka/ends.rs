//! Where the topics end: asked until they are stable and nothing moves.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::Source;
use super::clients::{CALL_MAX, Isolation, consumer};
use super::tail;
use crate::log::{Log, Partition, Role};

/// Between two looks. Two that see the same ends, a second apart, are taken for quiet.
const QUIET: Duration = Duration::from_secs(1);

/// One partition's log start, high watermark and last stable offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    start: i64,
    high: i64,
    stable: i64,
}

struct Asker {
    committed: BaseConsumer,
    uncommitted: BaseConsumer,
}

/// Fills in each partition's start and end, and the offsets of the group, as they all stood at one time.
pub fn settle(source: &Source, log: &mut Log, deadline: Instant) -> Result<(), String> {
    let asker = Asker {
        committed: consumer(source, Isolation::Committed)?,
        uncommitted: consumer(source, Isolation::Uncommitted)?,
    };
    let mut before = None;
    loop {
        let seen = asker.look(log);
        let problem = match &seen {
            Ok((ends, _)) => unstable(log, ends),
            Err(problem) => Some(problem.clone()),
        };
        match (seen, problem) {
            (Ok(now), None) if before.as_ref() == Some(&now) => {
                // A lane that has stopped for good is judged as it stands; one that goes on is waited for.
                let is_last = Instant::now() + QUIET > deadline;
                if is_last || is_answered(source, log, &now)? {
                    accept(log, now);
                    return Ok(());
                }
                thread::sleep(QUIET);
            }
            (Ok(now), problem) => {
                let waits_for = problem.unwrap_or_else(|| "records still arrive, or offsets move".to_owned());
                before = Some(now);
                wait(deadline, &waits_for)?;
            }
            (Err(problem), _) => wait(deadline, &problem)?,
        }
    }
}

/// What the group has committed.
type Offsets = Vec<((Role, i32), i64)>;
type Look = (Vec<Vec<End>>, Offsets);

impl Asker {
    fn look(&self, log: &Log) -> Result<Look, String> {
        let ends = log.topics.iter().map(|topic| self.ends(&topic.name)).collect::<Result<Vec<_>, _>>()?;
        let offsets = self.group(log, &ends)?;
        Ok((ends, offsets))
    }

    fn ends(&self, topic: &str) -> Result<Vec<End>, String> {
        let problem = |error: &dyn std::fmt::Display| format!("{topic}: {error}");
        let known =
            self.uncommitted.fetch_metadata(Some(topic), CALL_MAX).map_err(|error| problem(&error))?;
        let found = known.topics().first().filter(|topic| topic.error().is_none());
        let count = found.map_or(0, |topic| topic.partitions().len());
        if count == 0 {
            return Err(problem(&"there is no such topic"));
        }
        let end = |partition: usize| {
            let partition = i32::try_from(partition).map_err(|error| problem(&error))?;
            let ask = |of: &BaseConsumer| of.fetch_watermarks(topic, partition, CALL_MAX);
            let (_, stable) = ask(&self.committed).map_err(|error| problem(&error))?;
            let (start, high) = ask(&self.uncommitted).map_err(|error| problem(&error))?;
            Ok(End { start, high, stable })
        };
        (0..count).map(end).collect()
    }

    /// What the group has committed. A reader of committed records alone is not told an offset that is not settled.
    fn group(&self, log: &Log, ends: &[Vec<End>]) -> Result<Offsets, String> {
        let mut asked = TopicPartitionList::new();
        for role in [Role::Intents, Role::Executions] {
            for (partition, _) in (0..).zip(&ends[role as usize]) {
                asked.add_partition(log.name(role), partition);
            }
        }
        let answer = self
            .committed
            .committed_offsets(asked, CALL_MAX)
            .map_err(|error| format!("the group: {error}"))?;
        let mut found = Vec::new();
        for element in answer.elements() {
            element.error().map_err(|error| format!("the group: {error}"))?;
            let role =
                [Role::Intents, Role::Executions].into_iter().find(|role| log.name(*role) == element.topic());
            if let (Some(role), Offset::Offset(offset)) = (role, element.offset()) {
                found.push(((role, element.partition()), offset));
            }
        }
        Ok(found)
    }
}

/// Whether no lane that is not halted has anything left to answer.
fn is_answered(source: &Source, log: &Log, (ends, group): &Look) -> Result<bool, String> {
    for role in [Role::Intents, Role::Executions] {
        for (partition, end) in
            (0..).zip(&ends[role as usize]).filter(|(lane, _)| !source.halted.contains(lane))
        {
            let committed = group.iter().find(|(place, _)| *place == (role, partition));
            let next = committed.map_or(end.start, |(_, offset)| *offset).max(end.start);
            if next < end.high && tail::is_anything_left(source, log.name(role), partition, next)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn unstable(log: &Log, ends: &[Vec<End>]) -> Option<String> {
    log.topics.iter().zip(ends).find_map(|(topic, ends)| {
        let (partition, end) = ends.iter().enumerate().find(|(_, end)| end.stable != end.high)?;
        let End { high, stable, .. } = end;
        Some(format!("{}/{partition} is stable up to {stable} of {high}", topic.name))
    })
}

fn accept(log: &mut Log, (ends, group): Look) {
    for (topic, ends) in log.topics.iter_mut().zip(ends) {
        topic.partitions = ends
            .into_iter()
            .map(|End { start, high, .. }| Partition { start, end: high, ..Partition::default() })
            .collect();
    }
    log.group = group.into_iter().collect();
}

fn wait(deadline: Instant, for_what: &str) -> Result<(), String> {
    if Instant::now() + QUIET > deadline {
        return Err(format!("not in time: {for_what}"));
    }
    thread::sleep(QUIET);
    Ok(())
}
