//! Cancels that commands owe, and the orders that a REDUCE spares.

use onefill::core::control::{Command, CommandType, Scope};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentType, Side};
use onefill::core::order::Origin;

use super::stage::Stage;
use crate::records::{FUTURE, adjust, adjust_strategy, buy, command, execution, id, on, sell, trade};

fn cancelling(
    name: &'static str,
    kind: CommandType,
    scope: Scope,
    scope_id: &'static str,
) -> Command<'static> {
    Command { cancel_open_orders: true, ..command(name, kind, scope, scope_id) }
}

/// Sells of 3, 4 and 5, a buy of 2, all of `A1`, `S1`; and a sell of 1 of `S2`.
fn ordered() -> Stage {
    let mut stage = Stage::new();
    for (key, qty) in [("s-3", "3"), ("s-4", "4"), ("s-5", "5")] {
        stage.accept(sell(key, qty, "100"));
    }
    stage.accept(buy("b-2", "2", "100"));
    stage.accept(Intent { strategy_id: id("S2"), ..sell("s-1", "1", "100") });
    stage
}

#[test]
fn every_open_order_of_a_scope_is_owed_a_cancel_once() {
    let mut stage = ordered();
    stage.accept(Intent { account_id: id("A6"), ..buy("b-6", "1", "100") });
    stage.report(on("s-4", execution(ExecType::Canceled, "e-1")));
    stage.command(command("c-1", CommandType::CancelAll, Scope::Strategy, "A1/S2"));
    stage.command(cancelling("c-2", CommandType::Halt, Scope::Account, "A1"));
    stage.command(command("c-3", CommandType::CancelAll, Scope::Instrument, FUTURE));
    assert_eq!(stage.pay(), ["s-1", "s-3", "s-5", "b-2", "b-6"]);
    assert_eq!(stage.pay(), [""; 0]);
    stage.command(command("c-4", CommandType::CancelAll, Scope::Lane, "3"));
    assert_eq!(stage.pay().len(), 5, "emitted, they may be owed again");
}

#[test]
fn an_owed_cancel_is_the_commands_and_lapses_when_nothing_is_open() {
    let mut stage = ordered();
    stage.command(command("c-1", CommandType::CancelAll, Scope::Global, ""));
    stage.report(on("s-3", execution(ExecType::Canceled, "e-1")));
    let entry = stage.model.owed(stage.clock).expect("there is one");
    assert_eq!(entry.owed.expect("it says whose"), ["A1", "S1", FUTURE, "c-1", "s-4"]);
    let sent = stage.model.order().expect("it is published");
    assert_eq!((sent.command, sent.origin, sent.order_version), (IntentType::Cancel, Origin::Control, 2));
    assert_eq!(sent.orig_intent_id.as_deref(), Some("s-4"));
}

#[test]
fn a_reduce_spares_what_only_reduces_in_order_of_acceptance() {
    for (claim, position, due) in [
        ("flat: none", "0", vec!["s-3", "s-4", "s-5", "b-2", "s-1"]),
        ("long 2: the first does not fit, and ends it", "2", vec!["s-3", "s-4", "s-5", "b-2", "s-1"]),
        ("long 3: just the first", "3", vec!["s-4", "s-5", "b-2", "s-1"]),
        (
            "long 8: the third does not fit, the small one after it is not looked at",
            "8",
            vec!["s-5", "b-2", "s-1"],
        ),
        ("long 13: all sells", "13", vec!["b-2"]),
        ("short 2: the buy", "-2", vec!["s-3", "s-4", "s-5", "s-1"]),
    ] {
        let mut stage = ordered();
        if position != "0" {
            stage.command(adjust("c-0", position));
        }
        stage.command(cancelling("c-1", CommandType::Reduce, Scope::Account, "A1"));
        assert_eq!(stage.pay(), due, "{claim}");
    }
}

#[test]
fn a_reduce_of_a_strategy_spares_within_both_bounds() {
    for (own, other, due) in [
        ("7", "0", vec!["s-5", "b-2"]),
        ("7", "-4", vec!["s-4", "s-5", "b-2"]),
        ("3", "10", vec!["s-4", "s-5", "b-2"]),
    ] {
        let mut stage = ordered();
        stage.command(adjust_strategy("c-0", "S1", own));
        stage.command(adjust_strategy("c-00", "S2", other));
        stage.command(cancelling("c-1", CommandType::Reduce, Scope::Strategy, "A1/S1"));
        assert_eq!(stage.pay(), due, "{own} and {other}");
    }
}

#[test]
fn what_is_filled_is_not_counted_among_the_spared() {
    let mut stage = ordered();
    stage.command(adjust("c-0", "10"));
    let sold = Execution { side: Side::Sell, ..on("s-3", trade("e-1", "2")) };
    stage.report(sold);
    // 8 long; 1 and 4 are spared, 5 more are too many.
    stage.command(cancelling("c-1", CommandType::Reduce, Scope::Global, ""));
    assert_eq!(stage.pay(), ["s-5", "b-2", "s-1"]);
}
