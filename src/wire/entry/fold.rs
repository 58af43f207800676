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
    let blank = Flat {
        seq: *seq,
        prev: *prev,
        as_of: *as_of,
        decided_at: *decided_at,
        limits_version: *limits_version,
        ..Flat::blank(body.kind())
    };
    match body {
        Body::Genesis(opening) | Body::LaneOpened(opening) => {
            Flat { lane: Some(Cow::Borrowed(opening)), ..blank }
        }
        Body::Decision(decision) => fold_decision(blank, decision),
        Body::Execution(taken) => fold_execution(blank, taken),
        Body::Control(taken) => fold_control(blank, taken),
        Body::OwedCancel(cancel) => fold_owed_cancel(blank, cancel),
        Body::Recovery(Recovery { accepted, reason }) => {
            Flat { detail: Some(Cow::Owned(format!("{accepted}: {reason}"))), ..blank }
        }
    }
}

fn fold_decision<'e>(blank: Flat<'e>, decision: &'e Decision<'e>) -> Flat<'e> {
    let Decision { input, ruling } = decision;
    let reason = ruling.reason();
    let decided = Flat {
        input: Some(*input),
        verdict: Some(ruling.verdict()),
        reason,
        fix_reason: reason.map(Reason::fix_reason),
        ..blank
    };
    match ruling {
        Ruling::Malformed { raw, detail } => {
            let detail = Some(Cow::Borrowed(&**detail));
            Flat { failed_checks: Cow::Borrowed(MALFORMED), detail, ..decided.raw(raw) }
        }
        Ruling::Misplaced { raw, ids, detail } => {
            let detail = Some(Cow::Borrowed(&**detail));
            Flat { failed_checks: Cow::Borrowed(MISPLACED), detail, ..decided.raw(raw).ids(ids) }
        }
        Ruling::Duplicate { ids, fingerprint, of } => {
            Flat { fingerprint: Some(*fingerprint), ..decided.ids(ids).prior(of) }
        }
        Ruling::Conflict { intent, fingerprint, of } => Flat {
            fingerprint: Some(*fingerprint),
            failed_checks: Cow::Borrowed(CONFLICT),
            ..decided.intent(intent).prior(of)
        },
        Ruling::Rejected { intent, key: _, fingerprint, failed_checks, of, references, after } => {
            let flat = Flat {
                fingerprint: Some(*fingerprint),
                scope: scope_of_rejection(failed_checks, of.as_ref()),
                failed_checks: Cow::Borrowed(failed_checks),
                references: Cow::Borrowed(references),
                after: *after,
                ..decided.intent(intent)
            };
            match of {
                Some(of) => flat.prior(of),
                None => flat,
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
        } => Flat {
            fingerprint: Some(*fingerprint),
            order_id: Some(OrderName::Id(*order_id)),
            converted_to_cancel: *converted_to_cancel,
            references: Cow::Borrowed(references),
            after: *after,
            ..decided.intent(intent)
        },
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

fn fold_execution<'e>(blank: Flat<'e>, taken: &'e ExecutionTaken<'e>) -> Flat<'e> {
    let ExecutionTaken { input, report, misplaced, anomaly, detail, after } = taken;
    let flat = Flat { input: Some(*input), anomaly: *anomaly, after: *after, ..blank };
    let flat = match misplaced {
        Some(raw) => flat.raw(raw),
        None => flat,
    };
    match report {
        Ok(execution) => Flat {
            account_id: Some(execution.account_id),
            instrument_id: Some(execution.instrument_id),
            order_id: Some(execution.order_id).filter(|id| !id.is_empty()).map(OrderName::Text),
            execution: Some(Cow::Borrowed(execution)),
            detail: detail.as_deref().map(Cow::Borrowed),
            ..flat
        },
        Err(unreadable) => flat.unreadable(unreadable),
    }
}

fn fold_control<'e>(blank: Flat<'e>, taken: &'e ControlTaken<'e>) -> Flat<'e> {
    let ControlTaken { input, record, result, detail } = taken;
    let flat = Flat { input: Some(*input), control_result: Some(*result), ..blank };
    match record {
        Ok(record) => Flat {
            control: Some(Cow::Borrowed(record)),
            detail: detail.as_deref().map(Cow::Borrowed),
            ..flat
        },
        Err(unreadable) => flat.unreadable(unreadable),
    }
}

fn fold_owed_cancel<'e>(blank: Flat<'e>, cancel: &'e OwedCancel<'e>) -> Flat<'e> {
    let OwedCancel { input, ids, after } = cancel;
    let order_id = ids.order_id();
    Flat { input: Some(*input), order_id: Some(OrderName::Id(order_id)), after: *after, ..blank.ids(ids) }
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

    fn raw(self, raw: &RawRecord<'e>) -> Self {
        let RawRecord { key, sha256 } = *raw;
        Self { record_key: key, raw_sha256: Some(sha256), ..self }
    }

    fn unreadable(self, unreadable: &'e Unreadable<'e>) -> Self {
        let Unreadable { raw, detail } = unreadable;
        Self { detail: Some(Cow::Borrowed(detail)), ..self.raw(raw) }
    }

    fn ids(self, ids: &IntentIds<'e>) -> Self {
        let IntentIds { account_id, strategy_id, instrument_id, intent_id, client_order_id } = *ids;
        Self {
            account_id: Some(account_id),
            strategy_id: Some(strategy_id),
            instrument_id: Some(instrument_id),
            intent_id: Some(intent_id),
            client_order_id: Some(client_order_id),
            ..self
        }
    }

    fn intent(self, intent: &'e Intent<'e>) -> Self {
        Self { intent: Some(Cow::Borrowed(intent)), ..self.ids(&intent.ids()) }
    }

    fn prior(self, prior: &Prior) -> Self {
        let Prior { seq, reason, order_id } = *prior;
        Self {
            duplicate_of: Some(seq),
            first_verdict: Some(prior.verdict()),
            first_reason: reason,
            order_id: order_id.map(OrderName::Id),
            ..self
        }
    }
}
