//! Orders that change while something else happens.

use onefill::core::control::{CommandType, Scope};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentType};
use onefill::core::verdict::Reason;

use super::stage::Stage;
use crate::records::{FUTURE, buy, cancel, command, execution, id, num, on, replace, trade};

fn totals(exec_type: ExecType, exec_id: &'static str, total: &'static str) -> Execution<'static> {
    let (order_qty, leaves_qty) = (Some(num(total)), Some(num(total)));
    on("k-1", Execution { order_qty, leaves_qty, ..execution(exec_type, exec_id) })
}

/// Position, and what is reserved to buy.
fn after(stage: &Stage) -> (String, String) {
    let after = stage.model.after("A1", FUTURE).expect("the instrument is known");
    (after.position, after.reserved_buys)
}

fn is(stage: &Stage, position: &str, reserved: &str) {
    assert_eq!(after(stage), (position.to_owned(), reserved.to_owned()));
}

#[test]
fn while_a_replace_is_pending_the_larger_total_is_reserved() {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "10", "100"));
    stage.accept(replace("k-2", "k-1", "15"));
    is(&stage, "0", "15");
    stage.report(on("k-1", trade("e-1", "10")));
    is(&stage, "10", "5");
    stage.report(totals(ExecType::Replaced, "e-2", "15"));
    is(&stage, "10", "5");
}

#[test]
fn fills_that_race_a_replace_down_leave_nothing_open() {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "10", "100"));
    stage.accept(replace("k-2", "k-1", "5"));
    is(&stage, "0", "10");
    stage.report(on("k-1", trade("e-1", "7")));
    is(&stage, "7", "3");
    stage.report(totals(ExecType::Replaced, "e-2", "5"));
    is(&stage, "7", "0");
    assert_eq!(stage.intent(cancel("k-3", "k-1")).reason(), Some(Reason::TooLateToCancel));
}

#[test]
fn a_refused_replace_gives_back_only_what_it_added() {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "10", "100"));
    stage.accept(replace("k-2", "k-1", "15"));
    assert_eq!(stage.intent(replace("k-3", "k-1", "16")).reason(), Some(Reason::OrderPendingReplace));
    stage.accept(cancel("k-4", "k-1"));
    stage.report(on("k-1", execution(ExecType::ReplaceRejected, "e-1")));
    is(&stage, "0", "10");
    assert_eq!(stage.intent(replace("k-5", "k-1", "16")).reason(), Some(Reason::OrderPendingCancel));
    stage.report(on("k-1", execution(ExecType::CancelRejected, "e-2")));
    stage.accept(replace("k-6", "k-1", "16"));
}

#[test]
fn a_new_total_up_to_the_fills_cancels_the_balance() {
    for (total, converted) in [("4", true), ("5", false)] {
        let mut stage = Stage::new();
        stage.accept(buy("k-1", "10", "100"));
        stage.report(on("k-1", trade("e-1", "4")));
        stage.unreadable();
        let entry = stage.intent(replace("k-2", "k-1", total));
        assert_eq!(entry.converted_to_cancel, converted, "{total}");
        assert_eq!(entry.reason().is_none(), converted, "the other one meets a halt");
        if converted {
            let sent = stage.model.order().expect("it is published");
            assert_eq!((sent.command, sent.order_version), (IntentType::Cancel, 2));
        }
    }
}

#[test]
fn a_replace_is_measured_by_the_orders_own_strategy() {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "10", "100"));
    let of_other = |key| Intent { strategy_id: id("S2"), ..replace(key, "k-1", "11") };
    for (strategy, key) in [("A1/S1", "k-2"), ("A1/S2", "k-3")] {
        let mut halted = stage.clone();
        let scope = Scope::Strategy;
        halted.command(command("c-1", CommandType::Halt, scope, strategy));
        let refused = halted.intent(of_other(key)).failed_checks;
        assert_eq!(refused[0].reason, Reason::TradingHalted, "{strategy}: either one's state counts");
    }
}
