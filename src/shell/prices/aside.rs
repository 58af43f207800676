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

    /// Those that can be read by now.
    pub(super) fn take_readable(&mut self, schemas: &Schemas) -> Vec<OwnedMessage> {
        if self.records.is_empty() || !self.may_ask() {
            return Vec::new();
        }
        while let Some(id) = self.next_lacking(schemas) {
            if !self.learns(schemas, id) {
                break;
            }
        }
        let now = clock::now();
        let is_readable =
            |record: &OwnedMessage| record.payload().is_none_or(|value| schemas.lacks(value, now).is_none());
        let readable = self.records.extract_if(.., |_, (_, record)| is_readable(record));
        readable.map(|(_, (_, record))| record).collect()
    }

    /// An id that must be asked for: not always the same one first, for one may never be said.
    fn next_lacking(&self, schemas: &Schemas) -> Option<u32> {
        let now = clock::now();
        let lacking = |(id, record): &(u32, OwnedMessage)| {
            record.payload().is_some_and(|value| schemas.lacks(value, now).is_some()).then_some(*id)
        };
        let (last, lacking) = (self.asked.map_or(0, |(_, id)| id), self.records.values().filter_map(lacking));
        lacking.min_by_key(|id| (*id <= last, *id))
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
