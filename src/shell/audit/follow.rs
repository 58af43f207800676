//! Following a trail entry by entry, from its first record: numbers, links, and whether each entry
//! is what the router makes of its input (`G6`, `G7`).
//!
//! While the trail is whole, the input of each entry is decided anew, and the entry must come out
//! byte for byte. After the first break nobody can know the ledger any more: then numbers and links
//! go on to be compared, each entry with the one that stands before it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rdkafka::message::{Message, OwnedMessage};

use super::compare;
use super::fault::{Faults, Place};
use super::orders::Due;
use super::summary::{line_of, summary};
use crate::core::batch::order_of;
use crate::core::entry::{Body, Entry, EntryKind, Ruling};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ids::Digest;
use crate::core::ledger::{Ledger, Placement};
use crate::core::recompute::{Recomputed, decide_anew, prices_of, recompute};
use crate::core::replay::replay;
use crate::core::settings::decides_alike;
use crate::shell::topics::Topics;
use crate::shell::{arrival, clock};
use crate::wire::schema::{RecordType, Schemas, is_confluent};
use crate::wire::{self, Malformed};

/// A trail, as far as it was followed.
pub struct Follower<'s> {
    schemas: &'s Schemas,
    topics: &'s Topics,
    ledger: Ledger,
    /// The ledger is what the entries made it: no fault so far.
    pub is_whole: bool,
    /// Number and leaf hash of the last entry that could be read.
    pub tip: Option<(u64, Digest)>,
    /// What was found.
    pub counts: Counts,
    value: Vec<u8>,
}

/// How many entries say what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that could be read.
    pub entries: u64,
    /// By kind.
    pub kinds: BTreeMap<EntryKind, u64>,
    /// Intents that became or changed an order.
    pub accepted: u64,
    /// Intents that were refused; conflicts and unreadable records among them.
    pub rejected: u64,
    /// Intents whose key was decided before.
    pub duplicates: u64,
    /// By reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Order records that the entries publish.
    pub orders: u64,
    /// Entries that were decided anew and came out the same.
    pub decided_anew: u64,
    /// Entries in which nothing was decided, or whose input could not be decoded.
    pub as_recorded: u64,
    /// Entries whose input is of a writer's schema that is not known here: decided from what they recorded of it.
    pub unknown_schemas: u64,
    /// Entries that were decided by other rules than this program's, by their version: not decided
    /// anew.
    pub other_rules: BTreeMap<i32, u64>,
}

impl Counts {
    fn add(&mut self, entry: &Entry<'_>) {
        self.entries += 1;
        *self.kinds.entry(entry.body.kind()).or_default() += 1;
        self.orders += u64::from(publishes(&entry.body));
        let Body::Decision(decision) = &entry.body else { return };
        match (&decision.ruling, decision.ruling.reason()) {
            (Ruling::Duplicate { .. }, _) => self.duplicates += 1,
            (_, None) => self.accepted += 1,
            (_, Some(reason)) => {
                self.rejected += 1;
                *self.reasons.entry(reason.name()).or_default() += 1;
            }
        }
    }
}

/// Whether an entry has an order record.
pub fn publishes(body: &Body<'_>) -> bool {
    match body {
        Body::Decision(decision) => matches!(decision.ruling, Ruling::Accepted { .. }),
        Body::OwedCancel(_) => true,
        Body::Genesis(_) | Body::LaneOpened(_) | Body::Execution(_) => false,
        Body::Control(_) | Body::Recovery(_) => false,
    }
}

/// A record of the trail as it stands on the topic.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'v> {
    /// Where.
    pub place: Place<'v>,
    /// Its key.
    pub key: Option<&'v [u8]>,
    /// Its value.
    pub value: &'v [u8],
}

impl<'s> Follower<'s> {
    /// Before the first entry of a partition.
    pub fn new(schemas: &'s Schemas, topics: &'s Topics, placement: Placement) -> Self {
        Self {
            schemas,
            topics,
            ledger: Ledger::new(placement),
            is_whole: true,
            tip: None,
            counts: Counts::default(),
            value: Vec::new(),
        }
    }

    /// The ledger, as of the last entry before the first fault.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether an entry follows the one before: its key, its number, its link.
    pub fn check_chain(&mut self, entry: &Entry<'_>, stored: &Stored<'_>, faults: &mut Faults) {
        let (place, broken) = (stored.place, HaltCode::ChainBroken);
        let before = faults.count();
        if stored.key != Some(&entry.seq.to_be_bytes()) {
            let found = stored.key.map_or("null".to_owned(), hex);
            let due = format!("{} (the number {} as 8 bytes)", hex(&entry.seq.to_be_bytes()), entry.seq);
            faults.add(HaltCode::AuditUnreadable, place, Some("key"), found, due);
        }
        let (due, link) = self.tip.map_or((0, Digest::ZERO), |(seq, leaf)| (seq + 1, leaf));
        if entry.seq != due {
            faults.add(broken, place, Some("seq"), entry.seq, due);
        } else if entry.prev != link {
            faults.add(broken, place, Some("prev"), entry.prev, link);
        }
        self.is_whole &= faults.count() == before;
        self.counts.add(entry);
        self.tip = Some((entry.seq, Digest::leaf(stored.value)));
    }

