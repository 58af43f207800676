//! From a flat record to its entry.
//!
//! Each variant takes the fields that it may have. What is derived must be as it would be derived,
//! and what is left over belongs to no variant: such a record was not written by onefill, and the
//! lane that meets it must halt rather than guess.

use std::borrow::Cow;

use crate::core::control::Scope;
use crate::core::entry::{
    Body, ControlTaken, Decision, Entry, EntryKind, ExecutionTaken, IntentIds, Opening, OwedCancel, Prior,
    RawRecord, Recovery, Ruling, Unreadable,
};
use crate::core::halt::HaltCode;
use crate::core::ids::{Fingerprint, OrderId};
use crate::core::intent::Intent;
use crate::core::verdict::{FailedCheck, Reason, Verdict};
use crate::wire::malformed::Malformed;

use super::flat::{Flat, OrderName};
use super::fold::{CONFLICT, MALFORMED, MISPLACED};

/// Takes the entry out of its record.
pub(super) fn unfold<'a>(flat: &mut Flat<'a>) -> Result<Entry<'a>, Malformed> {
    let body = match flat.kind {
        EntryKind::Genesis => Body::Genesis(unfold_opening(flat)?),
        EntryKind::LaneOpened => Body::LaneOpened(unfold_opening(flat)?),
        EntryKind::Decision => Body::Decision(unfold_decision(flat)?),
        EntryKind::Execution => Body::Execution(unfold_execution(flat)?),
        EntryKind::Control => Body::Control(unfold_control(flat)?),
        EntryKind::OwedCancel => Body::OwedCancel(unfold_owed_cancel(flat)?),
        EntryKind::Recovery => Body::Recovery(unfold_recovery(flat)?),
    };
    check_nothing_left(flat)?;
    let Flat { seq, prev, as_of, decided_at, limits_version, .. } = *flat;
    Ok(Entry { seq, prev, as_of, decided_at, limits_version, body })
}

fn unfold_opening<'a>(flat: &mut Flat<'a>) -> Result<Opening<'a>, Malformed> {
    need("lane", flat.lane.take()).map(Cow::into_owned)
}

fn unfold_decision<'a>(flat: &mut Flat<'a>) -> Result<Decision<'a>, Malformed> {
    let input = need("input", flat.input.take())?;
    let reason = flat.reason.take();
    derived("fix_reason", flat.fix_reason.take(), reason.map(Reason::fix_reason))?;
    let ruling = match (need("verdict", flat.verdict.take())?, reason) {
        (Verdict::Accepted, None) => unfold_accepted(flat)?,
        (Verdict::Duplicate, None) => Ruling::Duplicate {
            ids: take_ids(flat)?,
            fingerprint: take_fingerprint(flat)?,
            of: need("duplicate_of", take_prior(flat)?)?,
        },
        (Verdict::Rejected, Some(reason)) => unfold_rejection(flat, reason)?,
        _ => return Err(Malformed::field("reason", "does not go with the verdict")),
    };
    Ok(Decision { input, ruling })
}

fn unfold_accepted<'a>(flat: &mut Flat<'a>) -> Result<Ruling<'a>, Malformed> {
    let intent = take_intent(flat)?;
    let order_id = take_order_id(flat, &intent.ids())?;
    Ok(Ruling::Accepted {
        key: intent.key(),
        order_id,
        intent,
        fingerprint: take_fingerprint(flat)?,
        converted_to_cancel: std::mem::take(&mut flat.converted_to_cancel),
        references: std::mem::take(&mut flat.references).into_owned(),
        after: flat.after.take(),
    })
}

fn unfold_rejection<'a>(flat: &mut Flat<'a>, reason: Reason) -> Result<Ruling<'a>, Malformed> {
    let failed_checks = std::mem::take(&mut flat.failed_checks).into_owned();
    derived("reason", Some(reason), failed_checks.first().map(|check| check.reason))?;
    let only = |checks: &[FailedCheck]| match failed_checks == checks {
        true => Ok(()),
        false => Err(Malformed::field("failed_checks", "are more than this reason can have")),
    };
    match (reason, flat.scope) {
        (Reason::MalformedIntent, _) => {
            only(MALFORMED)?;
            Ok(Ruling::Malformed { raw: take_raw(flat)?, detail: take_detail(flat)? })
        }
        (Reason::WrongPartition, _) => {
            only(MISPLACED)?;
            Ok(Ruling::Misplaced { raw: take_raw(flat)?, ids: take_ids(flat)?, detail: take_detail(flat)? })
        }
        (Reason::IdempotencyKeyConflict, None) => {
            only(CONFLICT)?;
            Ok(Ruling::Conflict {
                intent: take_intent(flat)?,
                fingerprint: take_fingerprint(flat)?,
                of: need("duplicate_of", take_prior(flat)?)?,
            })
        }
        _ => unfold_rejected(flat, failed_checks),
    }
}

