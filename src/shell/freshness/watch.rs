//! Reads where control ends, for all lanes of the process, on a thread and a connection of its own.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::READ_EVERY;
use crate::shell::client::{self, Isolation, Logged};
use crate::shell::heartbeat::Weight;
use crate::shell::lane::Shared;
use crate::shell::worker::{Stop, Worker, rest};

/// How long one request may take: it also bounds how late the thread ends.
const REQUEST_MAX: Duration = Duration::from_secs(1);

/// Failures in a row after which another client is tried.
const FAILURES_MAX: u32 = 8;

/// Begins to read.
///
/// # Errors
/// No thread can be had.
pub fn start(shared: Arc<Shared>) -> io::Result<Worker> {
    Worker::start("control", move |stop| watch(&shared, &stop))
}

/// An end that is not said is not known: nothing is remembered of a request that fails.
fn watch(shared: &Shared, stop: &Stop) {
    let heartbeat = shared.heartbeats.enter("control", Weight::Vital);
    let topic = &shared.config.topics.control;
    let mut reader: Option<BaseConsumer<Logged>> = None;
    let mut failures = 0;
    while !stop.is_set() {
        heartbeat.beat();
        let asked = Instant::now();
        if reader.is_none() {
            let opened = client::prober(&shared.config, Isolation::Uncommitted)
                .and_then(|client| client.create_with_context(Logged));
            reader = opened.inspect_err(|error| tracing::warn!("end of control: {error}")).ok();
        }
        if let Some(reader) = &reader {
            match reader.fetch_watermarks(topic, 0, REQUEST_MAX) {
                Ok((_, end)) => {
                    shared.control_ends.say(asked, Instant::now(), end);
                    failures = 0;
                }
                Err(error) => {
                    tracing::debug!(topic, "end of control: {error}");
                    failures += 1;
                }
            }
            // What the connection complains about waits there.
            while reader.poll(Duration::ZERO).is_some() {}
        }
        // A client may know a leader of old, and no answer tells it better: a new one asks for it.
        if failures > FAILURES_MAX {
            (reader, failures) = (None, 0);
        }
        rest(READ_EVERY.saturating_sub(asked.elapsed()));
    }
}
