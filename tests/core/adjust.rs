//! What operators set right by hand: a position that is another, an order that is dead.

use onefill::core::control::{Command, CommandType, ControlResult, Scope};
use onefill::core::entry::Anomaly;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::Intent;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::executions::totals;
use crate::records::{adjust, adjust_strategy, buy, cancel, command, on, release, replace, sell};
use crate::world::{World, execution, id, trade};

/// The position of the account, and of each strategy.
fn positions(world: &World) -> [i64; 3] {
    let own = ["S1", "S2"].map(|strategy| world.strategy("A1", strategy).position.0);
    [world.holding("A1").position.0, own[0], own[1]]
}

#[test]
fn an_adjustment_moves_the_account_and_the_strategy_that_it_names() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.report(on("k-1", trade("e-1", "4")));
    assert_eq!(positions(&world), [4, 4, 0]);
    for (command, due) in [
        (adjust("c-1", "7"), [11, 4, 0]),
        (adjust_strategy("c-2", "S1", "-5"), [6, -1, 0]),
        (adjust_strategy("c-3", "S2", "3"), [9, -1, 3]),
        (adjust("c-4", "0"), [9, -1, 3]),
        (adjust_strategy("c-5", "S2", "0"), [9, -1, 3]),
        (adjust("c-6", "-20.00"), [-11, -1, 3]),
    ] {
        assert_eq!(world.command(command), ControlResult::Applied);
        assert_eq!(positions(&world), due);
    }
    let reserved = world.holding("A1").reserved_buys.0;
    assert_eq!((reserved, world.open_orders("A1")), (6, 1), "orders are untouched");
}

#[test]
fn a_position_that_would_not_fit_is_invalid_and_stays() {
    let most = "9223372036854775807";
    for (first, second) in [
        (adjust("c-1", most), adjust("c-2", "1")),
        (adjust("c-1", "-9223372036854775808"), adjust("c-2", "-1")),
        (adjust_strategy("c-1", "S1", most), adjust_strategy("c-2", "S1", "1")),
    ] {
        let mut world = World::new();
        assert_eq!(world.command(first), ControlResult::Applied);
        let before = positions(&world);
        assert_eq!(world.command(second), ControlResult::Invalid);
        assert_eq!(positions(&world), before);
    }
    let mut world = World::new();
    world.command(adjust_strategy("c-1", "S1", most));
    world.command(adjust("c-2", "-1"));
    assert_eq!(
        world.command(adjust_strategy("c-3", "S1", "1")),
        ControlResult::Invalid,
        "its own would not fit"
    );
    assert_eq!(positions(&world), [i64::MAX - 1, i64::MAX, 0]);
}

#[test]
fn a_released_order_is_dead_and_a_fill_of_it_is_late() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.report(on("k-1", trade("e-1", "4")));
    assert_eq!(world.command(release("c-1", "k-1")), ControlResult::Applied);
    assert_eq!(world.holding("A1").reserved_buys.0, 0);
    assert_eq!(world.open_orders("A1"), 0);
    let too_late = [FailedCheck::plain(Reason::TooLateToCancel)];
    assert_eq!(world.refused(cancel("k-2", "k-1")), too_late);
    assert_eq!(world.refused(replace("k-3", "k-1", "20")), too_late);
    assert_eq!(world.report(on("k-1", trade("e-2", "6"))), Some(Anomaly::LateFill));
    assert_eq!(world.report(on("k-1", trade("e-3", "1"))), Some(Anomaly::LateFill));
    let order = world.ledger.order(OrderId::of(id("A1"), id("k-1"))).expect("it was accepted").quantity;
    assert_eq!((order.filled.0, order.dead, positions(&world)[0]), (11, true, 11));
}

#[test]
fn a_dead_order_may_be_released_again_and_stays_dead() {
    for end in [ExecType::Canceled, ExecType::Expired, ExecType::Rejected] {
        let mut world = World::new();
        world.accept(buy("k-1", "10", "100"));
        world.report(on("k-1", execution(end, "e-1")));
        assert_eq!(world.command(release("c-1", "k-1")), ControlResult::Applied);
        assert_eq!(world.command(release("c-2", "k-1")), ControlResult::Applied);
        assert_eq!(world.open_orders("A1"), 0);
    }
}

#[test]
fn a_filled_order_that_was_released_is_not_opened_by_a_bust() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.report(on("k-1", trade("e-1", "10")));
    world.command(release("c-1", "k-1"));
    let bust = Execution { exec_ref_id: Some("e-1"), ..execution(ExecType::TradeCancel, "e-2") };
    assert_eq!(world.report(on("k-1", bust)), None);
    assert_eq!((positions(&world)[0], world.open_orders("A1")), (0, 0));
}

#[test]
fn a_release_in_the_middle_of_a_replace_frees_all_of_it() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.accept(replace("k-2", "k-1", "30"));
    assert_eq!(world.holding("A1").reserved_buys.0, 30);
    world.command(release("c-1", "k-1"));
    assert_eq!(world.holding("A1").reserved_buys.0, 0);
    world.report(on("k-1", totals(ExecType::Replaced, "30", "30")));
    assert_eq!(world.holding("A1").reserved_buys.0, 0, "what comes later does not revive it");
}

/// What was set right is what later orders are measured by.
#[test]
fn what_may_be_closed_follows_an_adjustment() {
    let mut world = World::new();
    world.command(command("reduce", CommandType::Reduce, Scope::Strategy, "A1/S1"));
    let refused =
        |world: &mut World, key| world.refused(sell(key, "5", "100")).first().map(|check| check.reason);
    assert_eq!(refused(&mut world, "k-1"), Some(Reason::ReduceOnlyViolation));
    world.command(adjust("c-1", "5"));
    assert_eq!(refused(&mut world, "k-2"), Some(Reason::ReduceOnlyViolation), "of the strategy it is not");
    world.command(adjust("c-2", "-5"));
    world.command(adjust_strategy("c-3", "S1", "5"));
    assert_eq!(refused(&mut world, "k-3"), None);
    assert_eq!(world.refused(Intent { strategy_id: id("S2"), ..sell("k-4", "50", "100") }), []);
}

#[test]
fn an_adjustment_of_another_account_is_its_own() {
    let mut world = World::new();
    world.command(Command { account_id: Some(id("A6")), ..adjust_strategy("c-1", "S1", "8") });
    assert_eq!(positions(&world), [0, 0, 0]);
    assert_eq!(world.holding("A6").position.0, 8);
}
