//! The last decisions of this process, for `/status`: a few of each batch, in slots of a fixed size, so
//! that a busy lane allocates nothing for them.
//!
//! Refused intents have slots of their own: otherwise thousands of accepted ones would push each out
//! before anybody sees it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::core::entry::{Decision, Entry, IntentIds, Ruling};
use crate::core::ids::ID_LEN_MAX;
use crate::core::time::Time;
use crate::core::verdict::{Reason, Verdict};

/// How many of each kind one batch keeps.
const OF_BATCH: usize = 4;
/// How many of each kind are shown.
const SHOWN: usize = 12;

/// A decision, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    partition: i32,
    seq: u64,
    offset: i64,
    decided_at: Time,
    verdict: Verdict,
    reason: Option<Reason>,
    account_id: Text,
    intent_id: Text,
    instrument_id: Text,
}

/// A decision, as `/status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionView {
    /// The partition number of its lane.
    pub partition: i32,
    /// The number of its entry.
    pub seq: u64,
    /// Where the intent lies on `intents[p]`.
    pub offset: i64,
    /// When it was decided, in milliseconds of Unix time.
    pub decided_at_ms: i64,
    /// What was decided.
    pub verdict: &'static str,
    /// Why it was rejected; null when it was not.
    pub reason: Option<&'static str>,
    /// Whose intent; empty when it could not be read.
    pub account_id: String,
    /// Its key within the account.
    pub intent_id: String,
    /// What was to be traded.
    pub instrument_id: String,
}

/// The last decisions of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfBatch {
    rejected: Ring,
    others: Ring,
}

/// The last few, the next one in the place of the oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ring {
    kept: [Option<Kept>; OF_BATCH],
    next: usize,
}

/// The last decisions of the process.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Shown>);

#[derive(Debug, Default)]
struct Shown {
    rejected: VecDeque<Kept>,
    others: VecDeque<Kept>,
}

/// An id, in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    bytes: [u8; ID_LEN_MAX],
    length: usize,
}

impl OfBatch {
    /// An intent was decided.
    pub(super) fn keep(&mut self, entry: &Entry<'_>, decision: &Decision<'_>) {
        let ring = match decision.ruling.verdict() {
            Verdict::Rejected => &mut self.rejected,
            Verdict::Accepted | Verdict::Duplicate => &mut self.others,
        };
        ring.kept[ring.next % OF_BATCH] = Some(Kept::of(entry, decision));
        ring.next += 1;
    }
}

impl Ring {
    /// Oldest first.
    fn iter(&self) -> impl Iterator<Item = Kept> {
        (0..OF_BATCH).filter_map(|place| self.kept[(self.next + place) % OF_BATCH])
    }
}

impl Recent {
    /// A batch has committed.
    pub(super) fn add(&self, batch: &OfBatch) {
        let mut shown = self.lock();
        let Shown { rejected, others } = &mut *shown;
        for (all, ring) in [(rejected, &batch.rejected), (others, &batch.others)] {
            all.extend(ring.iter());
            let surplus = all.len().saturating_sub(SHOWN);
            all.drain(..surplus);
        }
    }

    /// The last of each kind, newest first.
    pub fn views(&self) -> Vec<DecisionView> {
        let mut all: Vec<Kept> = {
            let shown = self.lock();
            shown.rejected.iter().chain(&shown.others).copied().collect()
        };
        all.sort_by_key(|kept| std::cmp::Reverse((kept.decided_at, kept.partition, kept.seq)));
        all.iter().map(Kept::view).collect()
    }

