//! What librdkafka's admin interface can describe and the crate cannot ask for: topics with their ids,
//! groups, what this client may do with both, and the offsets of many partitions at once.

use std::collections::BTreeSet;
use std::ffi::{CString, c_char};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::acls::Operation;
use super::{Guard, checked, millis, text};

/// A topic as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// The name that was asked for.
    pub name: String,
    /// The topic id as Kafka prints it: 22 characters of URL-safe base64. A topic that was deleted
    /// and made again has another.
    pub id: String,
    /// In order of their numbers.
    pub partitions: Vec<PartitionDescription>,
    /// What this client may do with it; `None` where the broker does not say.
    pub operations: Option<BTreeSet<Operation>>,
    /// Why the topic could not be described; then the rest is empty.
    pub error: Option<RDKafkaErrorCode>,
}

/// A partition and the brokers that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub partition: i32,
    /// The broker that leads it; `None` while there is none.
    pub leader: Option<i32>,
    /// The brokers that should hold it.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub isr: Vec<i32>,
}

/// A group as its coordinator sees it. One that nobody ever joined has no members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupDescription {
    /// How many members it has.
    pub members: usize,
    /// Whether they speak the classic protocol.
    pub is_classic: bool,
    /// How they share partitions; empty while they have not agreed.
    pub assignor: String,
    /// What this client may do with it; `None` where the broker does not say.
    pub operations: Option<BTreeSet<Operation>>,
}

/// Which offset of a partition is asked for. All of them count uncommitted records and markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// Log start.
    Earliest,
    /// High watermark.
    Latest,
    /// That of the record with the newest time.
    Newest,
}

/// An offset of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The topic.
    pub topic: String,
    /// The partition number.
    pub partition: i32,
    /// The offset; or why there is none.
    pub offset: Result<i64, RDKafkaErrorCode>,
    /// The time of its record, in milliseconds; `None` where none was asked for, or found.
    pub timestamp_ms: Option<i64>,
}

/// What the cluster says of these topics, in the order asked. The crate has no such call, and its
/// metadata has no topic ids.
///
/// # Errors
/// `AdminOp` when the cluster does not answer in time or refuses; a topic that does not exist is
/// no error but has its `error` set.
pub fn describe_topics<C: ClientContext>(
    client: &Client<C>,
    names: &[&str],
    timeout: Duration,
) -> KafkaResult<Vec<TopicDescription>> {
    let texts = names.iter().map(|name| CString::new(*name)).collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
    let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    // SAFETY: `pointers` holds as many strings as it says, which live to the end of this function;
    // the collection is owned by a guard, and librdkafka copies it. The event is alive to the end,
    // and everything read from it is copied before it goes.
    unsafe {
        let topics = Guard::new(
            sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            sys::rd_kafka_TopicCollection_destroy,
        )?;
        let event = ask(client, op, timeout, |options, queue| {
            sys::rd_kafka_DescribeTopics(client.native_ptr(), topics.as_ptr(), options, queue);
        })?;
        let result = answered(sys::rd_kafka_event_DescribeTopics_result(event.as_ptr()))?;
        Ok(listed(result, sys::rd_kafka_DescribeTopics_result_topics)
            .iter()
            .map(|topic| description(*topic))
            .collect())
    }
}

/// What its coordinator says of a group.
///
/// Only for a coordinator that has just answered something else: when it does not answer in time, and
/// does so later, librdkafka ends the process (confluentinc/librdkafka issue 4605). Who is in a group,
/// [`group_members`](super::group_members) tells without that danger.
///
/// # Errors
/// `AdminOp` when the cluster does not answer in time or refuses.
pub fn describe_group<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    timeout: Duration,
) -> KafkaResult<GroupDescription> {
    let name = CString::new(group)?;
    let mut names = [name.as_ptr()];
    let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    // SAFETY: the name lives to the end of this function, and librdkafka copies it. The event is
    // alive to the end, and everything read from it is copied before it goes.
    unsafe {
        let event = ask(client, op, timeout, |options, queue| {
            sys::rd_kafka_DescribeConsumerGroups(
                client.native_ptr(),
                names.as_mut_ptr(),
                names.len(),
                options,
                queue,
            );
        })?;
        let result = answered(sys::rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr()))?;
        let found = listed(result, sys::rd_kafka_DescribeConsumerGroups_result_groups);
        let group = *found.first().ok_or(KafkaError::AdminOp(RDKafkaErrorCode::Fail))?;
        let error = sys::rd_kafka_ConsumerGroupDescription_error(group);
        checked(sys::rd_kafka_error_code(error), KafkaError::AdminOp)?;
        let mut count = 0;
        let held = sys::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut count);
        let newer = sys::rd_kafka_consumer_group_type_t::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER;
        Ok(GroupDescription {
            members: sys::rd_kafka_ConsumerGroupDescription_member_count(group),
            is_classic: sys::rd_kafka_ConsumerGroupDescription_type(group) != newer,
            assignor: text(sys::rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
            operations: operations(held, count),
        })
    }
}

