//! Why the story could not be told to its end.

use std::path::PathBuf;

use rdkafka::error::KafkaError;

use crate::shell::admin::ClusterError;
use crate::shell::instruct::Refusal;
use crate::wire::Malformed;

/// Why the demo ended before it could count.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// Topics that could not be made.
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// A control record that the lanes would not take.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A process that could not be started or ended, a file that could not be written.
    #[error("{what}: {reason}")]
    Machine {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A router ended without being killed.
    #[error("the {who} ended by itself ({how}); its log is {}", log.display())]
    Deserted {
        /// Which one.
        who: &'static str,
        /// Its exit status.
        how: String,
        /// Where its last words are.
        log: PathBuf,
    },
    /// Something did not come about in time.
    #[error("gave up after {seconds} s of waiting until {what}; the routers' logs are in {}", logs.display())]
    Late {
        /// What was waited for, as the end of a sentence that begins with "until".
        what: String,
        /// How long.
        seconds: u64,
        /// Where to look.
        logs: PathBuf,
    },
    /// A record that this program wrote and cannot read.
    #[error("{topic}[{partition}] at offset {offset} cannot be read: {reason}")]
    Unreadable {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// What is wrong with it.
        reason: Malformed,
    },
    /// The chart could not be drawn.
    #[error("the chart cannot be drawn: {0}")]
    Chart(String),
    /// A thread of the demo panicked.
    #[error("{0} broke down; its last words are above")]
    Broken(&'static str),
    /// Somebody pressed Ctrl-C.
    #[error("interrupted; nothing is left running")]
    Interrupted,
}

impl Fault {
    /// What the system refused.
    pub fn machine(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |reason| Self::Machine { what, reason }
    }
}
