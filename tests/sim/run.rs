//! One seed from beginning to end: the run, the claims, then a world that breaks a rule.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::breakage::Breakage;
use crate::claims::g4_stop_when_in_doubt::lengths;
use crate::claims::{CLAIMS, halts, liveness, must};
use crate::engine::SECOND;
use crate::kafka::LANES;
use crate::load::strategy;
use crate::outside::Outside;
use crate::plan::Plan;
use crate::router::mutant::Mutant;
use crate::world::World;

/// What a run came to.
pub struct Report {
    pub seed: u64,
    pub counts: BTreeMap<&'static str, u64>,
    pub hash: (u64, u64),
    pub failure: Option<Failure>,
}

/// What did not hold, and how it came to that.
pub struct Failure {
    pub claim: &'static str,
    pub detail: String,
    pub trace: String,
}

/// Runs a seed with this mistake, in a world that is bent towards it.
pub fn run_mistaken(seed: u64, mutant: Mutant) -> Report {
    let mut plan = Plan::draw(seed, Some(mutant));
    plan.setup.mutant = Some(mutant);
    run(plan)
}

/// Runs a plan.
pub fn run(plan: Plan) -> Report {
    let seed = plan.seed;
    let world = World::new(plan);
    let outcome = catch_unwind(AssertUnwindSafe(|| play(&world)));
    let found = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(failed)) => Some(failed),
        Err(panic) => Some(("an invariant of the core", said(&*panic))),
    };
    let trace = world.sim.trace();
    let failure = found.map(|(claim, detail)| Failure { claim, detail, trace: trace.tail() });
    let report = Report { seed, counts: world.sim.counts(), hash: trace.hash(), failure };
    world.end();
    report
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

type Failed = (&'static str, String);

fn play(world: &Rc<World>) -> Result<(), Failed> {
    world.play();
    let named = |claim: &'static str| move |detail: String| (claim, detail);
    let outside = Outside::read(world);
    halts::none_is_false(world).map_err(named("no false halt"))?;
    liveness::check(world).map_err(named("liveness"))?;
    for (claim, check) in CLAIMS {
        check(&outside).map_err(named(claim))?;
    }
    world.sim.count("runs");
    match world.plan.breakage {
        Some(breakage) => break_it(world, breakage).map_err(named("a halt where a rule is broken")),
        None => Ok(()),
    }
}

/// Ends all routers, breaks a rule, and begins again: the lanes that are hit must halt, and decide nothing.
fn break_it(world: &Rc<World>, breakage: Breakage) -> Result<(), String> {
    world.end_all();
    world.board.halts.borrow_mut().clear();
    if !breakage.strike(world) {
        return Ok(());
    }
    world.sim.count(breakage.name());
    let before: Vec<(usize, usize)> = (0..LANES).map(|lane| lengths(world, lane)).collect();
    world.begin_again();
    world.sim.run_until(world.sim.now() + 10 * SECOND);
    for _ in 0..6 {
        strategy::publish(world);
    }
    world.sim.run_until(world.sim.now() + 30 * SECOND);
    halts::all_that_are_due(world, breakage)?;
    for (lane, before) in before.into_iter().enumerate() {
        let after = lengths(world, lane as i32);
        let is_hit = (lane == 0 || breakage.hits_all()) && breakage != Breakage::Stranger;
        must(!is_hit || after == before, || {
            format!("{breakage:?}: lane {lane} went on from {before:?} to {after:?}")
        })?;
    }
    Ok(())
}
