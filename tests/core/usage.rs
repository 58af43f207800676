//! How much of each limit is used: what the ledger says, against what was traded.

use onefill::core::control::{ControlResult, LimitScope, RiskLimit};
use onefill::core::entry::Ruling;
use onefill::core::ledger::usage::{LimitUse, Measured, Usage};

use crate::records::{FUTURE, at, id, new_intent, no_limit, num, trade};
use crate::world::World;

/// A1 has 4 long and 6 reserved, bought by S1; its limits are these.
fn traded(limits: Vec<RiskLimit<'static>>) -> World {
    let mut world = World::new();
    let widened = RiskLimit { limit_id: id("A1"), version: 2, ..account("A1") };
    for limit in [vec![widened], limits].concat() {
        assert_eq!(world.limit(limit), ControlResult::Applied);
    }
    assert!(matches!(world.intent(new_intent()), Ruling::Accepted { .. }));
    assert_eq!(world.report(trade("e1", "4")), None);
    world
}

/// What check 10 needs, for the account in all instruments.
fn account(limit_id: &'static str) -> RiskLimit<'static> {
    RiskLimit {
        scope_type: LimitScope::Account,
        scope_id: "A1",
        max_order_qty: Some(num("100")),
        max_long_qty: Some(num("40")),
        max_short_qty: Some(num("20")),
        ..no_limit(limit_id)
    }
}

fn told(usage: &Usage) -> Vec<String> {
    let one = |one: &LimitUse| {
        let LimitUse { limit_id, scope, owner, instrument_id, field, limit, used, ppm, .. } = one;
        let used = used.map_or("-".to_owned(), |used| used.to_string());
        format!("{limit_id} {scope} {owner} {instrument_id} {field} {used}/{limit} {ppm}")
    };
    usage.tightest.iter().map(one).collect()
}

#[test]
fn positions_are_those_of_the_worst_case_on_each_side() {
    let usage = traded(vec![]).ledger.usage(at(0), 100);
    assert_eq!(
        told(&usage),
        ["A1 ACCOUNT A1 ESZ5.CME max_long_qty 10/40 250000", "A1 ACCOUNT A1 ESZ5.CME max_short_qty 0/20 0",]
    );
    assert_eq!(usage.worst_ppm[Measured::LongQty.index()], Some(250_000));
    assert_eq!(usage.worst_ppm[Measured::Orders.index()], None);
}

#[test]
fn the_strictest_record_of_a_scope_is_named_and_each_scope_has_its_own_measure() {
    let orders = RiskLimit { max_orders: Some(4), orders_window_ms: Some(1000), ..no_limit("PACE") };
    let strategy = RiskLimit {
        scope_type: LimitScope::Strategy,
        scope_id: "A1/S1",
        instrument_id: FUTURE,
        max_open_orders: Some(1),
        ..no_limit("S1")
    };
    let other = RiskLimit { scope_id: "A1/S2", limit_id: id("S2"), ..strategy.clone() };
    let tighter = RiskLimit { max_long_qty: Some(num("20")), ..account("TIGHT") };
    let world = traded(vec![orders, strategy, other, tighter]);
    assert_eq!(
        told(&world.ledger.usage(at(0), 100)),
        [
            "S1 STRATEGY A1/S1 ESZ5.CME max_open_orders 1/1 1000000",
            "TIGHT ACCOUNT A1 ESZ5.CME max_long_qty 10/20 500000",
            "PACE GLOBAL A1 * max_orders 1/4 250000",
            "A1 ACCOUNT A1 ESZ5.CME max_short_qty 0/20 0",
            "S2 STRATEGY A1/S2 ESZ5.CME max_open_orders 0/1 0",
        ]
    );
    let later = told(&world.ledger.usage(at(1_000_000_000), 100));
    assert!(later.contains(&"PACE GLOBAL A1 * max_orders 0/4 0".to_owned()), "{later:?}");
}

#[test]
fn the_tightest_are_kept_and_the_others_counted_but_the_worst_is_of_all() {
    let open = RiskLimit { max_open_orders: Some(50), ..no_limit("OPEN") };
    let world = traded(vec![open]);
    let usage = world.ledger.usage(at(0), 1);
    assert_eq!(told(&usage), ["A1 ACCOUNT A1 ESZ5.CME max_long_qty 10/40 250000"]);
    assert_eq!((usage.left_out, usage.worst_ppm[Measured::OpenOrders.index()]), (2, Some(20_000)));
    assert_eq!(world.ledger.usage(at(0), 3).left_out, 0);
    assert_eq!(world.ledger.usage(at(0), 0).left_out, 3);
}

#[test]
fn limits_of_accounts_of_other_partitions_are_theirs_to_say() {
    // A2 is placed elsewhere.
    let elsewhere = RiskLimit { scope_id: "A2", max_open_orders: Some(1), ..account("A2") };
    let usage = traded(vec![elsewhere]).ledger.usage(at(0), 100);
    assert!(usage.tightest.iter().all(|one| one.owner == "A1"), "{usage:?}");
}
