//! `onefill control instrument`: what is traded, in which steps.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::{Saying, unsent};
use crate::cli::{Failure, Status};
use crate::core::amount::Numeral;
use crate::core::control::{ControlRecord, InstrumentRecord, InstrumentStatus};
use crate::core::ids::Id;
use crate::core::ledger;
use crate::shell::config::Config;
use crate::shell::instruct;

/// Set an instrument, or a new version of it.
///
/// Tick, lot, multiplier, currency and venue can never change for an instrument; the rest can, with
/// a higher version.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    onefill control instrument BTC-USD.SIM --currency USD --tick 0.01 --lot 0.001 --wait")]
pub(super) struct Instrument {
    #[command(flatten)]
    terms: Terms,
    /// Read the record from a file with one JSON object, named as in the schema; - is the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["instrument_id", "venue", "currency", "tick", "lot",
        "min_qty", "max_qty", "min_notional", "multiplier", "allow_negative_price", "status", "version"])]
    json: Option<PathBuf>,
    #[command(flatten)]
    saying: Saying,
}

#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    /// SYMBOL.VENUE
    #[arg(
        value_name = "INSTRUMENT",
        required_unless_present = "json",
        default_value = "",
        hide_default_value = true
    )]
    instrument_id: String,
    /// Where it is traded [default: what follows the last point of the name]
    #[arg(long)]
    venue: Option<String>,
    /// In what money
    #[arg(long, required_unless_present = "json")]
    currency: Option<String>,
    /// tick_size, the step of prices
    #[arg(long = "tick", id = "tick", value_name = "DECIMAL", required_unless_present = "json")]
    tick_size: Option<String>,
    /// lot_size, the step of quantities
    #[arg(long = "lot", id = "lot", value_name = "DECIMAL", required_unless_present = "json")]
    lot_size: Option<String>,
    /// Smallest quantity of an order
    #[arg(long, value_name = "DECIMAL")]
    min_qty: Option<String>,
    /// Largest quantity of an order
    #[arg(long, value_name = "DECIMAL")]
    max_qty: Option<String>,
    /// Smallest value of an order
    #[arg(long, value_name = "DECIMAL")]
    min_notional: Option<String>,
    /// contract_multiplier [default: 1]
    #[arg(long = "multiplier", id = "multiplier", value_name = "DECIMAL")]
    contract_multiplier: Option<String>,
    /// Prices may be zero or less
    #[arg(long)]
    #[serde(default)]
    allow_negative_price: bool,
    /// TRADING, HALTED or CLOSED [default: TRADING]
    #[arg(long)]
    status: Option<String>,
    /// Above the version before it [default: the next one]
    #[arg(long)]
    version: Option<i64>,
}

impl Instrument {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let terms = match &self.json {
            None => self.terms.clone(),
            Some(path) => read(path)?,
        };
        // Before anything is asked of the cluster: a slip in the terms shows at once.
        let mut record = terms.record()?;
        // What the lanes would answer INVALID halts trading everywhere: it is not sent.
        ledger::instrument::Instrument::new(&record)
            .map_err(|detail| Failure::usage(detail, "steps and multiplier are above zero"))?;
        if terms.version.is_none() {
            let newest = instruct::instrument_version(config, &terms.instrument_id).map_err(unsent)?;
            record.version = newest.map_or(1, |version| version.saturating_add(1));
        }
        let what = format!("{} version {}", record.instrument_id, record.version);
        self.saying.say(config, &what, &ControlRecord::Instrument(record))
    }
}

fn read(path: &PathBuf) -> Result<Terms, Failure> {
    let shown = path.display();
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::usage(format!("{shown}: {error}"), "name a readable file"))?;
    let remedy = "give the fields of Instrument in the control schema, decimals as strings";
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{shown}: {error}"), remedy))
}

impl Terms {
    fn record(&self) -> Result<InstrumentRecord<'_>, Failure> {
        let named = self.instrument_id.rsplit_once('.').map(|(_, venue)| venue);
        let one = "1".to_owned();
        let status = self.status.as_deref().unwrap_or("TRADING").to_uppercase();
        Ok(InstrumentRecord {
            instrument_id: id("instrument_id", Some(&self.instrument_id))?,
            venue: id("venue", self.venue.as_deref().or(named))?,
            currency: id("currency", self.currency.as_deref())?,
            tick_size: required("tick_size", self.tick_size.as_deref())?,
            lot_size: required("lot_size", self.lot_size.as_deref())?,
            min_qty: decimal("min_qty", self.min_qty.as_deref())?,
            max_qty: decimal("max_qty", self.max_qty.as_deref())?,
            min_notional: decimal("min_notional", self.min_notional.as_deref())?,
            contract_multiplier: match &self.contract_multiplier {
                Some(text) => required("contract_multiplier", Some(text))?,
                None => {
                    Numeral::parse(&one).and_then(exact).ok_or_else(|| wrong("contract_multiplier", &one))?
                }
            },
            allow_negative_price: self.allow_negative_price,
            status: InstrumentStatus::parse(&status).ok_or_else(|| {
                Failure::usage(format!("status {status} is none"), "say TRADING, HALTED or CLOSED")
            })?,
            version: self.version.unwrap_or(1),
        })
    }
}

fn exact<'a>(numeral: Numeral<'_>) -> Option<Numeral<'a>> {
    match numeral {
        Numeral::Exact(decimal) => Some(Numeral::Exact(decimal)),
        Numeral::Overlong(_) => None,
    }
}

fn id<'a>(field: &str, text: Option<&'a str>) -> Result<Id<'a>, Failure> {
    let text = text.unwrap_or_default();
    let remedy = "an id is 1 to 64 letters, digits and _ . : -";
    Id::parse(text).ok_or_else(|| Failure::usage(format!("{field} `{text}` is no id"), remedy))
}

fn required<'a>(field: &str, text: Option<&str>) -> Result<Numeral<'a>, Failure> {
    decimal(field, text)?.ok_or_else(|| Failure::usage(format!("{field} is missing"), "give it"))
}

fn decimal<'a>(field: &str, text: Option<&str>) -> Result<Option<Numeral<'a>>, Failure> {
    text.map(|text| Numeral::parse(text).and_then(exact).ok_or_else(|| wrong(field, text))).transpose()
}

fn wrong(field: &str, text: &str) -> Failure {
    Failure::usage(format!("{field} `{text}` is no decimal"), "such as 0.01, with at most 20 and 18 digits")
}
