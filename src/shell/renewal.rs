//! Certificates, keys and passwords that are renewed while the router runs.
//!
//! librdkafka reads them when a client is made, and shows the same on every connection that this client ever
//! makes. So a router whose files were renewed in time would still be shut out, at the first connection after
//! the old certificate has expired. This thread says when all clients are to be made anew: once the brokers
//! have taken what the files hold now, so that a file that is half written or not right ends no lane.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::admin::{Cluster, ClusterError};
use super::config::{Config, KafkaSettings};
use super::heartbeat::Weight;
use super::lane::Shared;
use super::trail::REQUEST_WAIT;
use super::worker::{Stop, Worker, rest};

/// How often the files are read.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// What every file holds, as a digest; `None` of one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents(Vec<Option<[u8; 32]>>);

impl Contents {
    /// As it is now.
    pub fn now(settings: &KafkaSettings) -> Self {
        let digest = |path: &Path| fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into());
        Self(settings.files().map(digest).collect())
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
    let (mut seen, mut complained) = (used.clone(), None);
    // A client may be made while the files hold something else for a moment.
    let mut disturbed = false;
    while !stop.is_set() {
        heartbeat.beat();
        let now = Contents::now(&shared.config.kafka);
        // A certificate and its key are two files: they are left alone while they change.
        let at_rest = now == std::mem::replace(&mut seen, now.clone());
        disturbed |= now != *used;
        if at_rest && disturbed && !due.load(Ordering::Acquire) {
            match tried(&shared.config) {
                // A file that was renewed meanwhile is tried in its turn.
                Ok(()) => due.store(now == Contents::now(&shared.config.kafka), Ordering::Release),
                Err(error) if complained.as_ref() != Some(&now) => {
                    tracing::warn!("certificates or passwords have changed, and are not used yet: {error}");
                    complained = Some(now);
                }
                Err(error) => tracing::debug!("certificates or passwords are not used yet: {error}"),
            }
        }
        rest(LOOKED_EVERY);
    }
}

/// Whether the brokers take what the files hold now.
fn tried(config: &Config) -> Result<(), ClusterError> {
    Cluster::connect(config, REQUEST_WAIT, REQUEST_WAIT).map(drop)
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
        assert_ne!(old, Contents::now(&settings));
    }
}
