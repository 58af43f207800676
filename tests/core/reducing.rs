//! Check 17: where only reducing is allowed, an order cannot pass zero, whatever is filled.

use onefill::core::control::{CommandType, ControlRecord, ControlResult, Scope};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, Side};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{adjust, adjust_strategy, buy, command, instrument, limit_order, on, replace, sell};
use crate::world::{FUTURE, World, compared, execution, id, trade};

fn world(position: &'static str, open: &[Intent<'static>]) -> World {
    let mut world = World::with_settings(Settings::default());
    world.control(Ok(ControlRecord::Instrument(instrument(FUTURE))));
    assert_eq!(world.command(adjust("position", position)), ControlResult::Applied);
    for intent in open {
        world.accept(intent.clone());
    }
    world
}

fn reduce(world: &mut World, scope_type: Scope, scope_id: &'static str) {
    let reduce = command("reduce", CommandType::Reduce, scope_type, scope_id);
    assert_eq!(world.command(reduce), ControlResult::Applied);
}

fn flagged(intent: Intent<'static>) -> Intent<'static> {
    Intent { terms: IntentTerms { reduce_only: true, ..intent.terms }, ..intent }
}

fn violation(limit: &'static str, observed: &'static str) -> FailedCheck {
    compared(Reason::ReduceOnlyViolation, limit, observed)
}

/// How much may still be closed: that much passes and one more does not, by the flag and by the state.
fn check(position: &'static str, open: &[Intent<'static>], side: Side, most: i64, texts: [&'static str; 2]) {
    let [most_text, more] = texts;
    assert_eq!((most_text.parse(), more.parse()), (Ok(most), Ok(most + 1)), "a test writes both edges");
    let claim = format!("{side} {most} at {position}");
    let order = |quantity| limit_order("k-last", side, quantity, "100");
    let reducing = || {
        let mut world = world(position, open);
        reduce(&mut world, Scope::Account, "A1");
        world
    };
    if most > 0 {
        assert_eq!(world(position, open).refused(flagged(order(most_text))), [], "{claim}");
        assert_eq!(reducing().refused(order(most_text)), [], "{claim}");
    }
    let refused = violation(most_text, more);
    assert_eq!(world(position, open).refused(flagged(order(more))), [refused], "{claim}");
    assert_eq!(reducing().refused(order(more)), [refused.by(Scope::Account)], "{claim}");
    assert_eq!(reducing().refused(flagged(order(more))), [refused.by(Scope::Account)], "{claim}, both");
}

#[test]
fn as_much_as_is_held_may_be_closed() {
    check("7", &[], Side::Sell, 7, ["7", "8"]);
    check("-7", &[], Side::Buy, 7, ["7", "8"]);
    check("7", &[], Side::Buy, 0, ["0", "1"]);
    check("-7", &[], Side::Sell, 0, ["0", "1"]);
    check("0", &[], Side::Sell, 0, ["0", "1"]);
}

#[test]
fn what_the_side_has_reserved_is_closed_already() {
    check("7", &[sell("k-1", "3", "100")], Side::Sell, 4, ["4", "5"]);
    check("7", &[sell("k-1", "9", "100")], Side::Sell, 0, ["0", "1"]);
    check("-7", &[buy("k-1", "3", "100")], Side::Buy, 4, ["4", "5"]);
    check("7", &[buy("k-1", "3", "100")], Side::Sell, 7, ["7", "8"]);
}

#[test]
fn an_order_that_is_too_large_is_refused_and_never_cut() {
    let mut world = world("7", &[]);
    assert_eq!(world.refused(flagged(sell("k-1", "8", "100"))), [violation("7", "8")]);
    assert_eq!(world.sent, []);
    assert_eq!(world.holding("A1").reserved_sells.0, 0);
}

#[test]
fn each_scope_that_reduces_is_named_the_narrowest_first() {
    let scopes = [
        (Scope::Lane, "3"),
        (Scope::Global, ""),
        (Scope::Account, "A1"),
        (Scope::Strategy, "A1/S1"),
        (Scope::Instrument, FUTURE),
    ];
    for (place, (scope_type, scope_id)) in scopes.into_iter().enumerate() {
        let mut world = world("0", &[]);
        reduce(&mut world, scope_type, scope_id);
        for (wider, scope_id) in &scopes[..place] {
            let wider = command(wider.name(), CommandType::Reduce, *wider, scope_id);
            assert_eq!(world.command(wider), ControlResult::Applied);
        }
        assert_eq!(world.refused(sell("k-1", "1", "100")), [violation("0", "1").by(scope_type)]);
    }
}

#[test]
fn a_scope_that_is_another_does_not_reduce() {
    for (scope_type, scope_id) in [
        (Scope::Account, "A6"),
        (Scope::Strategy, "A1/S2"),
        (Scope::Strategy, "A6/S1"),
        (Scope::Instrument, "NQZ5.CME"),
    ] {
        let mut world = world("0", &[]);
        reduce(&mut world, scope_type, scope_id);
        assert_eq!(world.refused(sell("k-1", "1", "100")), [], "{scope_type} {scope_id}");
    }
}

/// 10 of the account, of which the strategy has this much; a strategy that reduces sells.
#[test]
fn a_strategy_that_reduces_is_held_to_its_own_position_and_the_accounts() {
    for (own, rest, most, more, limit) in
        [("4", "6", "4", "5", "4"), ("14", "-4", "10", "11", "10"), ("-4", "14", "0", "1", "0")]
    {
        let held = || {
            let mut world = world(rest, &[]);
            assert_eq!(world.command(adjust_strategy("own", "S1", own)), ControlResult::Applied);
            world
        };
        let mut reducing = held();
        reduce(&mut reducing, Scope::Strategy, "A1/S1");
        let refused = violation(limit, more).by(Scope::Strategy);
        assert_eq!(reducing.refused(sell("k-1", more, "100")), [refused]);
        if most != "0" {
            assert_eq!(reducing.refused(sell("k-2", most, "100")), []);
        }
        let other = || Intent { strategy_id: id("S2"), ..sell("k-3", "20", "100") };
        assert_eq!(reducing.refused(other()), [], "of another strategy nothing is asked");
        let mut account = held();
        reduce(&mut account, Scope::Account, "A1");
        assert_eq!(account.refused(sell("k-1", "10", "100")), [], "an account's is its own measure alone");
    }
}

/// Both reduce; the instrument is the narrower one, but the strategy's own measure counts too.
#[test]
fn a_strategys_measure_counts_beside_a_narrower_scope() {
    let mut world = world("6", &[]);
    world.command(adjust_strategy("own", "S1", "4"));
    reduce(&mut world, Scope::Instrument, FUTURE);
    world.command(command("too", CommandType::Reduce, Scope::Strategy, "A1/S1"));
    assert_eq!(world.refused(sell("k-1", "5", "100")), [violation("4", "5").by(Scope::Instrument)]);
    assert_eq!(world.refused(sell("k-2", "4", "100")), []);
}

#[test]
fn a_strategys_reservations_count_against_its_own_bound() {
    let mut world = world("6", &[]);
    world.command(adjust_strategy("own", "S1", "4"));
    world.accept(sell("k-1", "3", "100"));
    world.accept(Intent { strategy_id: id("S2"), ..sell("k-2", "5", "100") });
    reduce(&mut world, Scope::Strategy, "A1/S1");
    assert_eq!(world.refused(sell("k-3", "2", "100")), [violation("1", "2").by(Scope::Strategy)]);
    assert_eq!(world.refused(sell("k-4", "1", "100")), [], "10 - 8 of the account, 4 - 3 of its own");
}

#[test]
fn a_replace_is_asked_for_what_it_adds() {
    for (total, due) in
        [("2", None), ("3", None), ("7", None), ("8", Some(violation("4", "5").by(Scope::Account)))]
    {
        let mut world = world("7", &[sell("k-1", "3", "100")]);
        reduce(&mut world, Scope::Account, "A1");
        assert_eq!(world.refused(replace("k-2", "k-1", total)), Vec::from_iter(due), "{total}");
    }
    let mut world = world("-7", &[sell("k-1", "3", "100")]);
    reduce(&mut world, Scope::Account, "A1");
    assert_eq!(
        world.refused(replace("k-2", "k-1", "3")),
        [],
        "an order that adds to the position may get cheaper"
    );
}

#[test]
fn fills_and_busts_move_what_may_be_closed() {
    let mut world = world("7", &[sell("k-1", "3", "100")]);
    reduce(&mut world, Scope::Account, "A1");
    world.report(on("k-1", trade("e-1", "0")));
    let fill = Execution { side: Side::Sell, ..trade("e-2", "3") };
    world.report(on("k-1", fill));
    assert_eq!(world.refused(sell("k-2", "5", "100")), [violation("4", "5").by(Scope::Account)]);
    let (side, exec_ref_id) = (Side::Sell, Some("e-2"));
    let bust = Execution { side, exec_ref_id, ..execution(ExecType::TradeCancel, "e-3") };
    world.report(on("k-1", bust));
    assert_eq!(
        world.refused(sell("k-3", "5", "100")),
        [violation("4", "5").by(Scope::Account)],
        "open again"
    );
    assert_eq!(world.refused(sell("k-4", "4", "100")), []);
}

#[test]
fn a_batch_counts_what_it_has_closed() {
    let mut world = world("7", &[]);
    reduce(&mut world, Scope::Lane, "3");
    let refused =
        world.refused_together([sell("k-1", "5", "100"), sell("k-2", "3", "100"), sell("k-3", "2", "100")]);
    assert_eq!(refused, [vec![], vec![violation("2", "3").by(Scope::Lane)], vec![]]);
}
