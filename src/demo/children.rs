//! The routers as processes of their own, to be killed as processes are.
//!
//! All of them are in one process group, led by a watchdog that reads from a pipe. When the demo is
//! gone, for any reason, the system closes the pipe, and the watchdog kills its group: nothing is
//! left running. A Ctrl-C on the terminal does not reach them, so that the demo ends them itself.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Fault;
use super::plan::{Plan, Side};

/// Both routers.
pub struct Children {
    watchdog: Mutex<Child>,
    pipe: Mutex<Option<ChildStdin>>,
    group: i32,
    routers: [Mutex<Router>; 2],
    logs: PathBuf,
}

struct Router {
    who: &'static str,
    command: Command,
    process: Option<Child>,
    log: PathBuf,
}

impl Children {
    /// Starts both.
    ///
    /// # Errors
    /// When a process cannot be started, or its log cannot be written.
    pub fn start(plan: &Plan) -> Result<Self, Fault> {
        fs::create_dir_all(&plan.logs).map_err(Fault::machine("the directory of the logs"))?;
        let mut watchdog = watchdog().map_err(Fault::machine("the watchdog"))?;
        let pipe = Mutex::new(watchdog.stdin.take());
        let group = i32::try_from(watchdog.id()).expect("process ids are small");
        let routers = [Side::Onefill, Side::Naive].map(|side| Router::new(plan, side).map(Mutex::new));
        let [ours, naive] = routers;
        let routers = [ours?, naive?];
        let children = Self { watchdog: Mutex::new(watchdog), pipe, group, routers, logs: plan.logs.clone() };
        children.restart()?;
        Ok(children)
    }

    /// Kills both routers with signal 9; afterwards they are gone.
    ///
    /// # Errors
    /// [`Fault::Deserted`] when one was gone already.
    pub fn kill(&self) -> Result<(), Fault> {
        // Both signals first, so that neither router outlives the other.
        let mut routers = self.routers();
        for router in &mut routers {
            router.check()?;
        }
        for router in &mut routers {
            router.signal_nine()?;
        }
        routers.iter_mut().try_for_each(|router| router.bury())
    }

    /// Starts both again.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn restart(&self) -> Result<(), Fault> {
        self.routers().iter_mut().try_for_each(|router| router.start(self.group))
    }

    /// Both run.
    ///
    /// # Errors
    /// [`Fault::Deserted`] when one of them does not.
    pub fn check(&self) -> Result<(), Fault> {
        self.routers().iter_mut().try_for_each(|router| router.check())
    }

    /// Ends both, and the watchdog. A second call changes nothing.
    pub fn end(&self) {
        drop(locked(&self.pipe).take());
        // The watchdog kills its whole group, itself included.
        let _ended = locked(&self.watchdog).wait();
        for router in &mut self.routers() {
            let _ended = router.bury();
        }
    }

    /// Where the routers' logs are.
    pub const fn logs(&self) -> &PathBuf {
        &self.logs
    }

    /// Removes the logs: they are of use only to who looks for a fault.
    pub fn remove_logs(&self) {
        let _left_to_the_system = fs::remove_dir_all(&self.logs);
    }

    fn routers(&self) -> [MutexGuard<'_, Router>; 2] {
        [locked(&self.routers[0]), locked(&self.routers[1])]
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.end();
    }
}

impl Router {
    fn new(plan: &Plan, side: Side) -> Result<Self, Fault> {
        let program = std::env::current_exe().map_err(Fault::machine("this program's own path"))?;
        let config = plan.side(side);
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            // What is set for the demo's caller is for another router; how to reach the brokers, and what to log, is not.
            let name = name.to_string_lossy().into_owned();
            let kept = name.starts_with("ONEFILL_KAFKA_") || name == "ONEFILL_LOG";
            if name.starts_with("ONEFILL_") && !kept {
                command.env_remove(name);
            }
        }
        let who = match side {
            Side::Onefill => {
                command.arg("run").args(["--instance-id", "demo-router"]);
                command.arg("--http").arg(config.http.to_string());
                // Whoever reads a backlog after a restart must not find it too old.
                command.env("ONEFILL_DECIDE_MAX_INTENT_AGE_MS", "0");
                "router"
            }
            Side::Naive => {
                command.args(["demo", "naive-router"]);
                "naive router"
            }
        };
        command.args(["--bootstrap", &config.bootstrap, "--prefix", &config.prefix, "--dev"]);
        let log = plan.logs.join(format!("{}.log", who.replace(' ', "-")));
        Ok(Self { who, command, process: None, log })
    }

    fn start(&mut self, group: i32) -> Result<(), Fault> {
        let open = || File::options().create(true).append(true).open(&self.log);
        let log = open().map_err(Fault::machine(self.log.display().to_string()))?;
        let errors = log.try_clone().map_err(Fault::machine(self.log.display().to_string()))?;
        let command = self.command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(group);
        self.process = Some(command.spawn().map_err(Fault::machine(format!("the {}", self.who)))?);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Fault> {
        let Some(process) = &mut self.process else { return Ok(()) };
        match process.try_wait().map_err(Fault::machine(format!("the {}", self.who)))? {
            None => Ok(()),
            Some(how) => Err(Fault::Deserted { who: self.who, how: how.to_string(), log: self.log.clone() }),
        }
    }

    fn signal_nine(&mut self) -> Result<(), Fault> {
        let Some(process) = &mut self.process else { return Ok(()) };
        process.kill().map_err(Fault::machine(format!("the {}", self.who)))
    }

    fn bury(&mut self) -> Result<(), Fault> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.wait().map(|_| ()).map_err(Fault::machine(format!("the {}", self.who)))
    }
}

/// Leads a process group, and kills it when the pipe to it is closed.
fn watchdog() -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", "trap '' HUP INT TERM; cat >/dev/null; kill -9 0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
