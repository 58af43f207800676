//! Busts and corrections, in and out of order: a trade counts once, where it was counted.

use onefill::core::entry::Anomaly;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, Side};

use crate::executions::{State, simple, state};
use crate::world::{World, execution, id, new_intent, num, order_id, trade};

fn bust(exec_id: &'static str, trade: &'static str) -> Execution<'static> {
    Execution { exec_ref_id: Some(trade), ..execution(ExecType::TradeCancel, exec_id) }
}

fn correct(exec_id: &'static str, first: &'static str, last_qty: &'static str) -> Execution<'static> {
    let exec_type = ExecType::TradeCorrect;
    Execution { exec_type, exec_ref_id: Some(first), ..trade(exec_id, last_qty) }
}

fn leaving(report: Execution<'static>, leaves_qty: &'static str) -> Execution<'static> {
    Execution { leaves_qty: Some(num(leaves_qty)), ..report }
}

type Step = (Execution<'static>, Option<Anomaly>);

fn check(claim: &str, reports: &[Step], due: State) {
    let mut world = World::new();
    world.intent(new_intent());
    for (report, anomaly) in reports {
        assert_eq!(world.report(report.clone()), *anomaly, "{claim}: {}", report.exec_id);
    }
    assert_eq!(state(&world), due, "{claim}");
}

const NOT_YET: Option<Anomaly> = Some(Anomaly::UnknownExecRef);

#[test]
fn a_bust_takes_a_fill_back() {
    let filled = (trade("e-1", "10"), None);
    check("reopens", &[filled.clone(), (bust("e-2", "e-1"), None)], State(0, 10, 0, 10, 10));
    let says = leaving(bust("e-2", "e-1"), "3");
    check("leaves as reported", &[filled.clone(), (says, None)], State(0, 10, 0, 3, 3));
    let dead = (simple(ExecType::Canceled), None);
    check("stays dead", &[filled.clone(), dead, (bust("e-2", "e-1"), None)], State(0, 10, 0, 10, 0));
    let twice = [filled, (bust("e-2", "e-1"), None), (bust("e-3", "e-1"), None)];
    check("only once", &twice, State(0, 10, 0, 10, 10));
}

#[test]
fn leaves_that_a_report_says_are_not_computed() {
    let most = leaving(correct("e-2", "e-1", "1"), "9223372036854775807");
    let mended = leaving(bust("e-3", "e-2"), "6");
    check("mended", &[(trade("e-1", "3"), None), (most, None), (mended, None)], State(0, 10, 0, 6, 6));
}

#[test]
fn a_correction_moves_the_difference() {
    let filled = (trade("e-1", "4"), None);
    check("down", &[filled.clone(), (correct("e-2", "e-1", "1"), None)], State(1, 10, 1, 9, 9));
    check("up", &[filled.clone(), (correct("e-2", "e-1", "7"), None)], State(7, 10, 7, 3, 3));
    let says = leaving(correct("e-2", "e-1", "7"), "0");
    check("leaves as reported", &[filled.clone(), (says, None)], State(7, 10, 7, 0, 0));
    let again = [filled, (correct("e-2", "e-1", "7"), None), (correct("e-3", "e-1", "5"), None)];
    check("again", &again, State(5, 10, 5, 5, 5));
}

#[test]
fn a_later_report_may_name_the_last_of_the_chain() {
    let chain = [
        (trade("e-1", "4"), None),
        (correct("e-2", "e-1", "7"), None),
        (correct("e-3", "e-2", "5"), None),
        (bust("e-4", "e-3"), None),
    ];
    check("corrected", &chain[..3], State(5, 10, 5, 5, 5));
    check("busted", &chain, State(0, 10, 0, 10, 10));
}

#[test]
fn a_bust_or_correction_before_its_trade_is_kept_and_netted() {
    let busted = [(bust("e-2", "e-1"), NOT_YET), (trade("e-1", "4"), None)];
    check("bust alone", &busted[..1], State(0, 10, 0, 10, 10));
    check("bust", &busted, State(0, 10, 0, 10, 10));
    let corrected = [(leaving(correct("e-2", "e-1", "3"), "7"), NOT_YET), (trade("e-1", "4"), None)];
    check("correction alone", &corrected[..1], State(0, 10, 0, 10, 10));
    check("correction", &corrected, State(3, 10, 3, 7, 7));
    let chain =
        [(bust("e-3", "e-2"), NOT_YET), (correct("e-2", "e-1", "7"), NOT_YET), (trade("e-1", "4"), None)];
    check("a chain from its end", &chain, State(0, 10, 0, 10, 10));
    let between =
        [(bust("e-3", "e-2"), NOT_YET), (trade("e-1", "4"), None), (correct("e-2", "e-1", "7"), None)];
    check("a chain, the trade in between", &between, State(0, 10, 0, 10, 10));
}

#[test]
fn a_trade_that_a_correction_made_small_is_no_overfill() {
    let reports =
        [(trade("e-1", "8"), None), (correct("e-3", "e-2", "2"), NOT_YET), (trade("e-2", "9"), None)];
    check("netted", &reports, State(10, 10, 10, 0, 0));
}

#[test]
fn what_is_no_trade_cannot_be_busted_or_corrected() {
    let other = (execution(ExecType::New, "e-1"), None);
    check("bust", &[other.clone(), (bust("e-2", "e-1"), NOT_YET)], State(0, 10, 0, 10, 10));
    check("correction", &[other, (correct("e-2", "e-1", "4"), NOT_YET)], State(0, 10, 0, 10, 10));
}

#[test]
fn a_report_that_leads_back_to_itself_is_not_applied() {
    let unapplied = Some(Anomaly::ExecutionUnapplied);
    check("itself", &[(correct("e-1", "e-1", "4"), unapplied)], State(0, 10, 0, 10, 10));
    let circle = [(correct("e-1", "e-2", "4"), NOT_YET), (correct("e-2", "e-1", "4"), unapplied)];
    check("a circle", &circle, State(0, 10, 0, 10, 10));
}

#[test]
fn a_bust_that_contradicts_its_trade_is_not_applied() {
    let unapplied = Some(Anomaly::ExecutionUnapplied);
    let elsewhere = Execution { account_id: id("A6"), order_id: "", ..bust("e-2", "e-1") };
    for (claim, contradicting) in [
        ("another side", Execution { side: Side::Sell, ..bust("e-2", "e-1") }),
        ("another account", elsewhere),
    ] {
        check(claim, &[(trade("e-1", "4"), None), (contradicting, unapplied)], State(4, 10, 4, 6, 6));
    }
}

#[test]
fn a_bust_finds_the_order_of_its_trade_without_being_told() {
    let untold = Execution { order_id: "", ..bust("e-2", "e-1") };
    check("no order named", &[(trade("e-1", "4"), None), (untold, None)], State(0, 10, 0, 10, 10));
}

/// The fill came before its order and was not netted: nor may its bust be.
#[test]
fn the_bust_of_an_early_fill_leaves_the_later_order_alone() {
    let mut world = World::new();
    assert_eq!(world.report(trade("e-1", "4")), Some(Anomaly::UnknownOrderFill));
    world.intent(new_intent());
    assert_eq!(state(&world), State(4, 10, 0, 10, 10));
    assert_eq!(world.report(bust("e-2", "e-1")), None);
    assert_eq!(state(&world), State(0, 10, 0, 10, 10));
}

#[test]
fn a_bust_that_names_another_order_is_not_applied() {
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(Intent { intent_id: id("k-2"), client_order_id: id("order-2"), ..new_intent() });
    world.report(trade("e-1", "4"));
    let other = Execution { order_id: order_id("A1", "order-2"), ..bust("e-2", "e-1") };
    assert_eq!(world.report(other), Some(Anomaly::ExecutionUnapplied));
    assert_eq!(world.holding("A1").position.0, 4);
    let second = world.ledger.order(OrderId::of(id("A1"), id("order-2"))).expect("it was accepted");
    assert_eq!(second.quantity.filled.0, 0);
}

fn with_two_orders() -> World {
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(Intent { intent_id: id("k-2"), client_order_id: id("order-2"), ..new_intent() });
    world
}

/// The position, and of the first order what is filled and what is left.
fn first_of_two(world: &World) -> (i64, i64, i64) {
    let order = world.ledger.order(OrderId::of(id("A1"), id("order-1"))).expect("it was accepted");
    (world.holding("A1").position.0, order.quantity.filled.0, order.quantity.leaves.0)
}

/// Reports of another account, side or order than those of the trade `e-1`.
fn contradicting(report: &Execution<'static>) -> [(&'static str, Execution<'static>); 3] {
    [
        ("another account", Execution { account_id: id("A6"), order_id: "", ..report.clone() }),
        ("another side", Execution { side: Side::Sell, ..report.clone() }),
        ("another order", Execution { order_id: order_id("A1", "order-2"), ..report.clone() }),
    ]
}

#[test]
fn what_was_kept_of_another_account_side_or_order_is_not_netted() {
    for kept in [bust("e-2", "e-1"), correct("e-2", "e-1", "9")] {
        for which in 0..3 {
            let mut world = with_two_orders();
            let (claim, kept) = contradicting(&kept)[which].clone();
            assert_eq!(world.report(kept), NOT_YET, "{claim}");
            assert_eq!(world.report(trade("e-1", "4")), None, "{claim}");
            assert_eq!(first_of_two(&world), (4, 4, 6), "{claim}");
            assert_eq!(world.report(bust("e-3", "e-1")), None, "its own bust finds it, {claim}");
            assert_eq!(first_of_two(&world), (0, 0, 10), "{claim}");
        }
    }
}

#[test]
fn a_report_that_contradicts_what_is_kept_is_not_applied() {
    for which in 0..3 {
        let mut world = with_two_orders();
        assert_eq!(world.report(correct("e-2", "e-1", "3")), NOT_YET);
        let (claim, other) = contradicting(&bust("e-3", "e-1"))[which].clone();
        assert_eq!(world.report(other), Some(Anomaly::ExecutionUnapplied), "{claim}");
        assert_eq!(world.report(trade("e-1", "4")), None, "{claim}");
        assert_eq!(first_of_two(&world), (3, 3, 7), "{claim}");
    }
}

#[test]
fn a_correction_is_netted_by_what_came_before_it_unless_that_contradicts_it() {
    let later = [(leaving(bust("e-3", "e-2"), "8"), NOT_YET), (trade("e-1", "4"), None)];
    let agreeing = [&later[..], &[(leaving(correct("e-2", "e-1", "7"), "3"), None)]].concat();
    check("agreeing", &agreeing, State(0, 10, 0, 10, 10));
    let sold = Execution { side: Side::Sell, ..bust("e-3", "e-2") };
    let contradicting =
        [(sold, NOT_YET), (trade("e-1", "4"), None), (leaving(correct("e-2", "e-1", "7"), "3"), None)];
    check("contradicting", &contradicting, State(7, 10, 7, 3, 3));
}

/// What was said before the trade came cannot know what came meanwhile: it only adds.
#[test]
fn leaves_that_were_kept_are_the_least_that_is_left_once_the_trade_comes() {
    for (kept, due) in [
        (leaving(bust("e-2", "e-1"), "20"), State(0, 10, 0, 20, 20)),
        (leaving(bust("e-2", "e-1"), "6"), State(0, 10, 0, 10, 10)),
        (leaving(correct("e-2", "e-1", "3"), "2"), State(3, 10, 3, 7, 7)),
        (leaving(correct("e-2", "e-1", "3"), "9"), State(3, 10, 3, 9, 9)),
    ] {
        let claim = format!("{} {:?}", kept.exec_type, kept.leaves_qty);
        check(&claim, &[(kept, NOT_YET), (trade("e-1", "4"), None)], due);
    }
    let other =
        [(leaving(bust("b-1", "e-1"), "4"), NOT_YET), (trade("e-1", "4"), None), (trade("e-2", "6"), None)];
    check("a fill that came before the bust, and later here", &other, State(6, 10, 6, 4, 4));
    let between = [
        (leaving(bust("b-1", "e-1"), "4"), NOT_YET),
        (trade("e-2", "6"), None),
        (leaving(bust("b-2", "e-2"), "10"), None),
        (trade("e-1", "4"), None),
    ];
    check("another bust meanwhile", &between, State(0, 10, 0, 10, 10));
    let larger = Execution { order_qty: Some(num("20")), ..execution(ExecType::Replaced, "r-1") };
    let replaced = [(leaving(bust("b-1", "e-1"), "10"), NOT_YET), (larger, None), (trade("e-1", "4"), None)];
    check("a larger total meanwhile", &replaced, State(0, 20, 0, 20, 20));
}

#[test]
fn a_kept_correction_without_leaves_moves_those_that_were_said() {
    let reports = [
        (leaving(bust("b-1", "e-1"), "20"), NOT_YET),
        (correct("c-2", "b-1", "3"), NOT_YET),
        (trade("e-1", "4"), None),
    ];
    check("17 of 20", &reports, State(3, 10, 3, 17, 17));
}

#[test]
fn kept_leaves_that_cannot_be_counted_are_not_applied() {
    let reports = [
        (leaving(correct("c-1", "e-1", "9"), "9223372036854775807"), NOT_YET),
        (correct("c-2", "c-1", "3"), Some(Anomaly::ExecutionUnapplied)),
        (trade("e-1", "2"), None),
    ];
    check("as before", &reports[..2], State(0, 10, 0, 10, 10));
}

/// Along a chain the order that its end names is still known at its beginning.
#[test]
fn what_names_another_order_is_not_netted_along_a_chain() {
    let unnamed = || Execution { order_id: "", ..correct("e-2", "e-1", "3") };
    let elsewhere = || Execution { order_id: order_id("A1", "order-2"), ..bust("e-3", "e-2") };
    let mut world = with_two_orders();
    assert_eq!(world.report(elsewhere()), NOT_YET);
    assert_eq!(world.report(trade("e-1", "4")), None);
    assert_eq!(world.report(unnamed()), None);
    assert_eq!(first_of_two(&world), (3, 3, 7), "the trade came before the middle");
    let mut world = with_two_orders();
    assert_eq!(world.report(elsewhere()), NOT_YET);
    assert_eq!(world.report(unnamed()), NOT_YET);
    assert_eq!(world.report(trade("e-1", "4")), None);
    assert_eq!(first_of_two(&world), (4, 4, 6), "the trade came last");
}

/// An id of no order says no more than none.
#[test]
fn an_order_that_is_known_is_not_displaced_by_one_that_is_not() {
    for unknown in ["", "V-77", "0123456789abcdef0123456789abcdef"] {
        let mut world = with_two_orders();
        let [.., (_, elsewhere)] = contradicting(&bust("e-2", "e-1"));
        assert_eq!(world.report(elsewhere), NOT_YET);
        assert_eq!(world.report(Execution { order_id: unknown, ..bust("e-3", "e-1") }), NOT_YET);
        assert_eq!(world.report(trade("e-1", "4")), None);
        assert_eq!(first_of_two(&world), (4, 4, 6), "{unknown}");
    }
}
