//! Section 8: the control log's instruments; limits and commands have their own files.

use onefill::core::amount::Numeral;
use onefill::core::control::{ControlRecord, ControlResult, InstrumentRecord, InstrumentStatus, Scope};
use onefill::core::entry::EntryKind;

use super::expected::Expected;
use super::model::Model;
use super::number::{Amount, Rat, zero};
use super::states::State;

#[derive(Clone, Debug)]
pub struct Instrument {
    pub venue: String,
    pub currency: String,
    pub tick: Rat,
    pub lot: Rat,
    pub multiplier: Rat,
    pub min_qty: Option<Rat>,
    pub max_qty: Option<Rat>,
    pub min_notional: Option<Rat>,
    pub allow_negative_price: bool,
    pub status: InstrumentStatus,
    pub version: i64,
}

impl Model {
    pub(super) fn control(&mut self, offset: i64, record: Option<&ControlRecord<'_>>) -> Expected {
        let bare = self.bare(EntryKind::Control);
        let result = match record {
            None => ControlResult::Invalid,
            Some(ControlRecord::Instrument(instrument)) => self.instrument(instrument),
            Some(ControlRecord::RiskLimit(limit)) => self.limit(limit),
            Some(ControlRecord::Command(command)) => self.command(command),
        };
        if result == ControlResult::Invalid {
            // A lost HALT must not pass for none.
            self.tighten((Scope::Global, String::new()), State::Halted, &format!("control-{offset}"));
        }
        if matches!(record, Some(ControlRecord::RiskLimit(_))) && result == ControlResult::Applied {
            self.limits_version = offset;
        }
        Expected { control_result: Some(result), ..bare }
    }

    fn instrument(&mut self, record: &InstrumentRecord<'_>) -> ControlResult {
        let Some(instrument) = read(record) else { return ControlResult::Invalid };
        let name = record.instrument_id.as_str();
        if let Some(known) = self.instruments.get(name) {
            let fixed = |it: &Instrument| {
                let steps = (it.tick.clone(), it.lot.clone(), it.multiplier.clone());
                (it.venue.clone(), it.currency.clone(), steps)
            };
            if fixed(known) != fixed(&instrument) {
                return ControlResult::ImmutableField;
            }
            if instrument.version <= known.version {
                return ControlResult::StaleVersion;
            }
        }
        self.instruments.insert(name.to_owned(), instrument);
        ControlResult::Applied
    }
}

fn read(record: &InstrumentRecord<'_>) -> Option<Instrument> {
    let exact = |numeral: Numeral<'_>| Amount::of(numeral).exact().cloned();
    let step = |numeral| exact(numeral).filter(|value| *value > zero());
    let bounds = [record.min_qty, record.max_qty, record.min_notional];
    // A bound that is given must be a decimal.
    bounds.into_iter().flatten().try_for_each(|bound| exact(bound).map(|_| ()))?;
    let [min_qty, max_qty, min_notional] = bounds.map(|bound| bound.and_then(exact));
    Some(Instrument {
        venue: record.venue.to_string(),
        currency: record.currency.to_string(),
        tick: step(record.tick_size)?,
        lot: step(record.lot_size)?,
        multiplier: step(record.contract_multiplier)?,
        min_qty,
        max_qty,
        min_notional,
        allow_negative_price: record.allow_negative_price,
        status: record.status,
        version: record.version,
    })
}
