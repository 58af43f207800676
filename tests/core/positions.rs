//! Check 19: no position beyond its limit, even if everything on the order's side is filled.

use onefill::core::control::{ControlRecord, ControlResult, RiskLimit, Scope};
use onefill::core::execution::ExecType;
use onefill::core::intent::{Intent, Side};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{
    GROUPS, adjust, adjust_strategy, buy, instrument, limit_order, no_limit, on, placed, release, replace,
    scope_of, sell,
};
use crate::world::{FUTURE, World, compared, execution, id, num, trade};

fn bounds(max_long: &'static str, max_short: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_long_qty: Some(num(max_long)), max_short_qty: Some(num(max_short)), ..no_limit("L") }
}

fn exceeded(limit: &'static str, observed: &'static str) -> FailedCheck {
    compared(Reason::PositionLimitExceeded, limit, observed).by(Scope::Global)
}

/// A lane where the account holds this much, with these orders open.
fn world(position: &'static str, open: &[Intent<'static>]) -> World {
    let mut world = World::with_settings(Settings::default());
    world.control(Ok(ControlRecord::Instrument(instrument(FUTURE))));
    assert_eq!(world.command(adjust("position", position)), ControlResult::Applied);
    for intent in open {
        world.accept(intent.clone());
    }
    world
}

/// Orders of 10 beside a position and open orders: at which limit one passes, and at the next smaller
/// one does not.
fn check(position: &'static str, open: &[Intent<'static>], side: Side, most: i64, texts: [&'static str; 2]) {
    let [limit, less] = texts;
    assert_eq!((limit.parse(), less.parse()), (Ok(most), Ok(most - 1)), "a test writes both edges");
    let of = |limit| match side {
        Side::Buy => bounds(limit, "0"),
        Side::Sell => bounds("0", limit),
    };
    for (limit, due) in [(limit, vec![]), (less, vec![exceeded(less, limit)])] {
        let mut world = world(position, open);
        world.limit(of(limit));
        let refused = world.refused(limit_order("k-last", side, "10", "100"));
        assert_eq!(refused, due, "{side} at {position}, {limit}");
    }
}

#[test]
fn position_and_reservations_of_the_orders_side_count() {
    check("0", &[], Side::Buy, 10, ["10", "9"]);
    check("7", &[], Side::Buy, 17, ["17", "16"]);
    check("-7", &[], Side::Buy, 3, ["3", "2"]);
    check("7", &[buy("k-1", "5", "100")], Side::Buy, 22, ["22", "21"]);
    check("0", &[], Side::Sell, 10, ["10", "9"]);
    check("-7", &[], Side::Sell, 17, ["17", "16"]);
    check("7", &[], Side::Sell, 3, ["3", "2"]);
    check("-7", &[sell("k-1", "5", "100")], Side::Sell, 22, ["22", "21"]);
}

#[test]
fn orders_of_the_other_side_never_net() {
    check("0", &[sell("k-1", "50", "100")], Side::Buy, 10, ["10", "9"]);
    check("0", &[buy("k-1", "50", "100")], Side::Sell, 10, ["10", "9"]);
}

/// What takes the position towards zero passes, however low the limit is by then.
#[test]
fn a_lowered_limit_never_stands_in_the_way_out() {
    for (position, side, way_out) in [("50", Side::Sell, "50"), ("-50", Side::Buy, "50")] {
        let mut world = world(position, &[]);
        world.limit(bounds("0", "0"));
        assert_eq!(world.refused(limit_order("k-1", side, way_out, "100")), []);
        let beyond = limit_order("k-2", side, "1", "100");
        assert_eq!(world.refused(beyond), [exceeded("0", "1")], "the way out is reserved already");
    }
}

#[test]
fn above_a_lowered_limit_nothing_is_added() {
    let mut world = world("50", &[]);
    world.limit(bounds("20", "0"));
    assert_eq!(world.refused(buy("k-1", "1", "100")), [exceeded("20", "51")]);
}

#[test]
fn a_replace_counts_only_what_it_adds() {
    let open = [buy("k-1", "10", "100")];
    for (total, due) in [("9", None), ("10", None), ("15", None), ("16", Some(exceeded("15", "16")))] {
        let mut world = world("0", &open);
        world.limit(bounds("15", "0"));
        assert_eq!(world.refused(replace("k-2", "k-1", total)), Vec::from_iter(due), "{total}");
    }
    let mut lowered = world("0", &open);
    lowered.limit(bounds("5", "0"));
    assert_eq!(
        lowered.refused(replace("k-2", "k-1", "8")),
        [exceeded("5", "10")],
        "it stays above the limit"
    );
}

