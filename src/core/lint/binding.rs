//! Limits that another one always overrides.
//!
//! A limit is looked for only where every order that it is for meets the other one too: in the same
//! scope or a wider one, for the same instrument or for `*`.

use std::cmp::Ordering;

use super::{Lint, Rule};
use crate::core::amount::Decimal;
use crate::core::bounds::{Bounds, Rate};
use crate::core::ledger::Ledger;
use crate::core::ledger::limits::LimitRow;
use crate::core::ledger::names::Name;

/// How what a narrow limit measures relates to what a wide one does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Both measure the order itself, or counts of which the narrow one is a part.
    Part,
    /// A strategy's may be above its account's: other strategies can stand on the other side.
    Net,
}

/// A number of a limit record.
struct Field {
    name: &'static str,
    measure: Measure,
    value: fn(&Bounds) -> Option<Decimal>,
    /// Which value is the stricter one.
    stricter: Ordering,
}

const fn smallest(name: &'static str, value: fn(&Bounds) -> Option<Decimal>) -> Field {
    Field { name, measure: Measure::Part, value, stricter: Ordering::Less }
}

const fn net(name: &'static str, value: fn(&Bounds) -> Option<Decimal>) -> Field {
    Field { measure: Measure::Net, ..smallest(name, value) }
}

const fn largest(name: &'static str, value: fn(&Bounds) -> Option<Decimal>) -> Field {
    Field { stricter: Ordering::Greater, ..smallest(name, value) }
}

const FIELDS: [Field; 10] = [
    smallest("max_order_qty", |bounds| bounds.max_order_qty),
    smallest("max_order_notional", |bounds| bounds.max_order_notional),
    net("max_long_qty", |bounds| bounds.max_long_qty),
    net("max_short_qty", |bounds| bounds.max_short_qty),
    smallest("max_open_orders", |bounds| bounds.max_open_orders.map(Decimal::whole)),
    smallest("price_collar_bps", |bounds| bounds.price_collar_bps.map(Decimal::whole)),
    smallest("price_collar_abs", |bounds| bounds.price_collar_abs),
    smallest("ref_max_age_ms", |bounds| bounds.ref_max_age_ms.map(Decimal::whole)),
    smallest("max_intent_age_ms", |bounds| bounds.max_intent_age_ms.map(Decimal::whole)),
    largest("dup_window_ms", |bounds| bounds.dup_window_ms.map(Decimal::whole)),
];

pub(super) fn lints(ledger: &Ledger) -> Vec<Lint> {
    ledger.limit_rows().flat_map(|(name, row)| lints_of(ledger, name, row)).collect()
}

fn lints_of(ledger: &Ledger, name: Name, row: &LimitRow) -> Vec<Lint> {
    let mut found = Vec::new();
    for Field { name: field, measure, value, stricter } in &FIELDS {
        let Some(own) = value(&row.bounds) else { continue };
        let shadow =
            shadow(ledger, (name, row), *measure, |bounds| standing(value(bounds)?.cmp(&own), *stricter));
        found.extend(shadow.map(|shadow| say(ledger, name, &format!("{field} {own}"), &shadow)));
    }
    for (currency, own) in &row.bounds.max_gross_notional {
        let shadow = shadow(ledger, (name, row), Measure::Net, |bounds| {
            standing(bounds.gross_in(currency)?.cmp(own), Ordering::Less)
        });
        let is = format!("max_gross_notional {own} {currency}");
        found.extend(shadow.map(|shadow| say(ledger, name, &is, &shadow)));
    }
    for own in &row.bounds.rates {
        let Rate { max_orders, window_ms } = *own;
        let shadow = shadow(ledger, (name, row), Measure::Part, |bounds| strictest_rate(&bounds.rates, *own));
        let is = format!("max_orders {max_orders} in {window_ms} ms");
        found.extend(shadow.map(|shadow| say(ledger, name, &is, &shadow)));
    }
    found
}

/// How another record's number stands to this one's, where it makes it idle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Same,
    Stricter,
}

fn standing(other_to_own: Ordering, stricter: Ordering) -> Option<Standing> {
    match other_to_own {
        Ordering::Equal => Some(Standing::Same),
        ordering => (ordering == stricter).then_some(Standing::Stricter),
    }
}

/// No more orders, in a window that is no shorter.
fn strictest_rate(rates: &[Rate], own: Rate) -> Option<Standing> {
    let stands = |other: &Rate| match other {
        other if *other == own => Some(Standing::Same),
        other => (other.max_orders <= own.max_orders && other.window_ms >= own.window_ms)
            .then_some(Standing::Stricter),
    };
    rates.iter().filter_map(stands).max()
}

type Shadow<'l> = (Standing, Name, &'l LimitRow);

/// The narrowest record that makes this one's number idle. Of two that say the same in one scope,
/// the one of the later name is idle.
fn shadow<'l>(
    ledger: &'l Ledger,
    (name, row): (Name, &LimitRow),
    measure: Measure,
    stands: impl Fn(&Bounds) -> Option<Standing>,
) -> Option<Shadow<'l>> {
    let mut found: Option<Shadow<'l>> = None;
    for target in row.target.and_wider() {
        if measure == Measure::Net && target.is_of_strategy() != row.target.is_of_strategy() {
            continue;
        }
        for other in ledger.group(target).map(|group| group.members()).unwrap_or_default() {
            let other_row = ledger.limit_row(*other)?;
            let Some(standing) = stands(&other_row.bounds).filter(|_| *other != name) else { continue };
            let is_first = target != row.target || ledger.text(*other) < ledger.text(name);
            let is_new = found.is_none_or(|(held, ..)| standing > held);
            if is_new && (standing == Standing::Stricter || is_first) {
                found = Some((standing, *other, other_row));
            }
        }
    }
    found
}

fn say(ledger: &Ledger, name: Name, is: &str, (standing, other, row): &Shadow<'_>) -> Lint {
    let (scope, id) = ledger.scope_of_target(row.target);
    let whom = format!("{scope} {id}");
    let of = format!(
        "limit {} of {} for {}",
        ledger.text(*other),
        whom.trim_end(),
        ledger.instrument_text(row.target.instrument)
    );
    let subject = format!("limit {}", ledger.text(name));
    match standing {
        Standing::Stricter => Lint::new(Rule::LimitNeverBinds, subject, is, format!("stricter than in {of}")),
        Standing::Same => Lint::new(Rule::LimitRepeated, subject, is, format!("said once: so does {of}")),
    }
}
