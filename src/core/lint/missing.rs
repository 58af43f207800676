//! Limits that are not there, and limits for what is not there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lint, Rule};
use crate::core::checks::size;
use crate::core::ledger::Ledger;
use crate::core::ledger::limits::LimitRow;
use crate::core::ledger::names::Name;
use crate::core::ledger::owner::Owner;

pub(super) fn lints(ledger: &Ledger) -> Vec<Lint> {
    let mut found: Vec<Lint> = Vec::new();
    for (account, owned) in owned(ledger) {
        if ledger.is_account_known(account) {
            found.extend(incomplete(ledger, account, &owned));
        } else {
            found.push(unnamed(ledger, account, &owned));
        }
    }
    for (name, row) in ledger.limit_rows() {
        let subject = format!("limit {}", ledger.text(name));
        found.extend(unknown_instrument(ledger, &subject, row));
        found.extend(unknown_currency(ledger, &subject, row));
    }
    found
}

/// What the records of an account and of its strategies name.
#[derive(Default)]
struct Owned {
    strategies: BTreeSet<Name>,
    /// `None` is `*`.
    instruments: BTreeSet<Option<Name>>,
}

fn owned(ledger: &Ledger) -> BTreeMap<Name, Owned> {
    let mut accounts: BTreeMap<Name, Owned> = BTreeMap::new();
    for (target, _) in ledger.groups() {
        let Some(Owner { account, strategy }) = target.owner else { continue };
        let owned = accounts.entry(account).or_default();
        owned.strategies.extend(strategy);
        owned.instruments.insert(target.instrument);
    }
    accounts
}

fn unnamed(ledger: &Ledger, account: Name, owned: &Owned) -> Lint {
    let strategies: Vec<&str> = owned.strategies.iter().map(|strategy| ledger.text(*strategy)).collect();
    let is = format!("named by limits of its strategies alone: {}", strategies.join(", "));
    Lint::new(
        Rule::AccountUnnamed,
        format!("account {}", ledger.text(account)),
        is,
        "named by an ACCOUNT limit",
    )
}

/// What an account cannot trade: the instruments that its own records name, and with `*` all of them.
/// What no record of its own names may be left out on purpose.
fn incomplete(ledger: &Ledger, account: Name, owned: &Owned) -> Option<Lint> {
    let lacking = |instrument: Name| {
        let strategies = owned.strategies.iter().copied().chain([Name::NOBODY]);
        let lacks = strategies.map(|strategy| size::missing(ledger.limits(account, strategy, instrument)));
        lacks.map(Iterator::collect::<Vec<_>>).min_by_key(Vec::len).unwrap_or_default()
    };
    let named: Vec<Name> = owned.instruments.iter().flatten().copied().collect();
    let mut places: Vec<(String, Vec<&str>)> =
        named.iter().map(|instrument| (ledger.text(*instrument).to_owned(), lacking(*instrument))).collect();
    let by_all = lacking(Name::NOBODY);
    let is_idle = !ledger.instruments().any(|(instrument, _)| lacking(instrument).is_empty());
    if named.is_empty() && is_idle {
        places.push(("*".to_owned(), by_all));
    }
    places.retain(|(_, lacking)| !lacking.is_empty());
    places.sort();
    let texts: Vec<String> =
        places.iter().map(|(place, lacking)| format!("{place}: no {}", lacking.join(", "))).collect();
    let subject = format!("account {}", ledger.text(account));
    let should = "set for the instrument or for *, by ACCOUNT or GLOBAL limits";
    (!texts.is_empty()).then(|| Lint::new(Rule::LimitsMissing, subject, texts.join("; "), should))
}

fn unknown_instrument(ledger: &Ledger, subject: &str, row: &LimitRow) -> Option<Lint> {
    let text = ledger.text(row.target.instrument?);
    let is = format!("for {text}");
    let should = "for an instrument that control defines, or for *";
    ledger.instrument(text).is_none().then(|| Lint::new(Rule::InstrumentUnknown, subject, is, should))
}

fn unknown_currency(ledger: &Ledger, subject: &str, row: &LimitRow) -> Option<Lint> {
    let (currency, _) = row.bounds.max_gross_notional.first()?;
    let is_meant = |name: Name| row.target.instrument.is_none_or(|meant| meant == name);
    let mut meant = ledger.instruments().filter(|(name, _)| is_meant(*name)).peekable();
    // An instrument that there is not has a lint of its own.
    meant.peek()?;
    let is_there = meant.any(|(_, instrument)| instrument.currency == *currency);
    let is = format!("max_gross_notional in {currency}");
    (!is_there).then(|| Lint::new(Rule::CurrencyUnknown, subject, is, "in the currency of an instrument"))
}
