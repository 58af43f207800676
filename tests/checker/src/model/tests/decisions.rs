//! Checks 4 to 20, and what stands after an entry.

use serde_json::{Value as Json, json};

use super::{found, has, holds};
use crate::world::{TIME, World, accepted, after, cancel_intent, new_intent, rejected, with};

/// A limit of the account, beside those of the world.
fn limited(fields: &Json) -> World {
    let mut world = World::opened();
    world.limit(&with(&json!({"limit_id": "extra", "scope_type": "ACCOUNT", "scope_id": "A1"}), fields));
    world
}

/// Accepts a NEW, whether it should or not.
fn accept(world: &mut World, id: &str, change: &Json, references: &Json) {
    let intent = new_intent(id, id, change);
    let ruling = with(&accepted(&after("0", "0", "0", 0)), &json!({"references": references}));
    world.intent(&intent, &ruling, Some(&json!({"order_version": 1})));
}

#[test]
fn an_accept_beyond_a_limit_is_found_and_one_at_it_is_not() {
    let price = json!({"as_of": TIME});
    let (small, large) = (json!({}), json!({"order_qty": "3"}));
    for (limit, other, fits, beyond, reason) in [
        (
            json!({"max_order_qty": "2"}),
            "MAX_ORDER_QTY",
            small.clone(),
            large.clone(),
            "MAX_ORDER_QTY_EXCEEDED",
        ),
        (json!({"max_long_qty": "2"}), "POSITION", small.clone(), large.clone(), "POSITION_LIMIT_EXCEEDED"),
        (
            json!({"max_order_notional": "200"}),
            "VALUE",
            small.clone(),
            large.clone(),
            "MAX_ORDER_NOTIONAL_EXCEEDED",
        ),
        (
            json!({"price_collar_bps": 100}),
            "COLLAR",
            json!({"price": "101"}),
            json!({"price": "102"}),
            "PRICE_COLLAR_BREACHED",
        ),
        (
            json!({"price_collar_abs": "1"}),
            "COLLAR",
            json!({"price": "99"}),
            json!({"price": "98"}),
            "PRICE_COLLAR_BREACHED",
        ),
        (
            json!({"max_gross_notional": "200", "currency": "USD"}),
            "GROSS",
            small.clone(),
            large.clone(),
            "GROSS_NOTIONAL_EXCEEDED",
        ),
        (json!({}), "REDUCE", small, json!({"reduce_only": true}), "REDUCE_ONLY_VIOLATION"),
    ] {
        let wanted = format!("G5 verdict: REJECTED {reason}, not ACCEPTED");
        for (change, is_beyond) in [(fits, false), (beyond, true)] {
            let mut world = limited(&limit);
            let seen = world.price("100", &price);
            accept(&mut world, "i-1", &change, &json!([seen]));
            assert_eq!(has(&world.violations(), &wanted), is_beyond, "{other} {limit}: {change}");
        }
    }
}

#[test]
fn orders_that_are_too_many_too_fast_or_alike_are_found() {
    for (limit, allowed, reason) in [
        (json!({"max_open_orders": 1}), 1, "MAX_OPEN_ORDERS_EXCEEDED"),
        (json!({"max_orders": 2, "orders_window_ms": 1000}), 2, "RATE_LIMIT_EXCEEDED"),
        (json!({"dup_window_ms": 1000}), 1, "DUPLICATE_ORDER_SUSPECTED"),
        (json!({"max_long_qty": "5"}), 2, "POSITION_LIMIT_EXCEEDED"),
    ] {
        let wanted = format!("G5 verdict: REJECTED {reason}, not ACCEPTED");
        let mut world = limited(&limit);
        for number in 1..=3 {
            accept(&mut world, &format!("i-{number}"), &json!({}), &json!([]));
            assert_eq!(has(&world.violations(), &wanted), number > allowed, "{limit}: {number}");
        }
    }
}

