//! G7: replaying the entries rebuilds the ledger, and deciding every one anew gives what it says.

use onefill::core::ids::Digest;
use onefill::core::ledger::{Ledger, Placement};
use onefill::core::recompute::{Recomputed, prices_of, recompute};
use onefill::core::replay::replay;

use crate::kafka::LANES;
use crate::outside::{Lane, Outside, entry};

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(lane)
}

fn lane(lane: &Lane) -> Result<(), String> {
    let mut ledger = Ledger::new(Placement { partition: lane.partition, count: LANES });
    for record in &lane.audit {
        let entry = entry(record)?;
        let at = |text: String| format!("entry {} of {}: {text}", entry.seq, lane.partition);
        match recompute(&mut ledger, &prices_of(&entry), &entry) {
            Recomputed::Entry(due) if *due != entry => {
                return Err(at(format!("says {:?}, should say {:?}", entry.body, due.body)));
            }
            Recomputed::Entry(_) | Recomputed::Same | Recomputed::AsRecorded => {}
            Recomputed::Otherwise(due) => return Err(at(format!("should be {due}"))),
        }
        let leaf = Digest::leaf(record.payload.value.as_deref().unwrap_or_default());
        replay(&mut ledger, &entry, leaf).map_err(|halt| at(halt.to_string()))?;
    }
    ledger.validate()
}
