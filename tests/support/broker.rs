//! Where the tests' Kafka comes from: `dev/kafka`, once per test process, or once per cluster that a test breaks.
//!
//! Nothing is left running, however the test process ends. Drop does not run for statics, on `kill -9`, or on
//! Ctrl-C, so a watchdog holds the other end of a pipe: when the test process is gone, for any reason, the
//! system closes the pipe, and the watchdog stops the brokers and removes their data.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The bootstrap address of a Kafka that all tests share: `ONEFILL_BOOTSTRAP`, or a single broker that is started
/// by the first test that asks. Tests keep apart by the names of their topics.
pub fn broker() -> &'static str {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    static GIVEN: OnceLock<Option<String>> = OnceLock::new();
    let given = GIVEN.get_or_init(|| std::env::var("ONEFILL_BOOTSTRAP").ok().filter(|text| !text.is_empty()));
    match given {
        Some(bootstrap) => bootstrap,
        None => SHARED.get_or_init(|| Cluster::start(1)).bootstrap(),
    }
}

/// What a broker can be sent.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// It ends at once.
    Kill,
    /// It ends in good order.
    Term,
    /// It freezes, with its connections open.
    Stop,
    /// It thaws.
    Continue,
}

/// A cluster of a test's own, to be broken at will. Never `ONEFILL_BOOTSTRAP`'s.
pub struct Cluster {
    dir: PathBuf,
    bootstrap: String,
    watchdog: Child,
}

impl Cluster {
    /// Starts 1 or 3 brokers, numbered from 1, and waits until they answer.
    pub fn start(brokers: u32) -> Self {
        Self::start_with(brokers, &[], |_| ())
    }

    /// One broker with an authorizer, and the address at which these users, whose names are their passwords, may do
    /// what they were granted; who comes to the other address may do everything.
    pub fn with_users(names: &[&str]) -> (Self, String) {
        let cluster = Self::start_with(1, &["--users", &names.join(",")], |_| ());
        let address = cluster.address_of("users");
        (cluster, address)
    }

    /// Where its brokers listen besides, by the name of that listener in small letters.
    pub fn address_of(&self, listener: &str) -> String {
        let address = std::fs::read_to_string(self.dir.join(format!("{listener}-bootstrap")));
        address.expect("an address").trim().to_owned()
    }

    /// One of Kafka's own tools, called to its end.
    pub fn tool(&self, arguments: &[&str]) {
        self.call("tool", arguments);
    }

    /// The same, of one that may fail; what it said then.
    pub fn try_tool(&self, arguments: &[&str]) -> Result<String, String> {
        self.ask("tool", arguments)
    }

    /// The same, with further arguments for `dev/kafka start`, and once this has been done to the directory that the
    /// brokers will have.
    pub fn start_with(brokers: u32, arguments: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        Self::start_told(brokers, |dir| {
            prepare(dir);
            arguments.iter().map(|argument| (*argument).to_owned()).collect()
        })
    }

    /// The same, where the arguments follow from what was done to the directory.
    pub fn start_told(brokers: u32, prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("kafka-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("target/tmp can be written")
            .keep();
        // The watchdog comes first: a process that is killed while its brokers start leaves none behind either.
        let watchdog = watchdog(&dir);
        let told = prepare(&dir);
        let mut cluster = Self { dir, bootstrap: String::new(), watchdog };
        let brokers = brokers.to_string();
        let arguments: Vec<&str> =
            ["--brokers", &brokers].into_iter().chain(told.iter().map(String::as_str)).collect();
        let bootstrap = cluster.call("start", &arguments);
        cluster.bootstrap.push_str(bootstrap.trim());
        cluster
    }

    /// Where the brokers keep what they have: broker I in `node-I`.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The address of all its brokers.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Sends a signal to a broker. After `Kill` and `Term` its process is gone.
    pub fn kill(&self, node: u32, signal: Signal) {
        self.try_kill(node, signal).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same, of a broker that may be down.
    pub fn try_kill(&self, node: u32, signal: Signal) -> Result<(), String> {
        let name = match signal {
            Signal::Kill => "KILL",
            Signal::Term => "TERM",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        };
        self.ask("kill", &["--node", &node.to_string(), "--signal", name]).map(drop)
    }

    /// Whether a broker's process lives.
    pub fn is_up(&self, node: u32) -> bool {
        // Whatever can be thawed is there.
        self.try_kill(node, Signal::Continue).is_ok()
    }

    /// Starts all brokers that are down.
    pub fn start_all(&self) {
        self.call("start", &[]);
    }

    /// Starts a broker that is down, on its former ports and data, and waits until it answers.
    pub fn restart(&self, node: u32) {
        self.call("start-node", &["--node", &node.to_string()]);
    }

    fn call(&self, command: &str, arguments: &[&str]) -> String {
        self.ask(command, arguments).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ask(&self, command: &str, arguments: &[&str]) -> Result<String, String> {
        let done = Command::new(script())
            .arg(command)
            .arg("--dir")
            .arg(&self.dir)
            .args(arguments)
            .env_remove("ONEFILL_BOOTSTRAP")
            .stdin(Stdio::null())
            .output()
            .expect("dev/kafka can be run");
        let errors = String::from_utf8_lossy(&done.stderr);
        match done.status.success() {
            true => Ok(String::from_utf8(done.stdout).expect("addresses are ASCII")),
            false => Err(format!("dev/kafka {command} {arguments:?}: {}\n{errors}", done.status)),
        }
    }
}

/// Waits for the watchdog's work, so that a test that has ended holds no memory any more.
impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let ended = self.watchdog.wait();
        if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
            // No panic here: a test that fails already would abort, and its own message would be lost.
            let _unheard = writeln!(std::io::stderr(), "brokers in {}: {ended:?}", self.dir.display());
        }
    }
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dev/kafka")
}

/// In a process group of its own, so that a Ctrl-C for the tests is none for it.
fn watchdog(dir: &Path) -> Child {
    Command::new("sh")
        // A test that filled a disk may have mounted one for it.
        .args(["-c", "trap '' HUP INT TERM; cat >/dev/null; \
            for disk in \"$1\"/node-*/data; do if mountpoint -q \"$disk\"; then umount -l \"$disk\"; fi; done; \
            exec \"$0\" stop --remove --dir \"$1\""])
        .arg(script())
        .arg(dir)
        .env_remove("ONEFILL_BOOTSTRAP")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("there is a shell")
}
