//! The process: joins the group, serves HTTP, ends in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::error::KafkaError;

use super::config::Config;
use super::lane::Shared;
use super::librdkafka;
use super::membership::Member;
use super::status::Status;
use super::trail::{Probe, REQUEST_WAIT};
use crate::core::halt::HaltCode;
use crate::wire::schema::Schemas;

/// How a run ended, when it ended in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The lanes that were halted then.
    pub halts: Vec<HaltCode>,
}

/// Why a run could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// Topics that are not there, or do not belong together.
    #[error("{0}")]
    Topics(String),
    /// Where status and metrics were to be served.
    #[error("{0}")]
    Http(std::io::Error),
    /// A broken invariant of this program.
    #[error("a lane broke an invariant of this program and ended; its last words are above")]
    Broken,
}

/// Runs the router until `stop` is set.
///
/// # Errors
/// [`RunError`].
pub fn run(config: Config, schemas: Schemas, stop: &Arc<AtomicBool>) -> Result<Ended, RunError> {
    let partitions = count_partitions(&config)?;
    let exit_on_halt = config.exit_on_halt;
    let shared = Arc::new(Shared { config, schemas, status: Status::default() });
    let member = Member::join(Arc::clone(&shared), partitions)?;
    while !stop.load(Ordering::Relaxed) {
        member.serve(Duration::from_millis(100));
        if member.is_broken() {
            return Err(RunError::Broken);
        }
        if exit_on_halt && !shared.status.halts().is_empty() {
            break;
        }
    }
    let halts = shared.status.halts();
    member.leave();
    Ok(Ended { halts })
}

fn count_partitions(config: &Config) -> Result<i32, RunError> {
    let topic = config.topics.intents.as_str();
    let probe = Probe::open(config)?;
    let described = librdkafka::describe_topics(probe.client(), &[topic], REQUEST_WAIT)?;
    match described.first() {
        Some(found) if !found.partitions.is_empty() => Ok(found.partitions.len() as i32),
        _ => Err(RunError::Topics(format!(
            "topic {topic} is not there: create the topics with `onefill init`"
        ))),
    }
}