#[test]
fn a_replace_of_a_filled_part_counts_fills_once() {
    let mut world = world("0", &[buy("k-1", "10", "100")]);
    world.report(on("k-1", trade("e-1", "4")));
    world.limit(bounds("12", "0"));
    assert_eq!(world.refused(replace("k-2", "k-1", "13")), [exceeded("12", "13")]);
    assert_eq!(world.refused(replace("k-3", "k-1", "12")), []);
    assert_eq!(world.refused(buy("k-4", "1", "100")), [exceeded("12", "13")], "the larger total is reserved");
    world.report(on("k-1", execution(ExecType::ReplaceRejected, "e-2")));
    assert_eq!(world.refused(buy("k-5", "2", "100")), []);
}

/// 20 of S1, 30 of S2, -5 of nobody: 45 in all.
fn shared() -> World {
    let mut world = world("-5", &[]);
    for adjustment in [adjust_strategy("c-1", "S1", "20"), adjust_strategy("c-2", "S2", "30")] {
        assert_eq!(world.command(adjustment), ControlResult::Applied);
    }
    world.accept(buy("k-1", "10", "100"));
    world.accept(Intent { strategy_id: id("S2"), ..buy("k-2", "1", "100") });
    world
}

#[test]
fn the_account_is_measured_by_its_own_sum_and_a_strategy_by_what_is_its_own() {
    for (place, group) in GROUPS.into_iter().enumerate() {
        let (most, less) = if place < 2 { ("40", "39") } else { ("66", "65") };
        for (limit, due) in [(most, None), (less, Some(exceeded(less, most).by(scope_of(group))))] {
            let mut world = shared();
            world.limit(placed(group, bounds(limit, "0")));
            assert_eq!(world.refused(buy("k-3", "10", "100")), Vec::from_iter(due), "{group:?}");
        }
    }
}

#[test]
fn a_template_is_no_sum_over_accounts() {
    let mut world = world("0", &[Intent { account_id: id("A6"), ..buy("k-1", "10", "100") }]);
    world.limit(bounds("10", "0"));
    assert_eq!(world.refused(buy("k-2", "10", "100")), []);
    assert_eq!(
        world.refused(Intent { account_id: id("A6"), ..buy("k-3", "1", "100") }),
        [exceeded("10", "11")]
    );
}

#[test]
fn a_limit_for_every_instrument_holds_for_each_by_itself() {
    let mut world = world("0", &[buy("k-1", "10", "100")]);
    world.control(Ok(ControlRecord::Instrument(instrument("NQZ5.CME"))));
    world.limit(bounds("10", "0"));
    assert_eq!(world.refused(Intent { instrument_id: id("NQZ5.CME"), ..buy("k-2", "10", "100") }), []);
}

#[test]
fn a_batch_counts_what_it_has_reserved() {
    let mut world = world("0", &[]);
    world.limit(bounds("15", "15"));
    let refused = world.refused_together([
        buy("k-1", "10", "100"),
        sell("k-2", "15", "100"),
        buy("k-3", "6", "100"),
        buy("k-4", "5", "100"),
    ]);
    assert_eq!(refused, [vec![], vec![], vec![exceeded("15", "16")], vec![]]);
}

#[test]
fn what_an_order_reserves_is_free_when_it_ends() {
    for end in [ExecType::Canceled, ExecType::Expired, ExecType::Rejected, ExecType::DoneForDay] {
        let mut world = world("0", &[buy("k-1", "10", "100")]);
        world.limit(bounds("10", "0"));
        assert_eq!(world.refused(buy("k-2", "1", "100")), [exceeded("10", "11")], "{end}");
        world.report(on("k-1", execution(end, "e-1")));
        assert_eq!(world.refused(buy("k-3", "10", "100")), [], "{end}");
    }
    let mut world = world("0", &[buy("k-1", "10", "100")]);
    world.limit(bounds("10", "0"));
    world.command(release("release", "k-1"));
    assert_eq!(world.refused(buy("k-2", "10", "100")), []);
}
