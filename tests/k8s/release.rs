//! The chart, installed for a world: what an operator does with helm, and what comes of it.

use std::path::PathBuf;

use serde_json::json;

use crate::cluster::{NAMESPACE, call, chart, objects, try_call, try_kubectl, wait_for};
use crate::pod::Pod;
use crate::world::World;

/// How long helm waits for what it was told to wait for.
const TIMEOUT: &str = "240s";
/// Two pods share the lanes.
const REPLICAS: usize = 2;

pub struct Release<'w> {
    pub world: &'w World,
    pub name: &'static str,
    values: PathBuf,
}

impl<'w> Release<'w> {
    /// Installs it, and waits until its pods are ready.
    pub fn install(world: &'w World, name: &'static str) -> Self {
        let values = world.dir().join("values.json");
        let text = json!({
            "bootstrap": world.bootstrap, "identity": name, "security": {"protocol": "PLAINTEXT"},
            "prefix": world.prefix, "partitions": world.partitions, "replicas": REPLICAS,
            "image": {"repository": "localhost/onefill", "tag": "this", "pullPolicy": "Never"},
            // Shorter than liveness probes are patient, so that a frozen router can lose its lanes before it is ended.
            "config": {"transaction_timeout_ms": 4000, "session_timeout_ms": 14_000, "decide": {"max_intent_age_ms": 0}},
        });
        std::fs::write(&values, format!("{text:#}\n")).expect("a file");
        let release = Self { world, name, values };
        release.helm("install", &["--wait"]).unwrap_or_else(|error| panic!("{error}"));
        release.wait_ready();
        release
    }

    /// Upgrades it to its first values with these, `name=value` each, and waits until all its pods have them.
    pub fn upgrade(&self, values: &[&str]) {
        self.upgrade_with(values, &["--wait"]).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Upgrades it to what cannot work, and does not wait.
    pub fn break_by(&self, values: &[&str]) {
        self.upgrade_with(values, &[]).unwrap_or_else(|error| panic!("{error}"));
    }

    fn upgrade_with(&self, values: &[&str], flags: &[&str]) -> Result<String, String> {
        let set = values.iter().flat_map(|value| ["--set", value]);
        let flags: Vec<&str> = flags.iter().copied().chain(set).collect();
        self.helm("upgrade", &flags)
    }

    fn helm(&self, command: &str, flags: &[&str]) -> Result<String, String> {
        let (chart, values) = (chart(), self.values.clone());
        let paths = [chart, values].map(|path| path.to_str().expect("paths are texts").to_owned());
        let own = [command, self.name, &paths[0], "--values", &paths[1], "--namespace", NAMESPACE];
        try_call("helm", &[&own[..], &["--timeout", TIMEOUT], flags].concat())
    }

    /// Back to the revision before.
    pub fn roll_back(&self) {
        call("helm", &["rollback", self.name, "--namespace", NAMESPACE, "--wait", "--timeout", TIMEOUT]);
    }

    /// `helm test`: an intent goes in, and its verdict comes out.
    pub fn test(&self) {
        let flags = ["--namespace", NAMESPACE, "--timeout", TIMEOUT, "--logs"];
        let said = call("helm", &[&["test", self.name], &flags[..]].concat());
        assert!(said.contains("Phase:          Succeeded"), "{said}");
    }

    /// Its pods, by name.
    pub fn pods(&self) -> Vec<Pod> {
        let all = objects("pods", &format!("app.kubernetes.io/instance={}", self.name));
        // That of `helm test` belongs to nobody.
        let routers = all.iter().filter(|pod| pod["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet");
        let mut pods: Vec<Pod> = routers.map(Pod::read).collect();
        pods.sort_by(|one, other| one.name.cmp(&other.name));
        pods
    }

    pub fn pod(&self, index: usize) -> Pod {
        let name = self.pods().into_iter().map(|pod| pod.name).nth(index).expect("there are so many pods");
        wait_for(&format!("{name} runs"), || {
            self.pods().into_iter().find(|pod| pod.name == name && pod.has_started())
        })
    }

    /// Waits until all its pods are there, and ready.
    pub fn wait_ready(&self) {
        wait_for(&format!("all pods of {} are ready", self.name), || {
            let pods = self.pods();
            (pods.len() == REPLICAS && pods.iter().all(|pod| pod.is_ready && !pod.is_leaving)).then_some(())
        });
    }

    /// Waits until its controller has replaced this pod by another of its name.
    pub fn wait_replaced(&self, former: &Pod) {
        wait_for(&format!("another pod has taken the place of {}", former.name), || {
            let pods = self.pods();
            pods.iter().any(|pod| pod.name == former.name && pod.uid != former.uid).then_some(())
        });
    }

    /// Waits until a pod has something to say of itself, as the API shows it.
    pub fn wait_pod(&self, claim: &str, is_so: impl Fn(&Pod) -> bool) -> Pod {
        wait_for(claim, || self.pods().into_iter().find(&is_so))
    }

    /// Asks for a pod to be evicted, as a drain of its node does. The API's answer.
    pub fn evict(&self, pod: &Pod) -> Result<String, String> {
        let path = self.world.dir().join("eviction.json");
        let asked = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": NAMESPACE},
        });
        std::fs::write(&path, asked.to_string()).expect("a file");
        let to = format!("/api/v1/namespaces/{NAMESPACE}/pods/{}/eviction", pod.name);
        try_kubectl(&["create", "--raw", &to, "--filename", path.to_str().expect("paths are texts")])
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let removed = try_call("helm", &["uninstall", self.name, "--namespace", NAMESPACE, "--wait"]);
        assert!(std::thread::panicking() || removed.is_ok(), "{removed:?}");
    }
}
