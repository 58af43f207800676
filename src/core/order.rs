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

    fn difference(&self, due: &Self) -> Option<&'static str> {
        let Self {
            side,
            order_type,
            order_qty,
            price,
            trigger_price,
            time_in_force,
            expire_time,
            post_only,
            reduce_only,
        } = *self;
        let same = [
            ("side", side == due.side),
            ("order_type", order_type == due.order_type),
            ("order_qty", order_qty == due.order_qty),
            ("price", price == due.price),
            ("trigger_price", trigger_price == due.trigger_price),
            ("time_in_force", time_in_force == due.time_in_force),
            ("expire_time", expire_time == due.expire_time),
            ("post_only", post_only == due.post_only),
            ("reduce_only", reduce_only == due.reduce_only),
        ];
        same.into_iter().find(|(_, is_same)| !is_same).map(|(field, _)| field)
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

impl Order<'_> {
    /// The first field, beside those that identify the record, that is another than it must be; `None` where all
    /// are the same.
    pub fn difference(&self, due: &Self) -> Option<&'static str> {
        let Self {
            command: _,
            order_id: _,
            order_version: _,
            intent_id,
            client_order_id,
            orig_intent_id,
            account_id,
            strategy_id,
            instrument_id,
            terms,
            expires_at,
            audit_seq: _,
            decided_at,
            origin,
        } = self;
        let same = [
            ("intent_id", *intent_id == due.intent_id),
            ("client_order_id", *client_order_id == due.client_order_id),
            ("orig_intent_id", *orig_intent_id == due.orig_intent_id),
            ("account_id", *account_id == due.account_id),
            ("strategy_id", *strategy_id == due.strategy_id),
            ("instrument_id", *instrument_id == due.instrument_id),
            ("expires_at", *expires_at == due.expires_at),
            ("decided_at", *decided_at == due.decided_at),
            ("origin", *origin == due.origin),
        ];
        let whole = same.into_iter().find(|(_, is_same)| !is_same).map(|(field, _)| field);
        whole.or_else(|| terms.difference(&due.terms))
    }
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
