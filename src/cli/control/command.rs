//! `onefill control halt`, `reduce`, `resume`, `cancel-all`, `release`, `adjust`: commands.

use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use super::saying::Saying;
use super::scope::Whom;
use crate::cli::{Failure, Status, values};
use crate::core::control::{CommandType, Scope};
use crate::core::ids::{Id, OrderId};
use crate::shell::clock;
use crate::shell::config::Config;
use crate::shell::instruct::{self, Draft, Kind};

/// What every command takes.
#[derive(Args, Debug)]
pub(super) struct Stated {
    /// Why, for those who read the trail
    #[arg(long, value_name = "TEXT", value_parser = values::words, help_heading = "Why and who")]
    reason: String,
    /// Who commands [default: the user of this process]
    #[arg(long, value_name = "NAME", value_parser = values::words, help_heading = "Why and who")]
    by: Option<String>,
    /// The command's own id, to send it again; one is made (a UUID, version 7) and told without it
    #[arg(long, value_name = "ID", value_parser = values::id, help_heading = "Why and who")]
    command_id: Option<String>,
    #[command(flatten)]
    saying: Saying,
}

/// Refuse NEW and REPLACE, also those that reduce a position; cancels pass.
///
/// The command becomes the holder of the state: `control resume` names it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefill control halt --account A1 --reason \"feed is wrong\" --wait")]
pub(super) struct Halt {
    #[command(flatten)]
    whom: Whom,
    /// Cancel all their open orders too
    #[arg(long, help_heading = "Options")]
    cancel_open_orders: bool,
    #[command(flatten)]
    stated: Stated,
}

/// Take only orders that reduce a position.
///
/// The command becomes the holder of the state: `control resume` names it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    onefill control reduce --account A1 --strategy S1 --reason \"over its loss limit\" --wait")]
pub(super) struct Reduce {
    #[command(flatten)]
    whom: Whom,
    /// Cancel their open orders too, but for those that reduce a position
    #[arg(long, help_heading = "Options")]
    cancel_open_orders: bool,
    /// What halted them: a command's id, anomaly-PARTITION-SEQ or control-OFFSET; needed where they are halted
    #[arg(long, value_name = "HOLDER", value_parser = values::id, help_heading = "Options")]
    resumes: Option<String>,
    #[command(flatten)]
    stated: Stated,
}

/// Trade again. Must name what holds the state now, so that nobody lifts a halt unseen.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    onefill audit show --kind CONTROL --last 5     shows the commands with their ids\n  \
    onefill control resume --account A1 --resumes ID --reason \"feed is back\" --wait")]
pub(super) struct Resume {
    #[command(flatten)]
    whom: Whom,
    /// The holder: a command's id, anomaly-PARTITION-SEQ or control-OFFSET
    #[arg(long, value_name = "HOLDER", value_parser = values::id, help_heading = "Options")]
    resumes: String,
    #[command(flatten)]
    stated: Stated,
}

/// Cancel all open orders, once. Trading goes on.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  onefill control cancel-all --instrument ESZ6.XCME --reason \"roll\" --wait"
)]
pub(super) struct CancelAll {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    stated: Stated,
}

/// Take an order for dead, whatever the venue says later (FORCE_RELEASE).
///
/// Its reservation is freed, so be sure that the venue does not have it: a later fill is applied, and
/// counts as LATE_FILL.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["order", "client_order_id"]),
    after_help = "Example:\n  \
    onefill control release --account A1 --client-order-id o-17 --reason \"venue has no such order\" --wait")]
pub(super) struct Release {
    /// The account of the order
    #[arg(long, value_parser = values::id)]
    account: String,
    /// order_id, 32 hex digits
    #[arg(long, value_name = "ORDER_ID", value_parser = values::order_id)]
    order: Option<String>,
    /// The order's client_order_id; the order_id follows from it
    #[arg(long, value_name = "ID", value_parser = values::id)]
    client_order_id: Option<String>,
    #[command(flatten)]
    stated: Stated,
}

/// Change a position that was booked elsewhere (POSITION_ADJUST).
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    onefill control adjust --account A1 --instrument ESZ6.XCME --qty -2 --reason \"given up to A2\" --wait")]
pub(super) struct Adjust {
    /// Whose position
    #[arg(long, value_parser = values::id)]
    account: String,
    /// The strategy whose position it is too
    #[arg(long, value_parser = values::id)]
    strategy: Option<String>,
    /// In what
    #[arg(long, value_parser = values::id)]
    instrument: String,
    /// What is added to the position, in whole lots; below zero takes away
    #[arg(long, value_name = "SIGNED", allow_negative_numbers = true, value_parser = values::decimal)]
    qty: String,
    #[command(flatten)]
    stated: Stated,
}

impl Halt {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let more = json!({ "cancel_open_orders": self.cancel_open_orders });
        self.stated.say(config, CommandType::Halt, self.whom.scope(), more)
    }
}

impl Reduce {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let more = json!({ "cancel_open_orders": self.cancel_open_orders, "resumes": self.resumes });
        self.stated.say(config, CommandType::Reduce, self.whom.scope(), more)
    }
}

impl Resume {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let more = json!({ "resumes": self.resumes });
        self.stated.say(config, CommandType::Resume, self.whom.scope(), more)
    }
}

impl CancelAll {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        self.stated.say(config, CommandType::CancelAll, self.whom.scope(), json!({}))
    }
}

impl Release {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let named = Id::parse(&self.account).zip(self.client_order_id.as_deref().and_then(Id::parse));
        let derived = named.map(|(account, order)| OrderId::of(account, order).to_string());
        let more = json!({ "account_id": self.account, "order_id": self.order.clone().or(derived) });
        self.stated.say(config, CommandType::ForceRelease, (Scope::Account, self.account.clone()), more)
    }
}

impl Adjust {
    pub(super) fn run(&self, config: &Config) -> Result<Status, Failure> {
        let more = json!({
            "account_id": self.account, "strategy_id": self.strategy,
            "instrument_id": self.instrument, "qty": self.qty,
        });
        self.stated.say(config, CommandType::PositionAdjust, (Scope::Account, self.account.clone()), more)
    }
}

impl Stated {
    fn say(
        &self,
        config: &Config,
        command: CommandType,
        (scope, scope_id): (Scope, String),
        more: Value,
    ) -> Result<Status, Failure> {
        let made = self.command_id.is_none().then(|| uuid::Uuid::now_v7().to_string());
        let mut fields = Map::new();
        fields.insert("command_id".to_owned(), self.command_id.clone().or_else(|| made.clone()).into());
        fields.insert("command".to_owned(), command.name().into());
        fields.insert("scope_type".to_owned(), scope.name().into());
        fields.insert("scope_id".to_owned(), scope_id.into());
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        let said = instruct::Said {
            by: self.by.clone().unwrap_or_else(instruct::operator),
            reason: Some(self.reason.clone()),
            at: clock::now(),
        };
        let draft = Draft::new(Kind::Command, None, fields, &said);
        self.saying.say(config, vec![draft], made.as_deref())
    }
}
