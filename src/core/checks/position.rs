//! Checks 17 and 19: only reducing where only that is allowed, and no position above its limit even
//! if everything is filled.
//!
//! The worst case is that of the order's own side. Working orders of the other side never net: they
//! may not be filled. So a limit that was lowered never stands in the way out.

use super::Question;
use super::witness::Witness;
use crate::core::intent::Side;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::owner::Owner;
use crate::core::ledger::states::{ScopeKey, TradingState};
use crate::core::money::{is_quantity_within, quantity_of};
use crate::core::verdict::Reason;

/// What the order adds fits into what may still be closed. Never clamped.
pub fn reduce_only(
    question: &Question<'_, '_>,
    instrument: &Instrument,
    side: Side,
    added: i128,
    witness: &mut impl Witness,
) {
    let (state, scope) = question.state;
    let reducing = state == TradingState::Reducing;
    if !reducing && !question.terms.reduce_only {
        return;
    }
    let [whole, own] = Owner::both(question.account, question.strategy);
    let bound = match is_strategy_reducing(question) {
        true => still_closable(question, whole, side).min(still_closable(question, own, side)),
        false => still_closable(question, whole, side),
    };
    witness.see(Reason::ReduceOnlyViolation, reducing.then_some(scope), added <= bound, || {
        (quantity_of(bound, instrument.lot_size), quantity_of(added, instrument.lot_size))
    });
}

/// The order's strategy, or the one that asks for its replace.
fn is_strategy_reducing(question: &Question<'_, '_>) -> bool {
    let asking = question.ledger.name(question.intent.strategy_id.as_str());
    [question.strategy, asking].into_iter().any(|strategy| {
        let scope = ScopeKey::Strategy(question.account, strategy);
        question.ledger.state_of(scope).is_some_and(|row| row.state == TradingState::Reducing)
    })
}

/// What the owner may still trade on this side without a chance to pass zero.
fn still_closable(question: &Question<'_, '_>, owner: Owner, side: Side) -> i128 {
    let held = question.held(owner);
    (held.closable(side) - i128::from(held.reserved(side).lots.0)).max(0)
}

/// Position, reservations of the side, and what the order adds, against the largest position.
pub fn limit(
    question: &Question<'_, '_>,
    instrument: &Instrument,
    side: Side,
    added: i128,
    witness: &mut impl Witness,
) {
    for level in question.limits.levels() {
        let bound = match side {
            Side::Buy => level.bounds.max_long_qty,
            Side::Sell => level.bounds.max_short_qty,
        };
        let Some(bound) = bound else { continue };
        let worst = question.held(level.owner).worst(side) + added;
        let holds = is_quantity_within(worst, instrument.lot_size, bound);
        witness.see(Reason::PositionLimitExceeded, Some(level.scope), holds, || {
            (Some(bound), quantity_of(worst, instrument.lot_size))
        });
    }
}
