//! What each report does to its order and the position (section 7 of the contract).

use onefill::core::amount::Lots;
use onefill::core::entry::{Anomaly, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentTerms, Side, TimeInForce};

use crate::world::{World, cancel_intent, execution, id, new_intent, num, order_id, replace_intent, trade};

/// An order of 10 after some reports: position, and of the order total, filled, leaves, reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(pub i64, pub i64, pub i64, pub i64, pub i64);

/// Reports on an order to buy 10, each with its anomaly, and how they leave it.
fn check(claim: &str, reports: &[(Execution<'static>, Option<Anomaly>)], due: State) {
    let mut world = World::new();
    world.intent(new_intent());
    check_in(&mut world, claim, reports, due);
}

fn check_in(world: &mut World, claim: &str, reports: &[(Execution<'static>, Option<Anomaly>)], due: State) {
    for (report, anomaly) in reports {
        assert_eq!(world.report(report.clone()), *anomaly, "{claim}: {}", report.exec_id);
    }
    assert_eq!(state(world), due, "{claim}");
}

pub fn state(world: &World) -> State {
    let order = world.ledger.order(OrderId::of(id("A1"), id("order-1"))).expect("it was accepted");
    let holding = world.holding("A1");
    let reserved = order.quantity.reserved();
    assert_eq!((holding.reserved_buys, holding.reserved_sells), (reserved, Lots(0)));
    assert_eq!(world.open_orders("A1"), i32::from(reserved.0 > 0));
    let quantity = order.quantity;
    State(holding.position.0, quantity.total.0, quantity.filled.0, quantity.leaves.0, reserved.0)
}

pub fn simple(exec_type: ExecType) -> Execution<'static> {
    execution(exec_type, exec_type.name())
}

fn refused(exec_type: ExecType, reject_code: i32) -> Execution<'static> {
    Execution { reject_code: Some(reject_code), ..simple(exec_type) }
}

pub fn totals(exec_type: ExecType, order_qty: &'static str, leaves_qty: &'static str) -> Execution<'static> {
    let (order_qty, leaves_qty) = (Some(num(order_qty)), Some(num(leaves_qty)));
    Execution { order_qty, leaves_qty, ..simple(exec_type) }
}

#[test]
fn a_fill_moves_quantity_from_leaves_to_the_position() {
    check("none", &[], State(0, 10, 0, 10, 10));
    check("a part", &[(trade("e-1", "4"), None)], State(4, 10, 4, 6, 6));
    check("all", &[(trade("e-1", "4"), None), (trade("e-2", "6"), None)], State(10, 10, 10, 0, 0));
    check("of nothing", &[(trade("e-1", "0"), None)], State(0, 10, 0, 10, 10));
}

#[test]
fn the_end_of_an_order_frees_what_it_reserved() {
    for exec_type in [ExecType::Canceled, ExecType::Expired, ExecType::Rejected, ExecType::DoneForDay] {
        let reports = [(trade("e-1", "4"), None), (simple(exec_type), None)];
        check(exec_type.name(), &reports, State(4, 10, 4, 6, 0));
    }
}

#[test]
fn the_end_of_the_day_ends_only_orders_of_the_day() {
    for time_in_force in TimeInForce::ALL.iter().filter(|life| **life != TimeInForce::Gtd) {
        let mut world = World::new();
        let terms = IntentTerms { time_in_force: Some(*time_in_force), ..new_intent().terms };
        world.intent(Intent { terms, ..new_intent() });
        let reserved = if *time_in_force == TimeInForce::Day { 0 } else { 10 };
        let reports = [(simple(ExecType::DoneForDay), None)];
        check_in(&mut world, time_in_force.name(), &reports, State(0, 10, 0, 10, reserved));
    }
}

#[test]
fn news_without_effect_changes_nothing() {
    for exec_type in [ExecType::New, ExecType::PendingCancel, ExecType::PendingReplace] {
        check(exec_type.name(), &[(simple(exec_type), None)], State(0, 10, 0, 10, 10));
    }
}

#[test]
fn a_cancel_reserves_on_until_the_venue_confirms_it() {
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(cancel_intent());
    check_in(&mut world, "asked for", &[], State(0, 10, 0, 10, 10));
    check_in(&mut world, "refused", &[(refused(ExecType::CancelRejected, 0), None)], State(0, 10, 0, 10, 10));
    assert!(
        matches!(world.intent(replace_intent()), Ruling::Accepted { .. }),
        "no cancel is pending any more"
    );
}

/// An order to buy 10 of which 4 are filled, with a replace pending.
fn replacing(total: &'static str) -> World {
    let mut world = World::new();
    world.intent(new_intent());
    world.report(trade("e-1", "4"));
    let terms = IntentTerms { order_qty: Some(num(total)), ..replace_intent().terms };
    world.intent(Intent { terms, ..replace_intent() });
    world
}

#[test]
fn a_pending_replace_reserves_the_larger_of_both_totals() {
    check_in(&mut replacing("15"), "up", &[], State(4, 10, 4, 6, 11));
    check_in(&mut replacing("5"), "down", &[], State(4, 10, 4, 6, 6));
    let filled = [(trade("e-2", "6"), None)];
    check_in(&mut replacing("15"), "up, then filled", &filled, State(10, 10, 10, 0, 5));
    let refused = [(refused(ExecType::ReplaceRejected, 0), None)];
    check_in(&mut replacing("15"), "up, then refused", &refused, State(4, 10, 4, 6, 6));
    let done = [(totals(ExecType::Replaced, "15", "11"), None)];
    check_in(&mut replacing("15"), "up, then done", &done, State(4, 15, 4, 11, 11));
    let below = [(totals(ExecType::Replaced, "3", "0"), None)];
    check_in(&mut replacing("5"), "down below the fills", &below, State(4, 3, 4, 0, 0));
    let dead = [(simple(ExecType::Canceled), None)];
    check_in(&mut replacing("15"), "up, then cancelled", &dead, State(4, 10, 4, 6, 0));
}

#[test]
fn the_venue_may_change_an_order_by_itself() {
    check("replaced", &[(totals(ExecType::Replaced, "7", "7"), None)], State(0, 7, 0, 7, 7));
    check("restated", &[(totals(ExecType::Restated, "7", "5"), None)], State(0, 7, 0, 5, 5));
    let reports = [(simple(ExecType::Canceled), None), (totals(ExecType::Restated, "7", "5"), None)];
    check("restated when dead", &reports, State(0, 7, 0, 5, 0));
}

#[test]
fn a_replace_without_a_quantity_asks_for_the_total_that_the_venue_put_into_force() {
    for exec_type in [ExecType::Restated, ExecType::Replaced] {
        let mut world = World::new();
        world.intent(new_intent());
        world.report(totals(exec_type, "7", "7"));
        world.intent(Intent {
            terms: IntentTerms { order_qty: None, ..replace_intent().terms },
            ..replace_intent()
        });
        let order = world.ledger.order(OrderId::of(id("A1"), id("order-1"))).expect("it was accepted");
        assert_eq!(order.quantity.pending_total, Some(Lots(7)), "{exec_type}");
        assert_eq!(order.published_terms().order_qty.to_string(), "7", "{exec_type}");
        check_in(&mut world, exec_type.name(), &[], State(0, 7, 0, 7, 7));
    }
}

#[test]
fn fills_beyond_an_order_are_applied_and_named() {
    let over = [(trade("e-1", "8"), None), (trade("e-2", "3"), Some(Anomaly::Overfill))];
    check("beyond the total", &over, State(11, 10, 11, 0, 0));
    let again = [(trade("e-1", "10"), None), (trade("e-2", "1"), Some(Anomaly::Overfill))];
    check("of a filled order", &again, State(11, 10, 11, 0, 0));
    for beyond in ["3", "13"] {
        let late = [(simple(ExecType::Canceled), None), (trade("e-1", beyond), Some(Anomaly::LateFill))];
        let filled = if beyond == "3" { 3 } else { 13 };
        check("of a dead order", &late, State(filled, 10, filled, (10 - filled).max(0), 0));
    }
}

#[test]
fn a_fill_of_an_unknown_order_moves_the_position_only() {
    for unknown in ["", "none", order_id("A1", "order-2")] {
        let report = Execution { order_id: unknown, ..trade("e-1", "3") };
        check(unknown, &[(report, Some(Anomaly::UnknownOrderFill))], State(3, 10, 0, 10, 10));
    }
}

#[test]
fn other_reports_on_an_unknown_order_have_no_effect() {
    let fills = [ExecType::Trade, ExecType::TradeCancel, ExecType::TradeCorrect];
    for exec_type in ExecType::ALL.iter().filter(|exec_type| !fills.contains(exec_type)) {
        let unknown = Execution { order_id: "", reject_code: Some(1), ..totals(*exec_type, "7", "7") };
        check(exec_type.name(), &[(unknown, None)], State(0, 10, 0, 10, 10));
    }
}

#[test]
fn an_order_that_the_venue_does_not_know_keeps_its_reservation() {
    let unknown = Some(Anomaly::VenueUnknownOrder);
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(cancel_intent());
    check_in(
        &mut world,
        "cancel",
        &[(refused(ExecType::CancelRejected, 1), unknown)],
        State(0, 10, 0, 10, 10),
    );
    let reports = [(refused(ExecType::ReplaceRejected, 1), unknown)];
    check_in(&mut replacing("15"), "replace", &reports, State(4, 10, 4, 6, 6));
}

#[test]
fn a_report_is_applied_once() {
    let twice = [(trade("e-1", "4"), None), (trade("e-1", "4.00"), Some(Anomaly::DuplicateExec))];
    check("the same", &twice, State(4, 10, 4, 6, 6));
    let other = [(trade("e-1", "4"), None), (trade("e-1", "5"), Some(Anomaly::ExecIdConflict))];
    check("another", &other, State(4, 10, 4, 6, 6));
    let venue = Execution { venue: id("ICE"), ..trade("e-1", "4") };
    check("of another venue", &[(trade("e-1", "4"), None), (venue, None)], State(8, 10, 8, 2, 2));
}

#[test]
fn what_cannot_be_applied_binds_no_id() {
    let unapplied = Some(Anomaly::ExecutionUnapplied);
    for (claim, report, anomaly) in [
        ("half a lot", trade("e-1", "0.5"), unapplied),
        ("below zero", trade("e-1", "-1"), unapplied),
        ("too many digits", trade("e-1", "100000000000000000000"), unapplied),
        ("no quantity", Execution { last_qty: None, ..trade("e-1", "1") }, unapplied),
        ("unknown instrument", Execution { instrument_id: id("NO.CME"), ..trade("e-1", "1") }, unapplied),
        (
            "another account",
            Execution { account_id: id("A6"), ..trade("e-1", "1") },
            Some(Anomaly::AccountMismatch),
        ),
        ("misplaced", Execution { account_id: id("A2"), ..trade("e-1", "1") }, unapplied),
    ] {
        check(claim, &[(report, anomaly), (trade("e-1", "4"), None)], State(4, 10, 4, 6, 6));
    }
}

#[test]
fn a_report_that_lacks_what_its_type_needs_is_not_applied() {
    let unapplied = Some(Anomaly::ExecutionUnapplied);
    for report in [
        Execution { order_qty: None, ..totals(ExecType::Replaced, "7", "7") },
        Execution { order_qty: None, ..totals(ExecType::Restated, "7", "7") },
        Execution { leaves_qty: None, ..totals(ExecType::Restated, "7", "7") },
        simple(ExecType::TradeCancel),
        Execution { last_qty: Some(num("1")), ..simple(ExecType::TradeCorrect) },
        Execution { exec_ref_id: Some("e-1"), ..simple(ExecType::TradeCorrect) },
    ] {
        check(report.exec_id, &[(report.clone(), unapplied)], State(0, 10, 0, 10, 10));
    }
}

#[test]
fn a_sell_moves_the_position_down() {
    let mut world = World::new();
    let terms = IntentTerms { side: Some(Side::Sell), ..new_intent().terms };
    world.intent(Intent { terms, ..new_intent() });
    world.report(Execution { side: Side::Sell, ..trade("e-1", "4") });
    let holding = world.holding("A1");
    let lots = (holding.position, holding.reserved_buys, holding.reserved_sells);
    assert_eq!((lots, holding.open_orders), ((Lots(-4), Lots(0), Lots(6)), 1));
}
