//! Deciding: what an input record means, given the ledger and the batch over it.
//!
//! Deciding changes nothing. It returns the entry's body, and only [`Ledger::follow`] makes it
//! true. Start at [`decide`]; the ladder stands in [`climb`], on one screen.

use std::borrow::Cow;

use super::amount::{Numeral, Overflow};
use super::checks::witness::{Comparison, Comparisons, Failures, Witness};
use super::checks::{Checked, Question, Replaced, increments, numbers, permission, risk, shape, state, time};
use super::control::ControlRecord;
use super::control_log;
use super::entry::{
    Anomaly, Body, Decision, ExecutionTaken, Input, Prior, RawRecord, Reference, Ruling, Unreadable,
};
use super::execution::Execution;
use super::fingerprint::fingerprint;
use super::ids::{Digest, Id, OrderId, placement};
use super::intent::{Intent, IntentTerms, IntentType};
use super::ledger::order::OrderRow;
use super::ledger::{Ledger, executions};
use super::order::Terms;
use super::prices::PriceBook;
use super::time::Time;
use super::verdict::{FailedCheck, Reason};

/// An input record, as it arrived.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Where it stood.
    pub input: Input<'a>,
    /// Its key; `None` for a null key.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` for a tombstone.
    pub value: Option<&'a [u8]>,
    /// What the value says, or for people what is wrong with it.
    pub content: Content<'a>,
}

/// What an arrival says, by its topic.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// A record on `intents`.
    Intent(Result<Intent<'a>, Cow<'a, str>>),
    /// A record on `executions`.
    Execution(Result<Execution<'a>, Cow<'a, str>>),
    /// A record on `control`.
    Control(Result<ControlRecord<'a>, Cow<'a, str>>),
}

impl<'a> Arrival<'a> {
    fn raw(&self) -> RawRecord<'a> {
        RawRecord { key: self.key, sha256: Digest::of(self.value.unwrap_or_default()) }
    }

    fn unreadable(&self, detail: &Cow<'a, str>) -> Unreadable<'a> {
        Unreadable { raw: self.raw(), detail: detail.clone() }
    }
}

/// What this arrival means at this time.
pub fn decide<'a>(ledger: &Ledger, prices: &'a PriceBook, arrival: &Arrival<'a>, now: Time) -> Body<'a> {
    let input = arrival.input;
    match &arrival.content {
        Content::Intent(Ok(intent)) => {
            Body::Decision(Decision { input, ruling: rule(ledger, prices, arrival, intent, now) })
        }
        Content::Intent(Err(detail)) => {
            let ruling = Ruling::Malformed { raw: arrival.raw(), detail: detail.clone() };
            Body::Decision(Decision { input, ruling })
        }
        Content::Execution(report) => Body::Execution(take_execution(ledger, arrival, report)),
        Content::Control(record) => {
            let record = record.clone().map_err(|detail| arrival.unreadable(&detail));
            Body::Control(control_log::take(ledger, input, record))
        }
    }
}

/// Checks 1 to 3, then the ladder of the intent's type.
///
/// Keys come before limits: a client that retries after its limit was lowered must still be told
/// "already accepted", or it would believe that its first order never went out.
fn rule<'a>(
    ledger: &Ledger,
    prices: &'a PriceBook,
    arrival: &Arrival<'a>,
    intent: &Intent<'a>,
    now: Time,
) -> Ruling<'a> {
    if let Some(detail) = misplaced(ledger, arrival, intent.account_id) {
        return Ruling::Misplaced { raw: arrival.raw(), ids: intent.ids(), detail };
    }
    let (key, fingerprint) = (intent.key(), fingerprint(intent));
    if let Some(known) = ledger.known(&key) {
        let of = known.prior();
        return match known.fingerprint == fingerprint {
            true => Ruling::Duplicate { ids: intent.ids(), fingerprint, of },
            false => Ruling::Conflict { intent: intent.clone(), fingerprint, of },
        };
    }
    let order_id = intent.order_id();
    let verdict = match intent.intent_type {
        IntentType::New | IntentType::Replace => decide_order(ledger, prices, intent, order_id, now),
        IntentType::Cancel => decide_cancel(ledger, intent, order_id, now),
    };
    let intent = intent.clone();
    match verdict {
        Ok(Acceptance { converted_to_cancel, references }) => Ruling::Accepted {
            intent,
            key,
            order_id,
            fingerprint,
            converted_to_cancel,
            references,
            after: None,
        },
        Err(Refusal { failed_checks, of, references }) => {
            Ruling::Rejected { intent, key, fingerprint, failed_checks, of, references, after: None }
        }
    }
}

