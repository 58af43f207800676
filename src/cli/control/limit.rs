//! `onefill control limit`: how much may be done.

use std::path::PathBuf;

use clap::{ArgGroup, Args, value_parser};
use serde::Serialize;

use super::drafts;
use super::saying::Saying;
use super::scope::Owner;
use crate::cli::{Failure, Status, values};
use crate::core::bounds::WINDOW_MS_MAX;
use crate::core::control::{AnomalyPolicy, MarketOrders};
use crate::shell::clock;
use crate::shell::config::Config;
use crate::shell::instruct::{Kind, Said, operator};

/// Set the limits of an account, of a strategy, or of all accounts each.
///
/// A record replaces the former one of its --limit-id whole: what is not given again is not set any more.
/// --global limits each account for itself, not their sum. 0 means zero; absent means "not set here".
/// Without max_order_qty, max_long_qty and max_short_qty, each from some record, nothing is traded.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("whom").required(true).args(["global", "account", "file"]),
    after_help = "Examples:\n  \
    onefill control limit --limit-id A1 --account A1 --max-order-qty 10 --max-long-qty 100 --max-short-qty 100 \
    --reason \"first limits\" --wait\n  \
    onefill control limit --file limits.jsonl --reason \"new quarter\" --wait"
)]
pub(super) struct Limit {
    /// Names the set
    #[arg(long, value_name = "ID", required_unless_present = "file", value_parser = values::id)]
    limit_id: Option<String>,
    /// Above the version before it [default: the next one]
    #[arg(long, allow_negative_numbers = true, value_parser = value_parser!(i64).range(0..))]
    version: Option<i64>,
    #[command(flatten)]
    owner: Owner,
    /// For one instrument [default: *, for all of them]
    #[arg(long, value_parser = instrument)]
    instrument: Option<String>,
    /// JSON lines, a set of limits a line, with the field names of the schema; - is the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["limit_id", "version", "strategy", "instrument", "values"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    values: Values,
    /// Why, for those who read the trail; of a file for the rows that do not say
    #[arg(long, value_name = "TEXT", required_unless_present = "file", value_parser = values::words,
        help_heading = "Why and who")]
    reason: Option<String>,
    /// Who sets it [default: the user of this process]
    #[arg(long, value_name = "NAME", value_parser = values::words, help_heading = "Why and who")]
    by: Option<String>,
    #[command(flatten)]
    saying: Saying,
}

/// Fields by the names of the schema.
#[derive(Args, Debug, Serialize)]
#[group(id = "values")]
#[command(next_help_heading = "Limits")]
struct Values {
    /// Largest quantity of one order
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    max_order_qty: Option<String>,
    /// Largest value of one order, in its instrument's currency
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    max_order_notional: Option<String>,
    /// Largest long position of each instrument, if everything open were filled
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    max_long_qty: Option<String>,
    /// Largest short position of each instrument, as a positive number
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    max_short_qty: Option<String>,
    /// Largest gross exposure, in --currency
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, requires = "currency", value_parser = values::amount)]
    max_gross_notional: Option<String>,
    /// The money of --max-gross-notional, such as USD
    #[arg(long, value_parser = values::id)]
    currency: Option<String>,
    /// Most open orders
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = value_parser!(i64).range(0..))]
    max_open_orders: Option<i64>,
    /// Largest distance of a price from its reference, in hundredths of a percent
    #[arg(long, value_name = "BPS", allow_negative_numbers = true, value_parser = value_parser!(i64).range(0..))]
    price_collar_bps: Option<i64>,
    /// Largest distance of a price from its reference, in money
    #[arg(long, value_name = "DECIMAL", allow_negative_numbers = true, value_parser = values::amount)]
    price_collar_abs: Option<String>,
    /// Oldest reference price that is used, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = value_parser!(i64).range(0..))]
    ref_max_age_ms: Option<i64>,
    /// Most accepted NEW and REPLACE in --orders-window-ms
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, requires = "orders_window_ms",
        value_parser = value_parser!(i64).range(0..))]
    max_orders: Option<i64>,
    /// Length of the window of --max-orders, in milliseconds, up to 3600000
    #[arg(long, value_name = "MS", allow_negative_numbers = true, requires = "max_orders",
        value_parser = value_parser!(i64).range(0..=WINDOW_MS_MAX))]
    orders_window_ms: Option<i64>,
    /// How long an equal order is suspected to be a duplicate, in milliseconds, up to 3600000
    #[arg(long, value_name = "MS", allow_negative_numbers = true,
        value_parser = value_parser!(i64).range(0..=WINDOW_MS_MAX))]
    dup_window_ms: Option<i64>,
    /// Oldest intent that is taken, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = value_parser!(i64).range(0..))]
    max_intent_age_ms: Option<i64>,
    /// Whether orders of type MARKET are taken
    #[arg(long, ignore_case = true, value_parser = values::symbol(MarketOrders::ALL.iter().map(|it| it.name())))]
    market_orders: Option<String>,
    /// What an odd execution report does to the account: nothing, only reducing orders, no trading
    #[arg(long, ignore_case = true, value_parser = values::symbol(AnomalyPolicy::ALL.iter().map(|it| it.name())))]
    on_anomaly: Option<String>,
}

fn instrument(text: &str) -> Result<String, String> {
    if text == "*" { Ok(text.to_owned()) } else { values::id(text) }
}

impl Limit {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let (scope, scope_id) = self.owner.scope();
        let mut flags = values::fields(&self.values);
        flags.insert("limit_id".to_owned(), self.limit_id.clone().into());
        flags.insert("version".to_owned(), self.version.into());
        flags.insert("scope_type".to_owned(), scope.name().into());
        flags.insert("scope_id".to_owned(), scope_id.into());
        flags.insert("instrument_id".to_owned(), self.instrument.clone().into());
        let by = self.by.clone().unwrap_or_else(operator);
        let said = Said { by, reason: self.reason.clone(), at: clock::now() };
        let drafts = drafts(Kind::RiskLimit, self.file.as_deref(), flags, &said)?;
        self.saying.say(config, drafts, None)
    }
}