#[test]
fn limits_that_are_not_there_let_nothing_pass() {
    let mut world = World::default();
    world.opening("GENESIS");
    world.control(
        &json!({"instrument_id": "X.V", "venue": "V", "currency": "USD", "tick_size": "0.01",
        "lot_size": "1", "contract_multiplier": "1", "status": "TRADING", "version": 1}),
        "APPLIED",
    );
    world.limit(&json!({"limit_id": "A1", "scope_type": "ACCOUNT", "scope_id": "A1", "max_order_qty": "9"}));
    world
        .limit(&json!({"limit_id": "S1", "scope_type": "STRATEGY", "scope_id": "A1/S1", "max_long_qty": "9",
        "max_short_qty": "9"}));
    accept(&mut world, "i-1", &json!({}), &json!([]));
    found(&world, &["G5 verdict: REJECTED LIMIT_NOT_CONFIGURED, not ACCEPTED"]);
}

#[test]
fn an_accept_without_a_fact_is_found() {
    let market = json!({"order_type": "MARKET", "price": null});
    for (change, reason) in [
        (json!({"account_id": "A9"}), "UNKNOWN_ACCOUNT"),
        (json!({"instrument_id": "Y.V"}), "UNKNOWN_INSTRUMENT"),
        (json!({"created_at": TIME - 6_000_000_000_i64}), "INTENT_TOO_OLD"),
        (json!({"created_at": TIME + 6_000_000_000_i64}), "TIMESTAMP_IN_FUTURE"),
        (json!({"expires_at": TIME}), "INTENT_EXPIRED"),
        (market.clone(), "REFERENCE_PRICE_NOT_AVAILABLE"),
    ] {
        let mut world = World::opened();
        accept(&mut world, "i-1", &change, &json!([]));
        found(&world, &[&format!("G4 verdict: REJECTED {reason}, not ACCEPTED")]);
    }
    for (change, reason) in [
        (json!({"as_of": TIME - 3_000_000_000_i64}), Some("REFERENCE_PRICE_STALE")),
        (json!({"quality": "INDICATIVE"}), Some("REFERENCE_PRICE_INVALID")),
        (json!({"price": "-1"}), Some("REFERENCE_PRICE_INVALID")),
        (json!({}), None),
    ] {
        let mut world = World::opened();
        let seen = world.price("100", &change);
        accept(&mut world, "i-1", &market, &json!([seen]));
        let violations = world.violations();
        match reason {
            Some(reason) => found(&world, &[&format!("G4 verdict: REJECTED {reason}, not ACCEPTED")]),
            None => assert!(!has(&violations, "G4"), "{violations:#?}"),
        }
    }
}

#[test]
fn a_price_that_nobody_published_is_found() {
    for (field, value) in [("price", json!("101")), ("as_of", json!(TIME + 1)), ("quality", json!("HALTED"))]
    {
        let mut world = World::opened();
        let seen = world.price("100", &json!({}));
        accept(&mut world, "i-1", &json!({}), &json!([with(&seen, &json!({field: value}))]));
        found(&world, &[&format!("G4 references.{field}")]);
    }
}

#[test]
fn an_accept_of_what_no_instrument_takes_is_found() {
    for (change, reason) in [
        (json!({"price": null}), "UNSUPPORTED_ORDER"),
        (json!({"time_in_force": "GTD"}), "UNSUPPORTED_ORDER"),
        (json!({"order_qty": "0"}), "INVALID_QUANTITY"),
        (json!({"price": "-1"}), "INVALID_PRICE"),
        (json!({"price": "0.001"}), "INVALID_PRICE_INCREMENT"),
        (json!({"order_qty": "1.5"}), "INVALID_QUANTITY_INCREMENT"),
    ] {
        let mut world = World::opened();
        accept(&mut world, "i-1", &change, &json!([]));
        found(&world, &[&format!("G5 verdict: REJECTED {reason}, not ACCEPTED")]);
    }
}

#[test]
fn a_rejection_without_its_reason_is_found() {
    let mut world = World::opened();
    world.intent(
        &new_intent("i-1", "o-1", &json!({})),
        &rejected("MAX_ORDER_QTY_EXCEEDED", &after("0", "0", "0", 0)),
        None,
    );
    found(
        &world,
        &["G7 failed_checks: none: ACCEPTED, not MAX_ORDER_QTY_EXCEEDED", "G7 reason: , not MAX_ORDER"],
    );
    let mut world = World::opened();
    let large = new_intent("i-1", "o-1", &json!({"order_qty": "21"}));
    world.intent(&large, &rejected("MAX_ORDER_QTY_EXCEEDED", &after("0", "0", "0", 0)), None);
    found(
        &world,
        &["G7 failed_checks: MAX_ORDER_QTY_EXCEEDED, POSITION_LIMIT_EXCEEDED, not MAX_ORDER_QTY_EXCEEDED"],
    );
}

