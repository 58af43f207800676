//! What each lane would find: its trail's first entry, where its group stands, what waits for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::error::KafkaResult;
use rdkafka::message::Message;

use super::reading::{self, Enough};
use super::{Patience, Survey};
use crate::core::ledger::Opened;
use crate::core::proof::Extent;
use crate::shell::admin::Cluster;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::config::Config;
use crate::shell::cursor::{Cursor, cursors};
use crate::shell::evidence;
use crate::shell::heard::Heard;
use crate::shell::librdkafka::{Operation, Resource};
use crate::shell::preflight::{InputView, LaneView, Opening};
use crate::shell::topics::Role;
use crate::wire::schema::Schemas;

/// How long an offset may be part of an open transaction: a router at work commits many times a
/// second.
const UNSTABLE_MAX: Duration = Duration::from_secs(3);
const UNSTABLE_ASKED_EVERY: Duration = Duration::from_millis(100);
/// How long a client waits for one such offset: it keeps to itself that it is asked for in vain.
const UNSTABLE_WAIT: Duration = Duration::from_secs(1);

const INPUTS: [Role; 2] = [Role::Intents, Role::Executions];

/// Looks at every lane. What is not allowed or not there is left out: the survey says so already.
pub fn view_lanes(
    cluster: &Cluster,
    config: &Config,
    schemas: &Schemas,
    patience: Patience<'_>,
    survey: &mut Survey,
) -> Vec<LaneView> {
    let count = survey.lanes();
    let mut lanes: Vec<LaneView> =
        (0..count).map(|partition| LaneView { partition, ..LaneView::default() }).collect();
    let trails = survey.topics.get(&Role::Audit).map_or(0, |state| state.partitions.len() as i32);
    let heard = Heard::default();
    if survey.may_read(&config.topics.audit) {
        let all: Vec<i32> = (0..trails).collect();
        match evidence::first_openings(config, schemas, count, &all) {
            Ok(found) => take_openings(found, &mut lanes),
            Err(error) => survey.unanswered("the first entries of the trails", &error),
        }
        match reading::newest_entry_ms(cluster, config, trails, patience, &heard) {
            Ok(newest) => {
                survey.newest_entry_ms = newest;
                survey.see_clock();
            }
            Err(error) => survey.unanswered("the ends of the trails", &error),
        }
    }
    if survey.may_read_group(config) {
        for role in INPUTS {
            let topic = config.topics.name(role);
            let looked = view_input(cluster, config, role, patience, &heard, survey, &mut lanes);
            if let Err(error) = looked {
                survey.unanswered(format!("what waits on {topic}"), &error);
            }
        }
    }
    survey.throttle_ms_max = heard.throttle_ms_max();
    lanes
}

impl Survey {
    pub(in crate::shell) fn may_read(&self, topic: &str) -> bool {
        let held = self.rights.get(&Resource::Topic(topic.to_owned()));
        held.is_none_or(|held| held.contains(&Operation::Read)) && !self.hidden.whole.contains(topic)
    }

    fn may_read_group(&self, config: &Config) -> bool {
        let held = self.rights.get(&Resource::Group(config.group.clone()));
        held.is_none_or(|held| held.contains(&Operation::Read))
    }
}

fn take_openings(found: BTreeMap<i32, Option<Opened>>, lanes: &mut [LaneView]) {
    for (partition, opened) in found {
        if let Some(lane) = lanes.iter_mut().find(|lane| lane.partition == partition) {
            lane.opened = opened.map_or(Opening::Unreadable, Opening::Recorded);
        }
    }
}

fn view_input(
    cluster: &Cluster,
    config: &Config,
    role: Role,
    patience: Patience<'_>,
    heard: &Heard,
    survey: &Survey,
    lanes: &mut [LaneView],
) -> KafkaResult<()> {
    let Some(state) = survey.topics.get(&role).filter(|state| survey.may_read(&state.name)) else {
        return Ok(());
    };
    let topic = &state.name;
    let cursors = settled_cursors(config, topic, lanes.len() as i32, patience)?;
    let extents = reading::extents(cluster, topic, lanes.len() as i32, patience)?;
    let retention_ms = state.number("retention.ms").filter(|millis| *millis >= 0);
    let mut starts = BTreeMap::new();
    for lane in lanes.iter_mut() {
        let at = lane.partition;
        let (Some(cursor), Some(extent)) = (cursors.get(&at), extents.get(&at)) else { continue };
        let (topic, cursor, extent) = (topic.clone(), *cursor, *extent);
        let input = InputView { topic, cursor, extent, oldest_age_ms: None, retention_ms };
        let Extent { start, end } = extent;
        starts.extend(
            input.next(&lane.opened).filter(|next| (start..end).contains(next)).map(|next| (at, next)),
        );
        lane.inputs.push(input);
    }
    if retention_ms.is_none() {
        return Ok(());
    }
    let now_ms = survey.now_ms;
    reading::scan(config, (topic, starts), patience.wait(), heard, |message| {
        let lane = lanes.iter_mut().find(|lane| lane.partition == message.partition());
        if let Some(input) = lane.and_then(|lane| lane.inputs.last_mut()) {
            input.oldest_age_ms = message.timestamp().to_millis().map(|time| now_ms.saturating_sub(time));
        }
        Enough::Yes
    })?;
    Ok(())
}

/// Where the group stands on each partition, asked again for a while where a transaction is open.
fn settled_cursors(
    config: &Config,
    topic: &str,
    count: i32,
    patience: Patience<'_>,
) -> KafkaResult<BTreeMap<i32, Cursor>> {
    let open = |isolation| client::reader(config, isolation)?.create_with_context(Logged);
    let (stable, any) = (open(Isolation::Committed)?, open(Isolation::Uncommitted)?);
    let waits = [patience.wait().min(UNSTABLE_WAIT), patience.wait()];
    let (began, mut found) = (Instant::now(), BTreeMap::new());
    let mut open: Vec<i32> = (0..count).collect();
    let mut at_once = open.len().max(1);
    loop {
        for partitions in open.chunks(at_once) {
            let mut asked = TopicPartitionList::new();
            for partition in partitions {
                asked.add_partition(topic, *partition);
            }
            let cursors = cursors([&stable, &any], &asked, waits)?;
            found.extend(partitions.iter().copied().zip(cursors));
            // What is not asked again stays as it was found at first.
            if began.elapsed() > UNSTABLE_MAX {
                return Ok(found);
            }
        }
        open.retain(|partition| found.get(partition) == Some(&Cursor::Unstable));
        if open.is_empty() {
            return Ok(found);
        }
        // Lanes at work are never all settled at the same moment.
        at_once = 1;
        std::thread::sleep(UNSTABLE_ASKED_EVERY);
    }
}