    /// Passes a record that is no entry: the next one links to it, if it is the next.
    pub fn skip(&mut self, malformed: &Malformed, stored: &Stored<'_>, faults: &mut Faults) {
        faults.add(HaltCode::AuditUnreadable, stored.place, None, malformed, "a readable entry");
        self.is_whole = false;
        self.tip = Some((self.tip.map_or(0, |(seq, _)| seq + 1), Digest::leaf(stored.value)));
    }

    /// Whether an entry is what the router makes of its input, and takes it into the ledger.
    ///
    /// `input` is the record that the entry answers, where its topic still has it.
    pub fn follow(
        &mut self,
        entry: &Entry<'_>,
        stored: &Stored<'_>,
        input: Option<&OwnedMessage>,
        faults: &mut Faults,
    ) {
        if !self.is_whole {
            return;
        }
        self.decide_anew(entry, stored, input, faults);
        if let Err(Halt { code, detail }) = replay(&mut self.ledger, entry, Digest::leaf(stored.value)) {
            faults.add(code, stored.place, None, detail, "an entry that follows from those before it");
            self.is_whole = false;
        }
    }

    /// Decides the entry by the ledger before it, by the prices that it recorded, and by its input:
    /// the record itself where its topic still has it, what the entry recorded of it where not.
    fn decide_anew(
        &mut self,
        entry: &Entry<'_>,
        stored: &Stored<'_>,
        input: Option<&OwnedMessage>,
        faults: &mut Faults,
    ) {
        if let Some(other) = self.ledger.opened().map(|opened| opened.rules_version)
            && !decides_alike(other)
        {
            *self.counts.other_rules.entry(other).or_default() += 1;
            return;
        }
        let prices = prices_of(entry);
        // An owed cancel has no arrival: the record that it names is the command's, answered before.
        let owed = matches!(entry.body, Body::OwedCancel(_));
        match input.filter(|_| !owed).and_then(|input| self.readable(entry, input)) {
            Some((input, schemas)) => arrival::with(self.topics, schemas, input, |arrival| {
                let anew = decide_anew(&mut self.ledger, &prices, arrival, entry.decided_at);
                self.judge(anew, entry, stored, faults);
            }),
            None => {
                let anew = recompute(&mut self.ledger, &prices, entry);
                self.judge(anew, entry, stored, faults);
            }
        }
    }

    /// The record that an entry answers, and the schemas to read it by; `None` where its writer's is not known.
    ///
    /// Which schemas were known when it was decided, the trail does not say. What could not be read then is read by
    /// those of this version alone: one that was added since changes nothing. Nor does it say what a registry said:
    /// where that had to do with it, the entry is taken as recorded.
    fn readable<'i>(
        &mut self,
        entry: &Entry<'_>,
        input: &'i OwnedMessage,
    ) -> Option<(&'i OwnedMessage, &'s Schemas)> {
        static COMPILED: LazyLock<Schemas> = LazyLock::new(Schemas::compiled);
        let was_readable = match &entry.body {
            Body::Decision(decision) => !matches!(decision.ruling, Ruling::Malformed { .. }),
            Body::Execution(taken) => taken.report.is_ok(),
            Body::Control(taken) => taken.record.is_ok(),
            Body::Genesis(_) | Body::LaneOpened(_) | Body::OwedCancel(_) | Body::Recovery(_) => true,
        };
        let value = input.payload().unwrap_or_default();
        if !was_readable && !is_confluent(value) {
            return Some((input, &COMPILED));
        }
        let record = arrival::record_of(self.topics, input.topic());
        let is_learnt = self.schemas.learn_once(Some(value), clock::now).is_ok();
        if was_readable && is_learnt && self.schemas.knows_writer(record, value) {
            return Some((input, self.schemas));
        }
        self.counts.unknown_schemas += 1;
        None
    }

    fn judge(&mut self, anew: Recomputed<'_>, entry: &Entry<'_>, stored: &Stored<'_>, faults: &mut Faults) {
        match anew {
            Recomputed::Entry(due) => self.compare(&due, stored, faults),
            Recomputed::Same => self.counts.decided_anew += 1,
            Recomputed::AsRecorded => self.counts.as_recorded += 1,
            Recomputed::Otherwise(due) => {
                let found = format!("{} {}", entry.body.kind(), line_of(&summary(entry)));
                faults.add(HaltCode::StateDiverged, stored.place, None, found, due);
            }
        }
    }

    /// Field by field, as the bytes have them.
    fn compare(&mut self, due: &Entry<'_>, stored: &Stored<'_>, faults: &mut Faults) {
        self.value.clear();
        wire::entry::encode(due, &mut self.value);
        let mut differing = match self.value == stored.value {
            true => Vec::new(),
            false => compare::fields(self.schemas, RecordType::Entry, stored.value, &self.value),
        };
        // Words for people may change from version to version, without another meaning.
        differing.retain(|it| it.field != "detail");
        self.counts.decided_anew += u64::from(differing.is_empty());
        for it in differing {
            faults.add(HaltCode::StateDiverged, stored.place, Some(&it.field), &it.found, &it.due);
        }
    }

    /// The order record that the last entry publishes.
    pub fn due(&mut self, entry: &Entry<'_>) -> Option<Due> {
        if !publishes(&entry.body) {
            return None;
        }
        let bytes = self.is_whole.then(|| order_of(&self.ledger, entry)).flatten().map(|order| {
            let mut value = Vec::new();
            wire::order::encode(&order, &mut value);
            (order.account_id.as_str().as_bytes().to_vec(), value)
        });
        Some(Due { seq: entry.seq, decided_at: entry.decided_at, bytes })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
