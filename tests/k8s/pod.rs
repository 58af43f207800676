//! A pod as the API shows it, and the process in it as the machine has it.

use serde_json::Value as Json;

use crate::cluster::{NAMESPACE, call, try_kubectl, wait_for};

/// The container of the chart that runs the router.
const CONTAINER: &str = "onefill";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub name: String,
    pub uid: String,
    pub is_ready: bool,
    pub is_leaving: bool,
    /// How often its router was started again.
    pub restarts: u64,
    /// Why its router, or what comes before it, does not run: `CrashLoopBackOff`, `ErrImageNeverPull`.
    pub waits_for: Option<String>,
    container: Option<String>,
}

impl Pod {
    pub fn read(json: &Json) -> Self {
        let (about, status) = (&json["metadata"], &json["status"]);
        let all = status["containerStatuses"].as_array().into_iter().flatten();
        let router = all.into_iter().find(|one| one["name"] == CONTAINER).cloned().unwrap_or_default();
        let text = |json: &Json| json.as_str().map(str::to_owned);
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let is_ready = conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
        let id = router["containerID"].as_str().and_then(|id| id.rsplit('/').next());
        Self {
            name: text(&about["name"]).expect("a pod has a name"),
            uid: text(&about["uid"]).expect("a pod has an id"),
            is_ready,
            is_leaving: !about["deletionTimestamp"].is_null(),
            restarts: router["restartCount"].as_u64().unwrap_or_default(),
            waits_for: text(
                &waiting(&status["initContainerStatuses"])
                    .unwrap_or_else(|| router["state"]["waiting"]["reason"].clone()),
            ),
            container: id.map(str::to_owned),
        }
    }

    /// Whether its router was started, and not only its place made.
    pub fn has_started(&self) -> bool {
        self.container.is_some() && self.waits_for.is_none()
    }

    /// The process of its router.
    pub fn process(&self) -> Process {
        let container = self.container.as_ref().expect("its router has been started");
        let tasks = call("ctr", &["--namespace", "k8s.io", "tasks", "list"]);
        let of = tasks.lines().find(|line| line.starts_with(container.as_str()));
        let pid = of.and_then(|line| line.split_whitespace().nth(1)).and_then(|pid| pid.parse().ok());
        Process { pid: pid.unwrap_or_else(|| panic!("{} has a process:\n{tasks}", self.name)) }
    }

    /// How many lanes its router has in this stage, by its own word.
    pub fn lanes_in(&self, stage: &str) -> usize {
        let Ok(said) = self.try_say("/status") else { return 0 };
        let status: Json = serde_json::from_str(&said).expect("the status is JSON");
        status["lanes"].as_array().into_iter().flatten().filter(|lane| lane["stage"] == stage).count()
    }

    /// What its router says at this path of its HTTP port, or that it is not well.
    pub fn try_say(&self, path: &str) -> Result<String, String> {
        try_kubectl(&[
            "get",
            "--raw",
            &format!("/api/v1/namespaces/{NAMESPACE}/pods/{}:9464/proxy{path}", self.name),
        ])
    }
}

/// Why one of these containers waits.
fn waiting(statuses: &Json) -> Option<Json> {
    let all = statuses.as_array()?.iter().map(|one| &one["state"]["waiting"]["reason"]);
    all.into_iter().find(|reason| reason.is_string()).cloned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pid: u32,
}

impl Process {
    pub fn signal(self, name: &str) {
        call("kill", &["-s", name, &self.pid.to_string()]);
    }

    /// Whether it still is a process, dead ones that nobody has buried aside.
    pub fn is_alive(self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    }

    pub fn wait_gone(self) {
        wait_for(&format!("process {} ends", self.pid), || (!self.is_alive()).then_some(()));
    }

    /// What started it, and would end it for the kubelet: with this frozen, nobody can.
    pub fn keeper(self) -> Self {
        let parent = call("ps", &["-o", "ppid=", "-p", &self.pid.to_string()]);
        Self { pid: parent.trim().parse().expect("a process has a parent") }
    }
}
