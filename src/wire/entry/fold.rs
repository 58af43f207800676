//! From an entry to its flat record. What a record says twice (ids, reasons, order ids) is derived
//! here, so that it cannot disagree.

use std::borrow::Cow;

use crate::core::control::Scope;
use crate::core::entry::{
    Body, ControlTaken, Cursors, Decision, Entry, EntryKind, ExecutionTaken, IntentIds, OwedCancel, Prior,
    RawRecord, Recovery, Ruling, Unreadable,
};
use crate::core::ids::Digest;
use crate::core::intent::Intent;
use crate::core::time::Time;
use crate::core::verdict::{FailedCheck, Reason};

use super::flat::{Flat, OrderName};

/// The failed checks of rulings that have one only, without numbers.
pub(super) const MALFORMED: &[FailedCheck] = &[FailedCheck::plain(Reason::MalformedIntent)];
pub(super) const MISPLACED: &[FailedCheck] = &[FailedCheck::plain(Reason::WrongPartition)];
pub(super) const CONFLICT: &[FailedCheck] = &[FailedCheck::plain(Reason::IdempotencyKeyConflict)];

pub(super) fn fold<'e>(entry: &'e Entry<'e>) -> Flat<'e> {
    let Entry { seq, prev, as_of, decided_at, limits_version, body } = entry;
    let mut flat = Flat::blank(body.kind());
    flat.seq = *seq;
    flat.prev = *prev;
    flat.as_of = *as_of;
    flat.decided_at = *decided_at;
    flat.limits_version = *limits_version;
    match body {
        Body::Genesis(opening) | Body::LaneOpened(opening) => flat.lane = Some(Cow::Borrowed(opening)),
        Body::Decision(decision) => fold_decision(&mut flat, decision),
        Body::Execution(taken) => fold_execution(&mut flat, taken),
        Body::Control(taken) => fold_control(&mut flat, taken),
        Body::OwedCancel(cancel) => fold_owed_cancel(&mut flat, cancel),
        Body::Recovery(Recovery { accepted, reason }) => {
            flat.detail = Some(Cow::Owned(format!("{accepted}: {reason}")));
        }
    }
    flat
}

fn fold_decision<'e>(flat: &mut Flat<'e>, decision: &'e Decision<'e>) {
    let Decision { input, ruling } = decision;
    flat.input = Some(*input);
    flat.verdict = Some(ruling.verdict());
    flat.reason = ruling.reason();
    flat.fix_reason = flat.reason.map(Reason::fix_reason);
    match ruling {
        Ruling::Malformed { raw, detail } => {
            flat.failed_checks = Cow::Borrowed(MALFORMED);
            flat.detail = Some(Cow::Borrowed(detail));
            flat.set_raw(raw);
        }
        Ruling::Misplaced { raw, ids, detail } => {
            flat.failed_checks = Cow::Borrowed(MISPLACED);
            flat.detail = Some(Cow::Borrowed(detail));
            flat.set_raw(raw);
            flat.set_ids(ids);
        }
        Ruling::Duplicate { ids, fingerprint, of } => {
            flat.fingerprint = Some(*fingerprint);
            flat.set_ids(ids);
            flat.set_prior(of);
        }
        Ruling::Conflict { intent, fingerprint, of } => {
            flat.fingerprint = Some(*fingerprint);
            flat.failed_checks = Cow::Borrowed(CONFLICT);
            flat.set_intent(intent);
            flat.set_prior(of);
        }
        Ruling::Rejected { intent, key: _, fingerprint, failed_checks, of, references, after } => {
            flat.fingerprint = Some(*fingerprint);
            flat.scope = scope_of_rejection(failed_checks, of.as_ref());
            flat.failed_checks = Cow::Borrowed(failed_checks);
            flat.references = Cow::Borrowed(references);
            flat.after = *after;
            flat.set_intent(intent);
            if let Some(of) = of {
                flat.set_prior(of);
            }
        }
        Ruling::Accepted {
            intent,
            key: _,
            order_id,
            fingerprint,
            converted_to_cancel,
            references,
            after,
        } => {
            flat.fingerprint = Some(*fingerprint);
            flat.order_id = Some(OrderName::Id(*order_id));
            flat.converted_to_cancel = *converted_to_cancel;
            flat.references = Cow::Borrowed(references);
            flat.after = *after;
            flat.set_intent(intent);
        }
    }
}