/// How an intent that was decided now is refused.
struct Refusal<'a> {
    failed_checks: Vec<FailedCheck>,
    of: Option<Prior>,
    references: Vec<Reference<'a>>,
}

/// How it is accepted.
#[derive(Default)]
struct Acceptance<'a> {
    converted_to_cancel: bool,
    references: Vec<Reference<'a>>,
}

type Verdict<'a> = Result<Acceptance<'a>, Refusal<'a>>;

impl From<FailedCheck> for Refusal<'_> {
    fn from(check: FailedCheck) -> Self {
        Self { failed_checks: vec![check], of: None, references: Vec::new() }
    }
}

fn decide_order<'a>(
    ledger: &Ledger,
    prices: &'a PriceBook,
    intent: &Intent<'a>,
    order_id: OrderId,
    now: Time,
) -> Verdict<'a> {
    let Some(question) = ask(ledger, prices, intent, order_id, now)? else {
        return Ok(Acceptance { converted_to_cancel: true, references: Vec::new() });
    };
    let mut failures = Failures::default();
    let references = climb(&question, &mut failures)?;
    let Failures(mut failed_checks) = failures;
    if failed_checks.is_empty() {
        return Ok(Acceptance { converted_to_cancel: false, references });
    }
    failed_checks.sort_by_key(|failure| failure.reason);
    Err(Refusal { failed_checks, of: None, references })
}

/// What deciding this intent asks, with all that is looked up once; `None` where it is decided
/// before the ladder. For people, who want to see what the checks saw.
pub fn question<'q, 'a>(
    ledger: &'q Ledger,
    prices: &'a PriceBook,
    intent: &'q Intent<'a>,
    now: Time,
) -> Option<Question<'q, 'a>> {
    ask(ledger, prices, intent, intent.order_id(), now).ok().flatten()
}

/// Every comparison with a limit that deciding this intent makes, of those that it reaches.
pub fn compare(ledger: &Ledger, prices: &PriceBook, intent: &Intent<'_>, now: Time) -> Vec<Comparison> {
    let mut comparisons = Comparisons::default();
    if let Some(question) = question(ledger, prices, intent, now) {
        // A failure before the limits leaves nothing to compare.
        let _ = climb(&question, &mut comparisons);
    }
    comparisons.0
}

/// Whether this would be accepted as an order, not as a cancel of the balance.
pub(super) fn would_accept(ledger: &Ledger, prices: &PriceBook, intent: &Intent<'_>, now: Time) -> bool {
    let verdict = decide_order(ledger, prices, intent, intent.order_id(), now);
    verdict.is_ok_and(|acceptance| !acceptance.converted_to_cancel)
}

/// The ladder, checks 4 to 20. The first of 4 to 9 that fails ends it; if they pass, all of 10 to 20
/// are shown to the witness.
fn climb<'a>(question: &Question<'_, 'a>, witness: &mut impl Witness) -> Checked<Vec<Reference<'a>>> {
    time::check(question)?;
    state::check(question)?;
    let instrument = permission::check(question)?;
    shape::check(question, instrument)?;
    let candidate = increments::check(question, instrument)?;
    numbers::check(question, &candidate)?;
    risk::assess(question, instrument, &candidate, witness)
}

/// What stands before the ladder: of a NEW check 3, of a REPLACE the state of its order. `None` for a
/// REPLACE to no more than is filled, which becomes a cancel of the balance.
fn ask<'q, 'a>(
    ledger: &'q Ledger,
    prices: &'a PriceBook,
    intent: &'q Intent<'a>,
    order_id: OrderId,
    now: Time,
) -> Result<Option<Question<'q, 'a>>, Refusal<'a>> {
    let asked = |terms, replaced| Ok(Some(Question::new(ledger, prices, intent, terms, replaced, now)));
    if intent.intent_type == IntentType::New {
        let Some(order) = ledger.order(order_id) else { return asked(intent.terms, None) };
        let of = Prior { seq: order.accepted_seq, reason: None, order_id: Some(order_id) };
        let check = FailedCheck::plain(Reason::IdempotencyKeyConflict);
        return Err(Refusal { of: Some(of), ..check.into() });
    }
    let order = live_order(ledger, intent, order_id)?;
    if order.quantity.pending_total.is_some() {
        return Err(FailedCheck::plain(Reason::OrderPendingReplace).into());
    }
    if order.cancel_pending {
        return Err(FailedCheck::plain(Reason::OrderPendingCancel).into());
    }
    if asks_for_no_more_than_filled(ledger, intent, &order) {
        return Ok(None);
    }
    asked(replacing(&order.terms, &intent.terms), Some(Replaced::of(&order)))
}

