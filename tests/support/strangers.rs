//! What strangers, accidents and attackers do to a router's topics: none of it is anything that onefill does itself.

use std::future::Future;
use std::time::Duration;

use apache_avro::types::Value;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::reader::{Isolation, Record, eventually, topic};
use super::records::{ENTRY, leaf, set};
use super::world::World;

const WAIT: Duration = Duration::from_secs(30);

type Admin = AdminClient<DefaultClientContext>;

/// An administrator at work: asks, and again while the cluster is busy with something else.
fn administer<T>(
    world: &World,
    claim: &str,
    ask: impl AsyncFn(&Admin, &AdminOptions) -> KafkaResult<Option<T>>,
) -> T {
    let admin: Admin =
        ClientConfig::new().set("bootstrap.servers", &world.bootstrap).create().expect("an admin client");
    let options = AdminOptions::new().operation_timeout(Some(WAIT)).request_timeout(Some(WAIT));
    eventually(claim, || wait(ask(&admin, &options)).ok().flatten())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Records before an offset are gone, as retention would have it.
pub fn lose_records(world: &World, role: &str, partition: i32, before: i64) {
    let mut offsets = TopicPartitionList::new();
    let name = world.topic(role);
    offsets.add_partition_offset(&name, partition, Offset::Offset(before)).expect("an offset");
    administer(world, "records are deleted", async |admin, options| {
        let done = admin.delete_records(&offsets, options).await?;
        Ok(done.elements().iter().all(|element| element.error().is_ok()).then_some(()))
    });
}

/// The group and its offsets are gone.
pub fn delete_group(world: &World) {
    let group = world.group();
    administer(world, "the group is deleted", async |admin, options| {
        let done = admin.delete_groups(&[&group], options).await?;
        Ok(done.iter().all(Result::is_ok).then_some(()))
    });
}

/// A topic has more partitions than before.
pub fn widen(world: &World, role: &str, partitions: usize) {
    let name = world.topic(role);
    administer(world, "partitions are added", async |admin, options| {
        let done = admin.create_partitions(&[NewPartitions::new(&name, partitions)], options).await?;
        Ok(done.iter().all(Result::is_ok).then_some(()))
    });
}

/// A topic is gone.
pub fn remove(world: &World, role: &str) {
    let name = world.topic(role);
    administer(world, "the topic is deleted", async |admin, options| {
        let done = admin.delete_topics(&[&name], options).await?;
        Ok(done.iter().all(Result::is_ok).then_some(()))
    });
    administer(world, "the topic is gone", async |admin, _| {
        let known = admin.inner().fetch_metadata(None, WAIT)?;
        Ok(known.topics().iter().all(|topic| topic.name() != name).then_some(()))
    });
}

/// A topic of the same name and size, and another id.
pub fn recreate(world: &World, role: &str) {
    remove(world, role);
    let partitions = if role == "control" { 1 } else { world.partitions };
    topic(
        &world.bootstrap,
        &world.topic(role),
        partitions,
        &[("max.message.bytes", "1048588"), ("retention.ms", "-1")],
    );
}

/// A topic has these settings, and otherwise the defaults.
pub fn alter(world: &World, role: &str, settings: &[(&str, &str)]) {
    let name = world.topic(role);
    administer(world, "the settings are altered", async |admin, options| {
        let change = AlterConfig::new(ResourceSpecifier::Topic(&name));
        let change = settings.iter().fold(change, |change, (key, value)| change.set(key, value));
        let done = admin.alter_configs(&[change], options).await?;
        Ok(done.iter().all(Result::is_ok).then_some(()))
    });
}

/// The last record of a partition of a topic.
pub fn last(world: &World, role: &str, partition: i32) -> Record {
    let all = world.read(role, Isolation::Committed);
    all.into_iter().rev().find(|record| record.partition == partition).expect("the partition holds records")
}

/// Somebody appends an entry behind the last: the same once more, numbered and linked as it must be, with this
/// change. The last must be a LANE_OPENED, which can be followed by another.
pub fn forge(world: &World, partition: i32, change: impl FnOnce(&mut Value)) {
    let last = last(world, "audit", partition).value.expect("an entry");
    let mut entry = ENTRY.decode_value(&last);
    let seq = ENTRY.decode(&last)["seq"].as_i64().expect("a number") + 1;
    set(&mut entry, "seq", Value::Long(seq));
    set(&mut entry, "prev", Value::Fixed(32, leaf(&last).to_vec()));
    change(&mut entry);
    let Value::Record(fields) = &entry else { unreachable!("an entry is a record") };
    let Some((_, Value::Long(seq))) = fields.iter().find(|(name, _)| name == "seq") else {
        unreachable!("a number is a long")
    };
    world.produce("audit", partition, Some(&seq.to_be_bytes()), Some(&ENTRY.encode_value(entry.clone())));
}

/// Changes a field of the part `lane` of an entry.
pub fn set_lane(entry: &mut Value, field: &str, to: Value) {
    let Value::Record(fields) = entry else { unreachable!("an entry is a record") };
    let (_, lane) = fields.iter_mut().find(|(name, _)| name == "lane").expect("entries have this field");
    let Value::Union(_, lane) = lane else { unreachable!("it may be null") };
    set(lane, field, to);
}
