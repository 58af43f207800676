//! Who may trade, and who said so, by scope.

use std::cmp::Reverse;
use std::fmt;

use crate::core::control::Scope;
use crate::core::ledger::Ledger;
use crate::core::ledger::states::{ScopeKey, TradingState};

/// The trading state of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLine {
    /// Which kind of scope.
    pub scope: Scope,
    /// Which one, as a command names it; empty for GLOBAL.
    pub id: String,
    /// How strict.
    pub state: TradingState,
    /// Whom a loosening command must name; nobody while it is ACTIVE.
    pub holder: Option<String>,
}

/// `ACCOUNT A1 HALTED by halt-7`.
impl fmt::Display for StateLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, id, state, holder } = self;
        let id = if id.is_empty() { String::new() } else { format!(" {id}") };
        write!(out, "{scope}{id} {state}")?;
        holder.as_ref().map_or(Ok(()), |holder| write!(out, " by {holder}"))
    }
}

impl StateLine {
    fn of(ledger: &Ledger, scope: Scope, id: String, key: ScopeKey) -> Self {
        let row = ledger.state_of(key);
        let state = row.map_or(TradingState::Active, |row| row.state);
        Self { scope, id, state, holder: row.map(|row| row.holder.to_string()) }
    }

    fn wide(ledger: &Ledger, account: &str) -> [Self; 3] {
        let partition = ledger.placement().partition.to_string();
        let of_account = ScopeKey::Account(ledger.name(account));
        [
            Self::of(ledger, Scope::Account, account.to_owned(), of_account),
            Self::of(ledger, Scope::Global, String::new(), ScopeKey::Global),
            Self::of(ledger, Scope::Lane, partition, ScopeKey::Lane),
        ]
    }
}

/// All scopes of an order, from narrow to wide. Of a REPLACE two strategies may count: the order's,
/// and the one that asks.
pub fn of_order(ledger: &Ledger, account: &str, strategies: &[&str], instrument: &str) -> Vec<StateLine> {
    let of_instrument = ScopeKey::Instrument(ledger.name(instrument));
    let mut lines = vec![StateLine::of(ledger, Scope::Instrument, instrument.to_owned(), of_instrument)];
    lines.extend(strategies.iter().map(|strategy| {
        let key = ScopeKey::Strategy(ledger.name(account), ledger.name(strategy));
        StateLine::of(ledger, Scope::Strategy, format!("{account}/{strategy}"), key)
    }));
    lines.extend(StateLine::wide(ledger, account));
    lines
}

/// Every scope that concerns an account: its own and the wider ones, and of strategies and
/// instruments those that are not ACTIVE.
pub fn of_account(ledger: &Ledger, account: &str) -> Vec<StateLine> {
    let own = ledger.name(account);
    let narrow = ledger.restrictions().filter_map(|(key, _)| {
        let (scope, id) = match key {
            ScopeKey::Strategy(account_name, strategy) if account_name == own => {
                (Scope::Strategy, format!("{account}/{}", ledger.text(strategy)))
            }
            ScopeKey::Instrument(instrument) => (Scope::Instrument, ledger.text(instrument).to_owned()),
            ScopeKey::Strategy(..) | ScopeKey::Account(_) | ScopeKey::Global | ScopeKey::Lane => return None,
        };
        Some(StateLine::of(ledger, scope, id, key))
    });
    let mut lines: Vec<_> = narrow.collect();
    lines.sort_by_cached_key(|line| (Reverse(line.scope), line.id.clone()));
    lines.extend(StateLine::wide(ledger, account));
    lines
}
