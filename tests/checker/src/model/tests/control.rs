//! Section 8: what each record is answered, what it holds, and the cancels that are owed.

use serde_json::{Value as Json, json};

use super::{found, holds};
use crate::world::{World, accepted, after, new_intent, rejected, with};

fn instrument(change: &Json) -> Json {
    let base = json!({"instrument_id": "X.V", "venue": "V", "currency": "USD", "tick_size": "0.01", "lot_size": "1",
        "contract_multiplier": "1", "status": "TRADING", "version": 2});
    with(&base, change)
}

fn limit(change: &Json) -> Json {
    let base = json!({"limit_id": "all", "version": 2, "scope_type": "GLOBAL", "scope_id": "", "instrument_id": "*",
        "set_by": "ops", "reason": "test"});
    with(&base, change)
}

#[test]
fn every_record_has_one_right_answer() {
    let command = |kind: &str, change: &Json| {
        let base = json!({"command_id": "c-1", "command": kind, "scope_type": "GLOBAL", "scope_id": "",
            "issued_by": "ops", "reason": "test"});
        with(&base, change)
    };
    for (record, due) in [
        (instrument(&json!({})), "APPLIED"),
        (instrument(&json!({"version": 1})), "STALE_VERSION"),
        (instrument(&json!({"tick_size": "0.1"})), "IMMUTABLE_FIELD"),
        (instrument(&json!({"lot_size": "0"})), "INVALID"),
        (limit(&json!({})), "APPLIED"),
        (limit(&json!({"version": 1})), "STALE_VERSION"),
        (limit(&json!({"max_orders": 1})), "INVALID"),
        (limit(&json!({"dup_window_ms": 3_600_001})), "INVALID"),
        (limit(&json!({"scope_id": "A1"})), "INVALID"),
        (command("HALT", &json!({})), "APPLIED"),
        (command("HALT", &json!({"scope_id": "A1"})), "INVALID"),
        (command("HALT", &json!({"scope_type": "LANE", "scope_id": "7"})), "INVALID"),
        (command("RESUME", &json!({})), "STALE_RESUME"),
        (command("FORCE_RELEASE", &json!({})), "INVALID"),
        (command("FORCE_RELEASE", &json!({"account_id": "A1", "order_id": "0".repeat(32)})), "NOT_FOUND"),
        (
            command("POSITION_ADJUST", &json!({"account_id": "A1", "instrument_id": "Y.V", "qty": "1"})),
            "NOT_FOUND",
        ),
        (
            command("POSITION_ADJUST", &json!({"account_id": "A1", "instrument_id": "X.V", "qty": "0.5"})),
            "INVALID",
        ),
        (
            command("POSITION_ADJUST", &json!({"account_id": "A1", "instrument_id": "X.V", "qty": "-5"})),
            "APPLIED",
        ),
    ] {
        let mut world = World::opened();
        world.control(&record, due);
        holds(&world);
        let other = if due == "APPLIED" { "STALE_VERSION" } else { "APPLIED" };
        world.entries.last_mut().unwrap()["control_result"] = json!(other);
        found(&world, &[&format!("G7 control_result: {due}, not {other}")]);
    }
}

#[test]
fn an_accept_under_a_halt_is_found_until_it_is_resumed_by_its_holder() {
    let accept = |world: &mut World| {
        let order = Some(json!({"order_version": 1}));
        world.intent(
            &new_intent("i-1", "o-1", &json!({})),
            &accepted(&after("0", "2", "0", 1)),
            order.as_ref(),
        );
    };
    for scope in [
        json!({}),
        json!({"scope_type": "ACCOUNT", "scope_id": "A1"}),
        json!({"scope_type": "STRATEGY", "scope_id": "A1/S1"}),
        json!({"scope_type": "INSTRUMENT", "scope_id": "X.V"}),
        json!({"scope_type": "LANE", "scope_id": "0"}),
    ] {
        let mut world = World::opened();
        world.command("c-1", "HALT", &scope, "APPLIED");
        let mut halted = world.clone();
        accept(&mut halted);
        found(&halted, &["G4 verdict: REJECTED TRADING_HALTED, not ACCEPTED"]);
        world.command("c-2", "RESUME", &with(&scope, &json!({"resumes": "c-0"})), "STALE_RESUME");
        world.command("c-3", "RESUME", &with(&scope, &json!({"resumes": "c-1"})), "APPLIED");
        world.command("c-3", "RESUME", &with(&scope, &json!({"resumes": "c-1"})), "DUPLICATE_COMMAND");
        accept(&mut world);
        holds(&world);
    }
    let mut world = World::opened();
    world.command("c-1", "REDUCE", &json!({}), "APPLIED");
    accept(&mut world);
    found(&world, &["G5 verdict: REJECTED REDUCE_ONLY_VIOLATION, not ACCEPTED"]);
}

#[test]
fn an_invalid_record_halts_everybody() {
    let mut world = World::opened();
    world.control(&limit(&json!({"max_orders": 1})), "INVALID");
    world.intent(
        &new_intent("i-1", "o-1", &json!({})),
        &rejected("TRADING_HALTED", &after("0", "0", "0", 0)),
        None,
    );
    holds(&world);
}

#[test]
fn a_cancel_that_is_not_owed_or_comes_late_is_found() {
    let mut world = World::story();
    world.entries[13]["intent_id"] = json!("c-9");
    found(&world, &["G7 intent_id: c-1, not c-9"]);
    let mut world = World::opened();
    let first = new_intent("i-1", "o-1", &json!({}));
    world.intent(&first, &accepted(&after("0", "2", "0", 1)), Some(&json!({"order_version": 1})));
    let standing = after("0", "2", "0", 1);
    let cancel = with(&first, &json!({"order_version": 2, "orig_intent_id": "i-1", "intent_id": "c-1"}));
    let mut unowed = world.clone();
    unowed.command("c-1", "HALT", &json!({}), "APPLIED");
    unowed.owed("c-1", &cancel, &standing);
    found(&unowed, &["G7 order_id: no cancel, as none is owed"]);
    world.command("c-1", "CANCEL_ALL", &json!({}), "APPLIED");
    let order = Some(json!({"order_version": 1}));
    world.intent(&new_intent("i-2", "o-2", &json!({})), &accepted(&after("0", "4", "0", 2)), order.as_ref());
    found(&world, &["G4 kind: OWED_CANCEL of"]);
}

#[test]
fn an_entry_that_holds_another_control_record_is_found() {
    let mut world = World::story();
    world.entries[2]["control"]["record"]["max_order_qty"] = json!("1000");
    found(&world, &["G7 control.max_order_qty: 10, not 1000"]);
}
