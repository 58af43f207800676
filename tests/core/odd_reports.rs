//! Odd reports that halt whatever the policy says, and whom.

use onefill::core::control::{AnomalyPolicy, RiskLimit, Scope};
use onefill::core::decide::{Arrival, Content};
use onefill::core::entry::{Anomaly, Body};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ledger::states::TradingState;
use onefill::core::prices::PriceBook;
use onefill::core::recompute::{Recomputed, recompute};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{buy, cancel, no_limit, on};
use crate::world::{World, execution, id, num, trade};

const ACCOUNTS: [&str; 3] = ["A1", "A6", "A2"];

/// A lane with an order `k-1` of `A1`, where anomalies are to be recorded and no more.
fn world() -> World {
    let mut world = World::new();
    world.limit(RiskLimit { on_anomaly: Some(AnomalyPolicy::Warn), ..no_limit("P") });
    world.accept(buy("k-1", "10", "100"));
    world
}

/// Whom the last entry has halted: accounts by name, `*` for the lane.
fn halted(world: &World) -> Vec<&'static str> {
    let holder = format!("anomaly-3-{}", world.ledger.head().next_seq - 1);
    let due = Some((TradingState::Halted, holder.as_str()));
    let mut halted: Vec<&str> =
        ACCOUNTS.into_iter().filter(|account| world.state(Scope::Account, account) == due).collect();
    halted.extend((world.state(Scope::Lane, "3") == due).then_some("*"));
    let restricted = world.ledger.restrictions().count();
    assert_eq!(restricted, halted.len(), "nobody else is restricted");
    halted
}

