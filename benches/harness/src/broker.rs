//! The one broker that all are measured on: `dev/kafka`, with the Java that a server runs with.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Fault;

/// What a broker in production is started with: the compiler that optimises, and the default collector.
/// `dev/kafka` alone starts one that is up soon instead.
const JAVA: &str = "-Xms1g -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20";

/// Waits until the other end of its input is gone, however that came about.
const WATCHDOG: &str = "cat >/dev/null; exec dev/kafka stop --remove --dir \"$1\"";

/// A broker of its own; stopped and removed when dropped, or when this process ends in any other way.
pub struct Broker {
    watchdog: Child,
    /// Where clients find it.
    pub bootstrap: String,
    /// Its process.
    pub pid: u32,
}

impl Broker {
    /// Starts one with nothing in it.
    pub fn start(dir: &Path) -> Result<Self, Fault> {
        call(dir, &["stop", "--remove"])?;
        let mut watchdog = Command::new("bash");
        watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(dir).stdin(Stdio::piped());
        let watchdog = watchdog.env_remove("ONEFILL_BOOTSTRAP").process_group(0).spawn()?;
        let bootstrap = call(dir, &["start", "--java", JAVA])?;
        let pid = fs::read_to_string(dir.join("node-1/pid"))?.trim().parse()?;
        Ok(Self { watchdog, bootstrap, pid })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        if let Err(fault) = self.watchdog.wait() {
            eprintln!("the broker could not be stopped: {fault}");
        }
    }
}

/// The last line of what `dev/kafka` says.
fn call(dir: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let mut command = Command::new("dev/kafka");
    command.arg(arguments[0]).arg("--dir").arg(dir).args(&arguments[1..]).env_remove("ONEFILL_BOOTSTRAP");
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("dev/kafka {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let said = String::from_utf8(output.stdout)?;
    Ok(said.lines().last().unwrap_or_default().to_owned())
}
