//! Trading states: one ladder for each scope, held by whoever tightened or repeated it last.

use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Active,
    Reducing,
    Halted,
}

/// A scope and its id.
pub type Scope = (&'static str, String);

#[derive(Clone, Debug, Default)]
pub struct States {
    /// What is not active, and who holds it.
    held: HashMap<Scope, (State, String)>,
}

impl States {
    pub fn of(&self, scope: &Scope) -> State {
        self.held.get(scope).map_or(State::Active, |(state, _)| *state)
    }

    pub fn holder(&self, scope: &Scope) -> Option<&str> {
        self.held.get(scope).map(|(_, holder)| holder.as_str())
    }

    /// Sets a state whatever it was.
    pub fn set(&mut self, scope: Scope, state: State, holder: &str) {
        if state == State::Active {
            self.held.remove(&scope);
        } else {
            self.held.insert(scope, (state, holder.to_owned()));
        }
    }

    /// Sets a state unless that would loosen it.
    pub fn tighten(&mut self, scope: Scope, state: State, holder: &str) {
        if state >= self.of(&scope) {
            self.set(scope, state, holder);
        }
    }

    /// The strictest one that counts for an order.
    pub fn strictest(&self, partition: i32, account: &str, strategies: &[&str], instrument: &str) -> State {
        if self.held.is_empty() {
            return State::Active;
        }
        let mut scopes = vec![
            ("LANE", partition.to_string()),
            ("GLOBAL", String::new()),
            ("ACCOUNT", account.to_owned()),
            ("INSTRUMENT", instrument.to_owned()),
        ];
        scopes.extend(strategies.iter().map(|strategy| strategy_scope(account, strategy)));
        scopes.iter().map(|scope| self.of(scope)).max().unwrap_or(State::Active)
    }
}

pub fn strategy_scope(account: &str, strategy: &str) -> Scope {
    ("STRATEGY", format!("{account}/{strategy}"))
}
