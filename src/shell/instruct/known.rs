//! What the control log says already, as far as an operator's next word depends on it.

use std::collections::BTreeMap;

use rdkafka::Message as _;
use rdkafka::error::KafkaError;

use super::draft::{Draft, Kind, Ready, Refusal};
use crate::core::amount::{Numeral, StepError};
use crate::core::control::{Command, ControlRecord};
use crate::core::ledger::instrument::Instrument;
use crate::shell::config::{Config, ConfigError};
use crate::shell::trail::{Probe, ReadError, read_to_end};
use crate::shell::{clock, schemas};
use crate::wire::schema::Unregistered;
use crate::wire::{self, RecordType};

/// Why records cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The lanes would not take one of them.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Kafka's word.
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    /// Its schemas cannot be had.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A record of the log is of the Confluent format, and the registry does not say of which schema.
    #[error("{0}")]
    Registry(#[from] Unregistered),
}

/// Makes the drafts ready for a router of so many lanes: versions that were left open follow the
/// newest ones of the log, and what depends on the log is checked.
///
/// # Errors
/// A draft that the lanes would answer INVALID, brokers that do not answer.
pub fn prepare(config: &Config, lanes: usize, drafts: &mut [Draft]) -> Result<Vec<Ready>, PrepareError> {
    if drafts.iter().any(depends_on_log) {
        Known::read(config)?.complete(drafts)?;
    }
    let lanes = i32::try_from(lanes).unwrap_or(i32::MAX);
    let ready: Result<Vec<_>, _> = drafts.iter().map(|draft| draft.ready(lanes)).collect();
    Ok(ready?)
}

fn depends_on_log(draft: &Draft) -> bool {
    draft.leaves_version_open()
        || matches!(draft.record(), Ok(ControlRecord::Command(command)) if command.qty.is_some())
}

/// The newest versions, and what can never change.
#[derive(Debug, Default)]
pub(super) struct Known {
    versions: BTreeMap<(Kind, String), i64>,
    /// As first set: a record that would change steps is not applied.
    instruments: BTreeMap<String, Instrument>,
}

impl Known {
    /// Reads the whole log.
    fn read(config: &Config) -> Result<Self, PrepareError> {
        let topic = config.topics.control.as_str();
        let start = Probe::open(config)?.extent(topic, 0)?.start;
        let (schemas, mut known) = (schemas::load(config)?, Self::default());
        let read = read_to_end(config, (topic, 0), start, |message| -> Result<(), Unregistered> {
            let value = message.payload().unwrap_or_default();
            schemas.learn_once(Some(value), clock::now)?;
            let body = schemas.open(RecordType::ControlRecord, value).ok();
            if let Some(Ok(record)) = body.as_deref().map(wire::control::decode) {
                known.take(&record);
            }
            Ok(())
        });
        match read {
            Ok(()) => Ok(known),
            Err(ReadError::Kafka(error)) => Err(error.into()),
            Err(ReadError::Refused(unsaid)) => Err(unsaid.into()),
        }
    }

    fn take(&mut self, record: &ControlRecord<'_>) {
        let (kind, key, version) = match record {
            ControlRecord::Instrument(instrument) => {
                let key = instrument.instrument_id.as_str().to_owned();
                if let Ok(valid) = Instrument::new(instrument) {
                    self.instruments.entry(key.clone()).or_insert(valid);
                }
                (Kind::Instrument, key, instrument.version)
            }
            ControlRecord::RiskLimit(limit) => {
                (Kind::RiskLimit, limit.limit_id.as_str().to_owned(), limit.version)
            }
            ControlRecord::Command(_) => return,
        };
        let newest = self.versions.entry((kind, key)).or_insert(version);
        *newest = version.max(*newest);
    }

    /// The drafts in order, each as if those before it were in the log.
    pub(super) fn complete(&mut self, drafts: &mut [Draft]) -> Result<(), Refusal> {
        for draft in drafts {
            if draft.leaves_version_open() {
                let newest = self.versions.get(&(draft.kind(), draft.key().to_owned()));
                draft.number(newest.map_or(1, |version| version.saturating_add(1)));
            }
            let record = draft.record()?;
            if let ControlRecord::Command(command) = &record {
                self.check_lots(command).map_err(|detail| draft.refused(detail))?;
            }
            self.take(&record);
        }
        Ok(())
    }

    /// A POSITION_ADJUST is in whole lots of its instrument.
    fn check_lots(&self, command: &Command<'_>) -> Result<(), String> {
        let (Some(id), Some(Numeral::Exact(qty))) = (command.instrument_id, command.qty) else {
            return Ok(());
        };
        let Some(instrument) = self.instruments.get(id.as_str()) else { return Ok(()) };
        match instrument.lots(qty) {
            Ok(_) => Ok(()),
            Err(StepError::Fraction) => {
                Err(format!("qty: {qty} is no whole number of lots, {} of {id}", instrument.lot_size))
            }
            Err(StepError::Overflow) => Err(format!("qty: {qty} is more lots of {id} than can be counted")),
        }
    }
}
