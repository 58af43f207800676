//! Checks 15, 16 and 18: not sent twice by mistake, not too fast, not too many at once.

use super::Question;
use super::increments::Candidate;
use super::time::{millis, span};
use super::witness::Witness;
use crate::core::amount::Decimal;
use crate::core::control::Scope;
use crate::core::ledger::limits::Level;
use crate::core::ledger::windows::Likeness;
use crate::core::verdict::Reason;

/// Not a NEW like one that was accepted a moment ago under another key.
pub fn suspected_duplicate(question: &Question<'_, '_>, candidate: &Candidate, witness: &mut impl Witness) {
    let (Some(side), Some(order_type), None) =
        (question.terms.side, question.terms.order_type, question.replaced)
    else {
        return;
    };
    if !question.limits.any(|bounds| bounds.dup_window_ms.is_some()) {
        return;
    }
    let likeness = Likeness {
        account: question.account,
        instrument: question.instrument,
        side,
        order_type,
        quantity: candidate.quantity,
        price: candidate.price,
        trigger: candidate.trigger,
    };
    let Some(last) = question.ledger.windows().last_like(&likeness) else { return };
    let age = question.now.since(last);
    for level in question.limits.levels() {
        let Some(window_ms) = level.bounds.dup_window_ms else { continue };
        witness.see(Reason::DuplicateOrderSuspected, Some(level.scope), age >= span(window_ms), || {
            (Some(Decimal::whole(window_ms)), millis(age))
        });
    }
}

/// Each pair of a limit and a window, this order counted in.
pub fn rate(question: &Question<'_, '_>, witness: &mut impl Witness) {
    for level in question.limits.levels() {
        for rate in &level.bounds.rates {
            let key = (level.owner, level.instrument);
            let count = question.ledger.windows().count(key, question.now, rate.window_ms);
            let observed = i128::from(count) + 1;
            count_against(rate.max_orders, observed, Reason::RateLimitExceeded, level.scope, witness);
        }
    }
}

/// Open orders, this one counted in; a REPLACE opens none.
pub fn open_orders(question: &Question<'_, '_>, witness: &mut impl Witness) {
    if question.replaced.is_some() {
        return;
    }
    for level in question.limits.levels() {
        let Some(limit) = level.bounds.max_open_orders else { continue };
        let observed = i128::from(open_now(question, &level)) + 1;
        count_against(limit, observed, Reason::MaxOpenOrdersExceeded, level.scope, witness);
    }
}

fn open_now(question: &Question<'_, '_>, level: &Level<'_>) -> i32 {
    match level.instrument {
        Some(instrument) => question.ledger.held(level.owner, instrument).open_orders,
        None => question.ledger.open_orders_of(level.owner),
    }
}

fn count_against(limit: i64, observed: i128, reason: Reason, scope: Scope, witness: &mut impl Witness) {
    witness.see(reason, Some(scope), observed <= i128::from(limit), || {
        (Some(Decimal::whole(limit)), Decimal::new(observed, 0).ok())
    });
}
