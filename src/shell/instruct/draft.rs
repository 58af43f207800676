//! A control record as it was written, with what may be left out filled in.

use serde_json::{Map, Value};

use crate::core::amount::{Numeral, Overflow};
use crate::core::bounds::Bounds;
use crate::core::control::{Command, CommandType, ControlRecord, RiskLimit};
use crate::core::ids::placement;
use crate::core::ledger::commands::Aim;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::limits::scope_of;
use crate::core::time::Time;
use crate::wire::json::{command_from_json, instrument_from_json, limit_from_json};
use crate::wire::{self, Malformed, RecordType, Schemas};

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What is traded, in which steps.
    Instrument,
    /// A set of limits.
    RiskLimit,
    /// A command.
    Command,
}

/// Who says it, why and when; a record that says so itself is believed.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Time,
}

/// Why a record is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{detail}")]
pub struct Refusal {
    /// Where it was written, with a colon; empty for flags.
    pub place: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// A record that the lanes can obey, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What messages call it.
    pub name: String,
    /// Its own id, which is its key.
    pub key: String,
    /// Of a command about an account: the lane that trades it. The others keep its state, and ask nobody by it.
    pub trading_lane: Option<i32>,
    pub(super) value: Vec<u8>,
}

/// A record to be sent, as fields by the names of the schema.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: Kind,
    place: String,
    fields: Value,
    leaves_version_open: bool,
}

impl Draft {
    /// The record that was written at `place`: `None` for flags. Its version may stay open.
    pub fn new(kind: Kind, place: Option<String>, fields: Map<String, Value>, said: &Said) -> Self {
        let mut draft = Self {
            kind,
            place: place.map(|place| format!("{place}: ")).unwrap_or_default(),
            fields: Value::Object(fields),
            leaves_version_open: false,
        };
        match kind {
            Kind::Instrument => draft.fill_instrument(),
            Kind::RiskLimit => {
                draft.fill("instrument_id", "*".into());
                draft.fill("set_by", said.by.as_str().into());
                draft.fill("reason", said.reason.as_deref().into());
            }
            Kind::Command => {
                draft.fill("issued_by", said.by.as_str().into());
                draft.fill("reason", said.reason.as_deref().into());
                draft.fill("issued_at", said.at.0.into());
            }
        }
        // Any version will do to see whether the rest is well formed.
        draft.leaves_version_open = kind != Kind::Command && draft.fields["version"].is_null();
        if draft.leaves_version_open {
            draft.number(1);
        }
        draft
    }

    fn fill_instrument(&mut self) {
        let venue = self.text("instrument_id").rsplit_once('.').map(|(_, venue)| venue.to_owned());
        self.fill("venue", venue.into());
        self.fill("status", "TRADING".into());
        self.fill("contract_multiplier", "1".into());
    }

    fn fill(&mut self, field: &str, value: Value) {
        if self.fields[field].is_null() {
            self.fields[field] = value;
        }
    }

    fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().unwrap_or_default()
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The record's own id, which is its key.
    pub(super) fn key(&self) -> &str {
        self.text(match self.kind {
            Kind::Instrument => "instrument_id",
            Kind::RiskLimit => "limit_id",
            Kind::Command => "command_id",
        })
    }

    /// Whether nobody has said which version it is.
    pub(super) const fn leaves_version_open(&self) -> bool {
        self.leaves_version_open
    }

    /// Says which version it is.
    pub(super) fn number(&mut self, version: i64) {
        self.fields["version"] = version.into();
    }

    /// The record, if its fields are those of the schema.
    ///
    /// # Errors
    /// What is missing or of another type.
    pub(super) fn record(&self) -> Result<ControlRecord<'_>, Refusal> {
        let record = match self.kind {
            Kind::Instrument => instrument_from_json(&self.fields).map(ControlRecord::Instrument),
            Kind::RiskLimit => limit_from_json(&self.fields).map(ControlRecord::RiskLimit),
            Kind::Command => command_from_json(&self.fields).map(ControlRecord::Command),
        };
        record.map_err(|malformed| self.refused(malformed))
    }

    /// The record as it is sent, to a router of so many lanes.
    ///
    /// # Errors
    /// What the lanes would answer INVALID, and a reason that says nothing.
    pub fn ready(&self, lanes: i32) -> Result<Ready, Refusal> {
        let record = self.record()?;
        let judged = match &record {
            ControlRecord::Instrument(instrument) => Instrument::new(instrument).map(drop),
            ControlRecord::RiskLimit(limit) => judge_limit(limit),
            ControlRecord::Command(command) => judge_command(command, lanes),
        };
        judged.map_err(|detail| self.refused(detail))?;
        let mut value = Vec::new();
        wire::control::encode(&record, &mut value);
        reread(&value).map_err(|malformed| self.refused(malformed))?;
        let trading_lane = trading_lane(&record, lanes);
        Ok(Ready { name: self.name(), key: self.key().to_owned(), trading_lane, value })
    }

    fn name(&self) -> String {
        match self.kind {
            Kind::Instrument | Kind::RiskLimit => {
                format!("{} version {}", self.key(), self.fields["version"])
            }
            Kind::Command => format!("{} {}", self.text("command"), self.key()),
        }
    }

    pub(super) fn refused(&self, detail: impl ToString) -> Refusal {
        Refusal { place: self.place.clone(), detail: detail.to_string() }
    }
}

fn trading_lane(record: &ControlRecord<'_>, lanes: i32) -> Option<i32> {
    let ControlRecord::Command(command) = record else { return None };
    match Aim::of(command).ok()? {
        Aim::Account(account) | Aim::Strategy(account, _) => {
            i32::try_from(placement(account.as_bytes(), lanes.unsigned_abs())).ok()
        }
        Aim::Lane(_) | Aim::Global | Aim::Instrument(_) => None,
    }
}

/// As every lane does; and that it says why.
fn judge_limit(limit: &RiskLimit<'_>) -> Result<(), String> {
    scope_of(limit)?;
    Bounds::of(limit)?;
    says_why(limit.reason)
}

/// As every lane does, as far as that needs no ledger; and that it says why.
fn judge_command(command: &Command<'_>, lanes: i32) -> Result<(), String> {
    match command.command {
        // They name account, order and instrument themselves; their scope is not looked at.
        CommandType::ForceRelease => {}
        CommandType::PositionAdjust => {
            let exact = command.qty.map(Numeral::exact).transpose();
            exact.map_err(|Overflow| "qty: more than 20 digits before or 18 after the point")?;
        }
        CommandType::Halt | CommandType::Reduce | CommandType::Resume | CommandType::CancelAll => {
            match Aim::of(command)? {
                Aim::Lane(lane) if lane >= lanes => {
                    return Err(format!("scope_id: there is no lane {lane}, there are {lanes}, from 0"));
                }
                _ => {}
            }
        }
    }
    says_why(command.reason)
}

fn says_why(reason: &str) -> Result<(), String> {
    if reason.trim().is_empty() { Err("reason: it says nothing".to_owned()) } else { Ok(()) }
}

/// As the lanes will: only the bytes show their number, and what a command cannot go without.
fn reread(value: &[u8]) -> Result<(), Malformed> {
    let schemas = Schemas::compiled();
    let body = schemas.open(RecordType::ControlRecord, value)?;
    wire::control::decode(&body).map(drop)
}
