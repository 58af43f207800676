//! G4: nothing is published while a fact that is needed to decide is uncertain.
//!
//! What an outsider can see of it: nobody decides by control that was long outdated, an opening stands
//! before whatever its router decides, and a world that broke a rule is decided in no more.

use onefill::core::entry::Body;

use super::must;
use crate::kafka::log::Record;
use crate::kafka::request::Topic;
use crate::outside::{Lane, Outside, entry};
use crate::world::World;

/// How old control may be at most that an intent is decided by, in milliseconds: patience for its end,
/// one answer, one transaction, a session and more for which a process may be frozen on the way.
const OUTDATED_MS: i64 = 60_000;

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(|lane| knows_control(lane, &outside.control))
}

fn knows_control(lane: &Lane, control: &[Record]) -> Result<(), String> {
    for record in &lane.audit {
        let entry = entry(record)?;
        if !matches!(entry.body, Body::Decision(_)) {
            continue;
        }
        let next = control.iter().find(|one| one.offset >= entry.as_of.control);
        let age = next.map_or(0, |one| record.timestamp_ms - one.timestamp_ms);
        must(age <= OUTDATED_MS, || {
            format!("entry {} of {}: decided {age} ms behind control", entry.seq, lane.partition)
        })?;
    }
    Ok(())
}

/// How many entries and orders each lane has.
pub fn lengths(world: &World, partition: i32) -> (usize, usize) {
    let count = |topic| world.cluster.log((topic, partition)).committed().len();
    (count(Topic::Audit), count(Topic::Orders))
}
