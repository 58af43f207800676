//! What somebody with access to the only disk of a partition does to its records while its broker is down.

use std::path::PathBuf;

use crate::broker::{Cluster, Signal};
use crate::noise::ROUTERS_DIED;
use crate::report::Ending;
use crate::scene::{Scene, configure};
use crate::segment::edit;
use crate::stage::take;
use crate::team::Kind;
use crate::world::{Place, World};

/// Puts another account into an entry.
fn other_account(batch: &mut [u8]) -> bool {
    // As Avro writes the names of the accounts: twice the length, then the text.
    let found = batch.windows(3).position(|text| text[0] == 4 && text[1] == b'A' && text[2].is_ascii_digit());
    found.is_some_and(|at| {
        batch[at + 2] ^= 1;
        true
    })
}

#[test]
fn an_entry_that_was_edited_on_disk_halts_its_lane_alone() {
    let (stage, alone) = (take(), Cluster::start(1));
    let bootstrap = alone.bootstrap().to_owned();
    let place = Place { routers: bootstrap.clone(), bootstrap, dev: true, kafka: String::new() };
    let world = World::made_on(place, "chaos-edits", 2, &[]);
    configure(&world);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "tampering", 0xED17);
    scene.crash();
    scene.load.pause();
    // In order: a broker that was killed would look through its segments.
    alone.kill(1, Signal::Term);
    edit(&segment(&alone, &world, "audit", 1), other_account);
    alone.start_all();
    let due = [(1, "CHAIN_BROKEN")];
    let fault = "an audit record edited on disk, and its checksum with it";
    scene.record(fault, Ending::Halted("CHAIN_BROKEN".to_owned()), Vec::new());
    scene.load.resume();
    scene.team.start("r1");
    scene.team.start("r2");
    scene.wait_halts(&due);
    scene.stay_halted(&due, &[1], &[ROUTERS_DIED]);
}

/// Where the broker keeps the first, and here only, segment of a partition.
fn segment(alone: &Cluster, world: &World, role: &str, partition: i32) -> PathBuf {
    let name = format!("{}-{partition}/00000000000000000000.log", world.topic(role));
    alone.dir().join("node-1/data").join(name)
}