#[test]
fn cancels_and_replaces_need_an_order_that_is_open() {
    let mut world = World::opened();
    world.intent(&cancel_intent("i-1", "o-1"), &accepted(&after("0", "0", "0", 0)), None);
    found(&world, &["G5 verdict: REJECTED UNKNOWN_ORDER, not ACCEPTED"]);
    let mut world = World::story();
    world.execution(
        &json!({"exec_id": "e-2", "exec_type": "CANCELED"}),
        &json!({"after": after("1", "0", "0", 0)}),
    );
    world.intent(
        &cancel_intent("i-9", "o-1"),
        &rejected("TOO_LATE_TO_CANCEL", &after("1", "0", "0", 0)),
        None,
    );
    holds(&world);
}

#[test]
fn what_stands_after_an_entry_is_recomputed() {
    for (field, value, due) in [
        ("position", json!("2"), "1"),
        ("reserved_buy_qty", json!("2"), "1"),
        ("reserved_sell_qty", json!("1"), "0"),
        ("open_orders", json!(2), "1"),
    ] {
        for seq in [7, 9, 13] {
            let mut world = World::story();
            world.entries[seq]["after"][field] = value.clone();
            found(&world, &[&format!("G5 after.{field}: {due}, not")]);
        }
    }
    let mut world = World::story();
    world.entries[4]["after"] = json!(null);
    found(&world, &["G5 after: what stands after an accept, not null"]);
    world = World::story();
    world.entries[4]["after"]["gross_notional"] = json!("7");
    found(&world, &["G5 after.gross_notional"]);
}

#[test]
fn an_order_with_other_terms_than_accepted_is_found() {
    for (field, value) in [
        ("order_qty", "3"),
        ("price", "101"),
        ("side", "SELL"),
        ("time_in_force", "DAY"),
        ("order_type", "STOP"),
    ] {
        for index in 0..3 {
            let mut world = World::story();
            world.orders[index][field] = json!(value);
            found(&world, &[&format!("G1 {field}: ")]);
        }
    }
    let mut world = World::story();
    world.orders[2]["orig_intent_id"] = json!("c-0");
    found(&world, &["G1 orig_intent_id: i-3, not c-0"]);
}

#[test]
fn a_replace_adds_what_is_new_and_is_published_whole() {
    let mut world = World::opened();
    let first = new_intent("i-1", "o-1", &json!({}));
    world.intent(&first, &accepted(&after("0", "2", "0", 1)), Some(&json!({"order_version": 1})));
    let replace = with(&cancel_intent("i-2", "o-1"), &json!({"intent_type": "REPLACE", "order_qty": "5"}));
    let whole = with(
        &first,
        &json!({"order_version": 2, "order_qty": "5", "intent_id": "i-2", "orig_intent_id": "i-1",
        "command": "REPLACE", "origin": "INTENT"}),
    );
    world.intent(&replace, &accepted(&after("0", "5", "0", 1)), Some(&whole));
    let replaced = json!({"exec_id": "e-1", "exec_type": "REPLACED", "order_qty": "5"});
    world.execution(&replaced, &json!({"after": after("0", "5", "0", 1)}));
    holds(&world);
    world.orders[1]["order_qty"] = json!("2");
    found(&world, &["G1 order_qty: 5, not 2"]);
}

#[test]
fn time_and_limits_do_not_run_back() {
    let mut world = World::story();
    world.entries[9]["decided_at"] = json!(TIME);
    found(&world, &["G4 decided_at: 1700000000000000008 or later, not 1700000000000000000"]);
    let mut world = World::story();
    world.entries[9]["limits_version"] = json!(0);
    found(&world, &["G4 limits_version: 4, not 0"]);
}