fn unfold_rejected<'a>(
    flat: &mut Flat<'a>,
    failed_checks: Vec<FailedCheck>,
) -> Result<Ruling<'a>, Malformed> {
    let of = take_prior(flat)?;
    let scope = match failed_checks[0].reason {
        Reason::IdempotencyKeyConflict => of.map(|_| Scope::Account),
        _ => failed_checks[0].scope,
    };
    derived("scope", flat.scope.take(), scope)?;
    let intent = take_intent(flat)?;
    Ok(Ruling::Rejected {
        key: intent.key(),
        intent,
        fingerprint: take_fingerprint(flat)?,
        failed_checks,
        of,
        references: std::mem::take(&mut flat.references).into_owned(),
        after: flat.after.take(),
    })
}

fn unfold_execution<'a>(flat: &mut Flat<'a>) -> Result<ExecutionTaken<'a>, Malformed> {
    let input = need("input", flat.input.take())?;
    let (anomaly, after) = (flat.anomaly.take(), flat.after.take());
    let Some(execution) = flat.execution.take() else {
        let report = Err(take_unreadable(flat)?);
        return Ok(ExecutionTaken { input, report, misplaced: None, anomaly, detail: None, after });
    };
    derived("account_id", flat.account_id.take(), Some(execution.account_id))?;
    derived("instrument_id", flat.instrument_id.take(), Some(execution.instrument_id))?;
    let order_id = Some(execution.order_id).filter(|id| !id.is_empty()).map(OrderName::Text);
    derived("order_id", flat.order_id.take(), order_id)?;
    let (report, detail) = (Ok(execution.into_owned()), flat.detail.take());
    let misplaced = match flat.raw_sha256 {
        Some(_) => Some(take_raw(flat)?),
        None => None,
    };
    Ok(ExecutionTaken { input, report, misplaced, anomaly, detail, after })
}

fn unfold_control<'a>(flat: &mut Flat<'a>) -> Result<ControlTaken<'a>, Malformed> {
    let input = need("input", flat.input.take())?;
    let result = need("control_result", flat.control_result.take())?;
    let (record, detail) = match flat.control.take() {
        Some(record) => (Ok(record.into_owned()), flat.detail.take()),
        None => (Err(take_unreadable(flat)?), None),
    };
    Ok(ControlTaken { input, record, result, detail })
}

fn unfold_owed_cancel<'a>(flat: &mut Flat<'a>) -> Result<OwedCancel<'a>, Malformed> {
    let ids = take_ids(flat)?;
    take_order_id(flat, &ids)?;
    Ok(OwedCancel { input: need("input", flat.input.take())?, ids, after: flat.after.take() })
}

/// The detail of a recovery is the code that was accepted, a colon, and the operator's reason.
fn unfold_recovery<'a>(flat: &mut Flat<'a>) -> Result<Recovery<'a>, Malformed> {
    let detail = need("detail", flat.detail.take())?;
    let (code, reason) =
        detail.split_once(": ").ok_or_else(|| Malformed::field("detail", "names no halt"))?;
    let accepted =
        HaltCode::parse(code).ok_or_else(|| Malformed::field("detail", "names no halt that is known"))?;
    Ok(Recovery { accepted, reason: Cow::Owned(reason.to_owned()) })
}

fn take_ids<'a>(flat: &mut Flat<'a>) -> Result<IntentIds<'a>, Malformed> {
    Ok(IntentIds {
        account_id: need("account_id", flat.account_id.take())?,
        strategy_id: need("strategy_id", flat.strategy_id.take())?,
        instrument_id: need("instrument_id", flat.instrument_id.take())?,
        intent_id: need("intent_id", flat.intent_id.take())?,
        client_order_id: need("client_order_id", flat.client_order_id.take())?,
    })
}

fn take_intent<'a>(flat: &mut Flat<'a>) -> Result<Intent<'a>, Malformed> {
    let intent = need("intent", flat.intent.take())?.into_owned();
    match take_ids(flat)? == intent.ids() {
        true => Ok(intent),
        false => Err(Malformed::field("intent", "has other ids than the entry")),
    }
}