/// Whose limit or state refused.
///
/// An order of the account that already has the identity is the account's state: the scope tells
/// it from a conflict of keys, which binds no key and has the same reason and no scope.
fn scope_of_rejection(failed_checks: &[FailedCheck], of: Option<&Prior>) -> Option<Scope> {
    let first = failed_checks.first().expect("a rejection names the check that failed");
    match first.reason {
        Reason::MalformedIntent | Reason::WrongPartition => {
            panic!("{} is a ruling of its own", first.reason)
        }
        Reason::IdempotencyKeyConflict => {
            assert!(of.is_some(), "an identity that is taken names the entry that took it");
            Some(Scope::Account)
        }
        _ => first.scope,
    }
}

fn fold_execution<'e>(flat: &mut Flat<'e>, taken: &'e ExecutionTaken<'e>) {
    let ExecutionTaken { input, report, misplaced, anomaly, detail, after } = taken;
    flat.input = Some(*input);
    flat.anomaly = *anomaly;
    flat.after = *after;
    if let Some(raw) = misplaced {
        flat.set_raw(raw);
    }
    match report {
        Ok(execution) => {
            flat.account_id = Some(execution.account_id);
            flat.instrument_id = Some(execution.instrument_id);
            flat.order_id = Some(execution.order_id).filter(|id| !id.is_empty()).map(OrderName::Text);
            flat.execution = Some(Cow::Borrowed(execution));
            flat.detail = detail.as_deref().map(Cow::Borrowed);
        }
        Err(unreadable) => flat.set_unreadable(unreadable),
    }
}

fn fold_control<'e>(flat: &mut Flat<'e>, taken: &'e ControlTaken<'e>) {
    let ControlTaken { input, record, result, detail } = taken;
    flat.input = Some(*input);
    flat.control_result = Some(*result);
    match record {
        Ok(record) => {
            flat.control = Some(Cow::Borrowed(record));
            flat.detail = detail.as_deref().map(Cow::Borrowed);
        }
        Err(unreadable) => flat.set_unreadable(unreadable),
    }
}

fn fold_owed_cancel<'e>(flat: &mut Flat<'e>, cancel: &'e OwedCancel<'e>) {
    let OwedCancel { input, ids, after } = cancel;
    flat.input = Some(*input);
    flat.order_id = Some(OrderName::Id(ids.order_id()));
    flat.after = *after;
    flat.set_ids(ids);
}

impl<'e> Flat<'e> {
    /// A record of this kind with nothing else in it.
    fn blank(kind: EntryKind) -> Self {
        Self {
            seq: 0,
            prev: Digest::ZERO,
            kind,
            input: None,
            record_key: None,
            raw_sha256: None,
            as_of: Cursors::default(),
            decided_at: Time::default(),
            account_id: None,
            strategy_id: None,
            instrument_id: None,
            intent_id: None,
            client_order_id: None,
            order_id: None,
            intent: None,
            fingerprint: None,
            verdict: None,
            reason: None,
            fix_reason: None,
            scope: None,
            failed_checks: Cow::Borrowed(&[]),
            duplicate_of: None,
            first_verdict: None,
            first_reason: None,
            converted_to_cancel: false,
            references: Cow::Borrowed(&[]),
            limits_version: 0,
            after: None,
            execution: None,
            control: None,
            control_result: None,
            anomaly: None,
            detail: None,
            lane: None,
        }
    }

    fn set_raw(&mut self, raw: &RawRecord<'e>) {
        let RawRecord { key, sha256 } = *raw;
        self.record_key = key;
        self.raw_sha256 = Some(sha256);
    }

    fn set_unreadable(&mut self, unreadable: &'e Unreadable<'e>) {
        let Unreadable { raw, detail } = unreadable;
        self.detail = Some(Cow::Borrowed(detail));
        self.set_raw(raw);
    }

    fn set_ids(&mut self, ids: &IntentIds<'e>) {
        let IntentIds { account_id, strategy_id, instrument_id, intent_id, client_order_id } = *ids;
        self.account_id = Some(account_id);
        self.strategy_id = Some(strategy_id);
        self.instrument_id = Some(instrument_id);
        self.intent_id = Some(intent_id);
        self.client_order_id = Some(client_order_id);
    }

    fn set_intent(&mut self, intent: &'e Intent<'e>) {
        self.intent = Some(Cow::Borrowed(intent));
        self.set_ids(&intent.ids());
    }

    fn set_prior(&mut self, prior: &Prior) {
        let Prior { seq, reason, order_id } = *prior;
        self.duplicate_of = Some(seq);
        self.first_verdict = Some(prior.verdict());
        self.first_reason = reason;
        self.order_id = order_id.map(OrderName::Id);
    }
}
