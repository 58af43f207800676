//! Check 6: the instrument is known, and may be traded.

use super::{Checked, Question};
use crate::core::control::InstrumentStatus;
use crate::core::ledger::instrument::Instrument;
use crate::core::verdict::{FailedCheck, Reason};

/// The instrument of the intent.
pub fn check<'q>(question: &Question<'q, '_>) -> Checked<&'q Instrument> {
    let instrument = question.ledger.instrument(question.intent.instrument_id.as_str());
    match instrument {
        None => Err(FailedCheck::plain(Reason::UnknownInstrument)),
        Some(instrument) if instrument.status == InstrumentStatus::Trading => Ok(instrument),
        Some(_) => Err(FailedCheck::plain(Reason::RestrictedInstrument)),
    }
}
