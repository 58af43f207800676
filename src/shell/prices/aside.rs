//! Prices of the Confluent format whose schema the registry has not said yet. They wait here, and hold up no others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Message as _, OwnedMessage};

use crate::shell::clock;
use crate::wire::schema::{Schemas, is_confluent};

/// How long a registry that did not answer is left alone: the reader waits for it, for seconds if it is silent.
const ASKED_EVERY: Duration = Duration::from_secs(20);

/// A partition and a key.
type Place = (i32, Option<Vec<u8>>);

/// What waits: of each partition and key the newest record, as the topic itself would keep it, and its schema's id.
#[derive(Debug, Default)]
pub(super) struct Aside {
    records: BTreeMap<Place, (u32, OwnedMessage)>,
    /// When the registry was last asked in vain, and for which id.
    asked: Option<(Instant, u32)>,
}

impl Aside {
    /// Puts a record aside if its schema must be asked for, and is not said now.
    pub(super) fn takes(&mut self, schemas: &Schemas, message: &BorrowedMessage<'_>) -> bool {
        let value = message.payload().filter(|value| is_confluent(value));
        let Some(id) = value.and_then(|value| schemas.lacks(value, clock::now())) else { return false };
        if self.may_ask() && self.learns(schemas, id) {
            return false;
        }
        let place = (message.partition(), message.key().map(<[u8]>::to_vec));
        self.records.insert(place, (id, message.detach()));
        true
    }

    /// Those of an id that is said now. One id is asked for at a time, and not always the same one first: one may
    /// never be said.
    pub(super) fn take_readable(&mut self, schemas: &Schemas) -> Vec<OwnedMessage> {
        let last = self.asked.map_or(0, |(_, id)| id);
        let next = self.records.values().map(|(id, _)| *id).min_by_key(|id| (*id <= last, *id));
        let Some(said) = next.filter(|id| self.may_ask() && self.learns(schemas, *id)) else {
            return Vec::new();
        };
        let readable = self.records.extract_if(.., |_, (id, _)| *id == said);
        readable.map(|(_, (_, record))| record).collect()
    }

    fn may_ask(&self) -> bool {
        self.asked.is_none_or(|(at, _)| at.elapsed() >= ASKED_EVERY)
    }

    fn learns(&mut self, schemas: &Schemas, id: u32) -> bool {
        let learnt = schemas.learn(id, clock::now);
        if let Err(unsaid) = &learnt {
            let aside = self.records.len();
            tracing::warn!(id, aside, "prices wait for the schema registry: {unsaid}");
            self.asked = Some((Instant::now(), id));
        }
        learnt.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;

    use super::*;
    use crate::wire::RecordType;
    use crate::wire::schema::{Registry, Unregistered};

    /// It has no word of id 1, ever.
    #[derive(Debug)]
    struct Half;

    impl Registry for Half {
        fn schema(&self, id: u32) -> Result<String, Unregistered> {
            match id {
                1 => Err(Unregistered::Unsaid("no right to it".to_owned())),
                _ => Ok(RecordType::ReferencePrice.schema().to_owned()),
            }
        }

        fn register(&self, _: &str, _: &str) -> Result<u32, Unregistered> {
            unreachable!("prices are not written here")
        }

        fn reach(&self) -> Result<(), Unregistered> {
            Ok(())
        }
    }

    #[test]
    fn an_id_that_is_never_said_holds_up_no_other() {
        let schemas = Schemas::compiled().with_registry(Box::new(Half));
        let mut aside = Aside::default();
        for (id, key) in [(1, "a"), (2, "b"), (2, "c")] {
            let (key, value) = (key.as_bytes().to_vec(), vec![0, 0, 0, 0, id as u8, 0]);
            let (topic, at) = ("prices".to_owned(), Timestamp::NotAvailable);
            let record = OwnedMessage::new(Some(value), Some(key.clone()), topic, at, 0, 7, None);
            aside.records.insert((0, Some(key)), (id, record));
        }
        let keys = |aside: &mut Aside| {
            let readable = aside.take_readable(&schemas);
            readable.iter().filter_map(|record| record.key().map(<[u8]>::to_vec)).collect::<Vec<_>>()
        };
        let wait = |aside: &mut Aside| {
            aside.asked =
                aside.asked.map(|(at, id)| (at.checked_sub(ASKED_EVERY).expect("it is up so long"), id));
        };
        assert!(keys(&mut aside).is_empty() && aside.asked.is_some_and(|(_, id)| id == 1));
        assert!(keys(&mut aside).is_empty(), "it is left alone for a while");
        wait(&mut aside);
        assert_eq!(keys(&mut aside), [b"b", b"c"]);
        // The one that is left is asked for again, in vain.
        assert!(keys(&mut aside).is_empty() && aside.records.len() == 1);
        assert!(aside.asked.is_some_and(|(at, id)| id == 1 && at.elapsed() < ASKED_EVERY));
    }
}
