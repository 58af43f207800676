//! Largest orders that nobody could send anyway.

use super::{Lint, Rule};
use crate::core::amount::{Decimal, SCALE_MAX};
use crate::core::bounds::Bounds;
use crate::core::ledger::Ledger;
use crate::core::ledger::limits::{LimitRow, Target};

pub(super) fn lints(ledger: &Ledger) -> Vec<Lint> {
    let mut found = Vec::new();
    for (name, row) in ledger.limit_rows() {
        let Some(most) = row.bounds.max_order_qty else { continue };
        let subject = format!("limit {}", ledger.text(name));
        found.extend(above_instrument(ledger, &subject, row, most));
        found.extend(above_position(ledger, &subject, row, most));
    }
    found
}

/// Check 8 refuses first.
fn above_instrument(ledger: &Ledger, subject: &str, row: &LimitRow, most: Decimal) -> Option<Lint> {
    let text = ledger.text(row.target.instrument?);
    let max_qty = ledger.instrument(text)?.max_qty?;
    let should = format!("no more than {max_qty}, the max_qty of {text}");
    (most > max_qty)
        .then(|| Lint::new(Rule::OrderAboveInstrument, subject, format!("max_order_qty {most}"), should))
}

/// The largest order that check 19 can let through turns the largest short position into the
/// largest long one, or back.
fn above_position(ledger: &Ledger, subject: &str, row: &LimitRow, most: Decimal) -> Option<Lint> {
    let of_account = span(ledger, row.target, false);
    let of_strategy = span(ledger, row.target, true);
    let (sum, long, short) = [of_account, of_strategy].into_iter().flatten().min()?;
    let should = format!("no more than {sum}, from {short} short to {long} long");
    (most > sum)
        .then(|| Lint::new(Rule::OrderAbovePosition, subject, format!("max_order_qty {most}"), should))
}

/// The strictest position limits that every order of the target meets, with their sum.
fn span(ledger: &Ledger, target: Target, of_strategy: bool) -> Option<(Decimal, Decimal, Decimal)> {
    let groups = || {
        let targets = target.and_wider().filter(move |target| target.is_of_strategy() == of_strategy);
        targets.filter_map(|target| ledger.group(target))
    };
    let strictest =
        |value: fn(&Bounds) -> Option<Decimal>| groups().filter_map(|group| value(&group.bounds)).min();
    let (long, short) = (strictest(|it| it.max_long_qty)?, strictest(|it| it.max_short_qty)?);
    let sum = long.units().checked_add(short.units())?;
    Some((Decimal::new(sum, SCALE_MAX).ok()?, long, short))
}
