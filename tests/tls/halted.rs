//! A lane that has halted, and clients that are made anew: the halt stays, and the other lanes go on.

use std::time::Duration;

use rdkafka::producer::Producer as _;
use serde_json::Value as Json;

use crate::authority::Identity;
use crate::producer::transactional;
use crate::reader::eventually;
use crate::records::{account_in, new_intent};
use crate::renewed::RENEWED;
use crate::router::Router;
use crate::secured::{CONNECTIONS, Secured, mutual};
use crate::world::World;

const LANES: i32 = 2;
const WAIT: Duration = Duration::from_secs(30);

/// A router with a certificate, and where that lies.
struct Scene {
    secured: &'static Secured,
    place: Identity,
    world: World,
}

impl Scene {
    /// Its trails have begun, and somebody has moved the group's offset of lane 0 meanwhile.
    fn new() -> Self {
        let secured = Secured::shared();
        let at = |file: &str| secured.cluster.dir().join(file);
        let place = Identity { certificate: at("halted.crt"), key: at("halted.key") };
        secured.authority.sign("halting", "10 years").install(&place);
        let kafka = mutual(&place, &secured.authority.certificate());
        let world = World::made_on(secured.place("mutual", kafka), "halted", LANES, &[]);
        let scene = Self { secured, place, world };
        let router = scene.router();
        (0..LANES).for_each(|lane| scene.send(lane, "first"));
        scene.world.wait_answered(&router);
        router.end_cleanly();
        scene.world.commit("intents", 0, 0);
        scene
    }

    fn router(&self) -> Router {
        self.world.router(&[]).saying(CONNECTIONS)
    }

    fn send(&self, lane: i32, id: &str) {
        self.world.send(&new_intent(&account_in(lane, LANES), id, id));
    }

    /// Moves the offset back to where the trail stands, under the running router.
    fn mend(&self) {
        let stranger = transactional(&self.world.bootstrap, &self.world.topic("stranger"));
        stranger.begin_transaction().expect("a transaction");
        self.world.commit_within(&stranger, "intents", 0, 1);
        stranger.commit_transaction(WAIT).expect("it commits");
    }

    fn renew(&self, router: &Router) {
        self.secured.authority.sign("halting-renewed", "10 years").install(&self.place);
        router.wait_logged(RENEWED);
    }
}

/// How a lane stands, without what is measured of its topics.
fn standing(router: &Router, lane: i32) -> Json {
    eventually("the router says how the lane stands", || {
        let status: Json = serde_json::from_str(&router.ask("/status")?).ok()?;
        let lane = status["lanes"].as_array()?.iter().find(|one| one["partition"] == lane)?.clone();
        Some(["stage", "halt", "detail", "remedy", "seq", "cursors"].map(|field| lane[field].clone()).into())
    })
}

/// What the metrics say of halts that have a cause like that of lane 0.
fn counted(router: &Router) -> Vec<String> {
    let metrics = router.ask("/metrics").expect("metrics");
    metrics.lines().filter(|line| line.contains("CURSOR_MISMATCH")).map(str::to_owned).collect()
}

#[test]
fn a_halt_outlives_the_renewal_of_certificates_and_ends_with_the_process() {
    let scene = Scene::new();
    let router = scene.router();
    let due = [(0, "CURSOR_MISMATCH".to_owned())];
    eventually("lane 0 has halted", || (router.halts() == due).then_some(()));
    scene.world.wait_openings(3);
    let before = standing(&router, 0);
    assert_eq!((&before[0], &before[1]), (&"HALTED".into(), &"CURSOR_MISMATCH".into()), "{before}");
    scene.mend();

    scene.renew(&router);
    scene.world.wait_openings(4);
    scene.send(1, "second");
    scene.world.wait_answered_in(&router, &[1]);
    assert_eq!((standing(&router, 0), router.halts()), (before, due.to_vec()));
    assert_eq!(counted(&router), ["onefill_lane_halts_total{code=\"CURSOR_MISMATCH\"} 1"]);
    assert_eq!(router.terminate().code(), Some(4));
    assert_eq!(scene.world.openings(), 4, "lane 0 was not opened");

    // Its cause was gone all the time.
    let router = scene.router();
    scene.send(0, "second");
    scene.world.wait_answered(&router);
    router.end_cleanly();
}
