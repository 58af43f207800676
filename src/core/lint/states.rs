//! Records that could not be obeyed, and states that hold somebody.

use std::collections::BTreeSet;

use super::records::Invalid;
use super::{ControlLog, Lint, Rule};
use crate::core::control::Scope;
use crate::core::ledger::Ledger;
use crate::core::ledger::states::{ScopeKey, StateRow};

pub(super) fn lints(control: &ControlLog) -> Vec<Lint> {
    let ledger = control.ledger();
    let holder = ledger.state_of(ScopeKey::Global).map(|row| &*row.holder);
    let mut found: Vec<Lint> = control.invalid.iter().map(|record| invalid(record, holder)).collect();
    let named = Named::of(ledger);
    for (lane, ledger) in control.lanes().iter().enumerate() {
        for (key, row) in ledger.restrictions() {
            if lane == 0 || key == ScopeKey::Lane {
                found.push(restricted(control, ledger, key, row));
                found.extend(named.stranger(ledger, key, row));
            }
        }
    }
    found
}

fn invalid(record: &Invalid, holder: Option<&str>) -> Lint {
    let Invalid { offset, detail, is_lane } = record;
    let holds = holder == Some(&*format!("control-{offset}"));
    let rule = match (is_lane, holds) {
        (_, false) => Rule::RecordWasInvalid,
        (true, true) => Rule::LaneUnknown,
        (false, true) => Rule::RecordInvalid,
    };
    let held = if holds { "; it halts trading" } else { "" };
    Lint::new(
        rule,
        format!("control offset {offset}"),
        format!("{detail}{held}"),
        "a record that can be obeyed",
    )
}

fn restricted(control: &ControlLog, ledger: &Ledger, key: ScopeKey, row: &StateRow) -> Lint {
    let (scope, id) = ledger.scope_text(key);
    let perhaps = control.perhaps.get(&(scope, id.clone()));
    let unless =
        perhaps.map_or(String::new(), |command| format!(", unless {command} has resumed an anomaly"));
    let is = format!("{}, held by {}{unless}", row.state, row.holder);
    Lint::new(Rule::TradingRestricted, named(scope, &id), is, "ACTIVE, where trading is wanted")
}

fn named(scope: Scope, id: &str) -> String {
    format!("{scope} {id}").trim_end().to_owned()
}

/// Who is named by limits and instruments.
struct Named<'l> {
    accounts: BTreeSet<&'l str>,
    strategies: BTreeSet<String>,
    instruments: BTreeSet<&'l str>,
}

impl<'l> Named<'l> {
    fn of(ledger: &'l Ledger) -> Self {
        let owners = || ledger.groups().filter_map(|(target, _)| target.owner);
        let strategies = owners().filter(|owner| owner.strategy.is_some());
        let by_limits = ledger.groups().filter_map(|(target, _)| target.instrument);
        let instruments = ledger.instruments().map(|(name, _)| name).chain(by_limits);
        Self {
            accounts: owners().map(|owner| ledger.text(owner.account)).collect(),
            strategies: strategies.map(|owner| ledger.owner_text(owner)).collect(),
            instruments: instruments.map(|name| ledger.text(name)).collect(),
        }
    }

    /// A typing error halts nobody, and nobody notices.
    fn stranger(&self, ledger: &Ledger, key: ScopeKey, row: &StateRow) -> Option<Lint> {
        let (scope, id) = ledger.scope_text(key);
        let is_named = match key {
            ScopeKey::Lane | ScopeKey::Global => true,
            ScopeKey::Account(_) => self.accounts.contains(&*id),
            ScopeKey::Strategy(..) => self.strategies.contains(&id),
            ScopeKey::Instrument(_) => self.instruments.contains(&*id),
        };
        let is = format!("{} by {}, and nothing else names it", row.state, row.holder);
        let should = "the id of somebody with limits, or of an instrument";
        (!is_named).then(|| Lint::new(Rule::ScopeUnknown, named(scope, &id), is, should))
    }
}
