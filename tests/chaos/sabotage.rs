//! What strangers and accidents do to a lane's topics while its router is down after a crash: that lane halts with the
//! code that names it, in whichever router opens it next, and all others go on.

use apache_avro::types::Value;

use crate::noise::ROUTERS_DIED;
use crate::reader::Isolation;
use crate::records::set;
use crate::report::Ending;
use crate::scene::{Scene, world};
use crate::stage::take;
use crate::strangers::{forge, last, lose_records};
use crate::team::Kind;
use crate::world::World;

type Sabotage = (&'static str, &'static str, fn(&World, i32));

/// What is done to lanes 1, 2, and so on. To lane 0 nothing is.
const SABOTAGE: [Sabotage; 8] = [
    ("the first audit records deleted", "CHAIN_BROKEN", |world, lane| lose_records(world, "audit", lane, 5)),
    ("an audit record appended that links to another", "CHAIN_BROKEN", |world, lane| {
        forge(world, lane, |entry| set(entry, "prev", Value::Fixed(32, vec![7; 32])));
    }),
    ("an audit record written again", "CHAIN_BROKEN", |world, lane| {
        let again = last(world, "audit", lane);
        world.produce("audit", lane, again.key.as_deref(), again.value.as_deref());
    }),
    ("an audit record appended that is none", "AUDIT_UNREADABLE", |world, lane| {
        world.produce("audit", lane, Some(&[0; 8]), Some(b"no entry at all"));
    }),
    ("a committed offset reset", "CURSOR_MISMATCH", |world, lane| world.commit("intents", lane, 0)),
    ("intents deleted before they were read", "INPUT_LOST", |world, lane| {
        lose_records(world, "intents", lane, last(world, "intents", lane).offset + 1);
    }),
    ("an order appended by a stranger", "OUTPUT_MISMATCH", |world, lane| {
        // The first one again. The last one again would look as it must at its end: an audit alone finds that.
        let orders = world.read("orders", Isolation::Committed);
        let first = orders.into_iter().find(|order| order.partition == lane).expect("an order");
        world.produce("orders", lane, first.key.as_deref(), first.value.as_deref());
    }),
    ("all orders deleted", "OUTPUT_MISMATCH", |world, lane| {
        // The marker behind the last one too.
        lose_records(world, "orders", lane, last(world, "orders", lane).offset + 2);
    }),
];

#[test]
fn a_lane_whose_topics_were_tampered_with_halts_and_stays_halted_and_no_other_does() {
    let stage = take();
    let lanes = i32::try_from(SABOTAGE.len()).expect("a count") + 1;
    // Records of a compacted trail cannot be deleted by anybody.
    let world = world(&stage, "chaos-sabotage", lanes, &["--audit-cleanup", "delete"]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "tampering", 0x5AB07A6E);
    scene.crash();
    // Some intents wait for each lane.
    std::thread::sleep(std::time::Duration::from_secs(1));
    scene.load.pause();
    let mut due = Vec::new();
    for (lane, (fault, code, act)) in (1..).zip(SABOTAGE) {
        act(&world, lane);
        scene.record(fault, Ending::Halted(code.to_owned()), Vec::new());
        due.push((lane, code));
    }
    scene.load.resume();
    scene.team.start("r1");
    scene.team.start("r2");
    scene.wait_halts(&due);
    let sabotaged: Vec<i32> = due.iter().map(|(lane, _)| *lane).collect();
    scene.stay_halted(&due, &sabotaged, &[ROUTERS_DIED]);
}
