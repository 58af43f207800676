//! Whom a command or a limit is about.

use clap::{ArgGroup, Args};

use crate::cli::values;
use crate::core::control::Scope;

/// Everybody, an account, a strategy of an account.
#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Owner {
    /// Everybody
    #[arg(long)]
    global: bool,
    /// One account
    #[arg(long, value_parser = values::id)]
    account: Option<String>,
    /// One strategy of that account
    // The requirement alone lets --global --strategy pass, for what the account excludes is not asked for.
    #[arg(long, requires = "account", conflicts_with = "global", value_parser = values::id)]
    strategy: Option<String>,
}

/// Whom a command is about: exactly one of them, a strategy with its account.
#[derive(Args, Debug)]
#[group(skip)]
#[command(next_help_heading = "Whom it is about",
    group = ArgGroup::new("whom").required(true).args(["global", "account", "instrument", "lane"]))]
pub(super) struct Whom {
    #[command(flatten)]
    owner: Owner,
    /// One instrument, of any account
    #[arg(long, conflicts_with = "strategy", value_parser = values::id)]
    instrument: Option<String>,
    /// One partition of the router, by its number from 0 on
    #[arg(long, value_name = "NUMBER", conflicts_with = "strategy", allow_negative_numbers = true)]
    lane: Option<u32>,
}

impl Owner {
    /// Type and id of the scope, as records have them.
    pub(super) fn scope(&self) -> (Scope, String) {
        match (&self.account, &self.strategy) {
            (Some(account), Some(strategy)) => (Scope::Strategy, format!("{account}/{strategy}")),
            (Some(account), None) => (Scope::Account, account.clone()),
            (None, _) => (Scope::Global, String::new()),
        }
    }
}

impl Whom {
    /// Type and id of the scope, as records have them.
    pub(super) fn scope(&self) -> (Scope, String) {
        match (&self.instrument, self.lane) {
            (Some(instrument), _) => (Scope::Instrument, instrument.clone()),
            (None, Some(lane)) => (Scope::Lane, lane.to_string()),
            (None, None) => self.owner.scope(),
        }
    }
}
