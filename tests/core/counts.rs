//! What is counted for whom: orders that are open, and orders of late, under each limit's own measure.

use onefill::core::control::{ControlRecord, RiskLimit, Scope};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::Intent;
use onefill::core::verdict::Reason;

use crate::records::{GROUPS, buy, cancel, instrument, no_limit, on, placed, replace, scope_of};
use crate::world::{World, compared, execution, id, trade};

/// Orders of two accounts, two strategies, in two instruments.
fn busy() -> World {
    let mut world = World::new();
    world.control(Ok(ControlRecord::Instrument(instrument("NQZ5.CME"))));
    world.accept(buy("k-1", "10", "100"));
    world.accept(Intent { strategy_id: id("S2"), ..buy("k-2", "10", "100") });
    world.accept(Intent { instrument_id: id("NQZ5.CME"), ..buy("k-3", "10", "100") });
    world.accept(Intent { account_id: id("A6"), ..buy("k-4", "10", "100") });
    world
}

/// How many of those orders each group of limits measures, with this one.
const WITH_ONE_MORE: [&str; 6] = ["2", "3", "3", "4", "3", "4"];

/// A limit of so many in each group refuses the next order from one less on.
fn check(limit_of: fn(i64) -> RiskLimit<'static>, reason: Reason) {
    for (group, observed) in GROUPS.into_iter().zip(WITH_ONE_MORE) {
        let count: i64 = observed.parse().expect("a count");
        let fewer = if count == 2 {
            "1"
        } else if count == 3 {
            "2"
        } else {
            "3"
        };
        let refused = compared(reason, fewer, observed).by(scope_of(group));
        for (limit, due) in [(count, Vec::new()), (count - 1, vec![refused])] {
            let mut world = busy();
            world.limit(placed(group, limit_of(limit)));
            assert_eq!(world.refused(buy("k-5", "10", "100")), due, "{group:?}, {limit}");
        }
    }
}

#[test]
fn open_orders_are_those_of_the_scope_and_of_the_instrument_where_one_is_named() {
    check(|limit| RiskLimit { max_open_orders: Some(limit), ..no_limit("L") }, Reason::MaxOpenOrdersExceeded);
}

#[test]
fn acceptances_are_those_of_the_scope_and_of_the_instrument_where_one_is_named() {
    check(
        |limit| RiskLimit { max_orders: Some(limit), orders_window_ms: Some(1_000), ..no_limit("L") },
        Reason::RateLimitExceeded,
    );
}

/// With one open order allowed: what happens to the first, and whether a second is accepted.
fn opens(claim: &str, reports: &[Execution<'static>], second: bool) {
    let mut world = World::new();
    world.limit(RiskLimit { max_open_orders: Some(1), ..no_limit("L") });
    world.accept(buy("k-1", "10", "100"));
    for report in reports {
        world.report(on("k-1", report.clone()));
    }
    let refused = compared(Reason::MaxOpenOrdersExceeded, "1", "2").by(Scope::Global);
    let due = if second { Vec::new() } else { vec![refused] };
    assert_eq!(world.refused(buy("k-2", "10", "100")), due, "{claim}");
}

#[test]
fn an_order_is_open_while_it_may_be_filled() {
    let bust = Execution { exec_ref_id: Some("e-1"), ..execution(ExecType::TradeCancel, "e-2") };
    opens("not answered", &[], false);
    opens("filled in part", &[trade("e-1", "9")], false);
    opens("filled", &[trade("e-1", "10")], true);
    opens("filled, then busted", &[trade("e-1", "10"), bust], false);
    opens("cancelled", &[execution(ExecType::Canceled, "e-1")], true);
    opens("a cancel under way", &[execution(ExecType::PendingCancel, "e-1")], false);
}

#[test]
fn an_order_is_open_while_a_cancel_is_unanswered() {
    let mut world = World::new();
    world.limit(RiskLimit { max_open_orders: Some(1), ..no_limit("L") });
    world.accept(buy("k-1", "10", "100"));
    world.accept(cancel("k-2", "k-1"));
    let refused = compared(Reason::MaxOpenOrdersExceeded, "1", "2").by(Scope::Global);
    assert_eq!(world.refused(buy("k-3", "10", "100")), [refused]);
}

#[test]
fn a_batch_counts_the_orders_that_it_opens() {
    let mut world = World::new();
    world.limit(RiskLimit { max_open_orders: Some(1), ..no_limit("L") });
    let refused = compared(Reason::MaxOpenOrdersExceeded, "1", "2").by(Scope::Global);
    let together = world.refused_together(["k-1", "k-2"].map(|key| buy(key, "10", "100")));
    assert_eq!(together, [vec![], vec![refused]]);
    world.accept(replace("k-3", "k-1", "11"));
}
