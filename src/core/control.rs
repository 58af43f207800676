//! What an operator says: the record on `control`, decoded and well formed.

use super::amount::Numeral;
use super::ids::Id;
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// Whether an instrument may be traded.
    pub enum InstrumentStatus {
        /// It may.
        Trading = "TRADING",
        /// Not now.
        Halted = "HALTED",
        /// Never again.
        Closed = "CLOSED",
    }
}

symbols! {
    /// Whom a limit is for.
    pub enum LimitScope {
        /// A template for each account, not a sum.
        Global = "GLOBAL",
        /// One account.
        Account = "ACCOUNT",
        /// One strategy of one account.
        Strategy = "STRATEGY",
    }
}

symbols! {
    /// Whether orders without a price are taken.
    pub enum MarketOrders {
        /// They are.
        Allow = "ALLOW",
        /// They are not.
        Reject = "REJECT",
    }
}

symbols! {
    /// What an anomaly does to the account.
    pub enum AnomalyPolicy {
        /// It is recorded.
        Warn = "WARN",
        /// The account may only reduce.
        Reduce = "REDUCE",
        /// The account may not trade.
        Halt = "HALT",
    }
}

symbols! {
    /// What an operator commands.
    pub enum CommandType {
        /// Refuse NEW and REPLACE.
        Halt = "HALT",
        /// Only reducing orders.
        Reduce = "REDUCE",
        /// Trade again.
        Resume = "RESUME",
        /// Cancel the scope's open orders.
        CancelAll = "CANCEL_ALL",
        /// The order is dead, whatever the venue says later.
        ForceRelease = "FORCE_RELEASE",
        /// A signed change of a position.
        PositionAdjust = "POSITION_ADJUST",
    }
}

symbols! {
    /// Whom a command, a trading state or a refusal is about, from wide to narrow.
    pub enum Scope {
        /// One partition of the router.
        Lane = "LANE",
        /// Everybody.
        Global = "GLOBAL",
        /// One account.
        Account = "ACCOUNT",
        /// One strategy of one account.
        Strategy = "STRATEGY",
        /// One instrument.
        Instrument = "INSTRUMENT",
    }
}

symbols! {
    /// What became of a control record in one lane.
    pub enum ControlResult {
        /// It is in force.
        Applied = "APPLIED",
        /// Its version is not above the one in force.
        StaleVersion = "STALE_VERSION",
        /// It would loosen a state without naming its holder.
        StaleResume = "STALE_RESUME",
        /// A command of that id was answered before.
        DuplicateCommand = "DUPLICATE_COMMAND",
        /// It would change what can never change for an instrument.
        ImmutableField = "IMMUTABLE_FIELD",
        /// What it is about is not known here.
        NotFound = "NOT_FOUND",
        /// Another lane acts on it.
        OtherLane = "OTHER_LANE",
        /// It cannot be read or obeyed; trading is halted, for it may have been a halt.
        Invalid = "INVALID",
    }
}

/// One record of the control log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlRecord<'a> {
    /// An instrument, or a new version of it.
    Instrument(InstrumentRecord<'a>),
    /// A set of limits, or a new version of it.
    RiskLimit(RiskLimit<'a>),
    /// A command.
    Command(Command<'a>),
}

/// What is traded, in which steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentRecord<'a> {
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// Where; can never change.
    pub venue: Id<'a>,
    /// In what money; can never change.
    pub currency: Id<'a>,
    /// The step of prices; can never change.
    pub tick_size: Numeral<'a>,
    /// The step of quantities; can never change.
    pub lot_size: Numeral<'a>,
    /// Smallest quantity.
    pub min_qty: Option<Numeral<'a>>,
    /// Largest quantity.
    pub max_qty: Option<Numeral<'a>>,
    /// Smallest `qty * abs(price) * multiplier`.
    pub min_notional: Option<Numeral<'a>>,
    /// Units of the underlying per contract; 1 unless said; can never change.
    pub contract_multiplier: Numeral<'a>,
    /// Whether prices may be zero or less.
    pub allow_negative_price: bool,
    /// Whether it may be traded.
    pub status: InstrumentStatus,
    /// Above the version before it.
    pub version: i64,
}

/// A set of limits of one scope. Zero means zero; absent means "not set here".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskLimit<'a> {
    /// Names the set; a later record of the same name replaces it whole.
    pub limit_id: Id<'a>,
    /// Above the version before it.
    pub version: i64,
    /// Whom it is for.
    pub scope_type: LimitScope,
    /// Empty, account, or `account/strategy`.
    pub scope_id: &'a str,
    /// An instrument, or `*`.
    pub instrument_id: &'a str,
    /// Largest quantity of one order.
    pub max_order_qty: Option<Numeral<'a>>,
    /// Largest value of one order.
    pub max_order_notional: Option<Numeral<'a>>,
    /// Largest long position, at worst-case fills.
    pub max_long_qty: Option<Numeral<'a>>,
    /// Largest short position, at worst-case fills, as a positive number.
    pub max_short_qty: Option<Numeral<'a>>,
    /// Largest gross exposure, in `currency`.
    pub max_gross_notional: Option<Numeral<'a>>,
    /// The money of `max_gross_notional`.
    pub currency: Option<Id<'a>>,
    /// Most open orders.
    pub max_open_orders: Option<i64>,
    /// Largest distance of a price from its reference, in hundredths of a percent.
    pub price_collar_bps: Option<i64>,
    /// Largest distance of a price from its reference, in money.
    pub price_collar_abs: Option<Numeral<'a>>,
    /// Oldest reference price that is used, in milliseconds.
    pub ref_max_age_ms: Option<i64>,
    /// Most accepted NEW and REPLACE in the window.
    pub max_orders: Option<i64>,
    /// Length of the window, in milliseconds.
    pub orders_window_ms: Option<i64>,
    /// How long an equal order is suspected, in milliseconds.
    pub dup_window_ms: Option<i64>,
    /// Oldest intent that is taken, in milliseconds.
    pub max_intent_age_ms: Option<i64>,
    /// Whether orders without a price are taken.
    pub market_orders: Option<MarketOrders>,
    /// What an anomaly does to the account.
    pub on_anomaly: Option<AnomalyPolicy>,
    /// Who set it.
    pub set_by: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// A command. Idempotent by `command_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Names the command for ever.
    pub command_id: Id<'a>,
    /// What is commanded.
    pub command: CommandType,
    /// Whom it is about.
    pub scope_type: Scope,
    /// Empty for GLOBAL; an account, `account/strategy`, an instrument, or a partition number.
    pub scope_id: &'a str,
    /// Whether HALT or REDUCE cancels open orders too.
    pub cancel_open_orders: bool,
    /// The holder of the state that this one loosens.
    pub resumes: Option<Id<'a>>,
    /// The account of a FORCE_RELEASE or POSITION_ADJUST.
    pub account_id: Option<Id<'a>>,
    /// The order of a FORCE_RELEASE.
    pub order_id: Option<&'a str>,
    /// The instrument of a POSITION_ADJUST.
    pub instrument_id: Option<Id<'a>>,
    /// The signed change of a POSITION_ADJUST.
    pub qty: Option<Numeral<'a>>,
    /// The strategy of a POSITION_ADJUST.
    pub strategy_id: Option<Id<'a>>,
    /// Who commands.
    pub issued_by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When it was issued.
    pub issued_at: Option<Time>,
}
