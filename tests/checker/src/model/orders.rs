//! Orders, and what each may still fill.

use crate::avro::Value;
use crate::number::{Number, excess, zero};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    pub fn of(value: &Value<'_>) -> Self {
        if value.str() == "SELL" { Self::Sell } else { Self::Buy }
    }

    /// What a quantity of this side adds to a position.
    pub fn signed(self, quantity: Number) -> Number {
        if self == Self::Sell { -quantity } else { quantity }
    }

    pub fn name(self) -> &'static str {
        if self == Self::Sell { "SELL" } else { "BUY" }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms<'a> {
    pub side: Side,
    pub order_type: &'a str,
    pub qty: Number,
    pub price: Option<Number>,
    pub trigger: Option<Number>,
    pub time_in_force: &'a str,
    pub expire_time: Option<i64>,
    pub post_only: bool,
    pub reduce_only: bool,
}

impl<'a> Terms<'a> {
    /// The terms of a NEW, or of an order.
    pub fn of(value: &Value<'a>) -> Self {
        Self {
            side: Side::of(&value["side"]),
            order_type: value["order_type"].str(),
            qty: value["order_qty"].number().unwrap_or_else(zero),
            price: value["price"].number(),
            trigger: value["trigger_price"].number(),
            time_in_force: value["time_in_force"].str(),
            expire_time: value["expire_time"].long(),
            post_only: value["post_only"].is_true(),
            reduce_only: value["reduce_only"].is_true(),
        }
    }

    /// These terms, with what a REPLACE asks for.
    pub fn replaced(&self, intent: &Value<'a>) -> Self {
        let mut terms = self.clone();
        terms.qty = intent["order_qty"].number().unwrap_or(terms.qty);
        terms.price = intent["price"].number().or(terms.price);
        terms.trigger = intent["trigger_price"].number().or(terms.trigger);
        terms
    }
}

/// Terms with the money for each unit, before the multiplier: check 14's valuation, frozen at acceptance.
#[derive(Clone, Debug)]
pub struct Valued<'a> {
    pub terms: Terms<'a>,
    pub valuation: Number,
}

#[derive(Clone, Debug)]
pub struct Order<'a> {
    pub account: &'a str,
    pub strategy: &'a str,
    pub instrument: &'a str,
    pub client_order_id: &'a str,
    pub version: i64,
    /// The last accepted intent of the chain.
    pub last_intent: &'a str,
    /// In force; its quantity is the total.
    pub now: Valued<'a>,
    /// A replace that the venue has not answered.
    pub pending: Option<Valued<'a>>,
    pub cancel_pending: bool,
    pub filled: Number,
    pub leaves: Number,
    pub is_dead: bool,
}

impl<'a> Order<'a> {
    /// `max(leaves, pending_total − filled, 0)`, and nothing of a dead order.
    pub fn reserved(&self) -> Number {
        if self.is_dead {
            return zero();
        }
        let pending = self.pending.as_ref().map(|pending| &pending.terms.qty - &self.filled);
        self.leaves.clone().max(pending.unwrap_or_else(zero)).max(zero())
    }

    pub fn is_open(&self) -> bool {
        self.reserved() > zero()
    }

    /// The dearer one while a replace is pending.
    pub fn valuation(&self) -> &Number {
        let pending = self.pending.as_ref().map(|pending| &pending.valuation);
        pending.map_or(&self.now.valuation, |pending| pending.max(&self.now.valuation))
    }

    /// The terms that were published last, or that the venue has put in force since.
    pub fn published(&self) -> &Terms<'a> {
        self.pending.as_ref().map_or(&self.now.terms, |pending| &pending.terms)
    }

    /// A fill, or what a bust or correction changes of one.
    pub fn fill(&mut self, change: &Number) {
        self.filled += change;
        self.leaves = excess(&self.leaves - change);
    }
}