/// The same offset of each of these partitions. The crate asks for one partition at a time.
///
/// # Errors
/// `AdminOp` when the cluster does not answer in time or refuses; a partition that cannot say it is
/// no error but has its own.
pub fn list_offsets<C: ClientContext>(
    client: &Client<C>,
    partitions: &[(&str, i32)],
    spec: OffsetSpec,
    timeout: Duration,
) -> KafkaResult<Vec<ListedOffset>> {
    let spec = match spec {
        OffsetSpec::Earliest => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST,
        OffsetSpec::Latest => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST,
        OffsetSpec::Newest => sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP,
    };
    let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    // SAFETY: the list is owned by a guard, and librdkafka copies it, as it does each topic's name; an
    // element that was added is written to before the next one can move it. The event is alive to the
    // end, and everything read from it is copied before it goes.
    unsafe {
        let list = sys::rd_kafka_topic_partition_list_new(0);
        let list = Guard::new(list, sys::rd_kafka_topic_partition_list_destroy)?;
        for (topic, partition) in partitions {
            let topic = CString::new(*topic)?;
            let element = sys::rd_kafka_topic_partition_list_add(list.as_ptr(), topic.as_ptr(), *partition);
            (*element).offset = spec as i64;
        }
        let event = ask(client, op, timeout, |options, queue| {
            sys::rd_kafka_ListOffsets(client.native_ptr(), list.as_ptr(), options, queue);
        })?;
        let result = answered(sys::rd_kafka_event_ListOffsets_result(event.as_ptr()))?;
        Ok(listed(result, sys::rd_kafka_ListOffsets_result_infos)
            .iter()
            .map(|listed| listed_offset(*listed))
            .collect())
    }
}

/// Sends a request and waits for its answer, which is then whole: `send` gets its options and the
/// queue of the answer.
///
/// # Safety
/// `op` and `send` are about the same request, and what `send` hands over is alive meanwhile.
pub(super) unsafe fn ask<C: ClientContext>(
    client: &Client<C>,
    op: sys::rd_kafka_admin_op_t,
    timeout: Duration,
    send: impl FnOnce(*const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
) -> KafkaResult<Guard<sys::rd_kafka_event_t>> {
    let native = client.native_ptr();
    // SAFETY: each constructor's result is owned by a guard with the matching destructor; the options
    // and the queue outlive the request, because librdkafka copies the former and counts its
    // references to the latter. An error that comes back is the caller's, and freed here.
    unsafe {
        let options =
            Guard::new(sys::rd_kafka_AdminOptions_new(native, op), sys::rd_kafka_AdminOptions_destroy)?;
        let code = sys::rd_kafka_AdminOptions_set_request_timeout(
            options.as_ptr(),
            millis(timeout),
            ptr::null_mut(),
            0,
        );
        checked(code, KafkaError::AdminOp)?;
        // What has no rights to tell of refuses this, and is asked without.
        let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options.as_ptr(), 1);
        if !refused.is_null() {
            sys::rd_kafka_error_destroy(refused);
        }
        let queue = Guard::new(sys::rd_kafka_queue_new(native), sys::rd_kafka_queue_destroy)?;
        send(options.as_ptr(), queue.as_ptr());
        // The request itself fails at its timeout, and says why; the second on top is for that.
        let patience = millis(timeout.saturating_add(Duration::from_secs(1)));
        let event = sys::rd_kafka_queue_poll(queue.as_ptr(), patience);
        let event = Guard::new(event, sys::rd_kafka_event_destroy)
            .map_err(|_| KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))?;
        checked(sys::rd_kafka_event_error(event.as_ptr()), KafkaError::AdminOp)?;
        Ok(event)
    }
}

/// An answer of another kind than the request's is none.
pub(super) fn answered<T>(result: *const T) -> KafkaResult<*const T> {
    if result.is_null() { Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail)) } else { Ok(result) }
}

/// # Safety
/// `topic` is a description of a result that is alive.
unsafe fn description(topic: *const sys::rd_kafka_TopicDescription_t) -> TopicDescription {
    // SAFETY: by the caller's word; every accessor returns memory of the same result, or null.
    unsafe {
        let error = sys::rd_kafka_TopicDescription_error(topic);
        // For a null error the code is "no error".
        let code = RDKafkaErrorCode::from(sys::rd_kafka_error_code(error));
        let partitions = listed(topic, sys::rd_kafka_TopicDescription_partitions);
        let id = sys::rd_kafka_TopicDescription_topic_id(topic);
        let mut held_count = 0;
        let held = sys::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut held_count);
        let mut partitions: Vec<_> = partitions.iter().map(|found| partition_description(*found)).collect();
        partitions.sort_by_key(|found| found.partition);
        TopicDescription {
            name: text(sys::rd_kafka_TopicDescription_name(topic)),
            id: if id.is_null() { String::new() } else { url_safe(&text(sys::rd_kafka_Uuid_base64str(id))) },
            partitions,
            operations: operations(held, held_count),
            error: (code != RDKafkaErrorCode::NoError).then_some(code),
        }
    }
}

