//! What reports do, and what is odd about them.

use onefill::core::control::{AnomalyPolicy, ControlResult, LimitScope, RiskLimit, Scope};
use onefill::core::entry::Anomaly;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, TimeInForce};
use onefill::core::verdict::Reason;

use super::stage::Stage;
use crate::records::{
    FUTURE, adjust, buy, execution, id, instrument, no_limit, num, on, release, trade, wide,
};

/// Position, reserved to buy, open orders.
fn is(stage: &Stage, position: &str, reserved: &str, open_orders: i32) {
    let after = stage.model.after("A1", FUTURE).expect("the instrument is known");
    let found = (after.position.as_str(), after.reserved_buys.as_str(), after.open_orders);
    assert_eq!(found, (position, reserved, open_orders));
}

fn ordered() -> Stage {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "10", "100"));
    stage
}

fn about(exec_type: ExecType, exec_id: &'static str, trade_id: &'static str) -> Execution<'static> {
    let exec_ref_id = Some(trade_id);
    on("k-1", Execution { exec_type, exec_ref_id, ..trade(exec_id, "7") })
}

#[test]
fn a_fill_after_a_release_is_late_and_counts() {
    let mut stage = ordered();
    assert_eq!(stage.command(release("c-1", "k-1")), ControlResult::Applied);
    is(&stage, "0", "0", 0);
    assert_eq!(stage.report(on("k-1", trade("e-1", "4"))), Some(Anomaly::LateFill));
    is(&stage, "4", "0", 0);
    assert_eq!(stage.report(about(ExecType::TradeCancel, "e-2", "e-1")), None);
    is(&stage, "0", "0", 0);
}

#[test]
fn fills_beyond_the_total_are_named() {
    let mut stage = ordered();
    assert_eq!(stage.report(on("k-1", trade("e-1", "10"))), None, "the total itself");
    assert_eq!(stage.report(on("k-1", trade("e-2", "1"))), Some(Anomaly::Overfill));
    is(&stage, "11", "0", 0);
    assert_eq!(stage.report(on("none", trade("e-3", "1"))), Some(Anomaly::UnknownOrderFill));
    is(&stage, "12", "0", 0);
}

#[test]
fn a_bust_reopens_and_a_correction_moves_the_difference() {
    let mut stage = ordered();
    stage.report(on("k-1", trade("e-1", "10")));
    is(&stage, "10", "0", 0);
    stage.report(about(ExecType::TradeCorrect, "e-2", "e-1"));
    is(&stage, "7", "3", 1);
    stage.report(about(ExecType::TradeCancel, "e-3", "e-2"));
    is(&stage, "0", "10", 1);
}

#[test]
fn what_comes_before_its_trade_is_kept_and_netted() {
    let mut stage = ordered();
    let early = Some(Anomaly::UnknownExecRef);
    assert_eq!(stage.report(about(ExecType::TradeCancel, "e-3", "e-2")), early);
    assert_eq!(stage.report(about(ExecType::TradeCorrect, "e-2", "e-1")), early);
    is(&stage, "0", "10", 1);
    assert_eq!(stage.report(on("k-1", trade("e-1", "10"))), None);
    is(&stage, "0", "10", 1);
}

#[test]
fn a_report_counts_once_and_what_is_not_applied_binds_nothing() {
    let mut stage = ordered();
    assert_eq!(stage.report(on("k-1", trade("e-1", "0.5"))), Some(Anomaly::ExecutionUnapplied));
    assert_eq!(stage.report(on("k-1", trade("e-1", "4"))), None);
    assert_eq!(stage.report(on("k-1", trade("e-1", "4.0"))), Some(Anomaly::DuplicateExec));
    assert_eq!(stage.report(on("k-1", trade("e-1", "5"))), Some(Anomaly::ExecIdConflict));
    is(&stage, "4", "6", 1);
}

#[test]
fn the_end_of_the_day_ends_only_orders_of_the_day() {
    for (life, reserved) in [(TimeInForce::Day, "0"), (TimeInForce::Gtc, "10")] {
        let mut stage = Stage::new();
        let intent = buy("k-1", "10", "100");
        let terms = IntentTerms { time_in_force: Some(life), ..intent.terms };
        stage.accept(Intent { terms, ..intent });
        stage.report(on("k-1", execution(ExecType::DoneForDay, "e-1")));
        is(&stage, "0", reserved, i32::from(reserved == "10"));
    }
}

