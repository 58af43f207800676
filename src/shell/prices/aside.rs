//! Prices of the Confluent format whose schema the registry has not said yet. They wait here, and hold up no others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Message as _, OwnedMessage};

use crate::shell::clock;
use crate::wire::schema::{Schemas, is_confluent};

/// How long a registry that did not answer is left alone: asking holds up the reader.
const ASKED_EVERY: Duration = Duration::from_secs(5);

/// What waits: of each partition and key the newest record, as the topic itself would keep it.
#[derive(Debug, Default)]
pub(super) struct Aside {
    records: BTreeMap<(i32, Option<Vec<u8>>), OwnedMessage>,
    /// When the registry was last asked in vain.
    asked: Option<Instant>,
}

impl Aside {
    /// Puts a record aside if its schema must be asked for, and is not said now.
    pub(super) fn takes(&mut self, schemas: &Schemas, message: &BorrowedMessage<'_>) -> bool {
        let value = message.payload().filter(|value| is_confluent(value));
        let is_lacking = value.is_some_and(|value| schemas.lacks(value, clock::now()).is_some());
        if !is_lacking || self.learns(schemas, value) {
            return false;
        }
        let place = (message.partition(), message.key().map(<[u8]>::to_vec));
        self.records.insert(place, message.detach());
        true
    }

    /// Those that can be read by now.
    pub(super) fn take_readable(&mut self, schemas: &Schemas) -> Vec<OwnedMessage> {
        let mut readable = Vec::new();
        while let Some(first) = self.records.first_entry() {
            let value = first.get().payload().map(<[u8]>::to_vec);
            if !self.learns(schemas, value.as_deref()) {
                break;
            }
            readable.extend(self.records.pop_first().map(|(_, record)| record));
        }
        readable
    }

    fn learns(&mut self, schemas: &Schemas, value: Option<&[u8]>) -> bool {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASKED_EVERY) {
            return false;
        }
        match schemas.learn_of(value, clock::now) {
            Ok(()) => {
                self.asked = None;
                true
            }
            Err(unsaid) => {
                tracing::warn!(aside = self.records.len(), "prices wait for the schema registry: {unsaid}");
                self.asked = Some(Instant::now());
                false
            }
        }
    }
}