/// # Safety
/// `found` is a partition of a result that is alive.
unsafe fn partition_description(found: *const sys::rd_kafka_TopicPartitionInfo_t) -> PartitionDescription {
    // SAFETY: by the caller's word; every accessor returns memory of the same result, or null.
    unsafe {
        let leader = sys::rd_kafka_TopicPartitionInfo_leader(found);
        let replicas = listed(found, sys::rd_kafka_TopicPartitionInfo_replicas);
        let isr = listed(found, sys::rd_kafka_TopicPartitionInfo_isr);
        PartitionDescription {
            partition: sys::rd_kafka_TopicPartitionInfo_partition(found),
            leader: node_id(leader).filter(|id| *id >= 0),
            replicas: replicas.iter().filter_map(|node| node_id(*node)).collect(),
            isr: isr.iter().filter_map(|node| node_id(*node)).collect(),
        }
    }
}

/// # Safety
/// `node` is null or alive.
unsafe fn node_id(node: *const sys::rd_kafka_Node_t) -> Option<i32> {
    // SAFETY: by the caller's word, and not null.
    (!node.is_null()).then(|| unsafe { sys::rd_kafka_Node_id(node) })
}

/// # Safety
/// `listed` is an offset of a result that is alive.
unsafe fn listed_offset(listed: *const sys::rd_kafka_ListOffsetsResultInfo_t) -> ListedOffset {
    // SAFETY: by the caller's word; the element belongs to the same result, and is never null.
    unsafe {
        let element = sys::rd_kafka_ListOffsetsResultInfo_topic_partition(listed);
        let timestamp = sys::rd_kafka_ListOffsetsResultInfo_timestamp(listed);
        ListedOffset {
            topic: text((*element).topic),
            partition: (*element).partition,
            offset: match RDKafkaErrorCode::from((*element).err) {
                RDKafkaErrorCode::NoError => Ok((*element).offset),
                code => Err(code),
            },
            timestamp_ms: (timestamp >= 0).then_some(timestamp),
        }
    }
}

/// Those of them that the router may need; `None` where the broker did not say any.
///
/// # Safety
/// `held` is null, or points to `count` operations that stay alive meanwhile.
unsafe fn operations(held: *const sys::rd_kafka_AclOperation_t, count: usize) -> Option<BTreeSet<Operation>> {
    if held.is_null() {
        return None;
    }
    // SAFETY: by the caller's word, and not null.
    let held = unsafe { std::slice::from_raw_parts(held, count) };
    Some(held.iter().filter_map(|operation| Operation::of(*operation)).collect())
}

/// What `list` says that `owner` holds: every such call of librdkafka has this form.
///
/// # Safety
/// `owner` is alive, and stays so while the slice is used; `list` is one of librdkafka's calls, which returns null or
/// as many pointers as it counts.
pub(super) unsafe fn listed<'a, O, T>(
    owner: *const O,
    list: unsafe extern "C" fn(*const O, *mut usize) -> *mut *const T,
) -> &'a [*const T] {
    let mut count = 0;
    // SAFETY: by the caller's word; the slice is made of what is not null.
    unsafe {
        let items = list(owner, &raw mut count);
        if items.is_null() { &[] } else { std::slice::from_raw_parts(items, count) }
    }
}

/// librdkafka writes ids in plain base64, Kafka's own tools in the URL-safe alphabet.
fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::admin::AdminClient;
    use rdkafka::client::DefaultClientContext;

    use super::*;

    #[test]
    fn an_id_is_written_as_kafka_writes_it() {
        assert_eq!(url_safe("lZ+/aQ"), "lZ-_aQ");
    }

    #[test]
    fn a_cluster_that_is_not_there_is_a_timeout_and_frees_everything() {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1");
        let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
        let wait = Duration::from_millis(200);
        let found = describe_topics(admin.inner(), &["a", "b"], wait);
        assert!(matches!(found, Err(KafkaError::AdminOp(_))), "{found:?}");
        let found = describe_group(admin.inner(), "a", wait);
        assert!(matches!(found, Err(KafkaError::AdminOp(_))), "{found:?}");
        let found = list_offsets(admin.inner(), &[("a", 0), ("b", 1)], OffsetSpec::Newest, wait);
        assert!(matches!(found, Err(KafkaError::AdminOp(_))), "{found:?}");
    }
}
