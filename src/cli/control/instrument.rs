//! `onefill control instrument`: what is traded, in which steps.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::drafts;
use super::saying::Saying;
use crate::cli::{Failure, Status, values};
use crate::core::control::InstrumentStatus;
use crate::shell::config::Config;
use crate::shell::instruct::{Kind, Said};

/// Set an instrument, or a new version of it.
///
/// Tick, lot, multiplier, currency and venue can never change for an instrument; the rest can, with
/// a higher version.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    onefill control instrument BTC-USD.SIM --currency USD --tick 0.01 --lot 0.001 --wait\n  \
    onefill control instrument --file instruments.jsonl --wait")]
pub(super) struct Instrument {
    #[command(flatten)]
    terms: Terms,
    /// JSON lines, an instrument a line, with the field names of the schema; - is the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "terms")]
    file: Option<PathBuf>,
    #[command(flatten)]
    saying: Saying,
}

/// Fields by the names of the schema.
#[derive(Args, Debug, Serialize)]
#[group(id = "terms")]
struct Terms {
    /// SYMBOL.VENUE
    #[arg(value_name = "INSTRUMENT", required_unless_present = "file", value_parser = values::id)]
    instrument_id: Option<String>,
    /// Where it is traded [default: what follows the last point of the name]
    #[arg(long, value_parser = values::id)]
    venue: Option<String>,
    /// In what money, such as USD
    #[arg(long, required_unless_present = "file", value_parser = values::id)]
    currency: Option<String>,
    /// tick_size, the step of prices, above zero
    #[arg(long = "tick", value_name = "DECIMAL", required_unless_present = "file",
        allow_negative_numbers = true, value_parser = values::step)]
    tick_size: Option<String>,
    /// lot_size, the step of quantities, above zero
    #[arg(long = "lot", value_name = "DECIMAL", required_unless_present = "file",
        allow_negative_numbers = true, value_parser = values::step)]
    lot_size: Option<String>,
    /// Smallest quantity of an order
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    min_qty: Option<String>,
    /// Largest quantity of an order
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    max_qty: Option<String>,
    /// Smallest value of an order, in its currency
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    min_notional: Option<String>,
    /// contract_multiplier, units of the underlying per contract, above zero [default: 1]
    #[arg(long = "multiplier", value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::step)]
    contract_multiplier: Option<String>,
    /// Prices may be zero or less
    #[arg(long)]
    allow_negative_price: bool,
    /// Whether it may be traded: CLOSED is never again [default: TRADING]
    #[arg(long, ignore_case = true, value_parser = values::symbol(InstrumentStatus::ALL.iter().map(|it| it.name())))]
    status: Option<String>,
    /// Above the version before it [default: the next one]
    #[arg(long)]
    version: Option<i64>,
}

impl Instrument {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let flags = values::fields(&self.terms);
        let drafts = drafts(Kind::Instrument, self.file.as_deref(), flags, &Said::default())?;
        self.saying.say(config, drafts, None)
    }
}
