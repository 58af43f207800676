//! How a verdict is shown, to people and to scripts.

use serde_json::{Value, json};

use super::print::{self, Tone};
use crate::core::entry::{Decision, Prior, Ruling};
use crate::core::ids::OrderId;
use crate::core::intent::Intent;
use crate::core::verdict::{FailedCheck, Verdict};

/// The tone of a verdict.
pub(super) const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Accepted => Tone::Good,
        Verdict::Rejected => Tone::Bad,
        Verdict::Duplicate => Tone::Doubtful,
    }
}

/// The entry that decided the key before, where the ruling names one.
pub(super) const fn prior(ruling: &Ruling<'_>) -> Option<Prior> {
    match ruling {
        Ruling::Duplicate { of, .. } | Ruling::Conflict { of, .. } => Some(*of),
        Ruling::Rejected { of, .. } => *of,
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Accepted { .. } => None,
    }
}

/// The intent as the entry has it.
pub(super) const fn intent<'r, 'a>(ruling: &'r Ruling<'a>) -> Option<&'r Intent<'a>> {
    match ruling {
        Ruling::Conflict { intent, .. }
        | Ruling::Rejected { intent, .. }
        | Ruling::Accepted { intent, .. } => Some(intent),
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Duplicate { .. } => None,
    }
}

/// The order that the intent became or changed.
pub(super) fn order_id(ruling: &Ruling<'_>) -> Option<OrderId> {
    match ruling {
        Ruling::Accepted { order_id, .. } => Some(*order_id),
        other => prior(other).and_then(|prior| prior.order_id),
    }
}

/// What people read behind verdict and reason: numbers, or which entry decided.
pub(super) fn remark(ruling: &Ruling<'_>) -> String {
    let said = |prior: Prior| {
        let reason = prior.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("entry {} said {}{reason}", prior.seq, prior.verdict())
    };
    match ruling {
        Ruling::Malformed { detail, .. } | Ruling::Misplaced { detail, .. } => detail.to_string(),
        Ruling::Duplicate { of, .. } | Ruling::Conflict { of, .. } => said(*of),
        Ruling::Rejected { failed_checks, of, .. } => {
            let numbers = failed_checks.first().map(compared).unwrap_or_default();
            of.map_or(numbers, said)
        }
        Ruling::Accepted { converted_to_cancel: true, .. } => {
            "converted to a cancel of the balance".to_owned()
        }
        Ruling::Accepted { .. } => String::new(),
    }
}

fn compared(check: &FailedCheck) -> String {
    let scope = check.scope.map(|scope| format!("{scope}: ")).unwrap_or_default();
    match (check.observed, check.limit) {
        (Some(observed), Some(limit)) => format!("{scope}{observed}, limit {limit}"),
        (Some(observed), None) => format!("{scope}{observed}"),
        (None, Some(limit)) => format!("{scope}limit {limit}"),
        (None, None) => scope.trim_end_matches(": ").to_owned(),
    }
}

/// The verdict for a script; what does not apply is left out.
pub(super) fn to_json(decision: &Decision<'_>) -> Value {
    let ruling = &decision.ruling;
    let prior = prior(ruling);
    let checks: &[FailedCheck] = match ruling {
        Ruling::Rejected { failed_checks, .. } => failed_checks,
        _ => &[],
    };
    let check = |check: &FailedCheck| {
        present(json!({
            "reason": check.reason.name(),
            "scope": check.scope.map(|scope| scope.name()),
            "limit": check.limit.map(|limit| limit.to_string()),
            "observed": check.observed.map(|observed| observed.to_string()),
        }))
    };
    present(json!({
        "verdict": ruling.verdict().name(),
        "reason": ruling.reason().map(|reason| reason.name()),
        "fix_reason": ruling.reason().map(|reason| reason.fix_reason()),
        "order_id": order_id(ruling).map(|id| id.to_string()),
        "duplicate_of": prior.map(|prior| prior.seq),
        "first_verdict": prior.map(|prior| prior.verdict().name()),
        "first_reason": prior.and_then(|prior| prior.reason).map(|reason| reason.name()),
        "failed_checks": checks.iter().map(check).collect::<Vec<_>>(),
        "remark": Some(remark(ruling)).filter(|remark| !remark.is_empty()),
    }))
}

/// The members that are not null.
pub(super) fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// A cell of a verdict.
pub(super) fn cell(verdict: Verdict) -> comfy_table::Cell {
    print::cell(verdict.name(), tone(verdict))
}
