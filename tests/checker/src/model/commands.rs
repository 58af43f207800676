//! Section 8: commands, and the cancels that they owe.

use std::collections::HashMap;

use super::Model;
use super::limits::is_strategy;
use super::orders::{Order, Side};
use super::states::{Scope, State};
use crate::avro::Value;
use crate::intent::is_id;
use crate::number::{self, Number, excess, is_whole, zero};

impl<'a> Model<'a> {
    pub(super) fn command(&mut self, offset: i64, command: &Value<'a>) -> &'static str {
        let id = command["command_id"].str();
        if !is_id(id) {
            return "INVALID";
        }
        if self.commands.contains(id) {
            return "DUPLICATE_COMMAND";
        }
        let result = match command["command"].str() {
            "FORCE_RELEASE" => self.force_release(command),
            "POSITION_ADJUST" => self.position_adjust(command),
            _ => self.scoped(offset, command),
        };
        if result != "INVALID" {
            self.commands.insert(id);
        }
        result
    }

    fn force_release(&mut self, command: &Value<'a>) -> &'static str {
        let (Some(account), Some(order)) = (command["account_id"].text(), command["order_id"].text()) else {
            return "INVALID";
        };
        if order.len() != 32 || !is_id(account) {
            return "INVALID";
        }
        if !self.is_placed_here(account) {
            return "OTHER_LANE";
        }
        if self.orders.get(order).is_none_or(|known| known.account != account) {
            return "NOT_FOUND";
        }
        self.change(order, |order| order.is_dead = true);
        "APPLIED"
    }

    fn position_adjust(&mut self, command: &Value<'a>) -> &'static str {
        let Some(name) = command["instrument_id"].text() else { return "INVALID" };
        let Some(instrument) = self.instruments.get(name) else { return "NOT_FOUND" };
        let (Some(account), Some(text)) = (command["account_id"].text(), command["qty"].text()) else {
            return "INVALID";
        };
        let qty = number::parse(text).filter(|qty| number::fits(text) && is_whole(qty, &instrument.lot));
        let Some(qty) = qty else { return "INVALID" };
        if !self.is_placed_here(account) {
            return "OTHER_LANE";
        }
        self.holdings.trade(account, command["strategy_id"].text(), name, &qty);
        "APPLIED"
    }

    /// HALT, REDUCE, RESUME, CANCEL_ALL.
    fn scoped(&mut self, offset: i64, command: &Value<'a>) -> &'static str {
        let Some(scope) = self.scope(command) else { return "INVALID" };
        if scope.0 == "LANE" && scope.1 != self.partition.to_string() {
            return "OTHER_LANE";
        }
        let kind = command["command"].str();
        let state = self.states.of(&scope);
        let to = match kind {
            "HALT" => State::Halted,
            "REDUCE" => State::Reducing,
            "RESUME" => State::Active,
            _ => state,
        };
        let named = command["resumes"].text();
        let names_holder = named.is_some() && self.states.holder(&scope) == named;
        let resumes_nothing = kind == "RESUME" && state == State::Active;
        if resumes_nothing || (to < state && !names_holder) {
            return "STALE_RESUME";
        }
        let cancels = kind == "CANCEL_ALL" || (kind != "RESUME" && command["cancel_open_orders"].is_true());
        if cancels {
            self.owe(offset, command, &scope);
        }
        if kind != "CANCEL_ALL" {
            self.states.set(scope, to, command["command_id"].str());
        }
        "APPLIED"
    }

    /// The scope that a command names, if its id fits its type.
    fn scope(&self, command: &Value<'_>) -> Option<Scope> {
        let id = command["scope_id"].str();
        let (scope, fits) = match command["scope_type"].str() {
            "GLOBAL" => ("GLOBAL", id.is_empty()),
            "ACCOUNT" => ("ACCOUNT", is_id(id)),
            "INSTRUMENT" => ("INSTRUMENT", is_id(id)),
            "STRATEGY" => ("STRATEGY", is_strategy(id)),
            _ => ("LANE", (0..self.lanes).any(|lane| lane.to_string() == id)),
        };
        fits.then(|| (scope, id.to_owned()))
    }

    /// Cancels for the scope's open orders, in order of acceptance. REDUCE spares what check 17 would let through.
    fn owe(&mut self, offset: i64, command: &Value<'a>, scope: &Scope) {
        let spares = command["command"].str() == "REDUCE";
        let mut spared: HashMap<(&str, &str, Side), Option<Number>> = HashMap::new();
        let mut owed = Vec::new();
        for id in &self.accepted {
            let order = &self.orders[id];
            if !is_in(order, scope) || !order.is_open() {
                continue;
            }
            let group = (order.account, order.instrument, order.now.terms.side);
            let so_far = spared.entry(group).or_insert_with(|| Some(zero()));
            let sum = so_far.take().map(|sum| sum + order.reserved());
            *so_far = sum.filter(|sum| spares && *sum <= self.spareable(order, scope));
            if so_far.is_none() && !self.owed.iter().any(|(order, ..)| order == id) {
                owed.push((id.clone(), command["command_id"].str(), offset));
            }
        }
        self.owed.extend(owed);
    }

    /// Check 17's bound without reservations.
    fn spareable(&self, order: &Order<'_>, scope: &Scope) -> Number {
        let bound = |whose: &str| {
            let position = self.holdings.of(whose, order.instrument).position;
            excess(-order.now.terms.side.signed(position))
        };
        let own = bound(order.account);
        if scope.0 == "STRATEGY" {
            return own.min(bound(&format!("{}/{}", order.account, order.strategy)));
        }
        own
    }
}

fn is_in(order: &Order<'_>, (scope, id): &Scope) -> bool {
    match *scope {
        "ACCOUNT" => order.account == id,
        "INSTRUMENT" => order.instrument == id,
        "STRATEGY" => id.split_once('/') == Some((order.account, order.strategy)),
        _ => true,
    }
}