#[test]
fn sums_that_do_not_fit_are_not_applied() {
    let mut stage = ordered();
    stage.command(adjust("c-1", "9223372036854775803"));
    assert_eq!(stage.report(on("k-1", trade("e-1", "5"))), Some(Anomaly::ExecutionUnapplied));
    assert_eq!(stage.report(on("k-1", trade("e-2", "4"))), None);
    assert_eq!(stage.command(adjust("c-2", "1")), ControlResult::Invalid);
}

/// What the report says is open counts, not what could have been added up.
#[test]
fn a_bust_that_says_what_is_open_adds_nothing_up() {
    let mut stage = ordered();
    let most = Some(num("9223372036854775807"));
    stage.report(on("k-1", trade("e-1", "4")));
    let correction = Execution { last_qty: most, ..about(ExecType::TradeCorrect, "e-2", "e-1") };
    stage.report(Execution { leaves_qty: Some(num("6")), ..correction });
    is(&stage, "9223372036854775807", "6", 1);
    let bust = Execution { leaves_qty: Some(num("10")), ..about(ExecType::TradeCancel, "e-3", "e-2") };
    assert_eq!(stage.report(bust), None);
    is(&stage, "0", "10", 1);
}

#[test]
fn an_anomaly_tightens_as_the_strictest_policy_says() {
    let state = |limits: &[RiskLimit<'static>]| {
        let mut stage = Stage::bare();
        stage.instrument(instrument(FUTURE));
        stage.limit(RiskLimit { on_anomaly: None, ..wide("A1") });
        limits.iter().for_each(|limit| assert_eq!(stage.limit(limit.clone()), ControlResult::Applied));
        stage.accept(buy("k-1", "10", "100"));
        stage.report(on("k-1", trade("e-1", "11")));
        stage.intent(buy("k-2", "1", "100")).reason()
    };
    let policy = |limit_id, policy| RiskLimit { on_anomaly: Some(policy), ..no_limit(limit_id) };
    let strategy = |limit| RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1/S1", ..limit };
    let warn = policy("p-1", AnomalyPolicy::Warn);
    assert_eq!(state(&[]), Some(Reason::ReduceOnlyViolation), "REDUCE where none is set");
    assert_eq!(state(std::slice::from_ref(&warn)), None);
    let halt = policy("p-2", AnomalyPolicy::Halt);
    assert_eq!(state(&[warn.clone(), halt.clone()]), Some(Reason::TradingHalted));
    assert_eq!(state(&[warn.clone(), strategy(halt.clone())]), Some(Reason::TradingHalted));
    let elsewhere = RiskLimit { instrument_id: "NQZ5.CME", ..halt };
    assert_eq!(state(&[warn, elsewhere]), None);
}

#[test]
fn whom_a_report_halts() {
    let holder =
        |stage: &Stage, account: &str| stage.model.holder(Scope::Account, account).map(str::to_owned);
    let mut stage = ordered();
    let mismatched = Execution { account_id: id("A6"), ..on("k-1", trade("e-1", "1")) };
    assert_eq!(stage.report(mismatched), Some(Anomaly::AccountMismatch));
    let due = Some("anomaly-3-5".to_owned());
    assert_eq!((holder(&stage, "A1"), holder(&stage, "A6")), (due.clone(), due));
    let mut stage = ordered();
    let unknown = Execution { instrument_id: id("NO.CME"), ..trade("e-1", "1") };
    assert_eq!(stage.report(unknown), Some(Anomaly::ExecutionUnapplied));
    assert!(holder(&stage, "A1").is_some());
    let refused = Execution { reject_code: Some(1), ..execution(ExecType::CancelRejected, "e-2") };
    let mut stage = ordered();
    assert_eq!(stage.report(on("k-1", refused)), Some(Anomaly::VenueUnknownOrder));
    is(&stage, "0", "10", 1);
}
