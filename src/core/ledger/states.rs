//! Trading states: who may trade, and who said so.

use super::Ledger;
use super::names::Name;
use super::owner::Owner;
use crate::core::control::Scope;
use crate::core::saved::{Damaged, Loading, Saved};
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
    /// The state of one scope, with its holder; `None` while it is ACTIVE.
    pub fn state_of(&self, scope: ScopeKey) -> Option<&StateRow> {
        self.states.find(&scope).filter(|row| row.state > TradingState::Active)
    }

    /// The strictest state over the scopes of an order, and the narrowest scope that holds it.
    pub fn trading_state(&self, account: Name, strategy: Name, instrument: Name) -> (TradingState, Scope) {
        let scopes = [
            (Scope::Instrument, ScopeKey::Instrument(instrument)),
            (Scope::Strategy, ScopeKey::Strategy(account, strategy)),
            (Scope::Account, ScopeKey::Account(account)),
            (Scope::Global, ScopeKey::Global),
            (Scope::Lane, ScopeKey::Lane),
        ];
        let states = scopes.into_iter().filter_map(|(scope, key)| Some((self.state_of(key)?.state, scope)));
        let stricter = |held: (TradingState, Scope), next: (TradingState, Scope)| {
            if next.0 > held.0 { next } else { held }
        };
        states.fold((TradingState::Active, Scope::Instrument), stricter)
    }

    /// Every scope that is not ACTIVE, in no order.
    pub fn restrictions(&self) -> impl Iterator<Item = (ScopeKey, &StateRow)> {
        self.states.rows().filter(|(_, row)| row.state > TradingState::Active).map(|(key, row)| (*key, row))
    }

    /// A scope as commands name it; of LANE the partition number.
    pub fn scope_text(&self, scope: ScopeKey) -> (Scope, String) {
        match scope {
            ScopeKey::Lane => (Scope::Lane, self.placement.partition.to_string()),
            ScopeKey::Global => (Scope::Global, String::new()),
            ScopeKey::Account(account) => (Scope::Account, self.text(account).to_owned()),
            ScopeKey::Strategy(account, strategy) => {
                (Scope::Strategy, self.owner_text(Owner::strategy(account, strategy)))
            }
            ScopeKey::Instrument(instrument) => (Scope::Instrument, self.text(instrument).to_owned()),
        }
    }

    /// Puts a scope into this state, held by this command.
    pub(super) fn enter_state(&mut self, scope: ScopeKey, state: TradingState, holder: &str) {
        self.states.put(scope, StateRow { state, holder: holder.into() });
    }

    /// Puts a scope into this state, unless it is in a stricter one: anomalies only tighten. One
    /// that repeats a state becomes its holder.
    pub(super) fn tighten(&mut self, scope: ScopeKey, state: TradingState, holder: &str) {
        let held = self.state_of(scope).map_or(TradingState::Active, |row| row.state);
        if state > TradingState::Active && state >= held {
            self.enter_state(scope, state, holder);
        }
    }
}

crate::core::saved::saved!(StateRow { state, holder });

impl Saved for ScopeKey {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            Self::Lane => out.push(0),
            Self::Global => out.push(1),
            Self::Account(account) => {
                out.push(2);
                account.save(out);
            }
            Self::Strategy(account, strategy) => {
                out.push(3);
                (*account, *strategy).save(out);
            }
            Self::Instrument(instrument) => {
                out.push(4);
                instrument.save(out);
            }
        }
    }

    fn load(from: &mut Loading<'_>) -> Result<Self, Damaged> {
        Ok(match u8::load(from)? {
            0 => Self::Lane,
            1 => Self::Global,
            2 => Self::Account(Saved::load(from)?),
            3 => <(Name, Name)>::load(from).map(|(account, strategy)| Self::Strategy(account, strategy))?,
            4 => Self::Instrument(Saved::load(from)?),
            _ => return Err(Damaged),
        })
    }
}
