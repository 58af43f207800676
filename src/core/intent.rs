//! What a strategy asks for: the record on `intents`, decoded and well formed.

use super::amount::Numeral;
use super::ids::Id;
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// What the intent asks for; FIX 35.
    pub enum IntentType {
        /// A new order; FIX 35=D.
        New = "NEW",
        /// To cancel what is left of an order; FIX 35=F.
        Cancel = "CANCEL",
        /// New terms for an order; FIX 35=G.
        Replace = "REPLACE",
    }
}

symbols! {
    /// FIX 54.
    pub enum Side {
        /// To buy.
        Buy = "BUY",
        /// To sell.
        Sell = "SELL",
    }
}

symbols! {
    /// FIX 40.
    pub enum OrderType {
        /// At any price.
        Market = "MARKET",
        /// At `price` or better.
        Limit = "LIMIT",
        /// At any price, once the market has reached `trigger_price`.
        Stop = "STOP",
        /// At `price` or better, once the market has reached `trigger_price`.
        StopLimit = "STOP_LIMIT",
    }
}

impl OrderType {
    /// Whether an order of this type has a limit price.
    pub const fn has_price(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// Whether an order of this type has a trigger price.
    pub const fn has_trigger(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

symbols! {
    /// How long an order stays in the market; FIX 59.
    pub enum TimeInForce {
        /// Until the end of the trading day.
        Day = "DAY",
        /// Until it is cancelled.
        Gtc = "GTC",
        /// What can be filled at once; the rest is cancelled.
        Ioc = "IOC",
        /// All at once, or nothing.
        Fok = "FOK",
        /// Until `expire_time`.
        Gtd = "GTD",
    }
}

/// An intent, borrowed from the bytes of its record.
///
/// Well formed means: all required and conditional fields are there, in their formats and sizes.
/// Whether the terms make sense is for the checks to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent<'a> {
    /// What is asked for.
    pub intent_type: IntentType,
    /// The idempotency key, unique per account for ever; FIX 11.
    pub intent_id: Id<'a>,
    /// FIX 1.
    pub account_id: Id<'a>,
    /// Who is responsible.
    pub strategy_id: Id<'a>,
    /// The order's identity for its whole life.
    pub client_order_id: Id<'a>,
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// When the strategy decided.
    pub created_at: Time,
    /// Not to be routed at or after this.
    pub expires_at: Option<Time>,
    /// The order's terms, as far as the intent gives them.
    pub terms: IntentTerms<'a>,
    /// Carried to the entry; not in the fingerprint.
    pub correlation_id: Option<&'a str>,
    /// Carried to the entry, in the order of the record; not in the fingerprint.
    pub tags: Vec<(&'a str, &'a str)>,
}

/// The terms that an intent gives. Of a NEW `side`, `order_type`, `order_qty`, `time_in_force` are
/// present; of a REPLACE one of `order_qty`, `price`, `trigger_price`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntentTerms<'a> {
    /// FIX 54.
    pub side: Option<Side>,
    /// FIX 40.
    pub order_type: Option<OrderType>,
    /// The total quantity, in a REPLACE too; FIX 38.
    pub order_qty: Option<Numeral<'a>>,
    /// FIX 44.
    pub price: Option<Numeral<'a>>,
    /// FIX 99.
    pub trigger_price: Option<Numeral<'a>>,
    /// FIX 59.
    pub time_in_force: Option<TimeInForce>,
    /// FIX 126.
    pub expire_time: Option<Time>,
    /// To be rejected by the venue rather than take liquidity; FIX 18=6.
    pub post_only: bool,
    /// Never to increase a position; FIX 18=E.
    pub reduce_only: bool,
}
