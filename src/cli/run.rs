//! `onefill run`: the router.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::Args;

use super::{Common, Failure, Status, findings, load, logging, restoring};
use crate::shell::config::Flag;
use crate::shell::lane::Shared;
use crate::shell::log_events::LogEvents;
use crate::shell::router::{self, RunError};
use crate::shell::schemas;

/// Route intents: read, decide, and publish in one transaction, until told to stop
///
/// SIGTERM and SIGINT end it in order: the batch is finished, the group is left (a static member
/// stays in it). A second signal is not needed, and changes nothing.
#[derive(Args, Debug)]
pub struct Run {
    /// The consumer group (ONEFILL_GROUP; <prefix>router)
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Where status and metrics are served (ONEFILL_HTTP; 127.0.0.1:9464, or a free port
    /// where that is taken)
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// The static member that this process is: restarted, it gets its lanes back at once
    /// (ONEFILL_INSTANCE_ID)
    #[arg(long, value_name = "NAME")]
    instance_id: Option<String>,
    /// How long a silent member keeps its lanes (ONEFILL_SESSION_TIMEOUT; 10s)
    #[arg(long, value_name = "TIME")]
    session_timeout: Option<String>,
    /// Where ledgers are kept, so that a restart reads the end of a trail only: a folder of this
    /// process alone (ONEFILL_CHECKPOINT_DIR; none, and the whole trail is read)
    #[arg(long, value_name = "DIR")]
    checkpoint_dir: Option<String>,
    /// How logs are written: text, json, or auto, which is text on a terminal and json otherwise
    /// (ONEFILL_LOG_FORMAT; auto). What is logged: ONEFILL_LOG=info, or MODULE=LEVEL,…
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// End with status 4 as soon as a lane halts (ONEFILL_EXIT_ON_HALT)
    #[arg(long)]
    exit_on_halt: bool,
}

impl Run {
    /// Runs until a signal.
    pub fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = load(common, self.flags())?;
        let events = LogEvents::default();
        logging::log(&config, "info", &events);
        let schemas = schemas::load(&config)?;
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_signal(Arc::clone(&stop))?;
        let mut shared = Shared::new(config, schemas);
        shared.metrics.log_events = events;
        let shared = Arc::new(shared);
        restoring::show(Arc::clone(&shared))?;
        let ended = router::run(&shared, &stop).inspect_err(|error| {
            if let RunError::Refused(found) = error {
                findings::show(found);
            }
        })?;
        match ended.halts.first() {
            None => Ok(Status::Done),
            Some(code) => {
                tracing::error!("ended with halted lanes; `onefill explain {code}` says what to do");
                Ok(Status::Halted)
            }
        }
    }

    fn flags(&self) -> Vec<Flag> {
        let flag = |name, key, value: &Option<String>| value.clone().map(|value| Flag { name, key, value });
        let exit_on_halt = self.exit_on_halt.then(|| "true".to_owned());
        [
            flag("--group", "group", &self.group),
            flag("--http", "http", &self.http),
            flag("--instance-id", "instance_id", &self.instance_id),
            flag("--session-timeout", "session_timeout_ms", &self.session_timeout),
            flag("--checkpoint-dir", "checkpoint.dir", &self.checkpoint_dir),
            flag("--log-format", "log_format", &self.log_format),
            flag("--exit-on-halt", "exit_on_halt", &exit_on_halt),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let remedy = match &error {
            RunError::Kafka(_) => "see that the brokers named with --bootstrap answer: `onefill check`",
            RunError::Untrusted(error) => error.remedy(),
            RunError::Refused(_) => "mend what is named above, or forgive it by name with --dev",
            RunError::Http(_) => "name a free address with --http",
            RunError::Thread(_) => "let the process have more threads",
            RunError::Expelled(_) => "give each process an --instance-id of its own",
            RunError::Unserved(_) => {
                "let the process have more threads and open files, and see that it can read the files named in [kafka]"
            }
            RunError::Broken => "restart it; should it happen again, report it with the log",
        };
        let status = if matches!(error, RunError::Refused(_)) { Status::Refused } else { Status::Failed };
        Self { status, message: error.to_string(), remedy: remedy.to_owned() }
    }
}

/// Sets `stop` at the first SIGTERM or SIGINT.
pub(super) fn stop_on_signal(stop: Arc<AtomicBool>) -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        stop.store(true, Ordering::Relaxed);
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::config::{LogFormat, Sources, load};

    #[test]
    fn each_flag_sets_what_it_says() {
        let run = Run {
            group: Some("g".to_owned()),
            http: Some("127.0.0.1:1".to_owned()),
            instance_id: Some("i".to_owned()),
            session_timeout: Some("4s".to_owned()),
            checkpoint_dir: Some("kept".to_owned()),
            log_format: Some("json".to_owned()),
            exit_on_halt: true,
        };
        let config = load(&Sources { flags: run.flags(), ..Sources::default() }).unwrap();
        assert_eq!((config.group.as_str(), config.instance_id.as_deref()), ("g", Some("i")));
        assert_eq!((config.session_timeout_ms, config.exit_on_halt), (4_000, true));
        assert_eq!((config.http.to_string().as_str(), config.log_format), ("127.0.0.1:1", LogFormat::Json));
        assert_eq!(config.checkpoint.dir.as_deref(), Some(std::path::Path::new("kept")));
    }
}
