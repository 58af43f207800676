//! What each broker speaks: it says so itself to every client that connects, and librdkafka's log
//! repeats it.

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;

use super::{Patience, Survey};
use crate::shell::admin::Cluster;
use crate::shell::client::{self, Isolation};
use crate::shell::config::Config;
use crate::shell::heard::{self, Heard};
use crate::shell::preflight::Versions;

impl Survey {
    /// Asks every broker, each by a client of its own.
    pub(super) fn ask_versions(&mut self, cluster: &Cluster, config: &Config, patience: Patience<'_>) {
        for (broker, address) in &cluster.brokers {
            match of_broker(config, address, patience) {
                Ok(versions) => drop(self.versions.insert(*broker, versions)),
                Err(error) => self.unanswered(format!("protocol versions of broker {broker}"), &error),
            }
        }
    }
}

fn of_broker(config: &Config, address: &str, patience: Patience<'_>) -> KafkaResult<Versions> {
    let only = Config { bootstrap: address.to_owned(), ..config.clone() };
    let heard = Heard::default();
    let probe: BaseConsumer<Heard> = client::reader(&only, Isolation::Uncommitted)
        .set("debug", "feature")
        .set_log_level(RDKafkaLogLevel::Debug)
        .create_with_context(heard.clone())?;
    // Its first answer comes after the versions are known. No topic of that name has to be there.
    probe.fetch_metadata(Some(&config.topics.audit), patience.wait())?;
    let its = format!("{address}/");
    heard::listen_until(&probe, || !heard.versions_of(&its).is_empty());
    Ok(heard.versions_of(&its))
}
