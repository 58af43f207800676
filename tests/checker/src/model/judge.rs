//! Section 4: what must become of the first arrival of a key.

use super::Model;
use super::limits::Group;
use super::orders::{Order, Terms, Valued};
use super::prices::Prices;
use crate::avro::Value;
use crate::identity::order_id;
use crate::number::{Number, excess, zero};

/// What an accepted intent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    Order,
    Cancel { is_converted: bool },
}

/// The reasons that refuse an intent, in order of precedence, and what it becomes where there is none.
#[derive(Clone, Debug)]
pub struct Judged {
    pub reasons: Vec<&'static str>,
    pub becomes: Becomes,
    /// Money for each unit, where it is known.
    pub valuation: Option<Number>,
}

/// A NEW or REPLACE on its way through the checks.
#[derive(Clone, Debug)]
pub struct Proposal<'a> {
    pub account: &'a str,
    /// Whose limits and measures count: of a REPLACE, the order's.
    pub strategy: &'a str,
    /// Whose trading states count.
    pub strategies: Vec<&'a str>,
    pub instrument: &'a str,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub terms: Terms<'a>,
    pub is_new: bool,
    /// The order that is to be replaced.
    pub replaces: Option<String>,
    /// Whether it asks for nothing that cannot change.
    pub keeps: bool,
    /// What it adds to the reservations at worst.
    pub added: Number,
}

impl Judged {
    fn refused(reason: &'static str) -> Self {
        Self { reasons: vec![reason], becomes: Becomes::Order, valuation: None }
    }

    fn cancel(is_converted: bool) -> Self {
        Self { reasons: Vec::new(), becomes: Becomes::Cancel { is_converted }, valuation: None }
    }
}

impl<'a> Model<'a> {
    /// Checks 3 to 20, by the prices that its entry recorded.
    pub fn judge(&self, intent: &Value<'a>, prices: &Prices<'_>) -> Judged {
        let id = order_id(intent["account_id"].str(), intent["client_order_id"].str());
        let order = self.orders.get(&id);
        match intent["intent_type"].str() {
            "NEW" if order.is_some() => Judged::refused("IDEMPOTENCY_KEY_CONFLICT"),
            "NEW" => self.checked(&new_order(intent), prices),
            "CANCEL" if self.is_over(intent["expires_at"].long()) => Judged::refused("INTENT_EXPIRED"),
            kind => match order.filter(|order| order.instrument == intent["instrument_id"].str()) {
                None => Judged::refused("UNKNOWN_ORDER"),
                Some(order) if !order.is_open() => Judged::refused("TOO_LATE_TO_CANCEL"),
                Some(_) if kind == "CANCEL" => Judged::cancel(false),
                Some(order) => self.replace(intent, order, prices),
            },
        }
    }

    fn replace(&self, intent: &Value<'a>, order: &Order<'a>, prices: &Prices<'_>) -> Judged {
        if order.pending.is_some() {
            return Judged::refused("ORDER_PENDING_REPLACE");
        }
        if order.cancel_pending {
            return Judged::refused("ORDER_PENDING_CANCEL");
        }
        // New prices alone keep the order's total.
        let total = intent["order_qty"].number();
        if *total.as_ref().unwrap_or(&order.now.terms.qty) <= order.filled {
            return Judged::cancel(true);
        }
        self.checked(&replacement(intent, order), prices)
    }

    fn checked(&self, it: &Proposal<'a>, prices: &Prices<'_>) -> Judged {
        let groups = self.groups_of(it);
        if let Some(reason) = self.early(it, &groups) {
            return Judged::refused(reason);
        }
        let (reasons, valuation) = self.risk(it, &groups, prices);
        Judged { reasons, becomes: Becomes::Order, valuation }
    }

    fn groups_of<'m>(&'m self, it: &Proposal<'a>) -> Vec<Group<'m, 'a>> {
        self.limits.groups(it.account, Some(it.strategy), it.instrument)
    }

    pub(super) fn is_over(&self, expires_at: Option<i64>) -> bool {
        expires_at.is_some_and(|expires_at| self.clock >= expires_at)
    }

    /// Makes what was accepted happen, whether it should have been or not.
    pub fn accept(&mut self, intent: &Value<'a>, becomes: Becomes, valuation: Option<Number>) {
        let id = order_id(intent["account_id"].str(), intent["client_order_id"].str());
        if becomes != Becomes::Order {
            self.change(&id, |order| order.cancel_pending = true);
            return;
        }
        let is_new = intent["intent_type"].str() == "NEW";
        let proposal = match self.orders.get(&id) {
            Some(order) if !is_new => replacement(intent, order),
            None if is_new => new_order(intent),
            _ => return,
        };
        self.pace(&proposal);
        let valued = Valued { terms: proposal.terms, valuation: valuation.unwrap_or_else(zero) };
        if !is_new {
            self.change(&id, |order| order.pending = Some(valued));
            return;
        }
        let order = Order {
            account: proposal.account,
            strategy: proposal.strategy,
            instrument: proposal.instrument,
            client_order_id: intent["client_order_id"].str(),
            version: 0,
            last_intent: "",
            leaves: valued.terms.qty.clone(),
            now: valued,
            pending: None,
            cancel_pending: false,
            filled: zero(),
            is_dead: false,
        };
        self.holdings.reserve(&order, 1);
        self.accepted.push(id.clone());
        self.orders.insert(id, order);
    }
}

fn new_order<'a>(intent: &Value<'a>) -> Proposal<'a> {
    let terms = Terms::of(intent);
    let strategy = intent["strategy_id"].str();
    Proposal {
        account: intent["account_id"].str(),
        strategy,
        strategies: vec![strategy],
        instrument: intent["instrument_id"].str(),
        created_at: intent["created_at"].long().unwrap_or_default(),
        expires_at: intent["expires_at"].long(),
        added: terms.qty.clone(),
        terms,
        is_new: true,
        replaces: None,
        keeps: true,
    }
}

fn replacement<'a>(intent: &Value<'a>, order: &Order<'a>) -> Proposal<'a> {
    let now = &order.now.terms;
    let terms = now.replaced(intent);
    let keeps = intent["side"].text().is_none_or(|side| side == now.side.name())
        && intent["order_type"].text().is_none_or(|it| it == now.order_type)
        && intent["time_in_force"].text().is_none_or(|it| it == now.time_in_force)
        && intent["expire_time"].long().is_none_or(|it| Some(it) == now.expire_time);
    Proposal {
        account: order.account,
        strategy: order.strategy,
        strategies: vec![intent["strategy_id"].str(), order.strategy],
        instrument: order.instrument,
        created_at: intent["created_at"].long().unwrap_or_default(),
        expires_at: intent["expires_at"].long(),
        added: excess(&terms.qty - &order.filled - order.reserved()),
        terms,
        is_new: false,
        replaces: Some(order_id(order.account, order.client_order_id)),
        keeps,
    }
}
