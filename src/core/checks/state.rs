//! Check 5: trading is not halted in any scope of the intent.

use super::{Checked, Question};
use crate::core::ledger::states::TradingState;
use crate::core::verdict::{FailedCheck, Reason};

/// The strictest state rules; HALTED refuses reducing orders too.
pub fn check(question: &Question<'_, '_>) -> Checked {
    match question.state {
        (TradingState::Halted, scope) => Err(FailedCheck::plain(Reason::TradingHalted).by(scope)),
        (TradingState::Active | TradingState::Reducing, _) => Ok(()),
    }
}
