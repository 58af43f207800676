//! The built binary as a process: what an operator starts, signals and reads the log of.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;

use super::ask::ask;
use super::loud::{BUSY, Expected, HALTED_ENDS, YOUNG, loud, unexplained};
use super::reader::eventually;

/// A running `onefill run`. Killed when dropped; whatever it has said aloud by then must be expected.
pub struct Router {
    child: Child,
    log: PathBuf,
    /// What it may say; `None` when somebody else listens.
    expected: Option<Vec<Expected>>,
    /// The halts that the test was told of: partition and code.
    known_halts: Mutex<BTreeSet<(i32, String)>>,
}

impl Router {
    /// Starts it; its log goes to a file of its own. It ends with the thread that starts it, however that ends.
    pub fn start(mut command: Command, log: PathBuf) -> Self {
        let file = File::create(&log).expect("a log file");
        command.env("ONEFILL_LOG_FORMAT", "text");
        let child = mortal(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        let child = child.expect("the router can be started");
        Self { child, log, expected: Some(Vec::new()), known_halts: Mutex::default() }
    }

    /// The same router, which may say this aloud.
    pub fn saying(mut self, expected: &[Expected]) -> Self {
        self.expected.get_or_insert_default().extend(expected);
        self
    }

    /// The same router; whoever has it listens by other rules.
    pub fn unheard(mut self) -> Self {
        self.expected = None;
        self
    }

    pub fn kill9(mut self) {
        self.child.kill().expect("the router can be killed");
        self.child.wait().expect("the router has ended");
    }

    /// SIGTERM, and the exit status that follows; a panic anywhere fails the test.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        let status = self.exited("after SIGTERM");
        assert!(!self.log().contains("panicked"), "no thread panicked:\n{}", self.log());
        status
    }

    /// SIGTERM, and exit status 0.
    pub fn end_cleanly(self) {
        let path = self.log.clone();
        let status = self.terminate();
        let log = std::fs::read_to_string(path).expect("a log");
        assert_eq!(status.code(), Some(0), "the router ended in order:\n{log}");
    }

    /// Waits until the process ends by itself.
    pub fn exited(&mut self, when: &str) -> ExitStatus {
        eventually(&format!("the router ends {when}"), || self.child.try_wait().expect("its state is known"))
    }

    /// `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(done.expect("there is a kill").success(), "the router could be sent {name}");
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state is known").is_none()
    }

    /// Where its log is.
    pub fn path(&self) -> &Path {
        &self.log
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn wait_logged(&self, text: &str) {
        eventually(&format!("the router says: {text}"), || self.log().contains(text).then_some(()));
    }

    /// What it answers by HTTP, once it serves.
    pub fn ask(&self, path: &str) -> Option<String> {
        let log = self.log();
        let address = log.lines().find(|line| line.contains("/livez")).map(|line| field(line, "address="));
        address.and_then(|address| ask(address, path)).map(|(_, answer)| answer)
    }

    /// The halts that it has logged so far: partition and code, in order of partition.
    pub fn halts(&self) -> Vec<(i32, String)> {
        let mut halts: Vec<(i32, String)> = self.log().lines().filter_map(halt).collect();
        halts.sort();
        self.known_halts.lock().expect("no panic while it was held").extend(halts.iter().cloned());
        halts
    }
}

/// The same command, as a process that the system kills when its parent has died, where there is `setpriv`.
fn mortal(command: Command) -> Command {
    if !Path::new("/usr/bin/setpriv").exists() {
        return command;
    }
    let mut mortal = Command::new("/usr/bin/setpriv");
    mortal.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => mortal.env(name, value),
            None => mortal.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        mortal.current_dir(dir);
    }
    mortal
}

/// The halt that a line tells of: partition and code.
fn halt(line: &str) -> Option<(i32, String)> {
    line.contains("lane halted").then(|| {
        let partition = field(line, "partition=").parse().expect("a partition");
        (partition, field(line, "code=").trim_matches('"').to_owned())
    })
}

fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let rest = line.split(name).nth(1).unwrap_or_default();
    rest.split_whitespace().next().unwrap_or_default()
}

impl Drop for Router {
    fn drop(&mut self) {
        let last_words = std::thread::panicking().then(|| self.ask("/status").unwrap_or_default());
        let (_killed, _ended) = (self.child.kill(), self.child.wait());
        let log = self.log();
        if let Some(status) = last_words {
            let tail = log.lines().rev().take(40).collect::<Vec<_>>();
            eprintln!("--- how the router's lanes stood:\n{status}\n--- the router's log, its end:");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        } else if let Some(expected) = &self.expected {
            // Of halts, those alone that the test was told of, and that a router says so when it ends.
            let known = self.known_halts.lock().expect("no panic while it was held");
            let unknown = loud(&log).filter(|line| halt(line).is_none_or(|halt| !known.contains(&halt)));
            let ends = if known.is_empty() { &[] } else { HALTED_ENDS };
            let said = unexplained(unknown, &[expected, ends, YOUNG, BUSY]);
            assert_eq!(said, [""; 0], "nothing explains what the router has said");
        }
    }
}
