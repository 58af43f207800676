//! G6: entries are numbered without gaps, each has the hash of the one before, and time never runs back.

use onefill::core::entry::Body;
use onefill::core::ids::Digest;

use super::must;
use crate::outside::{Lane, Outside, cursors_after, entry};

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(lane)
}

fn lane(lane: &Lane) -> Result<(), String> {
    let (mut prev, mut decided_at, mut cursors) = (Digest::ZERO, i64::MIN, None);
    for (due, record) in lane.audit.iter().enumerate() {
        let entry = entry(record)?;
        let at = |text: &str| {
            format!("entry {} at offset {} of {}: {text}", entry.seq, record.offset, lane.partition)
        };
        must(entry.seq == due as u64, || at(&format!("stands where {due} was due")))?;
        must(record.payload.key.as_deref() == Some(&entry.seq.to_be_bytes()[..]), || at("another key"))?;
        must(entry.prev == prev, || at("another link"))?;
        must(matches!(entry.body, Body::Genesis(_)) == (due == 0), || at("a GENESIS, or none"))?;
        must(entry.decided_at.0 >= decided_at, || at("time runs back"))?;
        let stood = cursors.is_none_or(|before| before == entry.as_of);
        must(stood, || at(&format!("inputs stood at {:?}, not {cursors:?}", entry.as_of)))?;
        let value = record.payload.value.as_deref().unwrap_or_default();
        (prev, decided_at, cursors) = (Digest::leaf(value), entry.decided_at.0, Some(cursors_after(&entry)));
    }
    Ok(())
}
