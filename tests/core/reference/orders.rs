//! Orders and their terms, and what was accepted when.

use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentType, OrderType, Side, TimeInForce};
use onefill::core::order::Origin;
use onefill::core::time::Time;

use super::expected::{Sent, SentTerms};
use super::model::Model;
use super::number::{Amount, Rat, text, zero};

/// An accepted NEW, and what became of it.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: OrderId,
    pub account: String,
    pub strategy: String,
    pub instrument: String,
    pub client_order_id: String,
    /// The entry that accepted its NEW.
    pub seq: u64,
    pub version: i32,
    /// The last accepted intent of the chain.
    pub last_intent: String,
    /// In force; its quantity is the total.
    pub terms: Terms,
    /// Money for each unit, before the multiplier.
    pub valuation: Rat,
    pub pending: Option<Pending>,
    pub cancel_pending: bool,
    pub leaves: Rat,
    pub dead: bool,
}

/// A replace that the venue has not answered.
#[derive(Clone, Debug)]
pub struct Pending {
    pub terms: Terms,
    pub valuation: Rat,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub side: Side,
    pub order_type: OrderType,
    pub qty: Amount,
    pub price: Option<Amount>,
    pub trigger: Option<Amount>,
    pub time_in_force: TimeInForce,
    pub expire_time: Option<Time>,
    pub post_only: bool,
    pub reduce_only: bool,
}

/// An accepted NEW or REPLACE.
#[derive(Clone, Debug)]
pub struct Acceptance {
    pub at: Time,
    pub account: String,
    pub strategy: String,
    pub instrument: String,
    /// Of a NEW.
    pub terms: Option<Terms>,
}

impl Order {
    /// The terms that were published last, or that the venue put into force since.
    pub fn published_terms(&self) -> &Terms {
        self.pending.as_ref().map_or(&self.terms, |pending| &pending.terms)
    }

    pub fn total(&self) -> &Rat {
        &self.terms.qty.value
    }

    /// The dearer valuation while a replace is pending.
    pub fn dearest(&self) -> &Rat {
        self.pending.as_ref().map_or(&self.valuation, |pending| self.valuation.max_ref(&pending.valuation))
    }
}

trait MaxRef {
    fn max_ref<'a>(&'a self, other: &'a Self) -> &'a Self;
}

impl MaxRef for Rat {
    fn max_ref<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self < other { other } else { self }
    }
}

impl Model {
    /// What the trades that count for it come to.
    pub(super) fn filled(&self, order: &Order) -> Rat {
        self.trades().filter(|trade| trade.order == Some(order.id)).map(|trade| trade.worth.clone()).sum()
    }

    /// What may still be filled.
    pub(super) fn reserved(&self, order: &Order) -> Rat {
        if order.dead {
            return zero();
        }
        let filled = self.filled(order);
        let pending = order.pending.as_ref().map(|pending| &pending.terms.qty.value - filled);
        order.leaves.clone().max(pending.unwrap_or_else(zero)).max(zero())
    }

    pub(super) fn is_open(&self, order: &Order) -> bool {
        self.reserved(order) > zero()
    }

    /// Publishes the next version of an order, as this intent asks for it.
    pub(super) fn send(&mut self, index: usize, command: IntentType, intent: &Intent<'_>) {
        let strategy = intent.strategy_id.as_str();
        self.publish(index, command, intent.intent_id.as_str(), strategy, Origin::Intent);
        self.sent.iter_mut().for_each(|sent| sent.expires_at = intent.expires_at);
    }

    pub(super) fn publish(
        &mut self,
        index: usize,
        command: IntentType,
        intent_id: &str,
        strategy: &str,
        origin: Origin,
    ) {
        let (audit_seq, decided_at) = (self.seq, self.clock);
        let order = &mut self.orders[index];
        order.version += 1;
        let before = order.last_intent.clone();
        if origin == Origin::Intent {
            intent_id.clone_into(&mut order.last_intent);
        }
        let ids = [&order.account, strategy, &order.instrument, intent_id, &order.client_order_id];
        self.sent = Some(Sent {
            command,
            order_id: order.id,
            order_version: order.version,
            orig_intent_id: (command != IntentType::New).then_some(before),
            ids: ids.map(str::to_owned),
            terms: order.published_terms().as_sent(),
            expires_at: None,
            audit_seq,
            decided_at,
            origin,
        });
    }
}

impl Terms {
    fn as_sent(&self) -> SentTerms {
        let price = |amount: &Amount| text(&amount.value).expect("what was accepted is a decimal");
        SentTerms {
            side: self.side,
            order_type: self.order_type,
            order_qty: price(&self.qty),
            price: self.price.as_ref().map(price),
            trigger_price: self.trigger.as_ref().map(price),
            time_in_force: self.time_in_force,
            expire_time: self.expire_time,
            post_only: self.post_only,
            reduce_only: self.reduce_only,
        }
    }
}
