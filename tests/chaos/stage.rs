//! The cluster that all faults happen to: three brokers as processes, and the network between them and the routers.
//!
//! One test at a time has the stage, and finds it whole: whatever an earlier one left broken is mended first.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::{Metadata, MetadataPartition};

use crate::broker::{Cluster, Signal};
use crate::disk::Disk;
use crate::proxy::Net;
use crate::reader::eventually;
use crate::world::Place;

pub const BROKERS: u32 = 3;
const CALL_MAX: Duration = Duration::from_secs(5);

/// How the brokers differ from those of other tests: offsets of a group without members expire while a run lasts, and
/// a broker that is gone is noticed sooner. Leads move when a test has it so, and not some minutes after a broker's
/// death, in the middle of what another one does. Records are as large as Kafka has it, which preflight wants.
const SETTINGS: [&str; 5] = [
    "auto.leader.rebalance.enable=false",
    "offsets.retention.minutes=1",
    "offsets.retention.check.interval.ms=2000",
    "broker.session.timeout.ms=4000",
    "message.max.bytes=1048588",
];

pub struct Stage {
    pub cluster: Cluster,
    pub net: Net,
    /// That of the last broker, if this system lets us have one.
    pub disk: Disk,
}

/// Whether everything is done as often as it takes to believe it, or once.
pub fn is_full() -> bool {
    std::env::var("CHAOS_FORM").is_ok_and(|form| form == "full")
}

/// So many times in the full form.
pub fn times(full: usize) -> usize {
    if is_full() { full } else { 1 }
}

/// Waits until no other test has the stage, and mends it.
pub fn take() -> MutexGuard<'static, Stage> {
    static STAGE: OnceLock<Mutex<Stage>> = OnceLock::new();
    let stage = STAGE.get_or_init(|| Mutex::new(Stage::build())).lock();
    let stage = stage.unwrap_or_else(PoisonError::into_inner);
    stage.mend();
    stage
}

impl Stage {
    fn build() -> Self {
        let net = Net::listen(BROKERS);
        let ports = net.ports().iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let settings = SETTINGS.iter().flat_map(|line| ["--set", line]);
        let arguments: Vec<&str> = ["--behind", &ports].into_iter().chain(settings).collect();
        let mut disk = None;
        let cluster = Cluster::start_with(BROKERS, &arguments, |dir| disk = Some(Disk::mount(dir, BROKERS)));
        let inner = (1..=BROKERS).map(|node| {
            let path = cluster.dir().join(format!("node-{node}/inner-port"));
            let text = std::fs::read_to_string(path).expect("the broker has a second listener");
            text.trim().parse().expect("a port")
        });
        net.reach(inner.collect());
        Self { cluster, net, disk: disk.expect("prepared") }
    }

    fn mend(&self) {
        self.net.calm();
        self.disk.clear();
        // One that is not there needs no thawing, and is started below.
        (1..=BROKERS).for_each(|node| drop(self.cluster.try_kill(node, Signal::Continue)));
        self.cluster.start_all();
        self.wait_whole();
        self.give_leads_back();
    }

    /// Gives partitions back to the brokers that led them before faults took them away; whether there were any.
    pub fn give_leads_back(&self) -> bool {
        let (asker, mut were_taken) = (self.asker(), false);
        eventually("partitions are led as at first", || {
            let known = asker.fetch_metadata(None, CALL_MAX).ok()?;
            if partitions(&known).all(|one| one.replicas().first() == Some(&one.leader())) {
                return Some(());
            }
            were_taken = true;
            let at = ["kafka-leader-election.sh", "--bootstrap-server", self.cluster.bootstrap()];
            let told = [&at[..], &["--election-type", "PREFERRED", "--all-topic-partitions"]].concat();
            // One that is not in sync yet is not elected; it is asked for again.
            if let Err(why) = self.cluster.try_tool(&told) {
                println!("leads are not given back yet: {why}");
            }
            None
        });
        were_taken
    }

    pub fn place(&self) -> Place {
        Place {
            bootstrap: self.cluster.bootstrap().to_owned(),
            routers: self.net.bootstrap(),
            dev: false,
            kafka: String::new(),
        }
    }

    /// Waits until every broker is there, and every partition of every topic has all its replicas in sync.
    pub fn wait_whole(&self) {
        self.wait_until("all replicas are in sync", |known| {
            known.brokers().len() == BROKERS as usize
                && partitions(known).all(|one| one.leader() > 0 && one.isr().len() == one.replicas().len())
        });
    }

    /// Waits until the cluster has given everything that a broker led to others.
    ///
    /// A broker that is back before that leads with what it had alone: Kafka then finishes a transaction whose
    /// decision was never replicated, in some partitions, and rolls it back in others (`docs/RELIABILITY.md`).
    pub fn wait_led_elsewhere(&self, node: u32) {
        self.wait_until("a broker that is gone leads nothing", |known| {
            partitions(known).all(|one| one.leader() > 0 && u32::try_from(one.leader()) != Ok(node))
        });
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Metadata) -> bool) {
        let asker = self.asker();
        eventually(what, || {
            asker.fetch_metadata(None, CALL_MAX).is_ok_and(|known| is_so(&known)).then_some(())
        });
    }

    /// The broker that leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> u32 {
        let asker = self.asker();
        eventually("a partition has a leader", || {
            let known = asker.fetch_metadata(Some(topic), CALL_MAX).ok()?;
            let found =
                known.topics().first()?.partitions().iter().find(|one| one.id() == partition)?.leader();
            u32::try_from(found).ok().filter(|leader| *leader > 0)
        })
    }

    /// The broker that coordinates what has this name: a group, or transactions of an id.
    pub fn coordinator(&self, internal_topic: &str, name: &str) -> u32 {
        let asker = self.asker();
        let known = eventually("the internal topic is known", || {
            let known = asker.fetch_metadata(Some(internal_topic), CALL_MAX).ok()?;
            let count = known.topics().first()?.partitions().len();
            (count > 0).then_some(count)
        });
        let count = i32::try_from(known).expect("few partitions");
        self.leader(internal_topic, (java_hash(name) & i32::MAX) % count)
    }

    fn asker(&self) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.cluster.bootstrap()).create().expect("a consumer")
    }
}

/// All partitions of all topics.
fn partitions(known: &Metadata) -> impl Iterator<Item = &MetadataPartition> {
    known.topics().iter().flat_map(|topic| topic.partitions())
}

/// `String.hashCode` of Java, by which Kafka places groups and transactional ids.
fn java_hash(text: &str) -> i32 {
    text.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))
}

#[test]
fn the_hash_is_that_of_java() {
    // As jshell says of "hello".hashCode().
    assert_eq!((java_hash(""), java_hash("a"), java_hash("hello")), (0, 97, 99_162_322));
}
