//! The decide table of a CANCEL: it can only reduce, so that little stands in its way.

use onefill::core::control::{
    CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, RiskLimit, Scope,
};
use onefill::core::entry::Ruling;
use onefill::core::execution::ExecType;
use onefill::core::intent::Intent;
use onefill::core::verdict::Reason;

use crate::ladder::{Situation, check, rule};
use crate::records::{command, no_limit, wide};
use crate::world::{NOW, World, cancel_intent, execution, future, id, new_intent, replace_intent, trade};

fn base() -> Situation {
    let mut world = World::new();
    world.intent(new_intent());
    Situation::of(world, cancel_intent())
}

#[test]
fn a_cancel_is_refused_by_the_first_rule_that_it_breaks() {
    let rules = [
        rule("no record", "", |it| it.readable = false, Reason::MalformedIntent),
        rule("another key than the account", "a", |it| it.key = b"A6", Reason::WrongPartition),
        rule(
            "a key that decided another payload",
            "a",
            |it| {
                it.world.intent(Intent { intent_id: id("k-cancel"), ..new_intent() });
            },
            Reason::IdempotencyKeyConflict,
        ),
        rule("expired", "x", |it| it.intent.expires_at = Some(NOW), Reason::IntentExpired),
        rule("no such order", "", |it| it.intent.client_order_id = id("order-2"), Reason::UnknownOrder),
        rule(
            "an order in another instrument",
            "i",
            |it| it.intent.instrument_id = id("NQ.CME"),
            Reason::UnknownOrder,
        ),
        rule(
            "an order of another account",
            "a",
            |it| (it.intent.account_id, it.key) = (id("A6"), b"A6"),
            Reason::UnknownOrder,
        ),
        rule(
            "an order that is dead",
            "d",
            |it| {
                it.world.report(execution(ExecType::Expired, "e-dead"));
            },
            Reason::TooLateToCancel,
        ),
        rule(
            "an order that is filled",
            "d",
            |it| {
                it.world.report(trade("e-all", "10"));
            },
            Reason::TooLateToCancel,
        ),
    ];
    check(base, &rules);
}

#[test]
fn nothing_else_stands_in_the_way_of_a_cancel() {
    let mut it = base();
    it.intent.strategy_id = id("S9");
    it.intent.created_at = onefill::core::time::Time(i64::MIN);
    it.world.intent(replace_intent());
    let (max_orders, orders_window_ms) = (Some(0), Some(3_600_000));
    it.limit(RiskLimit { max_orders, orders_window_ms, max_open_orders: Some(0), ..no_limit("L-1") });
    it.limit(RiskLimit { version: 2, scope_id: "A6", ..wide("A1") });
    let (status, version) = (InstrumentStatus::Closed, 2);
    it.world.control(Ok(ControlRecord::Instrument(InstrumentRecord { status, version, ..future() })));
    it.command(command("halt", CommandType::Halt, Scope::Lane, "3"));
    it.world.halt_trading();
    assert_eq!(it.refused(), []);
}

#[test]
fn a_cancel_can_be_repeated_under_another_key() {
    let mut world = World::new();
    world.intent(new_intent());
    for key in ["k-1", "k-2", "k-3"] {
        let ruling = world.intent(Intent { intent_id: id(key), ..cancel_intent() });
        assert!(matches!(ruling, Ruling::Accepted { converted_to_cancel: false, .. }), "{key}: {ruling:?}");
    }
}
