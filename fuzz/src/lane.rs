//! A lane lives through a past: whatever comes, every entry reads back, every invariant holds after each step, what is
//! dropped leaves no trace, and the trail rebuilds the ledger and every verdict (`G1`, `G2`, `G3`, `G6`, `G7`).

use std::collections::{BTreeMap, BTreeSet};

use onefill::core::batch::Batch;
use onefill::core::entry::{Body, Entry, Opening, Ruling};
use onefill::core::ids::Digest;
use onefill::core::intent::IntentType;
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::prices::PriceBook;
use onefill::core::recompute::{Recomputed, prices_of, recompute};
use onefill::core::replay::replay;
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use onefill::shell::arrival;
use onefill::shell::topics::{Role, Topics};
use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{RecordType, Schemas, entry, order, price};
use rdkafka::Timestamp;
use rdkafka::message::OwnedMessage;

use crate::past::{Inputs, Record, Turn, draw};
use crate::records::{PLACEMENT, opening};

struct Lane {
    ledger: Ledger,
    prices: PriceBook,
    topics: Topics,
    schemas: Schemas,
    /// The values of `audit`, as they were committed.
    trail: Vec<Vec<u8>>,
}

/// A past of these inputs, drawn from these bytes.
pub fn check(data: &[u8], inputs: Inputs) {
    let Ok(past) = draw(data, inputs) else { return };
    let mut lane = Lane {
        ledger: Ledger::new(PLACEMENT),
        prices: PriceBook::default(),
        topics: Topics::under("onefill."),
        schemas: Schemas::compiled(),
        trail: Vec::new(),
    };
    for (place, (clock, turn)) in past.into_iter().enumerate() {
        match turn {
            Turn::Open(settings) => lane.open(settings, clock),
            Turn::Quote(value) => lane.quote(&value, place as i64, clock),
            Turn::Batch { records, commits } => lane.batch(&records, commits, clock),
        }
        lane.ledger.validate().expect("every invariant holds between batches");
    }
    lane.rebuild();
}

impl Lane {
    fn open(&mut self, settings: Settings, clock: Time) {
        let opening = Opening { ledger_hash: ledger_hash(&self.ledger), ..opening(settings) };
        let mut batch = Batch::open(&mut self.ledger, &self.prices, clock);
        let entry = batch.open_lane(opening);
        let value = written(&self.schemas, &batch, &entry);
        batch.link(Digest::leaf(&value));
        batch.settle();
        self.trail.push(value);
    }

    fn quote(&mut self, value: &[u8], offset: i64, clock: Time) {
        let body = self.schemas.open(RecordType::ReferencePrice, value).expect("we wrote it");
        if let Ok(quote) = price::decode(&body) {
            self.prices.take(&quote, 0, offset, clock);
        }
    }

    fn batch(&mut self, records: &[Record], commits: bool, clock: Time) {
        let standing = |ledger: &Ledger| (ledger_hash(ledger), ledger.head().clone(), ledger.keys_len());
        let before = standing(&self.ledger);
        let mut values = Vec::new();
        let mut batch = Batch::open(&mut self.ledger, &self.prices, clock);
        for record in records {
            if record.role == Role::Intents {
                pay(&self.schemas, &mut batch, &mut values);
            }
            let message = message(&self.topics, &batch, record);
            arrival::with(&self.topics, &self.schemas, &message, |arrival| {
                let entry = batch.take(arrival);
                values.push(written(&self.schemas, &batch, &entry));
            });
            link(&mut batch, &values);
        }
        if commits {
            batch.settle();
            self.trail.append(&mut values);
        } else {
            drop(batch);
            assert!(standing(&self.ledger) == before, "a batch that was dropped left a trace");
        }
    }

