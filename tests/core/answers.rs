//! What entries say: the reading side of the small world.

use onefill::core::control::ControlResult;
use onefill::core::entry::{Body, Decision, Entry, Reference, Ruling};
use onefill::core::ids::Digest;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::num;

/// The link of the next entry, made of all that this one says.
pub fn leaf(entry: &Entry<'_>) -> Digest {
    Digest::leaf(format!("{entry:?}").as_bytes())
}

pub fn ruling(entry: Entry<'static>) -> Ruling<'static> {
    match entry.body {
        Body::Decision(Decision { ruling, .. }) => ruling,
        other => panic!("an intent became {}", other.kind()),
    }
}

/// What became of a control record.
pub fn result_of(entry: &Entry<'_>) -> ControlResult {
    match &entry.body {
        Body::Control(taken) => taken.result,
        other => panic!("a control record became {}", other.kind()),
    }
}

/// The prices that a ruling says it looked at.
pub fn references<'a>(ruling: &Ruling<'a>) -> Vec<Reference<'a>> {
    match ruling {
        Ruling::Accepted { references, .. } | Ruling::Rejected { references, .. } => references.clone(),
        other => panic!("no decision, but {}", other.verdict()),
    }
}

/// Every check that a ruling names as failed; none of an accept.
pub fn failed(ruling: &Ruling<'_>) -> Vec<FailedCheck> {
    match ruling {
        Ruling::Rejected { failed_checks, .. } => failed_checks.clone(),
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } | Ruling::Conflict { .. } => {
            ruling.reason().into_iter().map(FailedCheck::plain).collect()
        }
        Ruling::Accepted { .. } => Vec::new(),
        Ruling::Duplicate { of, .. } => panic!("a duplicate of entry {}", of.seq),
    }
}

/// A failed comparison, with its numbers.
pub fn compared(reason: Reason, limit: &'static str, observed: &'static str) -> FailedCheck {
    let exact = |text| num(text).exact().expect("a test compares decimals");
    FailedCheck::compared(reason, exact(limit), exact(observed))
}