fn decide_cancel<'a>(ledger: &Ledger, intent: &Intent<'a>, order_id: OrderId, now: Time) -> Verdict<'a> {
    time::expiry(intent, now)?;
    live_order(ledger, intent, order_id)?;
    Ok(Acceptance::default())
}

/// The order that a CANCEL or REPLACE is about, while it may still be filled.
fn live_order<'l>(ledger: &'l Ledger, intent: &Intent<'_>, order_id: OrderId) -> Checked<Cow<'l, OrderRow>> {
    let order = ledger.order(order_id);
    let order = order.filter(|order| ledger.text(order.instrument) == intent.instrument_id.as_str());
    match order {
        None => Err(FailedCheck::plain(Reason::UnknownOrder)),
        Some(order) if order.is_open() => Ok(order),
        Some(_) => Err(FailedCheck::plain(Reason::TooLateToCancel)),
    }
}

/// A new total that the fills have reached leaves nothing to replace: the balance is cancelled.
fn asks_for_no_more_than_filled(ledger: &Ledger, intent: &Intent<'_>, order: &OrderRow) -> bool {
    let Some(instrument) = ledger.instrument(intent.instrument_id.as_str()) else { return false };
    // One that names no total keeps the order's, which the venue may have made less than is filled.
    let total = intent.terms.order_qty.unwrap_or(Numeral::Exact(order.terms.order_qty));
    match (total, instrument.quantity(order.quantity.filled)) {
        (Numeral::Exact(total), Ok(filled)) => total <= filled,
        // Fills of more digits than a decimal may have are above every total that can be asked for.
        (Numeral::Exact(_), Err(Overflow)) => true,
        (Numeral::Overlong(_), _) => false,
    }
}

/// The order's terms, with what the REPLACE gives in their place.
fn replacing<'a>(order: &Terms, asked: &IntentTerms<'a>) -> IntentTerms<'a> {
    IntentTerms {
        side: Some(order.side),
        order_type: Some(order.order_type),
        order_qty: asked.order_qty.or(Some(Numeral::Exact(order.order_qty))),
        price: asked.price.or(order.price.map(Numeral::Exact)),
        trigger_price: asked.trigger_price.or(order.trigger_price.map(Numeral::Exact)),
        time_in_force: Some(order.time_in_force),
        expire_time: order.expire_time,
        post_only: order.post_only,
        reduce_only: order.reduce_only,
    }
}

fn misplaced<'a>(ledger: &Ledger, arrival: &Arrival<'_>, account_id: Id<'_>) -> Option<Cow<'a, str>> {
    let at = ledger.placement();
    if arrival.key != Some(account_id.as_str().as_bytes()) {
        return Some("the record key is not account_id: publish with key = account_id".into());
    }
    let due = placement(account_id.as_str().as_bytes(), at.count.unsigned_abs());
    (due != at.partition.unsigned_abs()).then(|| {
        format!(
            "account {account_id} belongs into partition {due} of {}: publish with Java's default \
             partitioner, or partitioner=murmur2_random in librdkafka clients",
            at.count
        )
        .into()
    })
}

/// For people: why a report that names another account than its order's is not applied.
const MISMATCH: &str = "account_id: not the account of its order";

fn take_execution<'a>(
    ledger: &Ledger,
    arrival: &Arrival<'a>,
    report: &Result<Execution<'a>, Cow<'a, str>>,
) -> ExecutionTaken<'a> {
    let input = arrival.input;
    let execution = match report {
        Ok(execution) => execution,
        Err(detail) => {
            let report = Err(arrival.unreadable(detail));
            let anomaly = Some(Anomaly::ExecutionUnapplied);
            return ExecutionTaken { input, report, misplaced: None, anomaly, detail: None, after: None };
        }
    };
    let (judged, raw) = match misplaced(ledger, arrival, execution.account_id) {
        Some(detail) => (Err(detail), Some(arrival.raw())),
        None => (executions::judge(ledger, execution).map_err(Cow::from), None),
    };
    let (anomaly, detail) = match judged {
        Ok(anomaly) => (anomaly, (anomaly == Some(Anomaly::AccountMismatch)).then_some(MISMATCH.into())),
        Err(detail) => (Some(Anomaly::ExecutionUnapplied), Some(detail)),
    };
    ExecutionTaken { input, report: Ok(execution.clone()), misplaced: raw, anomaly, detail, after: None }
}
