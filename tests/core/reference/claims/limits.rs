//! Whose limit is named, and what is strict.

use onefill::core::control::{ControlResult, LimitScope, RiskLimit, Scope};
use onefill::core::intent::{Intent, OrderType};
use onefill::core::time::Time;
use onefill::core::verdict::Reason;

use super::stage::{Stage, failed};
use crate::records::{
    FUTURE, GROUPS, NOW, buy, cancel, id, instrument, no_limit, num, of_type, on, placed, replace, scope_of,
    sell, trade,
};

const MS: i64 = 1_000_000;

fn size(limit_id: &'static str, most: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_order_qty: Some(num(most)), ..no_limit(limit_id) }
}

#[test]
fn the_narrowest_group_that_refuses_is_named() {
    for (place, group) in GROUPS.into_iter().enumerate() {
        let mut stage = Stage::new();
        let names = ["l-0", "l-1", "l-2", "l-3", "l-4", "l-5"];
        let mosts = ["1", "2", "3", "4", "5", "6"];
        for wider in place..6 {
            stage.limit(placed(GROUPS[wider], size(names[wider], mosts[wider])));
        }
        let due = failed(Reason::MaxOrderQtyExceeded, Some(scope_of(group)), mosts[place], "10");
        assert_eq!(stage.intent(buy("k-1", "10", "100")).failed_checks, [due], "{group:?}");
    }
}

#[test]
fn a_group_that_passes_is_passed_over() {
    let mut stage = Stage::new();
    stage.limit(placed(GROUPS[0], size("l-1", "10")));
    stage.limit(placed(GROUPS[4], size("l-2", "9")));
    stage.limit(placed(GROUPS[4], size("l-3", "8")));
    stage.limit(placed((LimitScope::Global, "", "NQZ5.CME"), size("l-4", "1")));
    stage.limit(placed((LimitScope::Account, "A6", "*"), size("l-5", "1")));
    let due = failed(Reason::MaxOrderQtyExceeded, Some(Scope::Global), "8", "10");
    assert_eq!(stage.intent(buy("k-1", "10", "100")).failed_checks, [due], "the strictest of a group");
    stage.accept(buy("k-2", "8", "100"));
}

#[test]
fn a_record_replaces_the_former_one_of_its_name_whole() {
    let mut stage = Stage::new();
    stage.limit(size("l-1", "5"));
    let stale = RiskLimit { max_order_qty: Some(num("50")), ..no_limit("l-1") };
    assert_eq!(stage.limit(stale), ControlResult::StaleVersion);
    assert_eq!(stage.intent(buy("k-1", "10", "100")).reason(), Some(Reason::MaxOrderQtyExceeded));
    let other = RiskLimit { version: 2, max_open_orders: Some(5), ..no_limit("l-1") };
    assert_eq!(stage.limit(other), ControlResult::Applied);
    stage.accept(buy("k-2", "10", "100"));
}

