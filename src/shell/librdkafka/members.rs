//! Who is in a group, by its coordinator's word.
//!
//! The crate asks every broker for its groups, and one that is down or frozen makes the whole answer an
//! error; this asks the group's coordinator alone.
#![allow(unsafe_code)] // No safe interface to these calls exists.

use std::ffi::CString;
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::{Guard, borrowed, checked, millis, text};

/// A group as its coordinator sees it. One that nobody ever joined has no members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMembers {
    /// Kafka's name for how it stands: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`,
    /// `Dead`.
    pub state: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

impl GroupMembers {
    /// Whether all its members have agreed on who owns what.
    pub fn is_stable(&self) -> bool {
        self.state == "Stable"
    }
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The id that the coordinator knows it by.
    pub id: String,
    /// The partitions that it was given.
    pub partitions: Vec<(String, i32)>,
}

/// What its coordinator says of a group.
///
/// # Errors
/// `AdminOp` when the coordinator does not answer in time or refuses.
pub fn group_members<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    timeout: Duration,
) -> KafkaResult<GroupMembers> {
    let name = CString::new(group)?;
    let mut names = [name.as_ptr()];
    let native = client.native_ptr();
    // SAFETY: the name lives to the end of this function; each constructor's result is owned by a guard
    // with the matching destructor; options and queue outlive the request, because librdkafka copies the
    // former and counts its references to the latter.
    let event = unsafe {
        let op = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
        let options =
            Guard::new(sys::rd_kafka_AdminOptions_new(native, op), sys::rd_kafka_AdminOptions_destroy)?;
        let code = sys::rd_kafka_AdminOptions_set_request_timeout(
            options.as_ptr(),
            millis(timeout),
            ptr::null_mut(),
            0,
        );
        checked(code, KafkaError::AdminOp)?;
        let queue = Guard::new(sys::rd_kafka_queue_new(native), sys::rd_kafka_queue_destroy)?;
        sys::rd_kafka_DescribeConsumerGroups(
            native,
            names.as_mut_ptr(),
            names.len(),
            options.as_ptr(),
            queue.as_ptr(),
        );
        let patience = millis(timeout.saturating_add(Duration::from_secs(1)));
        let event = sys::rd_kafka_queue_poll(queue.as_ptr(), patience);
        Guard::new(event, sys::rd_kafka_event_destroy)
            .map_err(|_| KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut))?
    };
    // SAFETY: the event is alive, and everything read from it is copied before it goes.
    unsafe {
        checked(sys::rd_kafka_event_error(event.as_ptr()), KafkaError::AdminOp)?;
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event.as_ptr());
        if result.is_null() {
            return Err(KafkaError::AdminOp(RDKafkaErrorCode::Fail));
        }
        let mut count = 0;
        let found = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
        let group = *borrowed(found, count).first().ok_or(KafkaError::AdminOp(RDKafkaErrorCode::Fail))?;
        let error = sys::rd_kafka_ConsumerGroupDescription_error(group);
        checked(sys::rd_kafka_error_code(error), KafkaError::AdminOp)?;
        let state = sys::rd_kafka_ConsumerGroupDescription_state(group);
        let count = sys::rd_kafka_ConsumerGroupDescription_member_count(group);
        Ok(GroupMembers {
            state: text(sys::rd_kafka_consumer_group_state_name(state)),
            members: (0..count)
                .map(|place| member(sys::rd_kafka_ConsumerGroupDescription_member(group, place)))
                .collect(),
        })
    }
}

/// # Safety
/// `member` is of a result that is alive.
unsafe fn member(member: *const sys::rd_kafka_MemberDescription_t) -> GroupMember {
    // SAFETY: by the caller's word; every accessor returns memory of the same result, or null, and a list
    // has as many elements as it says.
    unsafe {
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        let list = match assignment.is_null() {
            true => ptr::null(),
            false => sys::rd_kafka_MemberAssignment_partitions(assignment),
        };
        let elements = match list.is_null() || (*list).elems.is_null() {
            true => &[][..],
            false => std::slice::from_raw_parts((*list).elems, usize::try_from((*list).cnt).unwrap_or(0)),
        };
        GroupMember {
            id: text(sys::rd_kafka_MemberDescription_consumer_id(member)),
            partitions: elements.iter().map(|element| (text(element.topic), element.partition)).collect(),
        }
    }
}
