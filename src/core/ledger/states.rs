//! Trading states: who may trade, and who said so.

use super::names::Name;
use super::{Ledger, table::Table};
use crate::core::control::Scope;
use crate::core::intent::Intent;
use crate::core::symbols::symbols;

symbols! {
    /// The ladder of trading states, from loose to strict.
    pub enum TradingState {
        /// All orders.
        Active = "ACTIVE",
        /// Only reducing orders.
        Reducing = "REDUCING",
        /// No orders; cancels pass.
        Halted = "HALTED",
    }
}

/// Whom a trading state is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKey {
    /// This partition.
    Lane,
    /// Everybody.
    Global,
    /// One account.
    Account(Name),
    /// One strategy of one account.
    Strategy(Name, Name),
    /// One instrument.
    Instrument(Name),
}

/// The trading state of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// How strict.
    pub state: TradingState,
    /// The command that a loosening one must name.
    pub holder: Box<str>,
}

impl Ledger {
    /// The strictest state over the scopes of an intent, and the narrowest scope that holds it.
    pub fn trading_state(&self, intent: &Intent<'_>) -> (TradingState, Scope) {
        let name = |text: &str| self.names.find(text);
        let account = name(intent.account_id.as_str());
        let strategy = account.zip(name(intent.strategy_id.as_str()));
        let scopes = [
            (Scope::Instrument, name(intent.instrument_id.as_str()).map(ScopeKey::Instrument)),
            (Scope::Strategy, strategy.map(|(account, strategy)| ScopeKey::Strategy(account, strategy))),
            (Scope::Account, account.map(ScopeKey::Account)),
            (Scope::Global, Some(ScopeKey::Global)),
            (Scope::Lane, Some(ScopeKey::Lane)),
        ];
        let states = scopes.into_iter().map(|(scope, key)| (state_of(&self.states, key), scope));
        let stricter = |held: (TradingState, Scope), next: (TradingState, Scope)| {
            if next.0 > held.0 { next } else { held }
        };
        states.fold((TradingState::Active, Scope::Instrument), stricter)
    }
}

fn state_of(states: &Table<ScopeKey, StateRow>, key: Option<ScopeKey>) -> TradingState {
    key.and_then(|key| states.find(&key)).map_or(TradingState::Active, |row| row.state)
}
