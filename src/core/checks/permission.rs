//! Check 6: somebody has allowed the account to trade, and the instrument may be traded.

use super::{Checked, Question};
use crate::core::control::InstrumentStatus;
use crate::core::ledger::instrument::Instrument;
use crate::core::verdict::{FailedCheck, Reason};

/// The instrument of the intent.
///
/// A GLOBAL template alone lets nobody in: an account is known when a limit record of its own names
/// it, or a typing error in `account_id` would trade under the template.
pub fn check<'q>(question: &Question<'q, '_>) -> Checked<&'q Instrument> {
    if !question.ledger.is_account_known(question.account) {
        return Err(FailedCheck::plain(Reason::UnknownAccount));
    }
    let instrument = question.ledger.instrument_named(question.instrument);
    match instrument {
        None => Err(FailedCheck::plain(Reason::UnknownInstrument)),
        Some(instrument) if instrument.status == InstrumentStatus::Trading => Ok(instrument),
        Some(_) => Err(FailedCheck::plain(Reason::RestrictedInstrument)),
    }
}
