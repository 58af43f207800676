//! Why one key got its verdict: every entry of the key, rule by rule, and what came of it.
//!
//! Everything is read from the trail. It is replayed up to the deciding entry, so that the checks can
//! be asked what they compared. The order record is looked up on `orders`, as far as retention has it.

use rdkafka::error::KafkaResult;
use rdkafka::message::Message;

use super::find::{Filter, Record, Search};
use super::grounds::{Grounds, grounds};
use super::records::{Range, Records};
use super::remedy::remedy;
use super::replay::Replayed;
use super::rules::{self, Step};
use super::summary;
use crate::core::amount::{Decimal, Numeral};
use crate::core::difference::{Difference, differences};
use crate::core::entry::{Body, Decision, Entry, Ruling};
use crate::core::ids::{Id, OrderId};
use crate::core::intent::Intent;
use crate::core::ledger::Placement;
use crate::core::nearest::Change;
use crate::core::settings::{RULES_VERSION, Settings, decides_alike};
use crate::core::verdict::{FailedCheck, Reason};
use crate::shell::clock;
use crate::shell::trail::Probe;
use crate::wire;
use crate::wire::schema::RecordType;

/// Everything that the trail says of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// What was searched.
    pub searched: Range,
    /// The number of the last entry that was searched.
    pub last_seq: Option<u64>,
    /// The entry that decided the key.
    pub deciding: Option<Record>,
    /// By which settings it was decided.
    pub settings: Settings,
    /// On what it was decided; or why nobody can say.
    pub grounds: Result<Grounds, String>,
    /// What arrived under the key and decided nothing, or was decided already, in order of time.
    pub others: Vec<Record>,
    /// What happened to the order afterwards: cancels, replaces, reports.
    pub afterwards: Vec<Record>,
    /// The order record that the deciding entry published, as it stands on `orders`.
    pub order: Option<OrderRecord>,
}

/// A record on `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// Where it stands.
    pub offset: i64,
    /// Its body, in the reader's schema.
    pub body: Vec<u8>,
}

/// Searches the whole trail for a key.
///
/// # Errors
/// Kafka's word.
pub fn tell(
    search: &Search<'_>,
    probe: &Probe,
    partitions: i32,
    key: (Id<'_>, Id<'_>),
    tick: &mut dyn FnMut(i64),
) -> KafkaResult<Story> {
    let placement = Placement { partition: search.partition, count: partitions };
    let mut telling = Telling::new(key, placement, search.range);
    search.each(&Filter::default(), tick, &mut |record| {
        telling.take(record);
        true
    })?;
    let mut story = telling.end();
    story.order = find_order(search, probe, story.deciding.as_ref())?;
    Ok(story)
}

/// A story, as far as the trail is read.
pub struct Telling<'k> {
    key: (Id<'k>, Id<'k>),
    order_id: Option<OrderId>,
    /// The ledger, until the key is decided.
    replayed: Option<Replayed>,
    story: Story,
}

impl<'k> Telling<'k> {
    /// Before the first entry of a partition.
    pub fn new(key: (Id<'k>, Id<'k>), placement: Placement, searched: Range) -> Self {
        let story = Story {
            searched,
            last_seq: None,
            deciding: None,
            settings: Settings::default(),
            grounds: Err("no entry has decided it".to_owned()),
            others: Vec::new(),
            afterwards: Vec::new(),
            order: None,
        };
        Self { key, order_id: None, replayed: Some(Replayed::new(placement)), story }
    }

    /// The next record of the trail.
    pub fn take(&mut self, record: Record) {
        let entry = record.entry();
        let part = entry.as_ref().map_or(Part::None, |entry| self.read(entry));
        if let Some(replayed) = &mut self.replayed {
            replayed.take(&record, &entry);
        }
        match part {
            Part::Deciding => self.story.deciding = Some(record),
            Part::Other => self.story.others.push(record),
            Part::Afterwards => self.story.afterwards.push(record),
            Part::None => {}
        }
    }

    fn read(&mut self, entry: &Entry<'_>) -> Part {
        self.story.last_seq = Some(entry.seq);
        if let (Body::Genesis(opening) | Body::LaneOpened(opening), Some(_)) = (&entry.body, &self.replayed) {
            self.story.settings = Settings::from_map(&opening.settings).unwrap_or(self.story.settings);
        }
        let part = part_of(entry, self.key, self.order_id);
        if part == Part::Deciding {
            self.order_id = summary::order_id(&entry.body).filter(|_| decided_order(entry));
            if let Some(replayed) = self.replayed.take() {
                self.story.grounds = grounds_of(&replayed, entry);
            }
        }
        part
    }

    /// The trail ends here. The order record is not looked up yet.
    pub fn end(self) -> Story {
        self.story
    }
}

fn grounds_of(replayed: &Replayed, entry: &Entry<'_>) -> Result<Grounds, String> {
    let ledger = replayed.ledger().map_err(|halt| format!("the trail before it does not hold: {halt}"))?;
    match ledger.opened().map(|opened| opened.rules_version) {
        Some(version) if decides_alike(version) => {
            grounds(ledger, entry).ok_or("no intent was decided".to_owned())
        }
        Some(other) => Err(format!("it was decided by rules of version {other}, these are {RULES_VERSION}")),
        None => Err("no opening stands before it".to_owned()),
    }
}

