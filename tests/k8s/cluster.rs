//! The cluster that `dev/k8s/cluster` runs, by its own tools, and three brokers where its pods reach them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::broker::Cluster;
use crate::world::Place;

pub const NAMESPACE: &str = "onefill";
/// A control loop's patience, several times over: this machine may be busy.
pub const WAIT_MAX: Duration = Duration::from_secs(180);
/// A broker that is not there any more is noticed sooner. Records are as large as preflight wants.
const SETTINGS: [&str; 2] = ["broker.session.timeout.ms=4000", "message.max.bytes=1048588"];

/// Waits until no other test uses the cluster. The brokers, which are reached where pods reach them.
pub fn take() -> MutexGuard<'static, Cluster> {
    static BROKERS: OnceLock<Mutex<Cluster>> = OnceLock::new();
    let brokers = BROKERS.get_or_init(|| {
        let host = variable("K8S_HOST");
        let settings = SETTINGS.iter().flat_map(|line| ["--set", line]);
        let arguments: Vec<&str> = ["--host", &host].into_iter().chain(settings).collect();
        make_namespace();
        Mutex::new(Cluster::start_with(3, &arguments, |_| ()))
    });
    brokers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One that takes only pods that are as restricted as Kubernetes' strictest standard has it.
fn make_namespace() {
    if try_call("kubectl", &["get", "namespace", NAMESPACE]).is_err() {
        call("kubectl", &["create", "namespace", NAMESPACE]);
    }
    let standard = "pod-security.kubernetes.io/enforce=restricted";
    call("kubectl", &["label", "--overwrite", "namespace", NAMESPACE, standard]);
}

pub fn place(brokers: &Cluster) -> Place {
    let bootstrap = brokers.bootstrap().to_owned();
    Place { routers: bootstrap.clone(), bootstrap, dev: false, kafka: String::new() }
}

/// What `dev/k8s/cluster enter` sets.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this by `make e2e-k8s`"))
}

pub fn chart() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("helm/onefill")
}

/// What a program prints; its errors, where it fails.
pub fn try_call(program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let done = command.output().unwrap_or_else(|error| panic!("{program} can be run: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match done.status.success() {
        true => Ok(text(&done.stdout)),
        false => Err(format!(
            "{program} {arguments:?}: {}\n{}{}",
            done.status,
            text(&done.stdout),
            text(&done.stderr)
        )),
    }
}

pub fn call(program: &str, arguments: &[&str]) -> String {
    try_call(program, arguments).unwrap_or_else(|error| panic!("{error}"))
}

/// kubectl, in the namespace of the tests.
pub fn kubectl(arguments: &[&str]) -> String {
    call("kubectl", &[&["--namespace", NAMESPACE], arguments].concat())
}

pub fn try_kubectl(arguments: &[&str]) -> Result<String, String> {
    try_call("kubectl", &[&["--namespace", NAMESPACE], arguments].concat())
}

/// What the API has of a kind, by label.
pub fn objects(kind: &str, label: &str) -> Vec<Json> {
    let listed = kubectl(&["get", kind, "--selector", label, "--output", "json"]);
    let listed: Json = serde_json::from_str(&listed).expect("kubectl writes JSON");
    listed["items"].as_array().cloned().unwrap_or_default()
}

/// Asks until there is an answer. Slower than the tests' other such loop, because each question is a process.
pub fn wait_for<T>(claim: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + WAIT_MAX;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        if Instant::now() >= give_up {
            let seen = try_kubectl(&["get", "pods,events", "--output", "wide"]).unwrap_or_else(|error| error);
            panic!("not within {WAIT_MAX:?}: {claim}\n{seen}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
