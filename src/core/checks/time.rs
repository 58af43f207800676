//! Check 4: an intent has its time.

use super::{Checked, Question};
use crate::core::amount::Decimal;
use crate::core::bounds::Bounds;
use crate::core::intent::Intent;
use crate::core::ledger::limits::Limits;
use crate::core::time::{MILLISECOND, Time};
use crate::core::verdict::{FailedCheck, Reason};

/// Not from the future, not too old, not expired.
pub fn check(question: &Question<'_, '_>) -> Checked {
    let (settings, age) = (question.ledger.settings(), question.now.since(question.intent.created_at));
    if age < -span(settings.skew_ms) {
        return Err(compared(Reason::TimestampInFuture, settings.skew_ms, -age));
    }
    let limit = |bounds: &Bounds| bounds.max_intent_age_ms;
    young(&question.limits, limit, settings.max_intent_age_ms, Reason::IntentTooOld, age)?;
    expiry(question.intent, question.now)
}

/// Not older than any limit allows; where none is set, than this, if it is above zero.
pub(super) fn young(
    limits: &Limits<'_>,
    limit: impl Fn(&Bounds) -> Option<i64>,
    default_ms: i64,
    reason: Reason,
    age: i128,
) -> Checked {
    let too_old = |limit_ms| match age > span(limit_ms) {
        true => Err(compared(reason, limit_ms, age)),
        false => Ok(()),
    };
    let mut is_set = false;
    for level in limits.levels() {
        let Some(limit_ms) = limit(level.bounds) else { continue };
        too_old(limit_ms).map_err(|failure| failure.by(level.scope))?;
        is_set = true;
    }
    if is_set || default_ms <= 0 { Ok(()) } else { too_old(default_ms) }
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
