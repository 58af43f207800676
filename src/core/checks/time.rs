//! Check 4: an intent has its time.

use super::{Checked, Question};
use crate::core::time::MILLISECOND;
use crate::core::verdict::{FailedCheck, Reason};

/// Not from the future, not too old, not expired.
pub fn check(question: &Question<'_, '_>) -> Checked {
    let (settings, age) = (question.ledger.settings(), question.now.since(question.intent.created_at));
    if age < -span(settings.skew_ms) {
        return refuse(Reason::TimestampInFuture);
    }
    let bounded = settings.max_intent_age_ms > 0;
    if bounded && age > span(settings.max_intent_age_ms) {
        return refuse(Reason::IntentTooOld);
    }
    expiry(question)
}

/// A cancel may be as old as it likes, but not expired: it can only reduce.
pub fn expiry(question: &Question<'_, '_>) -> Checked {
    match question.intent.expires_at {
        Some(expiry) if question.now >= expiry => refuse(Reason::IntentExpired),
        Some(_) | None => Ok(()),
    }
}

fn span(millis: i64) -> i128 {
    i128::from(millis) * i128::from(MILLISECOND)
}

fn refuse(reason: Reason) -> Checked {
    Err(FailedCheck::plain(reason))
}
