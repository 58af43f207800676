//! Faults, at times that the seed draws.

use std::rc::Rc;

use crate::engine::{MS, Moment, SECOND};
use crate::kafka::request::{Request, TxnId};
use crate::kafka::{BROKERS, LANES, SESSION};
use crate::world::World;

/// One of the things that go wrong.
type Fault = fn(&Rc<World>);

/// Plans every fault of the storm.
pub fn begin(world: &Rc<World>) {
    let plan = world.plan.clone();
    let faults: [(u64, Fault); 8] = [
        (plan.faults.kills, kill),
        (plan.faults.leaves, leave),
        (plan.faults.freezes, freeze),
        (plan.faults.crashes, crash),
        (plan.faults.parts, part),
        (plan.faults.joins, join),
        (plan.faults.clock_steps, step_clock),
        (plan.faults.thefts, steal),
    ];
    for (times, fault) in faults {
        for _ in 0..times {
            let at = world.sim.dice().between(SECOND, plan.storm - SECOND);
            let world = Rc::clone(world);
            world.sim.clone().at(at, move || fault(&world));
        }
    }
}

fn kill(world: &Rc<World>) {
    if let Some(id) = world.any_process() {
        world.sim.count("kills");
        world.kill(id);
    }
}

fn leave(world: &Rc<World>) {
    if let Some(id) = world.any_process() {
        world.dismiss(id);
    }
}

fn freeze(world: &Rc<World>) {
    let Some(id) = world.any_process() else { return };
    let length = between(world, 300 * MS, SESSION + 8 * SECOND);
    world.sim.count("freezes");
    world.sim.say(&("process", id), &("frozen", length / MS));
    world.sim.freeze(id, world.sim.now() + length);
}

fn crash(world: &Rc<World>) {
    let broker = world.sim.dice().below(BROKERS as u64) as usize;
    let until = world.sim.now() + between(world, 50 * MS, 5 * SECOND);
    world.sim.count("broker crashes");
    world.sim.say(&("broker", broker), &("down until", until / MS));
    world.network.crash(broker, until);
}

fn part(world: &Rc<World>) {
    let Some(id) = world.any_process() else { return };
    let until = world.sim.now() + between(world, 200 * MS, SESSION + 6 * SECOND);
    world.sim.count("partitions of the network");
    world.sim.say(&("process", id), &("apart until", until / MS));
    world.network.part(id, until);
}

fn join(world: &Rc<World>) {
    world.sim.count("routers added");
    world.add_seat();
}

fn step_clock(world: &Rc<World>) {
    // A clock that is less than a second behind is waited for, one that is more is not.
    let most = *world.sim.dice().pick(&[900 * MS, 3 * SECOND]);
    let by = between(world, -most, most);
    world.sim.count("clock steps");
    world.sim.say(&"clock", &by);
    world.step_clock(by);
}

/// Somebody initialises a lane's transactional id, and does nothing with it.
fn steal(world: &Rc<World>) {
    let txn: TxnId = (world.sim.dice().below(LANES as u64) as i32, world.sim.dice().below(2) as usize);
    world.sim.count("stolen transactional ids");
    world.sim.say(&"thief", &txn);
    let _ = world.cluster.handle(Request::InitProducerId(txn), &crate::engine::Slot::default());
}

fn between(world: &World, least: Moment, most: Moment) -> Moment {
    world.sim.dice().between(least, most)
}
