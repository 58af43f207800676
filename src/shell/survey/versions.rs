//! What each broker speaks: it says so itself to every client that connects, and librdkafka's log
//! repeats it.

use std::panic::resume_unwind;
use std::thread;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;

use super::{Patience, Survey};
use crate::shell::admin::Cluster;
use crate::shell::client::{self, Isolation};
use crate::shell::config::Config;
use crate::shell::heard::{self, Heard};
use crate::shell::preflight::Versions;

/// How many brokers are asked at a time: each costs a client with threads of its own.
const AT_ONCE: usize = 8;

impl Survey {
    /// Asks every broker, each by a client of its own.
    pub(super) fn ask_versions(&mut self, cluster: &Cluster, config: &Config, patience: Patience<'_>) {
        let brokers: Vec<(i32, &str)> =
            cluster.brokers.iter().map(|(broker, address)| (*broker, address.as_str())).collect();
        for some in brokers.chunks(AT_ONCE) {
            for (broker, answer) in of_brokers(config, some, patience) {
                match answer {
                    Ok(versions) => drop(self.versions.insert(broker, versions)),
                    Err(error) => self.unanswered(format!("protocol versions of broker {broker}"), &error),
                }
            }
        }
    }
}

/// All of them at the same time: a router that restarts is waited for.
fn of_brokers(
    config: &Config,
    brokers: &[(i32, &str)],
    patience: Patience<'_>,
) -> Vec<(i32, KafkaResult<Versions>)> {
    thread::scope(|scope| {
        let asked: Vec<_> = brokers
            .iter()
            .map(|(broker, address)| (*broker, scope.spawn(|| of_broker(config, address, patience))))
            .collect();
        let heard =
            |asked: thread::ScopedJoinHandle<'_, _>| asked.join().unwrap_or_else(|end| resume_unwind(end));
        asked.into_iter().map(|(broker, asked)| (broker, heard(asked))).collect()
    })
}

fn of_broker(config: &Config, address: &str, patience: Patience<'_>) -> KafkaResult<Versions> {
    let only = Config { bootstrap: address.to_owned(), ..config.clone() };
    let heard = Heard::default();
    let probe: BaseConsumer<Heard> = client::reader(&only, Isolation::Uncommitted)?
        .set("debug", "feature")
        .set_log_level(RDKafkaLogLevel::Debug)
        .create_with_context(heard.clone())?;
    // Its first answer comes after the versions are known. No topic of that name has to be there.
    probe.fetch_metadata(Some(&config.topics.audit), patience.wait())?;
    let its = format!("{address}/");
    heard::listen_until(&probe, || !heard.versions_of(&its).is_empty());
    Ok(heard.versions_of(&its))
}
