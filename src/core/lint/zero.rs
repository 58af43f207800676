//! Zeros that mean zero, where somebody may have meant "off" or "no bound".

use super::{Lint, Rule};
use crate::core::bounds::Bounds;
use crate::core::ledger::Ledger;

pub(super) fn lints(ledger: &Ledger) -> Vec<Lint> {
    let mut found = Vec::new();
    for (name, row) in ledger.limit_rows() {
        let subject = format!("limit {}", ledger.text(name));
        let lint = |rule, is: &str, should| Lint::new(rule, subject.as_str(), is, should);
        found.extend(windows(&row.bounds).map(|is| lint(Rule::WindowZero, is, "above 0, or left out")));
        found.extend(ages(&row.bounds).map(|is| lint(Rule::AgeZero, is, "above 0, or left out")));
    }
    found
}

/// Half-open windows of no length hold nothing.
fn windows(bounds: &Bounds) -> impl Iterator<Item = &'static str> {
    let duplicates = (bounds.dup_window_ms == Some(0)).then_some("dup_window_ms 0");
    let rates = bounds.rates.iter().any(|rate| rate.window_ms == 0).then_some("orders_window_ms 0");
    duplicates.into_iter().chain(rates)
}

/// In the router's settings 0 means "no bound"; in a record it means that all but this instant is
/// too old.
fn ages(bounds: &Bounds) -> impl Iterator<Item = &'static str> {
    let of_intents = (bounds.max_intent_age_ms == Some(0)).then_some("max_intent_age_ms 0");
    let of_prices = (bounds.ref_max_age_ms == Some(0)).then_some("ref_max_age_ms 0");
    of_intents.into_iter().chain(of_prices)
}
