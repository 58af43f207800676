//! Checks 15, 16 and 18: not sent twice by mistake, not too fast, not too many at once.

use super::{Checked, Question, increments::Candidate};
use crate::core::amount::Decimal;
use crate::core::ledger::limits::Level;
use crate::core::ledger::windows::Likeness;
use crate::core::verdict::{FailedCheck, Reason};

use super::time::span;

/// Not a NEW like one that was accepted a moment ago under another key.
pub fn suspected_duplicate(question: &Question<'_, '_>, candidate: &Candidate) -> Checked {
    let (Some(side), Some(order_type), None) =
        (question.terms.side, question.terms.order_type, question.replaced)
    else {
        return Ok(());
    };
    if !question.limits.any(|bounds| bounds.dup_window_ms.is_some()) {
        return Ok(());
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
    let Some(last) = question.ledger.windows().last_like(&likeness) else { return Ok(()) };
    let age = question.now.since(last);
    question.each_level(|level| match level.bounds.dup_window_ms {
        Some(window_ms) if age < span(window_ms) => {
            Err(super::time::compared(Reason::DuplicateOrderSuspected, window_ms, age))
        }
        Some(_) | None => Ok(()),
    })
}

/// Each pair of a limit and a window, this order counted in.
pub fn rate(question: &Question<'_, '_>) -> Checked {
    question.each_level(|level| {
        level.bounds.rates.iter().try_for_each(|rate| {
            let key = (level.owner, level.instrument);
            let count = question.ledger.windows().count(key, question.now, rate.window_ms);
            at_most(rate.max_orders, i128::from(count) + 1, Reason::RateLimitExceeded)
        })
    })
}

/// Open orders, this one counted in; a REPLACE opens none.
pub fn open_orders(question: &Question<'_, '_>) -> Checked {
    if question.replaced.is_some() {
        return Ok(());
    }
    question.each_level(|level| match level.bounds.max_open_orders {
        Some(limit) => {
            at_most(limit, i128::from(open_now(question, level)) + 1, Reason::MaxOpenOrdersExceeded)
        }
        None => Ok(()),
    })
}

fn open_now(question: &Question<'_, '_>, level: &Level<'_>) -> i32 {
    match level.instrument {
        Some(instrument) => question.ledger.held(level.owner, instrument).open_orders,
        None => question.ledger.open_orders_of(level.owner),
    }
}

fn at_most(limit: i64, observed: i128, reason: Reason) -> Checked {
    if observed <= i128::from(limit) {
        return Ok(());
    }
    let observed = Decimal::new(observed, 0).ok();
    Err(FailedCheck { limit: Some(Decimal::whole(limit)), observed, ..FailedCheck::plain(reason) })
}
