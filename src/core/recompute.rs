//! Deciding an entry anew, from the trail alone (`G7`).
//!
//! An entry records all that its decision looked at: the intent, the prices, and by its place in the
//! trail the ledger. So the verdict can be recomputed when inputs and prices are long gone. What
//! could not be decoded is taken as recorded, and so are openings and recoveries: they decide nothing.

use super::batch::Batch;
use super::control::ControlResult;
use super::decide::{Arrival, Content};
use super::entry::{Anomaly, Body, Entry, Input, Prior, Reference, Ruling};
use super::ids::{Fingerprint, Id, IntentKey, placement};
use super::ledger::Ledger;
use super::prices::PriceBook;
use super::time::Time;

/// What an entry should say, by the entries before it.
#[derive(Debug)]
pub enum Recomputed<'e> {
    /// This.
    Entry(Box<Entry<'e>>),
    /// What it says: so much as it records of its input gives the same.
    Same,
    /// What it says: nothing in it was decided, or its input could not be decoded.
    AsRecorded,
    /// Something else: in words.
    Otherwise(String),
}

/// Each price that the entry says it looked at, as if just these were held.
pub fn prices_of(entry: &Entry<'_>) -> PriceBook {
    PriceBook::recorded(references_of(entry))
}

fn references_of<'e, 'a>(entry: &'e Entry<'a>) -> &'e [Reference<'a>] {
    match &entry.body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Accepted { references, .. } | Ruling::Rejected { references, .. } => references,
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => &[],
            Ruling::Duplicate { .. } | Ruling::Conflict { .. } => &[],
        },
        _ => &[],
    }
}

/// What this entry should say. The ledger stands right before it, and still does afterwards.
/// `prices` are [`prices_of`] the entry.
pub fn recompute<'e>(ledger: &mut Ledger, prices: &'e PriceBook, entry: &'e Entry<'e>) -> Recomputed<'e> {
    match &entry.body {
        Body::OwedCancel(_) => return recompute_owed(ledger, prices, entry),
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Duplicate { ids, fingerprint, of } => {
                return same_prior(ledger, (ids.account_id, ids.intent_id), *fingerprint, of);
            }
            Ruling::Misplaced { raw, ids, .. } => return lies_elsewhere(ledger, raw.key, ids.account_id),
            Ruling::Malformed { .. } => return Recomputed::AsRecorded,
            Ruling::Conflict { .. } | Ruling::Rejected { .. } | Ruling::Accepted { .. } => {}
        },
        Body::Execution(taken) => match (&taken.report, taken.misplaced) {
            (Err(_), _) => {
                let holds = taken.anomaly == Some(Anomaly::ExecutionUnapplied);
                return undecoded(holds, "EXECUTION_UNAPPLIED");
            }
            (Ok(execution), Some(raw)) if taken.anomaly == Some(Anomaly::ExecutionUnapplied) => {
                return lies_elsewhere(ledger, raw.key, execution.account_id);
            }
            (Ok(_), Some(_)) => return must_be(false, "EXECUTION_UNAPPLIED"),
            (Ok(_), None) => {}
        },
        Body::Control(taken) if taken.record.is_err() => {
            return undecoded(taken.result == ControlResult::Invalid, "INVALID");
        }
        Body::Control(_) => {}
        Body::Genesis(_) | Body::LaneOpened(_) | Body::Recovery(_) => return Recomputed::AsRecorded,
    }
    match arrival_of(entry) {
        Some(arrival) => decide_anew(ledger, prices, &arrival, entry.decided_at),
        None => Recomputed::AsRecorded,
    }
}

/// What the entry of this arrival should say, decided at this time. The ledger stands right before
/// it, and still does afterwards.
pub fn decide_anew<'e>(
    ledger: &mut Ledger,
    prices: &'e PriceBook,
    arrival: &Arrival<'e>,
    decided_at: Time,
) -> Recomputed<'e> {
    if let Some(due) = due_before(ledger, arrival) {
        return Recomputed::Otherwise(due.to_owned());
    }
    let mut batch = Batch::open(ledger, prices, decided_at);
    Recomputed::Entry(Box::new(batch.take(arrival)))
}