#[test]
fn limits_that_cannot_be_are_invalid_and_halt_everybody() {
    let ok = || size("l-1", "5");
    for (claim, limit) in [
        ("a negative number", size("l-1", "-1")),
        ("more digits", size("l-1", "100000000000000000000")),
        ("a GLOBAL of somebody", RiskLimit { scope_id: "A1", ..ok() }),
        ("a STRATEGY of nobody", RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1", ..ok() }),
        ("no instrument", RiskLimit { instrument_id: "", ..ok() }),
        ("a window too long", RiskLimit { dup_window_ms: Some(3_600_001), ..ok() }),
        ("half a rate", RiskLimit { orders_window_ms: Some(1), ..ok() }),
        ("gross of no currency", RiskLimit { max_gross_notional: Some(num("1")), ..ok() }),
    ] {
        let mut stage = Stage::new();
        assert_eq!(stage.limit(limit), ControlResult::Invalid, "{claim}");
        let refused = stage.intent(buy("k-1", "1", "100")).failed_checks;
        assert_eq!(refused, [failed(Reason::TradingHalted, Some(Scope::Global), "", "")], "{claim}");
    }
}

#[test]
fn three_limits_must_be_set_two_of_them_for_the_account() {
    let most = Some(num("1000"));
    let own = RiskLimit { scope_type: LimitScope::Account, scope_id: "A1", ..no_limit("own") };
    let full = RiskLimit { max_order_qty: most, max_long_qty: most, max_short_qty: most, ..no_limit("full") };
    let strategy = |limit| RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1/S1", ..limit };
    for (claim, limit, is_set) in [
        ("all", full.clone(), true),
        ("no largest order", RiskLimit { max_order_qty: None, ..full.clone() }, false),
        ("no largest long", RiskLimit { max_long_qty: None, ..full.clone() }, false),
        ("no largest short", RiskLimit { max_short_qty: None, ..full.clone() }, false),
        ("of a strategy alone", strategy(full), false),
    ] {
        let mut stage = Stage::bare();
        stage.instrument(instrument(FUTURE));
        stage.limit(own.clone());
        stage.limit(limit);
        let due = if is_set { vec![] } else { vec![failed(Reason::LimitNotConfigured, None, "", "")] };
        assert_eq!(stage.intent(buy("k-1", "1", "100")).failed_checks, due, "{claim}");
    }
}

#[test]
fn a_window_leaves_out_what_is_exactly_as_old() {
    let rate = RiskLimit { max_orders: Some(2), orders_window_ms: Some(100), ..no_limit("rate") };
    let due = failed(Reason::RateLimitExceeded, Some(Scope::Global), "2", "3");
    for (last, refused) in [(100, vec![]), (99, vec![due])] {
        let mut stage = Stage::new();
        stage.limit(rate.clone());
        stage.accept(buy("k-1", "10", "100"));
        stage.clock = Time(NOW.0 + 50 * MS);
        stage.accept(replace("k-2", "k-1", "11"));
        stage.accept(cancel("k-3", "k-1"));
        stage.clock = Time(NOW.0 + last * MS);
        assert_eq!(stage.intent(buy("k-4", "10", "100")).failed_checks, refused, "{last}");
    }
}

#[test]
fn rates_count_the_account_or_the_strategy_over_all_or_one_instrument() {
    for (group, refused) in [
        ((LimitScope::Global, "", "*"), true),
        ((LimitScope::Account, "A1", FUTURE), true),
        ((LimitScope::Strategy, "A1/S2", "*"), false),
        ((LimitScope::Account, "A1", "NQZ5.CME"), false),
        ((LimitScope::Account, "A6", "*"), false),
    ] {
        let mut stage = Stage::new();
        let rate = RiskLimit { max_orders: Some(1), orders_window_ms: Some(1000), ..no_limit("rate") };
        stage.limit(placed(group, rate));
        stage.accept(buy("k-1", "10", "100"));
        let second = stage.intent(Intent { strategy_id: id("S2"), ..buy("k-2", "10", "100") });
        assert_eq!(second.reason().is_some(), refused, "{group:?}");
    }
}

#[test]
fn an_equal_order_is_suspected_within_the_largest_window() {
    let window = |limit_id, window| RiskLimit { dup_window_ms: Some(window), ..no_limit(limit_id) };
    let due = |age| failed(Reason::DuplicateOrderSuspected, Some(Scope::Global), "100", age);
    let cases = [
        ("the same", 99, buy("k-2", "10.0", "100.00"), vec![due("99")]),
        ("as old as the window", 100, buy("k-2", "10", "100"), vec![]),
        ("another quantity", 0, buy("k-2", "11", "100"), vec![]),
        ("another price", 0, buy("k-2", "10", "100.25"), vec![]),
        ("another side", 0, sell("k-2", "10", "100"), vec![]),
        ("another strategy", 0, Intent { strategy_id: id("S2"), ..buy("k-2", "10", "100") }, vec![due("0")]),
        ("another account", 0, Intent { account_id: id("A6"), ..buy("k-2", "10", "100") }, vec![]),
        ("another type", 0, of_type("k-2", OrderType::StopLimit), vec![]),
    ];
    for (claim, later, intent, refused) in cases {
        let mut stage = Stage::new();
        stage.limit(window("w-1", 50));
        stage.limit(window("w-2", 100));
        stage.accept(buy("k-1", "10", "100"));
        stage.clock = Time(NOW.0 + later * MS);
        assert_eq!(stage.intent(intent).failed_checks, refused, "{claim}");
    }
}

#[test]
fn open_orders_are_counted_with_the_new_one() {
    let most = RiskLimit { max_open_orders: Some(2), ..no_limit("open") };
    let mut stage = Stage::new();
    stage.limit(most);
    stage.accept(buy("k-1", "10", "100"));
    stage.accept(buy("k-2", "10", "100"));
    let due = failed(Reason::MaxOpenOrdersExceeded, Some(Scope::Global), "2", "3");
    assert_eq!(stage.intent(buy("k-3", "10", "100")).failed_checks, [due]);
    stage.accept(replace("k-4", "k-1", "11"));
    stage.report(on("k-2", trade("e-1", "10")));
    stage.accept(buy("k-5", "10", "100"));
}