/// What an entry is to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Deciding,
    Other,
    Afterwards,
    None,
}

fn part_of(entry: &Entry<'_>, key: (Id<'_>, Id<'_>), order_id: Option<OrderId>) -> Part {
    let is_of_key =
        summary::intent_ids(&entry.body).is_some_and(|ids| (ids.account_id, ids.intent_id) == key);
    match &entry.body {
        Body::Decision(decision) if is_of_key => match &decision.ruling {
            Ruling::Accepted { .. } | Ruling::Rejected { .. } => Part::Deciding,
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => Part::Other,
            Ruling::Duplicate { .. } | Ruling::Conflict { .. } => Part::Other,
        },
        Body::Decision(_) if !decided_order(entry) => Part::None,
        body if order_id.is_some() && summary::order_id(body) == order_id => Part::Afterwards,
        _ => Part::None,
    }
}

/// Whether an entry made or changed an order.
fn decided_order(entry: &Entry<'_>) -> bool {
    super::follow::publishes(&entry.body)
}

/// The order record of an entry: on the topic, the entries' numbers never decrease.
fn find_order(
    search: &Search<'_>,
    probe: &Probe,
    deciding: Option<&Record>,
) -> KafkaResult<Option<OrderRecord>> {
    let entry = deciding.and_then(|record| record.entry().ok()).filter(decided_order);
    let Some(entry) = entry else { return Ok(None) };
    let (topic, partition) = (&search.config.topics.orders, search.partition);
    let range = Range::stable(probe, topic, partition)?;
    let records = Records::open(search.config, topic, partition, (range.start, range.end))?;
    while let Some(message) = records.pull()? {
        let value = message.payload().unwrap_or_default();
        // What cannot be read is not the order that is looked for.
        let _ = search.schemas.learn_once(Some(value), clock::now);
        let Ok(body) = search.schemas.open(RecordType::Order, value) else { continue };
        let Ok(order) = wire::order::decode(&body) else { continue };
        if order.audit_seq == entry.seq {
            let offset = message.offset();
            return Ok(Some(OrderRecord { offset, body: body.into_owned() }));
        }
    }
    Ok(None)
}

impl Story {
    /// The checks of the deciding entry, in their order; empty where nothing was decided.
    pub fn steps(&self) -> Vec<Step> {
        let entry = self.deciding.as_ref().and_then(|record| record.entry().ok());
        let grounds = self.grounds.as_ref().ok();
        entry.map(|entry| rules::steps(&entry, self.settings, grounds)).unwrap_or_default()
    }

    /// What would have let a refused intent pass: the smallest change of quantity or price, or where
    /// neither would do, what would have helped against each failed check. All of that, then.
    pub fn ways(&self) -> Vec<(Option<Reason>, String)> {
        let (Ok(grounds), Some(Ok(entry))) = (&self.grounds, self.deciding.as_ref().map(Record::entry))
        else {
            return Vec::new();
        };
        let Body::Decision(Decision { ruling: Ruling::Rejected { intent, failed_checks, .. }, .. }) =
            &entry.body
        else {
            return Vec::new();
        };
        match grounds.nearest {
            Some(Change::Quantity(quantity)) => {
                vec![(None, instead("quantity", quantity, intent.terms.order_qty))]
            }
            Some(Change::Price(price)) => vec![(None, instead("price", price, intent.terms.price))],
            None => {
                let way = |check: &FailedCheck| (Some(check.reason), remedy(check, intent, grounds));
                failed_checks.iter().map(way).collect()
            }
        }
    }

    /// In which fields a later arrival differs from the deciding one; empty where it does not, or
    /// its entry does not say.
    pub fn differences(&self, other: &Entry<'_>) -> Vec<Difference> {
        let deciding = self.deciding.as_ref().and_then(|record| record.entry().ok());
        let first = deciding.as_ref().and_then(|entry| intent(&entry.body));
        match (first, intent(&other.body)) {
            (Some(first), Some(second)) => differences(first, second),
            _ => Vec::new(),
        }
    }

    /// Why the deciding entry refused, if it did.
    pub fn reason(&self) -> Option<Reason> {
        let entry = self.deciding.as_ref()?.entry().ok()?;
        match &entry.body {
            Body::Decision(decision) => decision.ruling.reason(),
            _ => None,
        }
    }
}

/// `with quantity 10 instead of 15`.
fn instead(what: &str, change: Decimal, asked: Option<Numeral<'_>>) -> String {
    let asked = asked.map(|asked| format!(" instead of {asked}")).unwrap_or_default();
    format!("with {what} {change}{asked}")
}

/// The intent that an entry records whole.
pub fn intent<'e, 'a>(body: &'e Body<'a>) -> Option<&'e Intent<'a>> {
    match body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Conflict { intent, .. }
            | Ruling::Rejected { intent, .. }
            | Ruling::Accepted { intent, .. } => Some(intent),
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Duplicate { .. } => None,
        },
        _ => None,
    }
}
