//! Section 8: commands, and the cancels that they owe.

use onefill::core::control::{Command, CommandType, ControlResult, Scope};
use onefill::core::entry::EntryKind;
use onefill::core::ids::{Id, OrderId};
use onefill::core::intent::{IntentType, Side};
use onefill::core::order::Origin;

use super::expected::Expected;
use super::fills::Adjustment;
use super::limits::is_strategy;
use super::model::Model;
use super::number::{Amount, Rat, excess, int, is_countable, is_whole};
use super::orders::Order;
use super::states::{Place, State};
use super::sums::{Whose, signed};

/// A cancel that a command owes.
#[derive(Clone, Debug)]
pub struct Owed {
    pub order: OrderId,
    pub command_id: String,
}

impl Model {
    pub(super) fn command(&mut self, command: &Command<'_>) -> ControlResult {
        if self.answered.contains(command.command_id.as_str()) {
            return ControlResult::DuplicateCommand;
        }
        let result = match command.command {
            CommandType::ForceRelease => self.force_release(command),
            CommandType::PositionAdjust => self.position_adjust(command),
            _ => self.scoped(command),
        };
        if result != ControlResult::Invalid {
            self.answered.insert(command.command_id.to_string());
        }
        result
    }

    fn force_release(&mut self, command: &Command<'_>) -> ControlResult {
        let order_id = command.order_id.and_then(OrderId::parse);
        let (Some(account), Some(order_id)) = (command.account_id, order_id) else {
            return ControlResult::Invalid;
        };
        if !self.is_placed_here(account.as_str()) {
            return ControlResult::OtherLane;
        }
        match self.find(order_id).filter(|index| self.orders[*index].account == account.as_str()) {
            None => ControlResult::NotFound,
            Some(index) => {
                self.orders[index].dead = true;
                ControlResult::Applied
            }
        }
    }

    /// In every lane alike where it is INVALID, and else in the account's alone.
    fn position_adjust(&mut self, command: &Command<'_>) -> ControlResult {
        let Some(name) = command.instrument_id else { return ControlResult::Invalid };
        let Some(account) = command.account_id else { return ControlResult::Invalid };
        let is_here = self.is_placed_here(account.as_str());
        let Some(instrument) = self.instruments.get(name.as_str()) else {
            return if is_here { ControlResult::NotFound } else { ControlResult::OtherLane };
        };
        let Some(qty) = command.qty.map(Amount::of) else { return ControlResult::Invalid };
        let Some(qty) = qty.exact() else { return ControlResult::Invalid };
        if !is_whole(qty, &instrument.lot) || !is_countable(qty, &instrument.lot) {
            return ControlResult::Invalid;
        }
        if !is_here {
            return ControlResult::OtherLane;
        }
        self.adjustments.push(Adjustment {
            account: account.to_string(),
            strategy: command.strategy_id.map(|id| id.to_string()),
            instrument: name.to_string(),
            qty: qty.clone(),
        });
        if !self.is_countable() {
            self.adjustments.pop();
            return ControlResult::Invalid;
        }
        ControlResult::Applied
    }

    /// HALT, REDUCE, RESUME, CANCEL_ALL.
    fn scoped(&mut self, command: &Command<'_>) -> ControlResult {
        let place = (command.scope_type, command.scope_id.to_owned());
        if !self.is_place(&place) {
            return ControlResult::Invalid;
        }
        if place.0 == Scope::Lane && place.1 != self.partition.to_string() {
            return ControlResult::OtherLane;
        }
        let state = self.state(&place);
        let to = match command.command {
            CommandType::Halt => State::Halted,
            CommandType::Reduce => State::Reducing,
            CommandType::Resume => State::Active,
            _ => state,
        };
        let named = command.resumes.map(Id::as_str);
        let resumes = named.is_some() && self.holder(place.0, &place.1) == named;
        let is_resume_of_nothing = command.command == CommandType::Resume && state == State::Active;
        if is_resume_of_nothing || (to < state && !resumes) {
            return ControlResult::StaleResume;
        }
        let cancels = match command.command {
            CommandType::CancelAll => true,
            CommandType::Halt | CommandType::Reduce => command.cancel_open_orders,
            _ => false,
        };
        if cancels {
            self.owe(command, &place);
        }
        if command.command != CommandType::CancelAll {
            self.set(place, to, command.command_id.as_str());
        }
        ControlResult::Applied
    }

