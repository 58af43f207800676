//! What the router publishes on `orders`: an accepted intent, complete, for a venue gateway.

use super::amount::Decimal;
use super::ids::{Id, OrderId};
use super::intent::{IntentType, OrderType, Side, TimeInForce};
use super::symbols::symbols;
use super::time::Time;
use super::valuation::Pricing;

symbols! {
    /// Who caused an order record.
    pub enum Origin {
        /// A strategy's intent.
        Intent = "INTENT",
        /// An operator's command that cancels open orders.
        Control = "CONTROL",
    }
}

/// The terms of an order, exactly as accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// FIX 54.
    pub side: Side,
    /// FIX 40.
    pub order_type: OrderType,
    /// Total quantity; FIX 38.
    pub order_qty: Decimal,
    /// FIX 44.
    pub price: Option<Decimal>,
    /// FIX 99.
    pub trigger_price: Option<Decimal>,
    /// FIX 59.
    pub time_in_force: TimeInForce,
    /// FIX 126.
    pub expire_time: Option<Time>,
    /// FIX 18=6.
    pub post_only: bool,
    /// FIX 18=E.
    pub reduce_only: bool,
}

impl Terms {
    /// What makes its price.
    pub const fn pricing(&self) -> Pricing {
        let Self { order_type, side, price, trigger_price, .. } = *self;
        Pricing { order_type, side, price, trigger: trigger_price }
    }
}

/// One record on `orders`. A gateway stores `(order_id, order_version)` before it sends, and sends
/// at most once per pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// What the venue is to do.
    pub command: IntentType,
    /// Stable for life; venue ids derive from it.
    pub order_id: OrderId,
    /// 1 for a NEW, one more for each accepted cancel or replace.
    pub order_version: i32,
    /// The intent that was accepted, or the command that caused a cancel.
    pub intent_id: Id<'a>,
    /// The order's identity for its account.
    pub client_order_id: Id<'a>,
    /// The last accepted intent of the chain before this one; FIX 41. None for a NEW.
    pub orig_intent_id: Option<Id<'a>>,
    /// FIX 1.
    pub account_id: Id<'a>,
    /// Who is responsible.
    pub strategy_id: Id<'a>,
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// Complete, of a cancel too.
    pub terms: Terms,
    /// The gateway checks it again before it sends.
    pub expires_at: Option<Time>,
    /// The entry that allowed it, in the same partition number.
    pub audit_seq: u64,
    /// The router's clock.
    pub decided_at: Time,
    /// Who caused it.
    pub origin: Origin,
}

super::saved::saved!(Terms {
    side,
    order_type,
    order_qty,
    price,
    trigger_price,
    time_in_force,
    expire_time,
    post_only,
    reduce_only,
});