    /// Whoever has only the trail has the ledger, and finds every verdict again.
    fn rebuild(&self) {
        let mut rebuilt = Ledger::new(PLACEMENT);
        let mut once = Once::default();
        for value in &self.trail {
            let entry = entry::decode(&value[HEADER_LEN..]).expect("it was read before");
            let prices = prices_of(&entry);
            match recompute(&mut rebuilt, &prices, &entry) {
                Recomputed::Entry(again) => assert_eq!(*again, entry, "decided anew"),
                Recomputed::Same | Recomputed::AsRecorded => {}
                Recomputed::Otherwise(due) => panic!("{due}, not {entry:?}"),
            }
            replay(&mut rebuilt, &entry, Digest::leaf(value)).expect("a trail replays");
            once.see(&entry);
        }
        rebuilt.validate().expect("every invariant holds of what was rebuilt");
        assert_eq!(ledger_hash(&rebuilt), ledger_hash(&self.ledger));
        assert_eq!(rebuilt.head(), self.ledger.head());
        assert_eq!(rebuilt.opened(), self.ledger.opened());
    }
}

/// What happens once: a verdict for a key, an order for an identity.
#[derive(Default)]
struct Once {
    keys: BTreeMap<(String, String), u64>,
    orders: BTreeSet<(String, String)>,
}

impl Once {
    fn see(&mut self, entry: &Entry<'_>) {
        let Body::Decision(decision) = &entry.body else { return };
        let name = |account: &str, other: &str| (account.to_owned(), other.to_owned());
        match &decision.ruling {
            Ruling::Accepted { intent, .. } | Ruling::Rejected { intent, .. } => {
                let account = intent.account_id.as_str();
                let before = self.keys.insert(name(account, intent.intent_id.as_str()), entry.seq);
                assert_eq!(before, None, "a key was decided twice");
                let accepted = matches!(decision.ruling, Ruling::Accepted { .. });
                if accepted && intent.intent_type == IntentType::New {
                    let first = self.orders.insert(name(account, intent.client_order_id.as_str()));
                    assert!(first, "an identity became two orders");
                }
            }
            Ruling::Duplicate { ids, of, .. } => {
                let known = self.keys.get(&name(ids.account_id.as_str(), ids.intent_id.as_str()));
                assert_eq!(known, Some(&of.seq), "a duplicate names the entry that decided");
            }
            Ruling::Conflict { .. } | Ruling::Malformed { .. } | Ruling::Misplaced { .. } => {}
        }
    }
}

/// The record after all that were answered, as a consumer hands it over.
fn message(topics: &Topics, batch: &Batch<'_, '_>, record: &Record) -> OwnedMessage {
    let cursors = batch.ledger().head().cursors;
    let (partition, next) = match record.role {
        Role::Intents => (PLACEMENT.partition, cursors.intents),
        Role::Executions => (PLACEMENT.partition, cursors.executions),
        _ => (0, cursors.control),
    };
    let topic = topics.name(record.role).to_owned();
    let (key, value) = (record.key.clone(), record.value.clone());
    let offset = next + i64::from(record.gap);
    OwnedMessage::new(value, key, topic, Timestamp::CreateTime(0), partition, offset, None)
}

/// Cancels that are owed go before intents.
fn pay(schemas: &Schemas, batch: &mut Batch<'_, '_>, values: &mut Vec<Vec<u8>>) {
    while let Some(owing) = batch.next_owed() {
        let entry = batch.take_owed(&owing);
        values.push(written(schemas, batch, &entry));
        link(batch, values);
    }
}

fn link(batch: &mut Batch<'_, '_>, values: &[Vec<u8>]) {
    batch.link(Digest::leaf(values.last().expect("each step writes an entry")));
    batch.ledger().validate().expect("every invariant holds after each step");
}

/// The entry's value, after it was read back; and the same of the order that it publishes.
fn written(schemas: &Schemas, batch: &Batch<'_, '_>, made: &Entry<'_>) -> Vec<u8> {
    let (mut value, mut again) = (Vec::new(), Vec::new());
    entry::encode(made, &mut value);
    let body = schemas.open(RecordType::Entry, &value).expect("we wrote its header");
    let read = entry::decode(&body).expect("what is written can be read");
    assert_eq!(read, *made);
    entry::encode(&read, &mut again);
    assert_eq!(again, value, "what was read is written as it was");
    if let Some(published) = batch.order(made) {
        let mut value = Vec::new();
        order::encode(&published, &mut value);
        assert_eq!(order::decode(&value[HEADER_LEN..]).as_ref(), Ok(&published));
    }
    value
}
