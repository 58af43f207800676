//! Trading states: one ladder for each scope, held by whoever tightened it last.

use onefill::core::control::{AnomalyPolicy, Scope};

use super::model::Model;

/// Which scope: its type, and its id as commands write it.
pub type Place = (Scope, String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Active,
    Reducing,
    Halted,
}

/// A state that is not active, and who holds it.
#[derive(Clone, Debug)]
pub struct Standing {
    pub state: State,
    pub holder: String,
}

impl Model {
    pub(super) fn state(&self, place: &Place) -> State {
        self.states.get(place).map_or(State::Active, |standing| standing.state)
    }

    /// Who holds the state of a scope that is not active.
    pub fn holder(&self, scope: Scope, scope_id: &str) -> Option<&str> {
        self.states.get(&(scope, scope_id.to_owned())).map(|standing| standing.holder.as_str())
    }

    /// Sets a state whatever it was.
    pub(super) fn set(&mut self, place: Place, state: State, holder: &str) {
        match state {
            State::Active => self.states.remove(&place),
            state => self.states.insert(place, Standing { state, holder: holder.to_owned() }),
        };
    }

    /// Sets a state unless that would loosen it.
    pub(super) fn tighten(&mut self, place: Place, state: State, holder: &str) {
        if state >= self.state(&place) {
            self.set(place, state, holder);
        }
    }

    /// The strictest state, and the narrowest scope that has it.
    pub(super) fn strictest_state(
        &self,
        account: &str,
        strategies: &[String],
        instrument: &str,
    ) -> (State, Scope) {
        let mut places = vec![
            (Scope::Lane, self.partition.to_string()),
            (Scope::Global, String::new()),
            (Scope::Account, account.to_owned()),
        ];
        places.extend(strategies.iter().map(|strategy| strategy_place(account, strategy)));
        places.push((Scope::Instrument, instrument.to_owned()));
        let states = places.iter().map(|place| (self.state(place), place.0));
        // Of equals the last one, which is the narrowest.
        states.max_by_key(|(state, _)| *state).expect("there are places")
    }

    /// What an anomaly in an account's name does to it.
    pub(super) fn on_anomaly(&mut self, account: &str, strategy: Option<&str>, instrument: &str) {
        let groups = self.groups(account, strategy, instrument);
        let policies = groups.iter().flat_map(|group| &group.limits).filter_map(|limit| limit.on_anomaly);
        let state = match policies.max().unwrap_or(AnomalyPolicy::Reduce) {
            AnomalyPolicy::Warn => return,
            AnomalyPolicy::Reduce => State::Reducing,
            AnomalyPolicy::Halt => State::Halted,
        };
        self.tighten_account(account, state);
    }

    /// Tightens an account because of the entry that is being made.
    pub(super) fn tighten_account(&mut self, account: &str, state: State) {
        let holder = self.anomaly_holder();
        self.tighten((Scope::Account, account.to_owned()), state, &holder);
    }

    pub(super) fn anomaly_holder(&self) -> String {
        format!("anomaly-{}-{}", self.partition, self.seq)
    }
}

pub fn strategy_place(account: &str, strategy: &str) -> Place {
    (Scope::Strategy, format!("{account}/{strategy}"))
}

/// A policy is as strict as it stands in the schema.
const _: () =
    assert!(matches!(AnomalyPolicy::ALL, [AnomalyPolicy::Warn, AnomalyPolicy::Reduce, AnomalyPolicy::Halt]));
