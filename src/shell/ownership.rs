//! Whether a partition is still this member's, by the group's own word.
//!
//! A process that was frozen does not know that its session is over. Before it takes a fence again
//! it asks the coordinator: otherwise it would fence its successor (`G4`).

use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaResult;

use super::librdkafka::{self, GroupDescription};

/// How long the coordinator may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

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
) -> KafkaResult<bool> {
    let group = librdkafka::describe_group(client, group, ANSWER_WAIT)?;
    Ok(gives(&group, member, topics, partition))
}

fn gives(group: &GroupDescription, own: &str, topics: [&str; 2], partition: i32) -> bool {
    let has = |topic: &&str| {
        let member = group.members.iter().find(|member| member.id == own);
        member.is_some_and(|member| {
            member.partitions.iter().any(|(name, number)| name == topic && *number == partition)
        })
    };
    group.is_stable() && topics.iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::super::librdkafka::GroupMember;
    use super::*;

    fn member(id: &str, partitions: &[(&str, i32)]) -> GroupMember {
        let partitions = partitions.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition));
        GroupMember { id: id.to_owned(), partitions: partitions.collect() }
    }

    #[test]
    fn a_partition_is_owned_when_a_stable_group_gives_both_inputs_of_it_to_this_member() {
        let mine = member("mine", &[("in", 0), ("ex", 0), ("in", 1)]);
        let others = member("other", &[("in", 2), ("ex", 2), ("ex", 1)]);
        let mut group = GroupDescription {
            state: "Stable".to_owned(),
            members: vec![mine, others],
            ..GroupDescription::default()
        };
        let given = |group: &GroupDescription| {
            [0, 1, 2, 3].map(|partition| gives(group, "mine", ["in", "ex"], partition))
        };
        assert_eq!(given(&group), [true, false, false, false]);
        assert!(!gives(&group, "gone", ["in", "ex"], 0));
        "PreparingRebalance".clone_into(&mut group.state);
        assert_eq!(given(&group), [false; 4]);
    }
}
