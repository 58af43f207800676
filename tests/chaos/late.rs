//! One request, at the worst moment: late, twice, or without its answer. Nobody else tests these (KAFKA-17754).

use std::time::Duration;

use crate::dice::Dice;
use crate::noise::{BROKERS_DIED, LATE, ROUTERS_DIED};
use crate::proxy::frame::Api;
use crate::proxy::trap::Trick;
use crate::proxy::weather::Weather;
use crate::scene::{LANES, Scene, world};
use crate::stage::{is_full, take, times};
use crate::team::Kind;

const APIS: [Api; 5] =
    [Api::EndTxn, Api::TxnOffsetCommit, Api::Produce, Api::AddPartitionsToTxn, Api::AddOffsetsToTxn];
const TRICKS: [(Trick, &str); 4] = [
    (Trick::Late, "delivered after it was sent again on another connection"),
    (Trick::LateUnnoticed, "delivered after its sender had given up"),
    (Trick::Twice, "delivered twice, the second time after it was sent again"),
    (Trick::Unanswered, "delivered, its answer lost"),
];

#[test]
fn a_request_that_comes_late_or_twice_finishes_no_later_transaction() {
    let stage = take();
    let world = world(&stage, "chaos-late", LANES, &[]);
    let mut dice = Dice(0x17754);
    let mut scene = Scene::open(&stage, &world, Kind::Static, "late requests", 0x17754);
    for _ in 0..times(5) {
        for (api, (trick, what)) in APIS.into_iter().flat_map(|api| TRICKS.map(|trick| (api, trick))) {
            // Whoever gives up by himself takes as long as a transaction may.
            if trick == Trick::LateUnnoticed && api != Api::EndTxn && !is_full() {
                continue;
            }
            let id = format!("{}-{}-{}", world.topic("audit"), dice.below(LANES as usize), dice.below(2));
            scene.survive(&format!("{api:?} {what}"), &[LATE, BROKERS_DIED, ROUTERS_DIED], |scene| {
                let trap = scene.stage.net.trap(api, &id, trick);
                let sprung = trap.is_sprung(Duration::from_secs(40));
                scene.stage.net.calm();
                assert!(sprung, "{}", trap.told());
                None
            });
        }
        fence_late(&mut scene, &mut dice);
    }
    scene.close();
}

/// Producers are initialised only for a reason: a short cut is one.
fn fence_late(scene: &mut Scene<'_>, dice: &mut Dice) {
    let id = format!("{}-{}-0", scene.world.topic("audit"), dice.below(LANES as usize));
    let fault = "InitProducerId delivered after it was sent again on another connection";
    scene.survive(fault, &[LATE, BROKERS_DIED, ROUTERS_DIED], |scene| {
        let trap = scene.stage.net.trap(Api::InitProducerId, &id, Trick::Late);
        scene.stage.net.set(Weather { cut: true, ..Weather::default() });
        std::thread::sleep(Duration::from_millis(100));
        scene.stage.net.set(Weather::default());
        let sprung = trap.is_sprung(Duration::from_secs(40));
        scene.stage.net.calm();
        assert!(sprung, "{}", trap.told());
        None
    });
}
