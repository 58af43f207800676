//! A broker whose disk is full: it ends, the others go on, and it comes back when there is room again.

use std::time::{Duration, Instant};

use crate::noise::{BROKERS_DIED, ROUTERS_DIED};
use crate::reader::eventually;
use crate::report::{self, Ending, Row};
use crate::scene::{LANES, Scene, world};
use crate::stage::{BROKERS, take, times};
use crate::team::Kind;

const FAULT: &str = "the disk of one broker full, and room again";

#[test]
fn a_broker_whose_disk_is_full_is_one_that_is_away() {
    let stage = take();
    if let Some(why) = stage.disk.absent() {
        let (fault, ending) = (FAULT.to_owned(), Ending::NotRun(format!("no disk can be mounted: {why}")));
        report::add(Row { family: "brokers", fault, times: 0, ending, recoveries: Vec::new(), checked: 0 });
        return;
    }
    let world = world(&stage, "chaos-full", LANES, &[]);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "brokers", 0xF011);
    for _ in 0..times(3) {
        scene.survive(FAULT, &[BROKERS_DIED, ROUTERS_DIED], |scene| {
            scene.stage.disk.fill();
            eventually("the broker with the full disk ends", || {
                (!scene.stage.cluster.is_up(BROKERS)).then_some(())
            });
            let began = Instant::now();
            scene.watch.first_after(began, &scene.lanes());
            std::thread::sleep(Duration::from_secs(1));
            scene.stage.disk.clear();
            scene.stage.cluster.restart(BROKERS);
            scene.stage.wait_whole();
            None
        });
    }
    scene.close();
}
