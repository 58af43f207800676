//! The command line: one file per command, with no logic that a test would want.
//!
//! A command parses its flags, calls the shell and prints. It decides nothing of the business. To
//! add one: its file, a line in `Command`, a line in `run`. Start at [`main`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::shell::admin::{Cluster, ClusterError};
use crate::shell::config::{self, Config, ConfigError, Flag, Sources};
use crate::shell::log_events::LogEvents;
use crate::shell::preflight::TopicStates;
use crate::shell::topics::Role;

mod acls;
mod audit;
mod check;
mod control;
mod cursor;
#[cfg(feature = "demo")]
mod demo;
mod explain;
mod findings;
mod init;
mod logging;
mod prices;
pub mod print;
mod recover;
mod restoring;
mod risk;
mod run;
mod state;
mod status;
mod submit;
mod values;
mod verdicts;

/// How a command ended, as the exit status says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// It did what was asked.
    Done = 0,
    /// It could not.
    Failed = 1,
    /// It was called or configured wrongly.
    Usage = 2,
    /// Preflight refuses.
    Refused = 3,
    /// A lane is halted.
    Halted = 4,
    /// Verification found a fault.
    Fault = 5,
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub status: Status,
    /// What happened, in one line.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

impl Failure {
    /// The command could not do what was asked.
    pub fn failed(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Failed, message: message.into(), remedy: remedy.into() }
    }

    /// The command was called or configured wrongly.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Usage, message: message.into(), remedy: remedy.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string(), error.remedy)
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::failed(error.to_string(), error.remedy())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string(), "")
    }
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A person.
    #[default]
    Text,
    /// A script.
    Json,
}

/// What every command takes.
#[derive(Args, Debug, Clone, Default)]
pub struct Common {
    /// Brokers to ask first (ONEFILL_BOOTSTRAP; localhost:9092)
    #[arg(long, global = true, value_name = "HOST:PORT,…", help_heading = "Common options")]
    pub bootstrap: Option<String>,
    /// What the topic names begin with (ONEFILL_PREFIX; onefill.)
    #[arg(long, global = true, value_name = "PREFIX", help_heading = "Common options")]
    pub prefix: Option<String>,
    /// A TOML file; variables and flags are over it (ONEFILL_CONFIG)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Common options")]
    pub config: Option<PathBuf>,
    /// Forgive what a development cluster cannot have, by name (ONEFILL_DEV)
    #[arg(long, global = true, help_heading = "Common options")]
    pub dev: bool,
}

/// An exactly-once order router on Kafka: one key, one order.
#[derive(Parser, Debug)]
#[command(name = "onefill", version, max_term_width = 100)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 refused by preflight, \
    4 halted, 5 verification found a fault.")]
struct CommandLine {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Run(run::Run),
    Cursor(cursor::Cursor),
    Recover(recover::Recover),
    Submit(submit::Submit),
    Control(control::Control),
    Prices(prices::Prices),
    Status(status::ShowStatus),
    Audit(audit::Audit),
    State(state::State),
    Explain(explain::Explain),
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let status = run(std::env::args_os());
    ExitCode::from(status as u8)
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Status {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version are asked for, and are no error.
            let status = if error.use_stderr() { Status::Usage } else { Status::Done };
            // A reader that closed the pipe has seen enough.
            let _ = error.print();
            return status;
        }
    };
    let common = &line.common;
    let ended = match &line.command {
        Command::Init(init) => init.run(common),
        Command::Check(check) => check.run(common),
        Command::Run(run) => run.run(common),
        Command::Cursor(cursor) => cursor.run(common),
        Command::Recover(recover) => recover.run(common),
        Command::Submit(submit) => submit.run(common),
        Command::Control(control) => control.run(common),
        Command::Prices(prices) => prices.run(common),
        Command::Status(status) => status.run(common),
        Command::Audit(audit) => audit.run(common),
        Command::State(state) => state.run(common),
        Command::Explain(explain) => explain.run(),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo.run(common),
    };
    ended.unwrap_or_else(|failure| {
        print::failure(&failure);
        failure.status
    })
}

/// The configuration of a command: what every command takes, and these flags of its own.
///
/// # Errors
/// A usage failure that names the place and the remedy.
pub fn load(common: &Common, own: Vec<Flag>) -> Result<Config, Failure> {
    let flag = |name, key, value: &Option<String>| value.clone().map(|value| Flag { name, key, value });
    let dev = common.dev.then(|| "true".to_owned());
    let flags = [
        flag("--bootstrap", "bootstrap", &common.bootstrap),
        flag("--prefix", "prefix", &common.prefix),
        flag("--dev", "dev", &dev),
    ];
    let flags = flags.into_iter().flatten().chain(own).collect();
    Ok(config::load(&Sources::of_process(common.config.clone(), flags))?)
}

/// Logs as the configuration says, from this level on where it says nothing. A second call changes nothing.
pub fn log(config: &Config, level: &str) {
    logging::log(config, level, &LogEvents::default());
}

/// What one-shot commands log: nothing, since they say themselves what went wrong.
pub const QUIET: &str = "off";

/// How long a one-shot command waits for each answer of the cluster.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long it waits for a first answer: nobody should wait long for a typing error to show.
pub const REACHING: Duration = Duration::from_secs(5);

/// The cluster of this configuration.
///
/// # Errors
/// A failure that says why nobody answers.
pub fn connect(config: &Config) -> Result<Cluster, Failure> {
    Ok(Cluster::connect(config, REACHING, PATIENCE)?)
}

/// How many trails there are: the partitions of `audit`.
///
/// # Errors
/// A failure where there is no such topic.
pub fn trails(config: &Config, states: &TopicStates) -> Result<i32, Failure> {
    states.get(&Role::Audit).map(|audit| audit.partitions.len() as i32).ok_or_else(|| {
        let message = format!("there is no topic {}", config.topics.audit);
        Failure::failed(message, "name its --prefix, or create the topics: `onefill init`")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }
}
