//! Limits that need a reference price, and prices that cannot be used.

use std::collections::BTreeSet;

use super::{Lint, Rule};
use crate::core::checks::reference;
use crate::core::control::InstrumentStatus;
use crate::core::entry::Reference;
use crate::core::ledger::Ledger;
use crate::core::ledger::instrument::Instrument;
use crate::core::ledger::names::Name;
use crate::core::ledger::owner::Owner;
use crate::core::prices::PriceBook;
use crate::core::time::{MILLISECOND, Time};
use crate::core::verdict::{FailedCheck, Reason};

pub(super) fn lints(ledger: &Ledger, prices: &PriceBook, now: Time) -> Vec<Lint> {
    let owners: BTreeSet<Owner> = ledger.groups().filter_map(|(target, _)| target.owner).collect();
    let tradable = ledger.instruments().filter(|(_, it)| it.status == InstrumentStatus::Trading);
    let found = tradable.filter_map(|(name, instrument)| {
        let held = prices.find(ledger.text(name));
        let failure =
            owners.iter().find_map(|owner| unusable(ledger, *owner, name, instrument, held, now))?;
        Some(say(ledger.text(name), held.as_ref(), failure, now))
    });
    found.collect()
}

/// Why an order of the owner would find no price, where its limits demand one.
fn unusable(
    ledger: &Ledger,
    owner: Owner,
    name: Name,
    instrument: &Instrument,
    held: Option<Reference<'_>>,
    now: Time,
) -> Option<FailedCheck> {
    let limits = &ledger.limits(owner.account, owner.strategy.unwrap_or(Name::NOBODY), name);
    if !reference::is_demanded(limits, instrument) {
        return None;
    }
    reference::usable(limits, ledger.settings(), now, instrument, held.as_ref()).err()
}

fn say(instrument_id: &str, held: Option<&Reference<'_>>, failure: FailedCheck, now: Time) -> Lint {
    let subject = format!("instrument {instrument_id}");
    let Some(held) = held else {
        return Lint::new(Rule::PriceMissing, subject, "no price on prices", "a GOOD one, and fresh");
    };
    let (is, should) = match (failure.reason, failure.limit) {
        (Reason::ReferencePriceStale, Some(limit)) => {
            let age_ms = now.since(held.as_of) / i128::from(MILLISECOND);
            (format!("{age_ms} ms old"), format!("at most {limit} ms old"))
        }
        _ => (format!("{}, {}", held.price, held.quality), "GOOD, and of a sign that is allowed".to_owned()),
    };
    Lint::new(Rule::PriceUnusable, subject, is, should)
}
