//! Section 7: each event moves what it must, and what is odd is named.

use serde_json::{Value as Json, json};

use super::{found, holds};
use crate::identity::order_id;
use crate::world::{World, accepted, after, new_intent, with};

/// An order of 2, and a fill of 1 of it.
fn filled() -> World {
    let mut world = World::opened();
    let order = Some(json!({"order_version": 1}));
    world.intent(&new_intent("i-1", "o-1", &json!({})), &accepted(&after("0", "2", "0", 1)), order.as_ref());
    world.execution(&trade("e-1", "1"), &json!({"after": after("1", "1", "0", 1)}));
    world
}

fn trade(exec_id: &str, qty: &str) -> Json {
    json!({"exec_id": exec_id, "last_qty": qty, "last_px": "100"})
}

#[test]
fn every_event_moves_what_the_contract_says() {
    let about = |kind: &str, more: &Json| {
        with(&json!({"exec_id": "e-2", "exec_type": kind, "exec_ref_id": "e-1"}), more)
    };
    for (report, due) in [
        (trade("e-2", "1"), after("2", "0", "0", 0)),
        (about("CANCELED", &json!({})), after("1", "0", "0", 0)),
        (about("EXPIRED", &json!({})), after("1", "0", "0", 0)),
        (about("REJECTED", &json!({})), after("1", "0", "0", 0)),
        (about("DONE_FOR_DAY", &json!({})), after("1", "1", "0", 1)),
        (about("TRADE_CANCEL", &json!({})), after("0", "2", "0", 1)),
        (about("TRADE_CANCEL", &json!({"leaves_qty": "0"})), after("0", "0", "0", 0)),
        (about("TRADE_CORRECT", &json!({"last_qty": "2", "last_px": "1"})), after("2", "0", "0", 0)),
        (about("RESTATED", &json!({"order_qty": "9", "leaves_qty": "4"})), after("1", "4", "0", 1)),
        (about("REPLACED", &json!({"order_qty": "9"})), after("1", "8", "0", 1)),
        (about("NEW", &json!({})), after("1", "1", "0", 1)),
        (about("CANCEL_REJECTED", &json!({})), after("1", "1", "0", 1)),
    ] {
        let mut world = filled();
        world.execution(&report, &json!({"after": due}));
        holds(&world);
        world.entries.last_mut().unwrap()["after"]["position"] = json!("7");
        found(&world, &["G5 after.position"]);
    }
}

#[test]
fn an_anomaly_that_is_not_named_is_found() {
    let other = order_id("A1", "o-9");
    let beyond = after("3", "0", "0", 0);
    for (report, anomaly, due) in [
        (trade("e-1", "1"), "DUPLICATE_EXEC", after("1", "1", "0", 1)),
        (trade("e-1", "1.0"), "DUPLICATE_EXEC", after("1", "1", "0", 1)),
        (trade("e-1", "2"), "EXEC_ID_CONFLICT", after("1", "1", "0", 1)),
        (trade("e-2", "2"), "OVERFILL", beyond),
        (
            with(&trade("e-2", "1"), &json!({"order_id": other})),
            "UNKNOWN_ORDER_FILL",
            after("2", "1", "0", 1),
        ),
        (
            json!({"exec_id": "e-2", "exec_type": "TRADE_CANCEL", "exec_ref_id": "e-9"}),
            "UNKNOWN_EXEC_REF",
            after("1", "1", "0", 1),
        ),
        (
            json!({"exec_id": "e-2", "exec_type": "CANCEL_REJECTED", "reject_code": 1}),
            "VENUE_UNKNOWN_ORDER",
            after("1", "1", "0", 1),
        ),
    ] {
        let mut world = filled();
        world.execution(&report, &json!({"after": due, "anomaly": anomaly}));
        holds(&world);
        world.entries.last_mut().unwrap()["anomaly"] = json!(null);
        found(&world, &[&format!("G5 anomaly: {anomaly}, not ")]);
    }
}

#[test]
fn a_report_that_is_applied_twice_is_found() {
    let mut world = filled();
    world.execution(&trade("e-1", "1"), &json!({"after": after("2", "0", "0", 0)}));
    found(&world, &["G5 anomaly: DUPLICATE_EXEC, not ", "G5 after.position: 1, not 2"]);
}

#[test]
fn a_fill_of_a_dead_order_is_late_and_an_early_bust_is_netted() {
    let mut world = filled();
    world.execution(
        &json!({"exec_id": "e-2", "exec_type": "CANCELED"}),
        &json!({"after": after("1", "0", "0", 0)}),
    );
    let late = json!({"after": after("2", "0", "0", 0), "anomaly": "LATE_FILL"});
    world.execution(&trade("e-3", "1"), &late);
    holds(&world);
    let mut world = filled();
    let early = json!({"exec_id": "e-3", "exec_type": "TRADE_CANCEL", "exec_ref_id": "e-2"});
    world.execution(&early, &json!({"after": after("1", "1", "0", 1), "anomaly": "UNKNOWN_EXEC_REF"}));
    world.execution(&trade("e-2", "1"), &json!({"after": after("1", "1", "0", 1)}));
    holds(&world);
}

#[test]
fn an_anomaly_restricts_its_account() {
    let mut world = filled();
    let conflict = json!({"after": after("1", "1", "0", 1), "anomaly": "EXEC_ID_CONFLICT"});
    world.execution(&trade("e-1", "2"), &conflict);
    let order = Some(json!({"order_version": 1}));
    world.intent(&new_intent("i-2", "o-2", &json!({})), &accepted(&after("1", "3", "0", 2)), order.as_ref());
    found(&world, &["G4 verdict: REJECTED TRADING_HALTED, not ACCEPTED"]);
}

#[test]
fn a_report_that_could_be_applied_and_was_not_is_found_and_the_other_way_round() {
    let unapplied = json!({"anomaly": "EXECUTION_UNAPPLIED", "after": after("1", "1", "0", 1)});
    let mut world = filled();
    world.execution(&trade("e-2", "1"), &unapplied);
    found(&world, &["G5 applied: true, not false"]);
    for report in [
        trade("e-2", "0.5"),
        trade("e-2", "-1"),
        json!({"exec_id": "e-2", "last_qty": "1"}),
        json!({"exec_id": "e-2", "exec_type": "TRADE_CANCEL"}),
        json!({"exec_id": "e-2", "exec_type": "REPLACED"}),
        with(&trade("e-2", "1"), &json!({"instrument_id": "Y.V"})),
    ] {
        let mut world = filled();
        world.execution(&report, &with(&unapplied, &json!({"anomaly": null})));
        found(&world, &["G5 applied: false, not true"]);
    }
}

#[test]
fn an_entry_that_holds_another_report_is_found() {
    let mut world = filled();
    let last = world.entries.last_mut().unwrap();
    last["execution"]["last_qty"] = json!("2");
    last["after"] = after("2", "0", "0", 0);
    found(&world, &["G7 execution.last_qty: 1, not 2", "G7 ledger, by inputs and by trail"]);
}
