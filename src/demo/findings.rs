//! Everything that must hold of onefill after a run, and does not.

use std::collections::BTreeMap;

use super::plan::PARTITIONS;
use super::readback::Records;
use super::report::{Report, grouped};
use super::tally::{Identity, Intents, Tally};
use crate::core::verdict::Reason;

/// How many keys a finding names.
pub const NAMED_MAX: usize = 10;
/// The halt and the resume.
const COMMANDS: usize = 2;

/// What is wrong, in words. `accepted` are the intents that were not refused.
pub fn of(report: &Report, records: &Records, accepted: &Intents) -> Vec<String> {
    let trail = &records.trail;
    let mut found = Vec::new();
    let mut expect = |what: &str, is: usize, should: usize| {
        if is != should {
            found.push(format!("{what}: {}, and {} were to be", grouped(is), grouped(should)));
        }
    };
    let left = accepted.keys.len();
    expect("intents that were refused or not", left + trail.refused.len(), report.intents);
    expect("orders of onefill", records.orders.len(), left);
    expect("fills of onefill", report.onefill.fills, left);
    expect("accepted entries", trail.accepted.len(), left);
    expect("DUPLICATE entries", trail.duplicates, report.attempts.saturating_sub(report.intents));
    expect("intents that could not be read or were in conflict", trail.odd, 0);
    expect("EXECUTION entries", trail.executions, records.trades.len());
    expect("trades with an anomaly", trail.anomalies, 0);
    expect("commands applied by the lanes", trail.commands, COMMANDS * PARTITIONS as usize);
    expect("control records not applied", trail.unapplied, 0);
    expect("fills of the naive router's orders", report.naive.fills, records.naive_orders);
    if left == 0 {
        found.push("no intent became an order".to_owned());
    }
    if !report.refused.contains_key(&Reason::TradingHalted) {
        found.push(format!("no intent was refused for {}", Reason::TradingHalted));
    }
    if report.refused.keys().all(|reason| *reason == Reason::TradingHalted) {
        found.push("no intent was refused by a limit".to_owned());
    }
    if records
        .orders
        .iter()
        .map(|order| (order.partition, order.audit_seq))
        .ne(trail.accepted.iter().copied())
    {
        found.push("the entries that accepted are not those that the orders name".to_owned());
    }
    found.extend(exposed(report));
    found.extend(named_orders(records, accepted));
    found.extend(named_fills("onefill", &report.onefill));
    found
}

/// An account that could have come to hold more than it may, or none that could hold anything.
fn exposed(report: &Report) -> Option<String> {
    let (exposure, most) = (&report.exposure, report.position_max);
    let (account, instrument) = exposure.of.as_ref()?;
    (exposure.quantity > most).then(|| {
        format!(
            "exposure: {account} could have come to hold {} of {instrument}, and {} were the most",
            grouped(exposure.quantity),
            grouped(most)
        )
    })
}

/// Keys with another number of order records than one, whatever the venue made of them.
fn named_orders(records: &Records, accepted: &Intents) -> Option<String> {
    let mut counts: BTreeMap<_, usize> = accepted.keys.keys().map(|key| (key.clone(), 0)).collect();
    let mut strange = Vec::new();
    for order in &records.orders {
        let key = (order.account_id.clone(), order.intent_id.clone());
        match counts.get_mut(&key) {
            Some(count) => *count += 1,
            None => strange.push(format!("{}/{} was refused", key.0, key.1)),
        }
    }
    let wrong = counts.iter().filter(|(_, count)| **count != 1);
    strange.extend(wrong.map(|((account, intent), count)| format!("{account}/{intent} has {count}")));
    let what = "keys with other than one order record, or with one that they should not have";
    (!strange.is_empty()).then(|| format!("{what}: {}", some_of(&strange)))
}

fn named_fills(who: &str, tally: &Tally) -> Vec<String> {
    let name = |(account, order): &Identity| format!("{account}/{order}");
    let wrong = tally.wrong.iter().map(|(identity, traded)| format!("{} has {traded}", name(identity)));
    let wrong: Vec<String> = wrong.collect();
    let strange: Vec<String> = tally.strange.iter().map(name).collect();
    let mut found = Vec::new();
    if !wrong.is_empty() {
        found.push(format!("orders of {who} of which other than their quantity traded: {}", some_of(&wrong)));
    }
    if !strange.is_empty() {
        found.push(format!("fills of {who} that nobody wanted, or not so: {}", some_of(&strange)));
    }
    found
}

fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED_MAX)].join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::intent::Side;
    use crate::demo::exposure::Step;
    use crate::demo::plan::Plan;
    use crate::demo::tally::{Attempt, Ordered, Trade, Traded};
    use crate::shell::config::Config;

    fn terms(quantity: i64) -> Traded {
        Traded { instrument_id: "X.Y".to_owned(), side: Side::Buy, quantity, cents: 250 }
    }

    fn attempt(name: &str) -> Attempt {
        let identity = ("A".to_owned(), format!("o-{name}"));
        Attempt { intent_id: name.to_owned(), identity, terms: terms(10), at_ms: 0 }
    }

    fn trade(name: &str, offset: i64, quantity: i64) -> Trade {
        let identity = attempt(name).identity;
        Trade { identity, terms: terms(quantity), place: (0, offset), is_last: true, at_ms: 0 }
    }

    fn order(name: &str, audit_seq: u64) -> Ordered {
        let (intent_id, account_id) = (name.to_owned(), "A".to_owned());
        Ordered { partition: 0, audit_seq, intent_id, account_id, terms: terms(10) }
    }

    /// `a` was asked for twice, and filled in two trades; `b` met a limit, `c` a halt.
    fn good() -> Records {
        let mut records = Records {
            attempts: ["a", "b", "c", "a"].map(attempt).into(),
            orders: vec![order("a", 1)],
            trades: vec![trade("a", 0, 4), trade("a", 1, 6)],
            ..Records::default()
        };
        let trail = &mut records.trail;
        trail.accepted.insert((0, 1));
        trail.steps = vec![Step::Wrote((0, 1)), Step::TookIn((0, 0)), Step::TookIn((0, 1))];
        (trail.duplicates, trail.executions, trail.commands) = (1, 2, COMMANDS * PARTITIONS as usize);
        let refused = [("b", Reason::PriceCollarBreached), ("c", Reason::TradingHalted)];
        trail.refused = refused.map(|(name, reason)| (("A".to_owned(), name.to_owned()), reason)).into();
        records
    }

    fn found(records: &Records) -> Vec<String> {
        // At the lowest rate an account may hold 700.
        let plan = Plan::new(Config::default(), 1, 1, 1);
        Report::of(&plan, records, &[], Vec::new(), Duration::ZERO).findings
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Records), findings: &[&str]) {
        let mut records = good();
        change(&mut records);
        assert_eq!(found(&records), findings);
    }

    #[test]
    fn nothing_is_found_where_all_is_well() {
        check(|_| {}, &[]);
    }

    #[test]
    fn an_accepted_intent_without_its_fill_is_found() {
        check(
            |records| records.trades[1].terms.quantity = 5,
            &[
                "fills of onefill: 0, and 1 were to be",
                "orders of onefill of which other than their quantity traded: A/o-a has 9",
            ],
        );
    }

    #[test]
    fn a_refused_intent_with_an_order_and_a_fill_is_found() {
        check(
            |records| {
                records.orders.push(order("b", 2));
                records.trades.push(trade("b", 2, 10));
                records.trail.executions += 1;
            },
            &[
                "orders of onefill: 2, and 1 were to be",
                "the entries that accepted are not those that the orders name",
                "keys with other than one order record, or with one that they should not have: A/b was refused",
                "fills of onefill that nobody wanted, or not so: A/o-b",
            ],
        );
    }

    #[test]
    fn a_halt_that_refused_nobody_and_limits_that_refused_nobody_are_found() {
        let reason = |reason| {
            move |records: &mut Records| records.trail.refused.values_mut().for_each(|it| *it = reason)
        };
        check(reason(Reason::RateLimitExceeded), &["no intent was refused for TRADING_HALTED"]);
        check(reason(Reason::TradingHalted), &["no intent was refused by a limit"]);
    }

    #[test]
    fn an_exposure_above_its_limit_is_found() {
        check(
            |records| {
                (records.attempts[0].terms, records.attempts[3].terms) = (terms(701), terms(701));
                records.orders[0].terms = terms(701);
                records.trades[1].terms = terms(697);
            },
            &["exposure: A could have come to hold 701 of X.Y, and 700 were the most"],
        );
    }

    #[test]
    fn steps_that_did_not_happen_and_commands_that_were_not_obeyed_are_found() {
        check(
            |records| records.trail.steps.reverse(),
            &["lane 0 took in a trade at offset 1 of executions, and no order for that much was open"],
        );
        check(
            |records| (records.trail.commands, records.trail.unapplied) = (7, 1),
            &[
                "commands applied by the lanes: 7, and 8 were to be",
                "control records not applied: 1, and 0 were to be",
            ],
        );
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(some_of(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