/// What a router would have done before it takes this arrival. In a trail that was tampered with
/// anything may stand next, and a batch takes only what a router gives it.
fn due_before(ledger: &Ledger, arrival: &Arrival<'_>) -> Option<&'static str> {
    let cursors = ledger.head().cursors;
    let (next, is_intent) = match &arrival.content {
        Content::Intent(_) => (cursors.intents, true),
        Content::Execution(_) => (cursors.executions, false),
        Content::Control(_) => (cursors.control, false),
    };
    if ledger.opened().is_none() {
        return Some("an opening");
    }
    if arrival.input.offset < next || arrival.input.offset == i64::MAX {
        return Some("the answer to a record that was not answered before");
    }
    (is_intent && ledger.next_owed().is_some()).then_some("the cancel that was owed next")
}

/// What arrived, where the entry records it whole.
pub fn arrival_of<'e>(entry: &'e Entry<'e>) -> Option<Arrival<'e>> {
    let (input, key, content): (Input<'e>, Option<Id<'e>>, Content<'e>) = match &entry.body {
        Body::Decision(decision) => match &decision.ruling {
            Ruling::Conflict { intent, .. }
            | Ruling::Rejected { intent, .. }
            | Ruling::Accepted { intent, .. } => {
                (decision.input, Some(intent.account_id), Content::Intent(Ok(intent.clone())))
            }
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Duplicate { .. } => return None,
        },
        Body::Control(taken) => {
            (taken.input, None, Content::Control(Ok(taken.record.as_ref().ok()?.clone())))
        }
        Body::Execution(taken) if taken.misplaced.is_none() => {
            let execution = taken.report.as_ref().ok()?;
            (taken.input, Some(execution.account_id), Content::Execution(Ok(execution.clone())))
        }
        Body::Execution(_) | Body::OwedCancel(_) => return None,
        Body::Genesis(_) | Body::LaneOpened(_) | Body::Recovery(_) => return None,
    };
    Some(Arrival { input, key: key.map(|id| id.as_str().as_bytes()), value: None, content })
}

fn recompute_owed<'e>(ledger: &mut Ledger, prices: &'e PriceBook, entry: &'e Entry<'e>) -> Recomputed<'e> {
    let mut batch = Batch::open(ledger, prices, entry.decided_at);
    let (Some(owing), Body::OwedCancel(owed)) = (batch.next_owed(), &entry.body) else {
        return Recomputed::Otherwise("no cancel was owed".to_owned());
    };
    let Entry { body: Body::OwedCancel(due), .. } = batch.take_owed(&owing) else {
        unreachable!("an owed cancel is one")
    };
    if (due.input, due.ids) != (owed.input, owed.ids) {
        return Recomputed::Otherwise("the cancel that was owed next".to_owned());
    }
    must_be(due.after == owed.after, "the account as it stands after the cancel")
}

/// The intent itself is not recorded again: its fingerprint stands for it.
fn same_prior(
    ledger: &Ledger,
    (account_id, intent_id): IntentKey<'_>,
    fingerprint: Fingerprint,
    of: &Prior,
) -> Recomputed<'static> {
    match ledger.key(account_id, intent_id) {
        None => Recomputed::Otherwise("a verdict of its own: its key was not decided before".to_owned()),
        Some(row) if row.fingerprint != fingerprint => {
            Recomputed::Otherwise("a conflict: its key was decided with another payload".to_owned())
        }
        Some(row) => must_be(row.prior() == *of, "a duplicate of the entry that decided its key"),
    }
}

fn lies_elsewhere(ledger: &Ledger, key: Option<&[u8]>, account_id: Id<'_>) -> Recomputed<'static> {
    let (at, account) = (ledger.placement(), account_id.as_str().as_bytes());
    let belongs = placement(account, at.count.unsigned_abs()) == at.partition.unsigned_abs();
    must_be(key != Some(account) || !belongs, "a record that lies where it belongs")
}

fn must_be(holds: bool, due: &str) -> Recomputed<'static> {
    match holds {
        true => Recomputed::Same,
        false => Recomputed::Otherwise(due.to_owned()),
    }
}

/// Of bytes that nobody could read there is one outcome; whether they could be read is believed.
fn undecoded(holds: bool, due: &str) -> Recomputed<'static> {
    match must_be(holds, due) {
        Recomputed::Same => Recomputed::AsRecorded,
        otherwise => otherwise,
    }
}
