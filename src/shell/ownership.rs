//! Whether a partition is still this member's, by the group's own word.
//!
//! A process that was frozen does not know that its session is over. Before it takes a fence again
//! it asks the coordinator: otherwise it would fence its successor (`G4`).

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::groups::GroupInfo;

use super::librdkafka;

/// How long the coordinator may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Whether the group, described now, is stable, and gives `partition` of both topics to the member
/// that `consumer` is.
///
/// # Errors
/// A coordinator that does not answer.
pub fn is_owned<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    group: &str,
    topics: [&str; 2],
    partition: i32,
) -> KafkaResult<bool> {
    let Some(own) = librdkafka::member_id(consumer.client()) else { return Ok(false) };
    let list = consumer.fetch_group_list(Some(group), ANSWER_WAIT)?;
    Ok(list.groups().iter().any(|found| found.name() == group && gives(found, &own, topics, partition)))
}

fn gives(group: &GroupInfo, own: &str, topics: [&str; 2], partition: i32) -> bool {
    let member = group.members().iter().find(|member| member.id() == own);
    let assignment = member.and_then(|member| member.assignment()).and_then(assigned);
    group.state() == "Stable"
        && assignment.is_some_and(|assigned| {
            topics.iter().all(|topic| assigned.iter().any(|(name, at)| name == topic && *at == partition))
        })
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
    use super::*;

    #[test]
    fn an_assignment_names_its_partitions_or_is_none() {
        let mut bytes = vec![0, 3, 0, 0, 0, 2];
        for (topic, partitions) in [("in", [0, 2]), ("ex", [0, 1])] {
            bytes.extend(2i16.to_be_bytes());
            bytes.extend(topic.as_bytes());
            bytes.extend(2i32.to_be_bytes());
            bytes.extend(partitions.iter().flat_map(|partition: &i32| partition.to_be_bytes()));
        }
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