fn take_fingerprint(flat: &mut Flat<'_>) -> Result<Fingerprint, Malformed> {
    need("fingerprint", flat.fingerprint.take())
}

fn take_order_id(flat: &mut Flat<'_>, ids: &IntentIds<'_>) -> Result<OrderId, Malformed> {
    let order_id = ids.order_id();
    let is_it = flat.order_id.take().is_some_and(|name| name.is(order_id));
    derived("order_id", is_it, true)?;
    Ok(order_id)
}

fn take_detail<'a>(flat: &mut Flat<'a>) -> Result<Cow<'a, str>, Malformed> {
    need("detail", flat.detail.take())
}

fn take_raw<'a>(flat: &mut Flat<'a>) -> Result<RawRecord<'a>, Malformed> {
    let sha256 = need("raw_sha256", flat.raw_sha256.take())?;
    Ok(RawRecord { key: flat.record_key.take(), sha256 })
}

fn take_unreadable<'a>(flat: &mut Flat<'a>) -> Result<Unreadable<'a>, Malformed> {
    Ok(Unreadable { raw: take_raw(flat)?, detail: take_detail(flat)? })
}

fn take_prior(flat: &mut Flat<'_>) -> Result<Option<Prior>, Malformed> {
    let Some(seq) = flat.duplicate_of.take() else { return Ok(None) };
    let order_id = match flat.order_id.take() {
        None => None,
        Some(name) => Some(need("order_id", name.id())?),
    };
    let prior = Prior { seq, reason: flat.first_reason.take(), order_id };
    derived("first_verdict", flat.first_verdict.take(), Some(prior.verdict()))?;
    Ok(Some(prior))
}

fn need<T>(field: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::missing(field, "an entry of this kind"))
}

fn derived<T: PartialEq>(field: &'static str, found: T, expected: T) -> Result<(), Malformed> {
    match found == expected {
        true => Ok(()),
        false => Err(Malformed::field(field, "disagrees with the rest of the entry")),
    }
}

/// What no variant took must not be there. Exhaustive: a new field breaks the build here.
fn check_nothing_left(flat: &Flat<'_>) -> Result<(), Malformed> {
    let Flat {
        seq: _,
        prev: _,
        kind: _,
        input,
        record_key,
        raw_sha256,
        as_of: _,
        decided_at: _,
        account_id,
        strategy_id,
        instrument_id,
        intent_id,
        client_order_id,
        order_id,
        intent,
        fingerprint,
        verdict,
        reason,
        fix_reason,
        scope,
        failed_checks,
        duplicate_of,
        first_verdict,
        first_reason,
        converted_to_cancel,
        references,
        limits_version: _,
        after,
        execution,
        control,
        control_result,
        anomaly,
        detail,
        lane,
    } = flat;
    let none = |field, is_left| match is_left {
        false => Ok(()),
        true => Err(Malformed::field(field, "is present, but no entry of this kind has it")),
    };
    none("input", input.is_some())?;
    none("record_key", record_key.is_some())?;
    none("raw_sha256", raw_sha256.is_some())?;
    none("account_id", account_id.is_some())?;
    none("strategy_id", strategy_id.is_some())?;
    none("instrument_id", instrument_id.is_some())?;
    none("intent_id", intent_id.is_some())?;
    none("client_order_id", client_order_id.is_some())?;
    none("order_id", order_id.is_some())?;
    none("intent", intent.is_some())?;
    none("fingerprint", fingerprint.is_some())?;
    none("verdict", verdict.is_some())?;
    none("reason", reason.is_some())?;
    none("fix_reason", fix_reason.is_some())?;
    none("scope", scope.is_some())?;
    none("failed_checks", !failed_checks.is_empty())?;
    none("duplicate_of", duplicate_of.is_some())?;
    none("first_verdict", first_verdict.is_some())?;
    none("first_reason", first_reason.is_some())?;
    none("converted_to_cancel", *converted_to_cancel)?;
    none("references", !references.is_empty())?;
    none("after", after.is_some())?;
    none("execution", execution.is_some())?;
    none("control", control.is_some())?;
    none("control_result", control_result.is_some())?;
    none("anomaly", anomaly.is_some())?;
    none("detail", detail.is_some())?;
    none("lane", lane.is_some())
}
