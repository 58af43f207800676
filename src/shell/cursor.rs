//! Where the group stands: offsets that are settled, and those that an open transaction may still change.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Logged;

/// The offset that a group has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The next offset that it has not answered.
    At(i64),
    /// Nothing is committed.
    None,
    /// A transaction is open on it.
    Unstable,
}

impl Cursor {
    /// The offset, of one that is settled.
    pub const fn offset(self) -> Option<i64> {
        match self {
            Self::At(offset) => Some(offset),
            Self::None | Self::Unstable => None,
        }
    }

    fn of(element: &TopicPartitionListElem<'_>) -> KafkaResult<Self> {
        match (element.error(), element.offset()) {
            (Err(error), _) if is(&error, RDKafkaErrorCode::UnstableOffsetCommit) => Ok(Self::Unstable),
            (Err(error), _) => Err(error),
            (Ok(()), Offset::Offset(offset)) => Ok(Self::At(offset)),
            (Ok(()), _) => Ok(Self::None),
        }
    }
}

/// Where the readers' group stands on these partitions, in their order.
///
/// The first reader takes only what is settled. While one of the offsets is not, librdkafka asks again by itself
/// until `wait` is over, and then says no more than that, as it does where nobody answers. So the second reader, who
/// takes all, is asked for as long as `wait_for_any` whether there is anybody; and if there was, the first once more:
/// then each of the offsets may be the one that is not settled.
///
/// # Errors
/// A coordinator that does not answer, or refuses.
pub fn cursors(
    [stable, any]: [&BaseConsumer<Logged>; 2],
    asked: &TopicPartitionList,
    [wait, wait_for_any]: [Duration; 2],
) -> KafkaResult<Vec<Cursor>> {
    let settled = || match stable.committed_offsets(asked.clone(), wait) {
        Err(error) if is(&error, RDKafkaErrorCode::UnstableOffsetCommit) => {
            Ok(vec![Cursor::Unstable; asked.count()])
        }
        found => found?.elements().iter().map(Cursor::of).collect(),
    };
    let is_late = |error: &KafkaError| is(error, RDKafkaErrorCode::OperationTimedOut);
    match settled() {
        Err(error) if is_late(&error) => {
            any.committed_offsets(asked.clone(), wait_for_any)?;
            match settled() {
                Err(error) if is_late(&error) => Ok(vec![Cursor::Unstable; asked.count()]),
                found => found,
            }
        }
        found => found,
    }
}

fn is(error: &KafkaError, code: RDKafkaErrorCode) -> bool {
    error.rdkafka_error_code() == Some(code)
}
