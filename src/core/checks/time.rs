//! Check 4: an intent has its time.

use super::{Checked, Question};
use crate::core::amount::Decimal;
use crate::core::intent::Intent;
use crate::core::time::{MILLISECOND, Time};
use crate::core::verdict::{FailedCheck, Reason};

/// Not from the future, not too old, not expired.
pub fn check(question: &Question<'_, '_>) -> Checked {
    let (settings, age) = (question.ledger.settings(), question.now.since(question.intent.created_at));
    if age < -span(settings.skew_ms) {
        return Err(compared(Reason::TimestampInFuture, settings.skew_ms, -age));
    }
    let too_old = |limit_ms| match age > span(limit_ms) {
        true => Err(compared(Reason::IntentTooOld, limit_ms, age)),
        false => Ok(()),
    };
    question.each_level(|level| level.bounds.max_intent_age_ms.map_or(Ok(()), too_old))?;
    let is_set = question.limits.any(|bounds| bounds.max_intent_age_ms.is_some());
    if !is_set && settings.max_intent_age_ms > 0 {
        too_old(settings.max_intent_age_ms)?;
    }
    expiry(question.intent, question.now)
}

/// A cancel may be as old as it likes, but not expired: it can only reduce.
pub fn expiry(intent: &Intent<'_>, now: Time) -> Checked {
    match intent.expires_at {
        Some(expiry) if now >= expiry => Err(FailedCheck::plain(Reason::IntentExpired)),
        Some(_) | None => Ok(()),
    }
}

/// In nanoseconds.
pub(super) fn span(millis: i64) -> i128 {
    i128::from(millis) * i128::from(MILLISECOND)
}

/// Both in milliseconds; `observed` comes in nanoseconds.
pub(super) fn compared(reason: Reason, limit_ms: i64, observed: i128) -> FailedCheck {
    let limit = Some(Decimal::whole(limit_ms));
    FailedCheck { limit, observed: millis(observed), ..FailedCheck::plain(reason) }
}

/// Nanoseconds as milliseconds.
pub(super) fn millis(nanoseconds: i128) -> Option<Decimal> {
    Decimal::new(nanoseconds, 6).ok()
}
