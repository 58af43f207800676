//! Certificates, keys and passwords that are renewed while the router runs.
//!
//! librdkafka reads them when a client is made, and shows the same on every connection that this client ever
//! makes. So a router whose files were renewed in time would still be shut out, at the first connection after
//! the old certificate has expired. This thread says when all clients are to be made anew: once the brokers
//! have taken what the files hold now, so that a file that is half written or not right ends no lane.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::admin::Cluster;
use super::check;
use super::config::{Config, KafkaSettings};
use super::heartbeat::Weight;
use super::lane::Shared;
use super::trail::REQUEST_WAIT;
use super::worker::{Stop, Worker, rest};

/// How often the files are read.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// How often what the brokers have refused is tried once more, at last.
const TRIED_EVERY_MAX: Duration = Duration::from_secs(60);

/// What every file holds, as a digest; `None` of one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents(Vec<Option<[u8; 32]>>);

impl Contents {
    /// As it is now.
    pub fn now(settings: &KafkaSettings) -> Self {
        let digest = |path: &Path| fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into());
        Self(settings.files().map(digest).collect())
    }

    /// Whether a file cannot be read that could be before.
    fn lacks(&self, before: &Self) -> bool {
        self.0.iter().zip(&before.0).any(|(now, before)| now.is_none() && before.is_some())
    }
}

/// A look-out for files that were renewed.
pub struct Renewal {
    due: Arc<AtomicBool>,
    _worker: Worker,
}

impl Renewal {
    /// Begins to look. `used` is what the files held before the clients were made that are in use.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(shared: Arc<Shared>, used: Contents) -> io::Result<Self> {
        let due = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&due);
        let worker = Worker::start("renewal", move |stop| look(&shared, &used, &told, &stop))?;
        Ok(Self { due, _worker: worker })
    }

    /// Whether the files hold something else, and the brokers take it: all clients are to be made anew.
    pub fn is_due(&self) -> bool {
        self.due.load(Ordering::Acquire)
    }
}

fn look(shared: &Shared, used: &Contents, due: &AtomicBool, stop: &Stop) {
    let heartbeat = shared.heartbeats.enter("renewal", Weight::Minor);
    let mut seen = used.clone();
    let mut refused = Refused::default();
    // A client may be made while the files hold something else for a moment.
    let mut disturbed = false;
    while !stop.is_set() {
        heartbeat.beat();
        let now = Contents::now(&shared.config.kafka);
        // A certificate and its key are two files: they are left alone while they change, or one is not there.
        let at_rest = now == std::mem::replace(&mut seen, now.clone()) && !now.lacks(used);
        disturbed |= now != *used;
        if at_rest && disturbed && !due.load(Ordering::Acquire) && refused.may_try(&now) {
            match tried(&shared.config) {
                // A file that was renewed meanwhile is tried in its turn.
                Ok(()) => due.store(now == Contents::now(&shared.config.kafka), Ordering::Release),
                Err(reason) => refused.take(now, &reason),
            }
        }
        rest(LOOKED_EVERY);
    }
}

/// What was tried in vain, and when it may be tried again: ever more slowly, since brokers lock out who comes with a
/// wrong password again and again.
#[derive(Default)]
struct Refused {
    contents: Option<Contents>,
    tries: u32,
    until: Option<Instant>,
}

impl Refused {
    fn may_try(&self, now: &Contents) -> bool {
        self.contents.as_ref() != Some(now) || self.until.is_none_or(|until| Instant::now() >= until)
    }

    fn take(&mut self, now: Contents, reason: &str) {
        if self.contents.as_ref() != Some(&now) {
            tracing::warn!("certificates or passwords have changed, and are not used yet: {reason}");
            (self.contents, self.tries) = (Some(now), 0);
        }
        let pause = LOOKED_EVERY.saturating_mul(1 << self.tries.min(6)).min(TRIED_EVERY_MAX);
        (self.tries, self.until) = (self.tries + 1, Some(Instant::now() + pause));
    }
}

/// Whether the brokers take what the files hold now, from whom may do all that a router does.
fn tried(config: &Config) -> Result<(), String> {
    let cluster = Cluster::connect(config, REQUEST_WAIT, REQUEST_WAIT).map_err(|error| error.to_string())?;
    let findings = check::before_start(&cluster, config).findings;
    findings.iter().find(|finding| finding.refuses()).map_or(Ok(()), |finding| Err(finding.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_follow_every_file_that_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let settings =
            KafkaSettings::given([("ssl.certificate.location", path), ("ssl.ca.location", "probe")]);
        fs::write(path, "old").unwrap();
        let old = Contents::now(&settings);
        assert_eq!(old, Contents::now(&settings));
        fs::write(path, "new").unwrap();
        assert_ne!(old, Contents::now(&settings));
        fs::write(path, "old").unwrap();
        assert_eq!(old, Contents::now(&settings));
        drop(file);
        let gone = Contents::now(&settings);
        assert_ne!(old, gone);
        assert!(gone.lacks(&old) && !old.lacks(&gone) && !old.lacks(&old));
    }

    #[test]
    fn what_was_refused_is_tried_again_ever_more_slowly_and_something_else_at_once() {
        let [first, second] = [1, 2].map(|byte| Contents(vec![Some([byte; 32])]));
        let mut refused = Refused::default();
        assert!(refused.may_try(&first));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let before = Instant::now();
            refused.take(first.clone(), "wrong");
            pauses.push((refused.until.unwrap() - before).as_secs());
            assert!(!refused.may_try(&first) && refused.may_try(&second));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        refused.take(second.clone(), "wrong");
        assert!(refused.until.unwrap() <= Instant::now() + LOOKED_EVERY && refused.may_try(&first));
    }
}