    /// Both rows are whole between statements.
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn of(entry: &Entry<'_>, decision: &Decision<'_>) -> Self {
        let ids = ids(&decision.ruling);
        let text = |of: fn(&IntentIds<'_>) -> Text| ids.as_ref().map_or(Text::EMPTY, of);
        Self {
            partition: decision.input.partition,
            seq: entry.seq,
            offset: decision.input.offset,
            decided_at: entry.decided_at,
            verdict: decision.ruling.verdict(),
            reason: decision.ruling.reason(),
            account_id: text(|ids| Text::of(ids.account_id.as_str())),
            intent_id: text(|ids| Text::of(ids.intent_id.as_str())),
            instrument_id: text(|ids| Text::of(ids.instrument_id.as_str())),
        }
    }

    fn view(&self) -> DecisionView {
        DecisionView {
            partition: self.partition,
            seq: self.seq,
            offset: self.offset,
            decided_at_ms: self.decided_at.0 / crate::core::time::MILLISECOND,
            verdict: self.verdict.name(),
            reason: self.reason.map(Reason::name),
            account_id: self.account_id.read(),
            intent_id: self.intent_id.read(),
            instrument_id: self.instrument_id.read(),
        }
    }
}

/// Which intent it was; `None` for bytes that say nothing.
fn ids<'a>(ruling: &Ruling<'a>) -> Option<IntentIds<'a>> {
    match ruling {
        Ruling::Malformed { .. } => None,
        Ruling::Misplaced { ids, .. } | Ruling::Duplicate { ids, .. } => Some(*ids),
        Ruling::Conflict { intent, .. }
        | Ruling::Rejected { intent, .. }
        | Ruling::Accepted { intent, .. } => Some(intent.ids()),
    }
}

impl Text {
    const EMPTY: Self = Self { bytes: [0; _], length: 0 };

    /// An id is no longer than its place.
    fn of(id: &str) -> Self {
        let mut text = Self { length: id.len().min(ID_LEN_MAX), ..Self::EMPTY };
        text.bytes[..text.length].copy_from_slice(&id.as_bytes()[..text.length]);
        text
    }

    fn read(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.length]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::{Body, Cursors, Input, Prior};
    use crate::core::ids::{Digest, Fingerprint, Id};

    fn decide(batch: &mut OfBatch, seq: u64, is_rejected: bool) {
        let id = |text| Id::parse(text).unwrap();
        let ids = IntentIds {
            account_id: id("A1"),
            strategy_id: id("S"),
            instrument_id: id("I.V"),
            intent_id: id("K7"),
            client_order_id: id("C"),
        };
        let of = Prior { seq: 0, reason: None, order_id: None };
        let raw = crate::core::entry::RawRecord { key: None, sha256: Digest::of(b"") };
        let ruling = match is_rejected {
            true => Ruling::Malformed { raw, detail: "short".into() },
            false => Ruling::Duplicate { ids, fingerprint: Fingerprint([0; 16]), of },
        };
        let input = Input { topic: "t", partition: 3, offset: 70 + seq as i64, timestamp: Time(0) };
        let decision = Decision { input, ruling };
        let entry = Entry {
            seq,
            prev: Digest::of(b""),
            as_of: Cursors::default(),
            decided_at: Time(5_000_000),
            limits_version: -1,
            body: Body::Decision(decision.clone()),
        };
        batch.keep(&entry, &decision);
    }

    #[test]
    fn the_last_ones_are_shown_newest_first_and_none_pushes_out_a_rejection() {
        let (recent, mut batch) = (Recent::default(), OfBatch::default());
        decide(&mut batch, 0, true);
        (1..=9).for_each(|seq| decide(&mut batch, seq, false));
        recent.add(&batch);
        let seqs: Vec<_> = recent.views().iter().map(|view| view.seq).collect();
        assert_eq!(seqs, [9, 8, 7, 6, 0]);
        for _ in 0..50 {
            recent.add(&batch);
        }
        assert_eq!(recent.views().len(), 2 * SHOWN);
    }

    #[test]
    fn it_says_whose_intent_it_was_and_why_it_was_refused() {
        let (recent, mut batch) = (Recent::default(), OfBatch::default());
        decide(&mut batch, 1, true);
        decide(&mut batch, 2, false);
        recent.add(&batch);
        let [duplicate, malformed] = &recent.views()[..] else { panic!("two were decided") };
        assert_eq!((duplicate.verdict, duplicate.reason), ("DUPLICATE", None));
        assert_eq!((duplicate.account_id.as_str(), duplicate.intent_id.as_str()), ("A1", "K7"));
        assert_eq!((duplicate.partition, duplicate.offset, duplicate.decided_at_ms), (3, 72, 5));
        assert_eq!((malformed.reason, malformed.account_id.as_str()), (Some("MALFORMED_INTENT"), ""));
    }
}
