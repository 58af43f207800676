//! A router's topics under a prefix of their own, the programs of operators and strategies around them, and what
//! accidents and strangers can do to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value as Json;

use super::broker::broker;
use super::reader::{Isolation, Record, eventually, read_all};
use super::records::{ENTRY, INTENT, instrument, place, wide_limit};
use super::router::Router;

const CALL_MAX: Duration = Duration::from_secs(10);

/// A Kafka, and what it is taken for.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where strategies, operators and readers reach it.
    pub bootstrap: String,
    /// Where routers and commands reach it.
    pub routers: String,
    /// Its topics need not be as safe as in production.
    pub dev: bool,
    /// What routers and commands are told of `[kafka]`, as TOML.
    pub kafka: String,
}

impl Place {
    /// The Kafka that all tests of this process share.
    pub fn shared() -> Self {
        Self { bootstrap: broker().to_owned(), routers: broker().to_owned(), dev: true, kafka: String::new() }
    }
}

/// Topics, a configuration, and the logs of the routers that ran on them.
pub struct World {
    /// Where strategies, operators and readers reach Kafka.
    pub bootstrap: String,
    at: Place,
    pub prefix: String,
    pub partitions: i32,
    dir: tempfile::TempDir,
    routers: AtomicUsize,
    strategy: BaseProducer,
}

/// What a failed test leaves behind can be looked at.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!("--- logs of {}: {}", self.prefix, self.dir.path().display());
        }
    }
}

impl World {
    /// Topics as `onefill init` makes them, one instrument, and accounts A0 to A9 that may trade.
    pub fn new(name: &str, partitions: i32) -> Self {
        Self::made_with(name, partitions, &[])
    }

    /// The same, of topics that `init` makes with further flags.
    pub fn made_with(name: &str, partitions: i32, flags: &[&str]) -> Self {
        Self::made_on(Place::shared(), name, partitions, flags)
    }

    /// The same, on another Kafka.
    pub fn made_on(at: Place, name: &str, partitions: i32, flags: &[&str]) -> Self {
        let world = Self::bare(at, name, partitions, flags);
        world.produce("control", 0, Some(b"instrument"), Some(&instrument(1)));
        for number in 0..10 {
            world.allow(&format!("A{number}"));
        }
        world
    }

    /// Lets an account trade, within limits that hold nobody up.
    pub fn allow(&self, account: &str) {
        self.produce("control", 0, Some(account.as_bytes()), Some(&wide_limit(account)));
    }

    fn bare(at: Place, name: &str, partitions: i32, flags: &[&str]) -> Self {
        // A broker that is given may have been tested with before, and two tests may think of the same name.
        static WORLDS: AtomicUsize = AtomicUsize::new(0);
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{name}-{}-{number}.", std::process::id());
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("target/tmp can be written");
        let strategy = ClientConfig::new()
            .set("bootstrap.servers", &at.bootstrap)
            .set("enable.idempotence", "true")
            .set("message.max.bytes", "2000000")
            .set("topic.metadata.refresh.interval.ms", "1000")
            .create()
            .expect("a producer");
        let world = Self {
            bootstrap: at.bootstrap.clone(),
            at,
            prefix,
            partitions,
            dir,
            routers: AtomicUsize::new(0),
            strategy,
        };
        world.configure("[decide]\nmax_intent_age_ms = 0\n");
        let made = world.call(&[&["init", "--partitions", &partitions.to_string()], flags].concat());
        assert!(made.status.success(), "{made:?}");
        world
    }

    /// Replaces the configuration of the routers to come.
    pub fn configure(&self, text: &str) {
        let table = if self.at.kafka.is_empty() { "" } else { "\n[kafka]\n" };
        std::fs::write(self.config(), [text, table, &self.at.kafka].concat()).expect("a configuration");
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("onefill.toml")
    }

