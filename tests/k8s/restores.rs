//! A restore that takes longer than any probe is patient: nobody may end it.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::broker::Cluster;
use crate::cluster::{kubectl, take, wait_for};
use crate::pod::Pod;
use crate::records::new_intent;
use crate::scene::{Scene, world};

/// Enough for a trail that takes minutes to read at the pace below.
const INTENTS: usize = 40_000;
/// What each broker sends to one router, by quota: enough for what the router asks before it restores.
const BYTES_PER_S: &str = "40000";
/// What a router fetches at once: brokers keep such a quota by late answers, and no answer is more than 10 s late.
const FETCH: &str = r"config.kafka.fetch\.message\.max\.bytes=65536";
/// Of the two pods, each is to show that it was slow for so many times the patience of its liveness probe.
const PATIENCES: u32 = 2;

#[test]
#[ignore = "it needs the cluster of `make e2e-k8s`"]
fn no_probe_ends_a_long_restore() {
    let brokers = take();
    let world = world(&brokers, "k8s-restores");
    let mut scene = Scene::open(&world, "restores", 0x5107);
    scene.survive("a trail of some length", |scene| {
        scene.release.upgrade(&[FETCH]);
        let intents: Vec<Json> = (0..INTENTS).map(intent).collect();
        intents.chunks(1000).for_each(|some| scene.release.world.send_all(some));
    });
    scene.survive("a restore that is longer than probes are patient", |scene| {
        let former = scene.release.pods();
        slow_down(&brokers, &former, true);
        let names: Vec<&str> = former.iter().map(|pod| pod.name.as_str()).collect();
        kubectl(&[&["delete", "pods", "--wait=false"][..], &names].concat());
        former.iter().for_each(|pod| scene.release.wait_replaced(pod));
        let began = Instant::now();
        let patience = liveness_patience(&names);
        println!("a liveness probe is patient for {patience:?}");
        let due = began + patience * PATIENCES;
        while Instant::now() < due {
            for pod in scene.release.pods() {
                assert_eq!(pod.restarts, 0, "{}: a restore was ended", pod.name);
                assert!(!pod.is_ready, "{}: ready before it has restored", pod.name);
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        for pod in scene.release.pods() {
            let lives = pod.try_say("/livez");
            assert!(lives.is_ok(), "{}: it restores, and is well: {lives:?}", pod.name);
            assert!(pod.lanes_in("RESTORING") > 0, "{}: {:?}", pod.name, pod.try_say("/status"));
        }
        slow_down(&brokers, &former, false);
        scene.release.wait_ready();
        println!("both had restored after {:?}", began.elapsed());
        for pod in scene.release.pods() {
            assert_eq!(pod.restarts, 0, "{}: a restore was ended", pod.name);
        }
    });
}

fn intent(number: usize) -> Json {
    new_intent(&format!("A{}", number % 10), &format!("L{number}"), &format!("LC{number}"))
}

/// A quota of the brokers for these pods' clients, which have their names; or none any more.
fn slow_down(brokers: &Cluster, pods: &[Pod], is_slow: bool) {
    let rate = format!("consumer_byte_rate={BYTES_PER_S}");
    let change = if is_slow { ["--add-config", &rate] } else { ["--delete-config", "consumer_byte_rate"] };
    for pod in pods {
        let of = ["--alter", "--entity-type", "clients", "--entity-name", &pod.name];
        let at = ["kafka-configs.sh", "--bootstrap-server", brokers.bootstrap()];
        brokers.tool(&[&at[..], &of, &change].concat());
    }
}

/// After how long without an answer the kubelet ends a router, by the pods' own specification.
fn liveness_patience(pods: &[&str]) -> Duration {
    let probe = wait_for("a pod can be read", || {
        let pod = kubectl(&["get", "pod", pods[0], "--output", "json"]);
        let pod: Json = serde_json::from_str(&pod).ok()?;
        let all = pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["name"] == "onefill").map(|one| one["livenessProbe"].clone())
    });
    let number = |field: &str| probe[field].as_u64().unwrap_or_else(|| panic!("{field} of {probe}"));
    Duration::from_secs(number("periodSeconds") * number("failureThreshold") + number("timeoutSeconds"))
}
