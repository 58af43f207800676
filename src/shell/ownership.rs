//! Whether a partition is still this member's, by the group's own word.
//!
//! A process that was frozen does not know that its session is over. Before it takes a fence again
//! it asks the coordinator: otherwise it would fence its successor (`G4`).

use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaResult;

use super::librdkafka::{self, GroupMembers};

/// Whether the group, described now, is stable, and gives `partition` of both topics to this member.
///
/// # Errors
/// A coordinator that does not answer.
pub fn is_owned<C: ClientContext>(
    client: &Client<C>,
    group: &str,
    member: &str,
    topics: [&str; 2],
    partition: i32,
    timeout: Duration,
) -> KafkaResult<bool> {
    let group = librdkafka::group_members(client, group, timeout)?;
    Ok(group.is_some_and(|group| gives(&group, member, topics, partition)))
}

fn gives(group: &GroupMembers, own: &str, topics: [&str; 2], partition: i32) -> bool {
    let member = group.members.iter().find(|member| member.id == own);
    let assigned = member.and_then(|member| assigned(&member.assignment)).unwrap_or_default();
    let has = |topic: &&str| assigned.iter().any(|(name, number)| name == topic && *number == partition);
    group.state == "Stable" && topics.iter().all(has)
}

/// The partitions that an assignment of Kafka's consumer protocol names; `None` when it is none.
///
/// Its form, all numbers big-endian: version (2 bytes), count of topics (4), and for each its name
/// (length in 2 bytes, then bytes), count of partitions (4) and partitions (4 each).
fn assigned(bytes: &[u8]) -> Option<Vec<(String, i32)>> {
    let mut rest = bytes.get(2..)?;
    let mut assigned = Vec::new();
    for _ in 0..take_i32(&mut rest)? {
        let length = i16::from_be_bytes(take(&mut rest)?);
        let name = rest.split_off(..usize::try_from(length).ok()?)?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        for _ in 0..take_i32(&mut rest)? {
            assigned.push((name.clone(), take_i32(&mut rest)?));
        }
    }
    Some(assigned)
}

fn take_i32(rest: &mut &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(take(rest)?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::librdkafka::GroupMember;
    use super::*;

    /// As a coordinator keeps it.
    fn assignment(partitions: &[(&str, &[i32])]) -> Vec<u8> {
        let mut bytes = vec![0, 3];
        bytes.extend(i32::try_from(partitions.len()).unwrap().to_be_bytes());
        for (topic, numbers) in partitions {
            bytes.extend(i16::try_from(topic.len()).unwrap().to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend(i32::try_from(numbers.len()).unwrap().to_be_bytes());
            bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        }
        bytes
    }

    #[test]
    fn a_partition_is_owned_when_a_stable_group_gives_both_inputs_of_it_to_this_member() {
        let member =
            |id: &str, partitions| GroupMember { id: id.to_owned(), assignment: assignment(partitions) };
        let mine = member("mine", &[("in", &[0, 1]), ("ex", &[0])]);
        let others = member("other", &[("in", &[2]), ("ex", &[1, 2])]);
        let mut group = GroupMembers { state: "Stable".to_owned(), members: vec![mine, others] };
        let given = |group: &GroupMembers| {
            [0, 1, 2, 3].map(|partition| gives(group, "mine", ["in", "ex"], partition))
        };
        assert_eq!(given(&group), [true, false, false, false]);
        assert!(!gives(&group, "gone", ["in", "ex"], 0));
        "PreparingRebalance".clone_into(&mut group.state);
        assert_eq!(given(&group), [false; 4]);
    }

    #[test]
    fn an_assignment_names_its_partitions_or_is_none() {
        let bytes = assignment(&[("in", &[0, 2]), ("ex", &[0, 1])]);
        let named = |topic: &str, partition| (topic.to_owned(), partition);
        assert_eq!(
            assigned(&bytes),
            Some(vec![named("in", 0), named("in", 2), named("ex", 0), named("ex", 1)])
        );
        for end in 0..bytes.len() {
            assert_eq!(assigned(&bytes[..end]), None, "cut at {end}");
        }
    }
}
