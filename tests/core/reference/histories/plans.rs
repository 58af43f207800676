//! Plans: what is to happen, before it is known whose turn it is.

use onefill::core::control::{CommandType, InstrumentStatus, RiskLimit};
use onefill::core::execution::ExecType;
use onefill::core::intent::{IntentTerms, IntentType};
use onefill::core::price::PriceQuality;
use onefill::core::settings::Settings;

#[derive(Clone, Debug)]
pub struct History {
    pub rounds: Vec<Round>,
}

/// One batch.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Whether the lane is opened again before it, and by which settings.
    pub opens: Option<Settings>,
    /// How far the clock moves before it, in nanoseconds.
    pub advance: i64,
    pub prices: Vec<PricePlan>,
    pub control: Vec<ControlPlan>,
    /// Whether all that is not active is resumed first.
    pub calm: bool,
    pub reports: Vec<ReportPlan>,
    /// How many cancels are emitted of those that are owed.
    pub owed_max: usize,
    pub intents: Vec<IntentPlan>,
    /// Whether the whole batch is discarded and taken again.
    pub discarded: bool,
}

#[derive(Clone, Debug)]
pub struct PricePlan {
    /// Of the instrument.
    pub index: usize,
    pub price: &'static str,
    /// How old it is when it arrives, in nanoseconds.
    pub age: i64,
    pub quality: PriceQuality,
}

impl PricePlan {
    pub const fn fresh(index: usize) -> Self {
        Self { index, price: "1", age: 0, quality: PriceQuality::Good }
    }
}

/// Where a record lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Right,
    /// Under another record key.
    OtherKey,
    /// Under a key that is no id.
    OddKey,
    /// Under none.
    NoKey,
    /// Not to be read.
    Malformed,
}

#[derive(Clone, Debug)]
pub enum IntentPlan {
    Fresh(Box<FreshIntent>),
    /// One that was sent before.
    Again {
        pick: usize,
        how: Again,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Again {
    AsItWas,
    /// With another quantity.
    Changed,
    UnderAnotherKey,
}

#[derive(Clone, Debug)]
pub struct FreshIntent {
    pub intent_type: IntentType,
    pub account: &'static str,
    pub strategy: &'static str,
    pub instrument: usize,
    /// An order that is there, of those of a CANCEL or REPLACE; otherwise a name.
    pub target: Target,
    /// Before the clock, in nanoseconds.
    pub age: i64,
    /// After the clock, in nanoseconds.
    pub expires: Option<i64>,
    pub terms: IntentTerms<'static>,
    pub delivery: Delivery,
}

/// Which order is meant.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// One that is open.
    Open(usize),
    /// One that was accepted.
    Known(usize),
    /// Whatever is of that name.
    Named(&'static str),
    /// None.
    Nothing,
}

#[derive(Clone, Debug)]
pub enum ReportPlan {
    Fresh(Box<FreshReport>),
    /// One that was sent before.
    Again {
        pick: usize,
        how: Resent,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Resent {
    AsItWas,
    /// At another time.
    Later,
    /// With other words for people.
    Reworded,
}

#[derive(Clone, Debug)]
pub struct FreshReport {
    pub venue: &'static str,
    pub exec_type: ExecType,
    pub target: Target,
    /// Of the order's, or another one's.
    pub true_to_order: bool,
    pub account: &'static str,
    pub instrument: usize,
    pub sells: bool,
    /// `None` for one that nobody used.
    pub exec_id: Option<&'static str>,
    pub refers: Refers,
    pub last_qty: Quantity,
    pub total: Quantity,
    pub leaves: Option<Quantity>,
    pub reject_code: Option<i32>,
    /// Said, but without effect.
    pub cum_qty: Option<Quantity>,
    /// Whether a field that it needs is missing.
    pub lacks: bool,
    pub delivery: Delivery,
}

/// Which report is busted or corrected.
#[derive(Clone, Copy, Debug)]
pub enum Refers {
    /// A trade or a correction that was sent.
    Trade(usize),
    /// Any report that was sent.
    Sent(usize),
    /// Whatever is of that name, perhaps later.
    Named(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub enum Quantity {
    /// All that the order reserves.
    Reserved,
    /// The order's total.
    Total,
    /// That many lots of the instrument.
    Lots(i64),
    Text(&'static str),
}

#[derive(Clone, Debug)]
pub enum ControlPlan {
    Instrument {
        index: usize,
        newer: bool,
        status: InstrumentStatus,
        change: InstrumentChange,
    },
    Limit {
        newer: bool,
        limit: Box<RiskLimit<'static>>,
    },
    Command(Box<CommandPlan>),
    /// RESUME or REDUCE of a scope that is not active, in the name of its holder.
    Loosen {
        pick: usize,
        command: CommandType,
        cancels: bool,
    },
    Unreadable,
}

#[derive(Clone, Copy, Debug)]
pub enum InstrumentChange {
    None,
    /// Of what can never change.
    Immutable,
    /// Steps that are none.
    Impossible,
    /// Bounds that are tight.
    Bounded,
    /// Negative prices allowed or not, other than before.
    Negative,
}

#[derive(Clone, Debug)]
pub struct CommandPlan {
    /// `None` for one that nobody used.
    pub command_id: Option<&'static str>,
    pub command: CommandType,
    pub scope: (onefill::core::control::Scope, &'static str),
    pub cancels: bool,
    /// Named, though it is not the holder.
    pub resumes: Option<&'static str>,
    pub account: Option<&'static str>,
    pub target: Target,
    pub instrument: Option<usize>,
    pub qty: Option<Quantity>,
    pub sells: bool,
    pub strategy: Option<&'static str>,
}