/// What is odd about this report after these, and whom it halts.
fn check(claim: &str, before: &[Execution<'static>], report: Execution<'static>, due: (Anomaly, &[&str])) {
    let mut world = world();
    for report in before {
        assert_eq!(world.report(report.clone()), None, "{claim}");
    }
    assert_eq!(world.report(report), Some(due.0), "{claim}");
    assert_eq!(halted(&world), due.1, "{claim}");
}

#[test]
fn a_duplicate_report_halts_nobody() {
    let fill = on("k-1", trade("e-1", "4"));
    check("again", std::slice::from_ref(&fill), fill.clone(), (Anomaly::DuplicateExec, &[]));
}

#[test]
fn an_id_with_other_content_halts_the_account_of_the_report() {
    let fill = on("k-1", trade("e-1", "4"));
    let conflict =
        |claim, report| check(claim, std::slice::from_ref(&fill), report, (Anomaly::ExecIdConflict, &["A1"]));
    conflict("another quantity", on("k-1", trade("e-1", "5")));
    conflict("another type", on("k-1", execution(ExecType::Canceled, "e-1")));
    let other = Execution { account_id: id("A6"), ..fill.clone() };
    check("another account", &[fill], other, (Anomaly::ExecIdConflict, &["A6"]));
}

#[test]
fn an_account_that_is_not_the_orders_halts_both() {
    let due = (Anomaly::AccountMismatch, &["A1", "A6"][..]);
    for report in [trade("e-1", "4"), execution(ExecType::Canceled, "e-1"), execution(ExecType::New, "e-1")] {
        check("of another", &[], Execution { account_id: id("A6"), ..on("k-1", report) }, due);
    }
}

#[test]
fn what_cannot_be_applied_halts_its_account() {
    let unapplied = |claim, report| check(claim, &[], report, (Anomaly::ExecutionUnapplied, &["A1"]));
    unapplied("half a lot", on("k-1", trade("e-1", "0.5")));
    unapplied("no quantity", on("k-1", execution(ExecType::Trade, "e-1")));
    unapplied(
        "unknown instrument",
        Execution { instrument_id: id("NO.CME"), ..on("k-1", trade("e-1", "1")) },
    );
    unapplied(
        "overflow",
        on("k-1", Execution { last_qty: Some(num("9223372036854775808")), ..trade("e-1", "1") }),
    );
}

/// Which record came, under which key, and whom it halts.
fn arrives(claim: &str, key: Option<&'static [u8]>, report: Option<Execution<'static>>, due: &[&str]) {
    let mut world = world();
    let arrival = world.arrival_of_report(report.clone().unwrap_or_else(|| trade("e-1", "1")));
    let content = Content::Execution(report.ok_or_else(|| "no Avro".into()));
    let Body::Execution(taken) = world.take(Arrival { key, content, ..arrival }).body else {
        panic!("{claim}: a report is an execution")
    };
    assert_eq!(taken.anomaly, Some(Anomaly::ExecutionUnapplied), "{claim}");
    assert_eq!(halted(&world), due, "{claim}");
    assert_eq!(world.holding("A1").position.0, 0, "{claim}");
}

#[test]
fn an_unreadable_or_misplaced_report_halts_the_account_of_its_key_and_else_the_lane() {
    let good = || Some(on("k-1", trade("e-1", "1")));
    arrives("unreadable", Some(b"A1"), None, &["A1"]);
    arrives("unreadable, of another", Some(b"A6"), None, &["A6"]);
    arrives("unreadable, of another lane", Some(b"A2"), None, &["A2"]);
    arrives("unreadable, without a key", None, None, &["*"]);
    arrives("unreadable, under no id", Some(b"a b"), None, &["*"]);
    arrives("unreadable, under no text", Some(b"\xff"), None, &["*"]);
    arrives("unreadable, under an empty key", Some(b""), None, &["*"]);
    arrives("under another account's key", Some(b"A6"), good(), &["A6"]);
    arrives("without a key", None, good(), &["*"]);
    arrives("under no id", Some(b"a b"), good(), &["*"]);
    let elsewhere = Execution { account_id: id("A2"), ..trade("e-1", "1") };
    arrives("of an account of another lane", Some(b"A2"), Some(elsewhere), &["A2"]);
}

#[test]
fn a_misplaced_report_that_halts_nobody_is_forged() {
    let mut world = world();
    let arrival = world.arrival_of_report(on("k-1", trade("e-1", "1")));
    let mut entry = world.discard(&[Arrival { key: Some(b"A6"), ..arrival }]).remove(0);
    let prices = PriceBook::default();
    assert!(matches!(recompute(&mut world.ledger, &prices, &entry), Recomputed::Same));
    let Body::Execution(taken) = &mut entry.body else { unreachable!("a report is an execution") };
    taken.anomaly = None;
    assert!(matches!(recompute(&mut world.ledger, &prices, &entry), Recomputed::Otherwise(_)));
}

#[test]
fn a_halted_lane_stops_everybody_in_it() {
    let mut world = world();
    let arrival = world.arrival_of_report(trade("e-1", "1"));
    world.take(Arrival { key: None, content: Content::Execution(Err("no Avro".into())), ..arrival });
    let by_lane = [FailedCheck::plain(Reason::TradingHalted).by(Scope::Lane)];
    assert_eq!(world.refused(buy("k-2", "10", "100")), by_lane);
    assert_eq!(world.refused(cancel("k-3", "k-1")), []);
}

#[test]
fn what_binds_no_id_is_judged_anew_and_holds_anew() {
    let mut world = world();
    let mismatch = Execution { account_id: id("A6"), ..on("k-1", trade("e-1", "4")) };
    for _ in 0..2 {
        assert_eq!(world.report(mismatch.clone()), Some(Anomaly::AccountMismatch));
        assert_eq!(halted(&world), ["A1", "A6"]);
    }
    assert_eq!(world.report(on("k-1", trade("e-1", "4"))), None, "its id is free");
    let mut world = self::world();
    for _ in 0..2 {
        assert_eq!(world.report(on("k-1", trade("e-1", "0.5"))), Some(Anomaly::ExecutionUnapplied));
        assert_eq!(halted(&world), ["A1"]);
    }
}
