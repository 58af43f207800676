//! Checks 17 and 19: what may be reduced, and the worst case on an order's own side.

use onefill::core::control::{CommandType, LimitScope, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms};
use onefill::core::verdict::Reason;

use super::stage::{Change, Stage, check, failed};
use crate::records::{adjust, adjust_strategy, buy, command, id, no_limit, num, on, replace, sell, trade};

fn reducing(intent: Intent<'static>) -> Intent<'static> {
    let terms = IntentTerms { reduce_only: true, ..intent.terms };
    Intent { terms, ..intent }
}

#[test]
fn a_reducing_order_takes_off_at_most_what_is_free() {
    let long: Change = |stage| {
        stage.command(adjust("c-1", "10"));
        stage.accept(sell("k-0", "4", "100"));
        stage.accept(buy("k-00", "7", "100"));
    };
    let short: Change = |stage| {
        stage.command(adjust("c-1", "-10"));
        stage.accept(buy("k-0", "4", "100"));
        stage.accept(sell("k-00", "7", "100"));
    };
    let refused = |limit, observed| failed(Reason::ReduceOnlyViolation, None, limit, observed);
    check(&[
        ("all of a long that is not reserved", long, reducing(sell("k-1", "6", "100")), &[]),
        ("one more", long, reducing(sell("k-1", "7", "100")), &[refused("6", "7")]),
        ("a buy on a long", long, reducing(buy("k-1", "1", "100")), &[refused("0", "1")]),
        ("all of a short that is not reserved", short, reducing(buy("k-1", "6", "100")), &[]),
        ("one more of a short", short, reducing(buy("k-1", "7", "100")), &[refused("6", "7")]),
        ("of nothing", |_| {}, reducing(sell("k-1", "1", "100")), &[refused("0", "1")]),
        ("without the flag", long, sell("k-1", "70", "100"), &[]),
    ]);
}

#[test]
fn a_reducing_state_says_whose_it_is_and_a_strategy_is_measured_too() {
    let reduce = |scope, scope_id| command("c-9", CommandType::Reduce, scope, scope_id);
    for (scope, scope_id, own, qty, due) in [
        (Scope::Account, "A1", "2", "10", None),
        (Scope::Account, "A1", "2", "11", Some("10")),
        (Scope::Strategy, "A1/S1", "2", "2", None),
        (Scope::Strategy, "A1/S1", "2", "3", Some("2")),
        (Scope::Strategy, "A1/S1", "12", "10", None),
        (Scope::Strategy, "A1/S1", "12", "11", Some("10")),
        (Scope::Strategy, "A1/S2", "2", "99", None),
        (Scope::Instrument, "ESZ5.CME", "2", "11", Some("10")),
        (Scope::Lane, "3", "2", "11", Some("10")),
        (Scope::Global, "", "2", "11", Some("10")),
    ] {
        let mut stage = Stage::new();
        stage.command(adjust("c-1", if own == "2" { "8" } else { "-2" }));
        stage.command(adjust_strategy("c-2", "S1", own));
        stage.command(reduce(scope, scope_id));
        let due = due.map(|bound| failed(Reason::ReduceOnlyViolation, Some(scope), bound, qty));
        let refused = stage.intent(sell("k-1", qty, "100")).failed_checks;
        assert_eq!(refused, Vec::from_iter(due), "{qty} under {scope} {scope_id}");
    }
}

fn most(limit_id: &'static str, long: &'static str, short: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_long_qty: Some(num(long)), max_short_qty: Some(num(short)), ..no_limit(limit_id) }
}

#[test]
fn the_worst_case_counts_the_orders_own_side_only() {
    let before: Change = |stage| {
        stage.command(adjust("c-1", "5"));
        stage.limit(most("position", "20", "8"));
        stage.accept(buy("k-b", "10", "100"));
        stage.accept(sell("k-s", "11", "100"));
    };
    let refused =
        |limit, observed| failed(Reason::PositionLimitExceeded, Some(Scope::Global), limit, observed);
    check(&[
        ("long as allowed", before, buy("k-1", "5", "100"), &[]),
        ("one more", before, buy("k-1", "6", "100"), &[refused("20", "21")]),
        ("short as allowed", before, sell("k-1", "2", "100"), &[]),
        ("one more short", before, sell("k-1", "3", "100"), &[refused("8", "9")]),
        ("a buy does not mind the sells", before, buy("k-1", "1", "100"), &[]),
    ]);
}

#[test]
fn a_strategy_is_measured_by_its_own_position_an_account_by_all() {
    let own = RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1/S1", ..most("own", "6", "6") };
    let mut stage = Stage::new();
    stage.limit(own);
    stage.limit(most("all", "20", "20"));
    stage.command(adjust("c-1", "3"));
    stage.command(adjust_strategy("c-2", "S2", "10"));
    stage.command(adjust_strategy("c-3", "S1", "1"));
    let by = |scope, limit, observed| failed(Reason::PositionLimitExceeded, Some(scope), limit, observed);
    let six = stage.intent(buy("k-1", "6", "100")).failed_checks;
    assert_eq!(six, [by(Scope::Strategy, "6", "7")], "the account would be at its limit");
    let of_other = Intent { strategy_id: id("S2"), ..buy("k-2", "7", "100") };
    assert_eq!(stage.intent(of_other).failed_checks, [by(Scope::Global, "20", "21")]);
    stage.accept(buy("k-3", "5", "100"));
}

#[test]
fn a_replace_adds_only_what_is_not_reserved_yet() {
    let mut stage = Stage::new();
    stage.limit(most("position", "12", "0"));
    stage.accept(buy("k-1", "10", "100"));
    stage.report(on("k-1", trade("e-1", "4")));
    let over = stage.intent(replace("k-2", "k-1", "13")).failed_checks;
    assert_eq!(over, [failed(Reason::PositionLimitExceeded, Some(Scope::Global), "12", "13")]);
    stage.accept(replace("k-3", "k-1", "12"));
}
