//! Who is in a group, by its coordinator's word.
#![allow(unsafe_code)] // The crate's call drops the answer when any broker is silent.

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;

use super::{Guard, millis, text};

/// A group as its coordinator sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupMembers {
    /// Kafka's name for how it stands: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`.
    pub state: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The id that the coordinator knows it by.
    pub id: String,
    /// The partitions that it was given, in the form of Kafka's consumer protocol; empty before that.
    pub assignment: Vec<u8>,
}

/// What its coordinator says of a group; `None` where nobody has joined it.
///
/// Every broker is asked for its groups, and only the coordinator has this one. Brokers that are silent
/// until the time is up do not matter once it was found; without it, they are an error.
///
/// # Errors
/// `GroupListFetch` when the coordinator, or any broker while the group is not found, does not answer.
pub fn group_members<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    timeout: Duration,
) -> KafkaResult<Option<GroupMembers>> {
    let name = CString::new(group)?;
    let mut list = ptr::null();
    // SAFETY: the name outlives the call; the list that comes back is owned by a guard, and all that is
    // read from it is copied before it goes.
    unsafe {
        let code =
            sys::rd_kafka_list_groups(client.native_ptr(), name.as_ptr(), &raw mut list, millis(timeout));
        let list =
            Guard::new(list.cast_mut(), destroy).map_err(|_| KafkaError::GroupListFetch(code.into()))?;
        let found = slice((*list.as_ptr()).groups, (*list.as_ptr()).group_cnt);
        let found = found.iter().find(|found| CStr::from_ptr(found.group) == name.as_c_str());
        match found {
            Some(found) if found.err == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {
                let members = slice(found.members, found.member_cnt).iter().map(|found| member(found));
                Ok(Some(GroupMembers { state: text(found.state), members: members.collect() }))
            }
            Some(found) => Err(KafkaError::GroupListFetch(found.err.into())),
            None if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(None),
            None => Err(KafkaError::GroupListFetch(code.into())),
        }
    }
}

/// # Safety
/// `list` came from `rd_kafka_list_groups`, and nobody else destroys it.
unsafe extern "C" fn destroy(list: *mut sys::rd_kafka_group_list) {
    // SAFETY: by the caller's word.
    unsafe { sys::rd_kafka_group_list_destroy(list) }
}

/// # Safety
/// `member` is of a list that is alive.
unsafe fn member(member: &sys::rd_kafka_group_member_info) -> GroupMember {
    // SAFETY: by the caller's word; an assignment has as many bytes as it says.
    unsafe {
        let assignment = slice(member.member_assignment.cast::<u8>(), member.member_assignment_size);
        GroupMember { id: text(member.member_id), assignment: assignment.to_vec() }
    }
}

/// # Safety
/// `items` is null, or points to `count` things that stay alive while the slice is used.
unsafe fn slice<'a, T>(items: *mut T, count: std::ffi::c_int) -> &'a [T] {
    let count = usize::try_from(count).unwrap_or(0);
    if items.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: by the caller's word, and not null.
    unsafe { std::slice::from_raw_parts(items, count) }
}
