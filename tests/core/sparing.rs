//! A REDUCE that cancels open orders spares those that can only close the position.

use onefill::core::control::{Command, CommandType, ControlRecord, ControlResult, Scope};
use onefill::core::entry::{Body, Entry};
use onefill::core::execution::Execution;
use onefill::core::intent::{Intent, Side};

use crate::records::{adjust_strategy, buy, command, instrument, on, sell};
use crate::world::{FUTURE, World, id, trade};

/// What S1 and S2 hold, the orders that are open, and which of them a REDUCE of this scope cancels.
fn check(
    claim: &str,
    positions: [&'static str; 2],
    open: &[Intent<'static>],
    scope: (Scope, &'static str),
    due: &[&str],
) {
    let mut world = World::new();
    world.control(Ok(ControlRecord::Instrument(instrument("NQZ5.CME"))));
    for (strategy, qty) in ["S1", "S2"].into_iter().zip(positions) {
        assert_eq!(world.command(adjust_strategy(strategy, strategy, qty)), ControlResult::Applied);
    }
    open.iter().for_each(|intent| world.accept(intent.clone()));
    let reduce = command("c", CommandType::Reduce, scope.0, scope.1);
    world.command(Command { cancel_open_orders: true, ..reduce });
    assert_eq!(cancelled(&mut world), due, "{claim}");
}

fn cancelled(world: &mut World) -> Vec<&'static str> {
    let of = |entry: Entry<'static>| match entry.body {
        Body::OwedCancel(owed) => owed.ids.client_order_id.as_str(),
        other => panic!("no owed cancel, but {}", other.kind()),
    };
    world.pay(usize::MAX).into_iter().map(of).collect()
}

fn by_s2(intent: Intent<'static>) -> Intent<'static> {
    Intent { strategy_id: id("S2"), ..intent }
}

const GLOBAL: (Scope, &str) = (Scope::Global, "");
const OF_S1: (Scope, &str) = (Scope::Strategy, "A1/S1");

#[test]
fn the_oldest_that_fit_into_the_position_are_spared() {
    let sells =
        [sell("k-1", "4", "100"), sell("k-2", "3", "100"), sell("k-3", "3", "100"), sell("k-4", "2", "100")];
    check("all", ["12", "0"], &sells, GLOBAL, &[]);
    check("all but the last", ["11", "0"], &sells, GLOBAL, &["k-4"]);
    check("from the first that does not fit, none", ["9", "0"], &sells, GLOBAL, &["k-3", "k-4"]);
    check("one", ["4", "0"], &sells, GLOBAL, &["k-2", "k-3", "k-4"]);
    check("none", ["3", "0"], &sells, GLOBAL, &["k-1", "k-2", "k-3", "k-4"]);
    check("none at zero", ["0", "0"], &sells, GLOBAL, &["k-1", "k-2", "k-3", "k-4"]);
    check("none that adds", ["-9", "0"], &sells, GLOBAL, &["k-1", "k-2", "k-3", "k-4"]);
}

#[test]
fn each_side_has_its_own_bound() {
    let both =
        [buy("k-1", "4", "100"), sell("k-2", "4", "100"), buy("k-3", "4", "100"), sell("k-4", "4", "100")];
    check("long", ["8", "0"], &both, GLOBAL, &["k-1", "k-3"]);
    check("short", ["-8", "0"], &both, GLOBAL, &["k-2", "k-4"]);
    check("half as long", ["4", "0"], &both, GLOBAL, &["k-1", "k-3", "k-4"]);
}

#[test]
fn each_instrument_and_account_has_its_own_bound() {
    let elsewhere = |intent| Intent { instrument_id: id("NQZ5.CME"), ..intent };
    let other = |intent| Intent { account_id: id("A6"), ..intent };
    let open = [
        sell("k-1", "4", "100"),
        elsewhere(sell("k-2", "4", "100")),
        other(sell("k-3", "4", "100")),
        sell("k-4", "4", "100"),
    ];
    check("of the one that is held", ["8", "0"], &open, GLOBAL, &["k-2", "k-3"]);
    check("of the instrument", ["8", "0"], &open, (Scope::Instrument, FUTURE), &["k-3"]);
    check("of the other", ["8", "0"], &open, (Scope::Instrument, "NQZ5.CME"), &["k-2"]);
    check("of the account", ["8", "0"], &open, (Scope::Account, "A1"), &["k-2"]);
    check("of the lane", ["8", "0"], &open, (Scope::Lane, "3"), &["k-2", "k-3"]);
}

#[test]
fn an_account_is_measured_as_a_whole_and_a_strategy_by_both() {
    let open = [sell("k-1", "4", "100"), by_s2(sell("k-2", "4", "100")), sell("k-3", "4", "100")];
    check("the account", ["4", "4"], &open, (Scope::Account, "A1"), &["k-3"]);
    check("its own is less", ["4", "4"], &open, OF_S1, &["k-3"]);
    check("its own is more than the account's", ["12", "-8"], &open, OF_S1, &["k-3"]);
    check("both are enough", ["8", "8"], &open, OF_S1, &[]);
    check("its own is nothing", ["0", "12"], &open, OF_S1, &["k-1", "k-3"]);
    check("the account's is nothing", ["8", "-8"], &open, OF_S1, &["k-1", "k-3"]);
}

/// What may still be filled counts, not what was asked for.
#[test]
fn a_filled_part_is_in_the_position_already() {
    let mut world = World::new();
    world.command(adjust_strategy("p", "S1", "10"));
    world.accept(sell("k-1", "8", "100"));
    world.accept(sell("k-2", "4", "100"));
    world.report(on("k-1", Execution { side: Side::Sell, ..trade("e-1", "6") }));
    let reduce = command("c", CommandType::Reduce, Scope::Account, "A1");
    world.command(Command { cancel_open_orders: true, ..reduce });
    assert_eq!(cancelled(&mut world), ["k-2"], "4 are left: 2 of the first fit, 2 and 4 do not");
}

/// A later command spares nothing on behalf of an earlier one.
#[test]
fn what_one_command_spares_another_may_cancel() {
    let mut world = World::new();
    world.command(adjust_strategy("p", "S1", "10"));
    world.accept(sell("k-1", "8", "100"));
    let reduce = command("c", CommandType::Reduce, Scope::Account, "A1");
    world.command(Command { cancel_open_orders: true, ..reduce });
    assert_eq!(cancelled(&mut world), Vec::<&str>::new());
    world.command(command("d", CommandType::CancelAll, Scope::Account, "A1"));
    assert_eq!(cancelled(&mut world), ["k-1"]);
}