    /// Whether the id fits its type.
    fn is_place(&self, (scope, scope_id): &Place) -> bool {
        match scope {
            Scope::Global => scope_id.is_empty(),
            Scope::Account | Scope::Instrument => Id::parse(scope_id).is_some(),
            Scope::Strategy => is_strategy(scope_id),
            Scope::Lane => (0..self.count).any(|lane| lane.to_string() == *scope_id),
        }
    }

    fn owe(&mut self, command: &Command<'_>, place: &Place) {
        let spares = command.command == CommandType::Reduce;
        let mut full = Vec::new();
        let mut spared: Vec<((String, String, Side), Rat)> = Vec::new();
        let open: Vec<usize> = (0..self.orders.len())
            .filter(|index| is_in(&self.orders[*index], place) && self.is_open(&self.orders[*index]))
            .collect();
        for index in open {
            let order = &self.orders[index];
            let group = (order.account.clone(), order.instrument.clone(), order.terms.side);
            if spares && !full.contains(&group) {
                let sum: Rat = spared.iter().filter(|(of, _)| *of == group).map(|(_, qty)| qty.clone()).sum();
                let reserved = self.reserved(order);
                if sum + &reserved <= self.spareable(order, place) {
                    spared.push((group, reserved));
                    continue;
                }
                full.push(group);
            }
            let (order, command_id) = (order.id, command.command_id.to_string());
            if !self.owed.iter().any(|owed| owed.order == order) {
                self.owed.push(Owed { order, command_id });
            }
        }
    }

    /// Check 17's bound without reservations; of a strategy's scope, the smaller of its own and the account's.
    fn spareable(&self, order: &Order, place: &Place) -> Rat {
        let bound = |whose: Whose| {
            excess(signed(order.terms.side, &self.position(&whose, &order.instrument)) * int(-1))
        };
        let of_account = bound(Whose::account(&order.account));
        match place.0 {
            Scope::Strategy => of_account.min(bound(Whose::strategy(&order.account, &order.strategy))),
            _ => of_account,
        }
    }

    pub(super) fn owed_cancel(&mut self, owed: &Owed) -> Expected {
        let index = self.find(owed.order).expect("an order that is owed a cancel is known");
        self.orders[index].cancel_pending = true;
        let strategy = self.orders[index].strategy.clone();
        self.publish(index, IntentType::Cancel, &owed.command_id, &strategy, Origin::Control);
        let order = &self.orders[index];
        let after = self.after(&order.account, &order.instrument);
        let owed = self.sent.as_ref().map(|sent| sent.ids.clone());
        Expected { owed, after, ..self.bare(EntryKind::OwedCancel) }
    }

    /// Whether its order is still open; if not, it lapses at its turn.
    pub(super) fn is_still_open(&self, owed: &Owed) -> bool {
        self.find(owed.order).is_some_and(|index| self.is_open(&self.orders[index]))
    }

    /// Whether a cancel is owed to an order that is open.
    pub fn is_owing(&self) -> bool {
        self.owed.iter().any(|owed| self.is_still_open(owed))
    }
}

fn is_in(order: &Order, (scope, scope_id): &Place) -> bool {
    match scope {
        Scope::Global | Scope::Lane => true,
        Scope::Account => order.account == *scope_id,
        Scope::Strategy => format!("{}/{}", order.account, order.strategy) == *scope_id,
        Scope::Instrument => order.instrument == *scope_id,
    }
}
