//! What becomes of single pods: killed, evicted, deleted by force, frozen.

use std::time::Instant;

use crate::cluster::{kubectl, take, wait_for};
use crate::scene::{LANES, Scene, world};

#[test]
#[ignore = "it needs the cluster of `make e2e-k8s`"]
fn no_end_of_a_pod_costs_an_order() {
    let brokers = take();
    let world = world(&brokers, "k8s-pods");
    let mut scene = Scene::open(&world, "pods", 0x00D5);
    for index in [0, 1] {
        scene.survive("kill -9 of the process in a pod", |scene| {
            let pod = scene.release.pod(index);
            pod.process().signal("KILL");
            scene.release.wait_pod("its container is started again", |now| {
                now.uid == pod.uid && now.restarts > pod.restarts && now.is_ready
            });
        });
    }
    scene.survive("eviction of a pod; of the other one too it is refused", |scene| {
        let (pod, other) = (scene.release.pod(0), scene.release.pod(1));
        scene.release.evict(&pod).unwrap_or_else(|error| panic!("the first is let go: {error}"));
        let refused = scene.release.evict(&other).expect_err("the budget allows one");
        assert!(refused.contains("disruption budget"), "{refused}");
        scene.release.wait_replaced(&pod);
    });
    scene.survive("forced deletion of a pod", |scene| {
        let pod = scene.release.pod(1);
        delete_by_force(&pod.name);
        scene.release.wait_replaced(&pod);
    });
    scene.survive("forced deletion of a pod that goes on running beside its successor", |scene| {
        let pod = scene.release.pod(0);
        let process = pod.process();
        // Nobody can end the process now, as on a node that has lost its network.
        let keeper = process.keeper();
        keeper.signal("STOP");
        delete_by_force(&pod.name);
        scene.release.wait_replaced(&pod);
        assert!(process.is_alive(), "the API has forgotten a process that still runs");
        scene.release.wait_ready();
        scene.wait_deciding(Instant::now());
        keeper.signal("CONT");
        process.wait_gone();
    });
    scene.survive("a frozen pod that wakes up when its lanes are others'", |scene| {
        let (pod, other) = (scene.release.pod(1), scene.release.pod(0));
        let process = pod.process();
        process.signal("STOP");
        wait_for("the other pod has all lanes", || {
            (other.lanes_in("RUNNING") == LANES as usize).then_some(())
        });
        process.signal("CONT");
    });
    scene.survive("a frozen pod that its liveness probe ends", |scene| {
        let pod = scene.release.pod(0);
        let process = pod.process();
        process.signal("STOP");
        process.wait_gone();
        wait_for("its container is started again", || {
            scene.release.pods().into_iter().find(|now| now.uid == pod.uid && now.restarts > pod.restarts)
        });
    });
}

fn delete_by_force(pod: &str) {
    kubectl(&["delete", "pod", pod, "--force", "--grace-period", "0", "--wait=false"]);
}
