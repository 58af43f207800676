//! Revisions: one that works, two that cannot, and the way back.

use std::time::Instant;

use crate::cluster::take;
use crate::scene::{Scene, world};

#[test]
#[ignore = "it needs the cluster of `make e2e-k8s`"]
fn no_rollout_costs_an_order() {
    let brokers = take();
    let world = world(&brokers, "k8s-rollouts");
    let mut scene = Scene::open(&world, "rollouts", 0x0011);
    scene.survive("helm test, beside the load", |scene| scene.release.test());
    for tag in ["next", "this"] {
        scene.survive("upgrade to another image, under load", |scene| {
            let former = scene.release.pods();
            scene.release.upgrade(&[&format!("image.tag={tag}")]);
            former.iter().for_each(|pod| scene.release.wait_replaced(pod));
        });
    }
    scene.survive("upgrade to an image that is not there, and rollback", |scene| {
        scene.release.break_by(&["image.tag=absent"]);
        scene.release.wait_pod("a pod waits for its image", |pod| {
            pod.waits_for.as_deref().is_some_and(|reason| reason.starts_with("ErrImage"))
        });
        scene.wait_deciding(Instant::now());
        scene.release.roll_back();
    });
    scene.survive("upgrade to a configuration that is refused, a crash meanwhile, and rollback", |scene| {
        scene.release.break_by(&[r"config.kafka.no\.such\.setting=1"]);
        let broken = scene.release.wait_pod("a pod crashes again and again", |pod| {
            pod.waits_for.as_deref().is_some_and(|reason| reason.contains("CrashLoopBackOff"))
        });
        // A pod of the former revision starts again by its own configuration, not by the one that is refused.
        let whole = scene.release.wait_pod("a pod of the former revision runs", |pod| {
            pod.name != broken.name && pod.has_started()
        });
        whole.process().signal("KILL");
        scene.release.wait_pod("it is started again", |now| {
            now.uid == whole.uid && now.restarts > whole.restarts && now.is_ready
        });
        scene.wait_deciding(Instant::now());
        scene.release.roll_back();
    });
}
