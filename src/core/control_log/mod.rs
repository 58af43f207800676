//! Taking a control record in: what it means for this lane.

mod command;

use super::bounds::Bounds;
use super::control::{ControlRecord, ControlResult, InstrumentRecord, RiskLimit};
use super::entry::{ControlTaken, Input, Unreadable};
use super::ledger::Ledger;
use super::ledger::instrument::Instrument;
use super::ledger::limits::scope_of;

/// What this control record does here. A record that cannot be read or obeyed is INVALID, and
/// halts trading: it may have been a halt.
pub fn take<'a>(
    ledger: &Ledger,
    input: Input<'a>,
    record: Result<ControlRecord<'a>, Unreadable<'a>>,
) -> ControlTaken<'a> {
    let (result, detail) = match &record {
        Err(_) => (ControlResult::Invalid, None),
        Ok(ControlRecord::Instrument(instrument)) => take_instrument(ledger, instrument),
        Ok(ControlRecord::RiskLimit(limit)) => take_limit(ledger, limit),
        Ok(ControlRecord::Command(command)) => command::take(ledger, command),
    };
    ControlTaken { input, record, result, detail: detail.map(Into::into) }
}

type Taken = (ControlResult, Option<String>);

const APPLIED: Taken = (ControlResult::Applied, None);

fn take_instrument(ledger: &Ledger, record: &InstrumentRecord<'_>) -> Taken {
    let next = match Instrument::new(record) {
        Ok(next) => next,
        Err(detail) => return (ControlResult::Invalid, Some(detail)),
    };
    let Some(held) = ledger.instrument(record.instrument_id.as_str()) else { return APPLIED };
    if let Some(field) = held.changed_forever(&next) {
        let detail = format!("{field} of {} can never change", record.instrument_id);
        return (ControlResult::ImmutableField, Some(detail));
    }
    newer(held.version, next.version)
}

fn take_limit(ledger: &Ledger, limit: &RiskLimit<'_>) -> Taken {
    let fault = scope_of(limit).map(drop).and_then(|()| Bounds::of(limit).map(drop));
    if let Err(detail) = fault {
        return (ControlResult::Invalid, Some(detail));
    }
    match ledger.limit_version(limit.limit_id) {
        Some(held) => newer(held, limit.version),
        None => APPLIED,
    }
}

fn newer(held: i64, version: i64) -> Taken {
    if version > held {
        return APPLIED;
    }
    (ControlResult::StaleVersion, Some(format!("version {version} is not above {held}")))
}
