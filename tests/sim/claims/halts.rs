//! A halt only where the world broke a rule, and always there, with its code.

use onefill::core::halt::{Halt, HaltCode};
use onefill::core::lane::FENCES_MAX;

use super::must;
use crate::breakage::Breakage;
use crate::world::World;

/// What may fence a lane that is owned: somebody else initialises its producers, or a request of its own to
/// do so arrives late.
const FENCING: [&str; 3] =
    ["late InitProducerId accepted", "stolen transactional ids", "freezes before a fence"];

/// Nothing halts in a world that keeps its rules, but for clocks that step, and fences again and again.
pub fn none_is_false(world: &World) -> Result<(), String> {
    let counts = world.sim.counts();
    let fences: u64 = FENCING.iter().filter_map(|what| counts.get(what)).sum();
    let is_due = |halt: &Halt| match halt.code {
        HaltCode::ClockUnsafe => world.plan.faults.clock_steps > 0,
        HaltCode::Fenced => fences > FENCES_MAX as u64,
        _ => false,
    };
    let halts = world.board.halts.borrow();
    let false_one = halts.iter().find(|(_, halt)| !is_due(halt));
    must(false_one.is_none(), || format!("a halt without a cause: {false_one:?}"))
}

/// The lanes that a breakage hits have halted with its code, and no other lane has halted.
pub fn all_that_are_due(world: &World, breakage: Breakage) -> Result<(), String> {
    let halts = world.board.halts.borrow();
    for lane in 0..world.cluster.lanes() {
        let codes: Vec<HaltCode> =
            halts.iter().filter(|(of, _)| *of == lane).map(|(_, halt)| halt.code).collect();
        let is_hit = lane == 0 || breakage.hits_all();
        let as_due = codes.iter().all(|code| is_hit && breakage.codes().contains(code));
        must(as_due && (!is_hit || !codes.is_empty()), || {
            format!(
                "{breakage:?}: lane {lane} should halt with one of {:?}, halts: {codes:?}",
                breakage.codes()
            )
        })?;
    }
    Ok(())
}
