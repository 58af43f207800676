//! A restart forgets nothing that decides: limits, states, windows, reservations at their frozen worth,
//! and cancels that are owed.

use onefill::core::control::{Command, CommandType, ControlRecord, ControlResult, RiskLimit, Scope};
use onefill::core::entry::Anomaly;
use onefill::core::intent::{Intent, IntentTerms};
use onefill::core::ledger::states::TradingState;
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{adjust_strategy, at_ms, buy, command, gross_limit, no_limit, on, replace, sell, wide};
use crate::world::{FUTURE, World, compared, id, num, order_id, trade};

/// A lane with these limits, in USD at 100.
fn world(limits: &[RiskLimit<'static>]) -> World {
    let mut world = World::new();
    world.price(FUTURE, "100");
    for limit in limits {
        assert_eq!(world.limit(limit.clone()), ControlResult::Applied);
    }
    world
}

fn refused(reason: Reason, limit: &'static str, observed: &'static str) -> [FailedCheck; 1] {
    [compared(reason, limit, observed).by(Scope::Global)]
}

#[test]
fn rates_count_on() {
    let (max_orders, orders_window_ms) = (Some(2), Some(1_000));
    let mut world = world(&[RiskLimit { max_orders, orders_window_ms, ..no_limit("L") }]);
    world.accept(buy("k-1", "10", "100"));
    assert_eq!(world.refused_at(at_ms(500), buy("k-2", "10", "100")), []);
    world.restart(Settings::default());
    let too_fast = refused(Reason::RateLimitExceeded, "2", "3");
    assert_eq!(world.refused_at(at_ms(999), buy("k-3", "10", "100")), too_fast);
    assert_eq!(world.refused_at(at_ms(1_000), buy("k-4", "10", "100")), []);
    world.restart(Settings::default());
    assert_eq!(world.refused_at(at_ms(1_499), buy("k-5", "10", "100")), too_fast);
    assert_eq!(world.refused_at(at_ms(1_500), buy("k-6", "10", "100")), []);
}

#[test]
fn equal_orders_are_suspected_on() {
    let mut world = world(&[RiskLimit { dup_window_ms: Some(1_000), ..no_limit("L") }]);
    world.accept(buy("k-1", "10", "100"));
    world.restart(Settings::default());
    let suspected = refused(Reason::DuplicateOrderSuspected, "1000", "999");
    assert_eq!(world.refused_at(at_ms(999), buy("k-2", "10", "100")), suspected);
    assert_eq!(world.refused_at(at_ms(1_000), buy("k-3", "10", "100")), []);
}

#[test]
fn limits_hold_on_with_their_versions_and_the_accounts_that_they_name() {
    let mut world = world(&[RiskLimit { version: 7, max_order_qty: Some(num("9")), ..no_limit("L") }]);
    world.limit(RiskLimit { version: 2, scope_id: "A29", ..wide("A6") });
    world.restart(Settings::default());
    assert_eq!(world.refused(buy("k-1", "10", "100")), refused(Reason::MaxOrderQtyExceeded, "9", "10"));
    assert_eq!(world.limit(RiskLimit { version: 7, ..no_limit("L") }), ControlResult::StaleVersion);
    let unknown = [FailedCheck::plain(Reason::UnknownAccount)];
    assert_eq!(world.refused(Intent { account_id: id("A6"), ..buy("k-2", "9", "100") }), unknown);
}

#[test]
fn states_hold_on_under_their_holders_and_answered_commands_stay_answered() {
    let mut world = world(&[]);
    world.command(command("h-1", CommandType::Halt, Scope::Strategy, "A1/S1"));
    world.command(command("d-1", CommandType::Reduce, Scope::Account, "A6"));
    world.restart(Settings::default());
    assert_eq!(world.state(Scope::Strategy, "A1/S1"), Some((TradingState::Halted, "h-1")));
    assert_eq!(world.state(Scope::Account, "A6"), Some((TradingState::Reducing, "d-1")));
    let resume = |command_id, resumes| Command {
        resumes: Some(id(resumes)),
        ..command(command_id, CommandType::Resume, Scope::Strategy, "A1/S1")
    };
    assert_eq!(world.command(resume("r-1", "d-1")), ControlResult::StaleResume);
    assert_eq!(world.command(resume("d-1", "h-1")), ControlResult::DuplicateCommand);
    assert_eq!(world.command(resume("r-2", "h-1")), ControlResult::Applied);
}

#[test]
fn an_anomalys_state_holds_on() {
    let mut world = World::of_one_account();
    world.limit(RiskLimit { version: 2, on_anomaly: None, ..wide("A1") });
    assert_eq!(world.report(on("none", trade("e-1", "4"))), Some(Anomaly::UnknownOrderFill));
    let holder = format!("anomaly-3-{}", world.ledger.head().next_seq - 1);
    world.restart(Settings::default());
    assert_eq!(world.state(Scope::Account, "A1"), Some((TradingState::Reducing, holder.as_str())));
    let violation = compared(Reason::ReduceOnlyViolation, "4", "5").by(Scope::Account);
    assert_eq!(world.refused(sell("k-1", "5", "100")), [violation]);
    assert_eq!(world.refused(sell("k-2", "4", "100")), []);
}

#[test]
fn cancels_are_owed_on_from_where_they_stood() {
    let mut world = world(&[]);
    ["k-1", "k-2", "k-3"].into_iter().for_each(|key| world.accept(buy(key, "10", "100")));
    world.command(command("c", CommandType::CancelAll, Scope::Global, ""));
    world.pay(1);
    world.restart(Settings::default());
    assert_eq!(world.ledger.owed_len(), 2);
    world.report(on("k-2", trade("e-1", "10")));
    world.restart(Settings::default());
    let before = world.sent.len();
    world.accept(buy("k-4", "10", "100"));
    let sent: Vec<_> = world.sent[before..].iter().map(|sent| sent.order_id.to_string()).collect();
    let due = ["k-3", "k-4"].map(|order| order_id("A1", order));
    assert_eq!(sent, due, "the cancel of the third, then the fourth's NEW");
}

#[test]
fn orders_keep_their_frozen_worth_and_positions_their_strategies() {
    let mut world = world(&[gross_limit("L", "99999999")]);
    world.command(adjust_strategy("c-1", "S1", "3"));
    world.accept(buy("k-1", "10", "120"));
    let dearer = replace("k-2", "k-1", "10");
    let terms = IntentTerms { price: Some(num("140")), ..dearer.terms };
    world.accept(Intent { terms, ..dearer });
    world.restart(Settings::default());
    world.limit(gross_limit("strict", "0"));
    // 3 at 100, 10 at 140, 2 at 100; the multiplier is 50.
    let due = refused(Reason::GrossNotionalExceeded, "0", "95000");
    assert_eq!(world.refused(buy("k-3", "2", "100")), due);
    assert_eq!(world.strategy("A1", "S1").position.0, 3);
}

/// By the settings of an opening is decided from that opening on.
#[test]
fn changed_settings_count_from_the_opening_that_records_them() {
    let mut world = world(&[]);
    let old = |key| Intent { created_at: at_ms(-3_000), ..buy(key, "10", "100") };
    world.accept(old("k-1"));
    world.restart(Settings { max_intent_age_ms: 2_999, ..Settings::default() });
    assert_eq!(world.refused(old("k-2")), [compared(Reason::IntentTooOld, "2999", "3000")]);
    world.restart(Settings { max_intent_age_ms: 0, ..Settings::default() });
    world.accept(old("k-3"));
    let record = ControlRecord::RiskLimit(RiskLimit { max_intent_age_ms: Some(1), ..no_limit("L") });
    world.control(Ok(record));
    assert_eq!(world.refused(old("k-4")), refused(Reason::IntentTooOld, "1", "3000"));
}