    /// Where the logs and whatever else belongs to this world lie.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn topic(&self, role: &str) -> String {
        format!("{}{role}", self.prefix)
    }

    pub fn group(&self) -> String {
        self.topic("router")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onefill"));
        command.args(arguments).args(["--bootstrap", &self.at.routers, "--prefix", &self.prefix]);
        command.args(self.at.dev.then_some("--dev"));
        command.arg("--config").arg(self.config()).current_dir(self.dir.path());
        command
    }

    /// A command that ends by itself.
    pub fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary can be run")
    }

    /// A router with further flags.
    pub fn router(&self, flags: &[&str]) -> Router {
        self.router_at("127.0.0.1:0", flags)
    }

    /// The same, serving HTTP there.
    pub fn router_at(&self, address: &str, flags: &[&str]) -> Router {
        self.router_with(address, flags, &[])
    }

    /// The same, with further variables.
    pub fn router_with(&self, address: &str, flags: &[&str], variables: &[(&str, &str)]) -> Router {
        let number = self.routers.fetch_add(1, Ordering::Relaxed);
        let mut command = self.command(&["run", "--http", address]);
        command.args(flags).envs(variables.iter().copied());
        Router::start(command, self.dir.path().join(format!("router-{number}.log")))
    }

    /// Sends an intent as strategies do, and waits until it lies in the topic.
    pub fn send(&self, intent: &Json) {
        self.send_all(std::slice::from_ref(intent));
    }

    /// Several, in order.
    pub fn send_all(&self, intents: &[Json]) {
        for intent in intents {
            let account = intent["account_id"].as_str().expect("an account");
            let partition = place(account, self.partitions);
            self.enqueue("intents", partition, Some(account.as_bytes()), Some(&INTENT.encode(intent)));
        }
        self.flush();
    }

    /// Any record anywhere, when it lies in the topic.
    pub fn produce(&self, role: &str, partition: i32, key: Option<&[u8]>, value: Option<&[u8]>) {
        self.enqueue(role, partition, key, value);
        self.flush();
    }

    /// Any record anywhere, soon: the next flush waits for it.
    pub fn enqueue(&self, role: &str, partition: i32, key: Option<&[u8]>, value: Option<&[u8]>) {
        let topic = self.topic(role);
        // Partitions that were added since are known after a moment.
        eventually("the producer takes a record", || {
            let mut record = BaseRecord::<[u8], [u8]>::to(&topic).partition(partition);
            record.key = key;
            record.payload = value;
            self.strategy.poll(Duration::ZERO);
            self.strategy.send(record).ok()
        });
    }

    /// Waits until everything that was enqueued lies in its topic.
    pub fn flush(&self) {
        self.strategy.flush(CALL_MAX).expect("the broker takes records");
    }

    pub fn read(&self, role: &str, isolation: Isolation) -> Vec<Record> {
        read_all(&self.bootstrap, &self.topic(role), isolation)
    }

    /// What the group has committed of an input, stable, by partition.
    pub fn committed(&self, role: &str) -> BTreeMap<i32, i64> {
        self.committed_of(role, 0..self.partitions)
    }

    /// The same, of some partitions only.
    fn committed_of(&self, role: &str, partitions: impl Iterator<Item = i32>) -> BTreeMap<i32, i64> {
        let consumer = self.outsider();
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&self.topic(role), partition);
        }
        // Offsets of an open transaction are an error here, and asked for again.
        let answer = eventually("the group's offsets are stable", || {
            consumer
                .committed_offsets(asked.clone(), CALL_MAX)
                .ok()
                .filter(|found| found.elements().iter().all(|element| element.error().is_ok()))
        });
        let offset = |offset| if let Offset::Offset(offset) = offset { Some(offset) } else { None };
        let known = answer.elements().into_iter();
        known.filter_map(|element| Some((element.partition(), offset(element.offset())?))).collect()
    }

    /// Somebody commits an offset of the group, which must be empty.
    pub fn commit(&self, role: &str, partition: i32, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        let topic = self.topic(role);
        offsets.add_partition_offset(&topic, partition, Offset::Offset(offset)).expect("an offset");
        let consumer = self.outsider();
        eventually("an outsider commits to the empty group", || {
            consumer.commit(&offsets, rdkafka::consumer::CommitMode::Sync).ok()
        });
    }

    /// An offset of the group becomes part of the transaction that a stranger has open.
    pub fn commit_within(&self, stranger: &BaseProducer, role: &str, partition: i32, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        let topic = self.topic(role);
        offsets.add_partition_offset(&topic, partition, Offset::Offset(offset)).expect("an offset");
        let group = self.outsider().group_metadata().expect("the outsider names a group");
        eventually("the transaction holds an offset", || {
            stranger.send_offsets_to_transaction(&offsets, &group, CALL_MAX).ok()
        });
    }

    /// A consumer that names the group without joining it.
    fn outsider(&self) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("group.id", self.group());
        config.set("isolation.level", "read_committed").set("enable.auto.commit", "false");
        config.create().expect("a consumer")
    }

    /// Waits until every intent that is committed by now is answered, by the group's own offsets.
    pub fn wait_answered(&self, router: &Router) {
        self.wait_answered_in(router, &(0..self.partitions).collect::<Vec<_>>());
    }

    /// The same, of some partitions.
    pub fn wait_answered_in(&self, router: &Router, partitions: &[i32]) {
        self.wait_all_answered(partitions);
        assert!(!router.log().contains("panicked"), "no thread panicked:\n{}", router.log());
    }

    /// The same, whatever routers there are.
    pub fn wait_all_answered(&self, partitions: &[i32]) {
        let intents = self.read("intents", Isolation::Committed);
        let last = |partition| intents.iter().rev().find(|record| record.partition == partition);
        let due: Vec<(i32, i64)> =
            partitions.iter().filter_map(|at| Some((*at, last(*at)?.offset + 1))).collect();
        eventually("every intent is answered", || {
            let committed = self.committed_of("intents", due.iter().map(|(at, _)| *at));
            let answered = |(at, end): &(i32, i64)| committed.get(at).is_some_and(|offset| offset >= end);
            due.iter().all(answered).then_some(())
        });
    }

    /// How often a lane was opened so far, by the trail.
    pub fn openings(&self) -> usize {
        let audit = self.read("audit", Isolation::Committed);
        let kinds =
            audit.iter().map(|record| ENTRY.decode(record.value.as_ref().expect("an entry"))["kind"].clone());
        kinds.filter(|kind| *kind == "GENESIS" || *kind == "LANE_OPENED").count()
    }

    /// Waits until lanes were opened so often.
    pub fn wait_openings(&self, least: usize) {
        eventually(&format!("lanes were opened {least} times"), || (self.openings() >= least).then_some(()));
    }

    /// How many members the group has, by its own word.
    pub fn members(&self) -> usize {
        let consumer = self.outsider();
        let groups = eventually("the group is described", || {
            consumer.fetch_group_list(Some(&self.group()), CALL_MAX).ok()
        });
        groups.groups().iter().map(|group| group.members().len()).sum()
    }

    /// Waits until the group has committed an offset.
    pub fn wait_committed(&self, role: &str, partition: i32, offset: i64) {
        eventually(&format!("{role}/{partition} is answered up to {offset}"), || {
            (self.committed(role).get(&partition) >= Some(&offset)).then_some(())
        });
    }

    /// The values of partition 0 that a committed reader is shown now, however much is still open.
    pub fn read_visible(&self, role: &str) -> Vec<Vec<u8>> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("group.id", "onlooker");
        config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(&self.topic(role), 0, Offset::Beginning).expect("an offset");
        consumer.assign(&place).expect("an assignment");
        let mut values = Vec::new();
        eventually("the topic is read to its end", || match consumer.poll(CALL_MAX)? {
            Ok(message) => {
                values.push(message.payload().expect("a value").to_vec());
                None
            }
            Err(KafkaError::PartitionEOF(_)) => Some(()),
            Err(error) => panic!("{error}"),
        });
        values
    }
}
