//! Checks 15, 16 and 18: not sent twice by mistake, not too fast, not too many at once.

use super::Question;
use super::increments::Candidate;
use super::time::{millis, span};
use super::witness::Witness;
use crate::core::amount::Decimal;
use crate::core::control::Scope;
use crate::core::ledger::windows::Likeness;
use crate::core::time::Time;
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
        let open = question.ledger.open_orders_over(level.owner, level.instrument);
        let observed = i128::from(open) + 1;
        count_against(limit, observed, Reason::MaxOpenOrdersExceeded, level.scope, witness);
    }
}

/// From when on every rate has room for one more, if no other order comes; `None` where one never
/// has. For people.
pub fn room_again(question: &Question<'_, '_>) -> Option<Time> {
    let (windows, now) = (question.ledger.windows(), question.now);
    let mut from = now;
    for level in question.limits.levels() {
        for rate in &level.bounds.rates {
            let key = (level.owner, level.instrument);
            let count = windows.count(key, now, rate.window_ms);
            // As many have to leave the window as stand in the way; a window of none never has room.
            let may_stay = rate.max_orders.checked_sub(1).and_then(|most| u64::try_from(most).ok())?;
            if let Some(leaving) = count.checked_sub(may_stay).filter(|leaving| *leaving > 0) {
                let last = windows.nth(key, now, rate.window_ms, leaving)?;
                let leaves = i128::from(last.0) + span(rate.window_ms);
                from = from.max(Time(i64::try_from(leaves).ok()?));
            }
        }
    }
    Some(from)
}

fn count_against(limit: i64, observed: i128, reason: Reason, scope: Scope, witness: &mut impl Witness) {
    witness.see(reason, Some(scope), observed <= i128::from(limit), || {
        (Some(Decimal::whole(limit)), Decimal::new(observed, 0).ok())
    });
}
