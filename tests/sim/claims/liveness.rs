//! Once nothing goes wrong any more, everything is answered, and each lane has one owner that runs.

use onefill::core::lane::Stage;

use super::must;
use crate::kafka::LANES;
use crate::kafka::log::Record;
use crate::outside::Outside;
use crate::world::World;

pub fn check(world: &World) -> Result<(), String> {
    must(world.is_quiet(), || {
        let outside = Outside::read(world);
        let ends = outside.lanes.iter().map(|lane| {
            let last = |records: &[Record]| records.last().map_or(-1, |record| record.offset);
            (last(&lane.intents), last(&lane.executions), lane.committed, lane.audit.len())
        });
        let ends: Vec<_> = ends.collect();
        format!("inputs are left unanswered: {ends:?}; lanes: {:?}", world.board.stages.borrow())
    })?;
    for lane in 0..LANES {
        let stages = world.board.stages.borrow();
        let running =
            stages.iter().filter(|((_, of), stage)| *of == lane && **stage == Stage::Running).count();
        must(running == 1, || format!("{running} processes run lane {lane}: {stages:?}"))?;
    }
    Ok(())
}
