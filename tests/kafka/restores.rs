//! A lane that is revoked or ended while it reads its trail goes on from there, and not from the trail's beginning.

use serde_json::Value as Json;

use crate::broker::Cluster;
use crate::checker::check;
use crate::loud::{Expected, expect};
use crate::reader::{Isolation, eventually};
use crate::records::new_intent;
use crate::router::Router;
use crate::world::{Place, World};

/// Enough for a trail that takes minutes to read at the pace below.
const INTENTS: usize = 30_000;
/// What the broker sends to the slow router, by quota: enough for what it asks before it restores.
const BYTES_PER_S: &str = "100000";
/// What routers fetch at once: a broker keeps such a quota by late answers.
const FETCH: &str = "\"fetch.message.max.bytes\" = \"16384\"\n";
/// The slow router's name, and so that of its clients.
const SLOW: &str = "slow";

/// What a router says whose broker answers it late.
const LATE: &[Expected] = &[expect("waiting for Kafka to ", "a request took too long, and was made again")];

/// One lane with a long trail, which one router reads slowly.
struct Scene {
    cluster: Cluster,
    world: World,
}

impl Scene {
    fn open() -> Self {
        let cluster = Cluster::start(1);
        let bootstrap = cluster.bootstrap().to_owned();
        let place = Place { routers: bootstrap.clone(), bootstrap, dev: true, kafka: FETCH.to_owned() };
        let scene = Self { world: World::made_on(place, "restores", 1, &[]), cluster };
        scene.world.send_all(&(0..INTENTS).map(intent).collect::<Vec<_>>());
        let router = scene.world.router(&[]);
        scene.world.wait_answered(&router);
        router.end_cleanly();
        scene
    }

    /// A router of this name, which keeps checkpoints where all of them do.
    fn router(&self, name: &str) -> Router {
        let dir = self.world.dir().join("checkpoints");
        let flags = ["--checkpoint-dir", dir.to_str().expect("a path")];
        self.world.router_with("127.0.0.1:0", &flags, &[("ONEFILL_ROUTER_ID", name)])
    }

    fn slow_down(&self) {
        let rate = format!("consumer_byte_rate={BYTES_PER_S}");
        let at = ["kafka-configs.sh", "--bootstrap-server", self.cluster.bootstrap(), "--alter"];
        let of = ["--entity-type", "clients", "--entity-name", SLOW, "--add-config", &rate];
        self.cluster.tool(&[&at[..], &of].concat());
    }

    /// How many entries the trail has.
    fn entries(&self) -> usize {
        self.world.read("audit", Isolation::Committed).len()
    }
}

fn intent(number: usize) -> Json {
    new_intent("A0", &format!("I{number}"), &format!("C{number}"))
}

/// How far the lane has read its trail, once it has begun and while it is not done.
fn reading(router: &Router) -> Option<u64> {
    let status: Json = serde_json::from_str(&router.ask("/status")?).ok()?;
    status["lanes"][0]["restoring"]["next"].as_u64().filter(|next| *next > 0)
}

/// The number in this field of the last line that says so.
fn said(log: &str, says: &str, number: &str) -> Option<usize> {
    let line = log.lines().rfind(|line| line.contains(says))?;
    let value = line.split(&format!(" {number}=")).nth(1)?.split_whitespace().next()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{number} in {line}")))
}

const GIVEN_BACK: &str = "lane given back";
const KEPT: &str = "kept in memory";
const READ: &str = "trail read to its end";

#[test]
fn what_was_read_of_a_trail_is_not_read_again() {
    let scene = Scene::open();
    scene.slow_down();
    let slow = scene.router(SLOW).saying(LATE);
    eventually("the trail is being read", || reading(&slow));
    // The lane is revoked whoever has it then, and comes back when the other one has ended, if not before.
    let comes = scene.world.router(&[]);
    slow.wait_logged(GIVEN_BACK);
    comes.end_cleanly();
    let kept = eventually("the lane has come back", || said(&slow.log(), KEPT, "seq"));
    assert!(kept > 0);

    // The process ends before it has read all, and what it has read is on disk.
    let path = slow.path().to_owned();
    assert_eq!(slow.terminate().code(), Some(0));
    let log = std::fs::read_to_string(path).expect("a log");
    assert!(!log.contains(READ), "the trail was not read to its end:\n{log}");
    let entries = scene.entries();
    // What was decided long ago comes again beside what is new: the one must be known, the other not.
    scene.world.send_all(&[0, INTENTS].map(intent));
    let next = scene.router("next");
    scene.world.wait_answered(&next);
    let from = said(&next.log(), "checkpoint read", "seq").expect("it went on from a checkpoint");
    assert!(from >= kept, "it was kept at {kept} in memory, and at {from} on disk");
    assert_eq!(said(&next.log(), READ, "entries"), Some(entries - from));
    next.end_cleanly();
    assert_eq!(check(&scene.world).count("ACCEPTED"), INTENTS + 1);
}
