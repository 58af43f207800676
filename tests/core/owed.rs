//! Cancels that commands owe: each once, in order of acceptance, before any intent is decided.

use onefill::core::batch::Batch;
use onefill::core::control::{Command, CommandType, ControlRecord, ControlResult, Scope};
use onefill::core::entry::{Body, Entry, EntryKind};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::Id;
use onefill::core::intent::{Intent, IntentType, Side};
use onefill::core::order::Origin;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{buy, cancel, command, instrument, limit_order, on, release, replace};
use crate::world::{FUTURE, World, execution, id, leaf, order_id, trade};

/// Five orders, in order of acceptance: of two accounts, two strategies, in two instruments.
pub fn busy() -> World {
    let mut world = World::new();
    world.control(Ok(ControlRecord::Instrument(instrument("NQZ5.CME"))));
    world.accept(buy("k-1", "10", "100"));
    world.accept(Intent { strategy_id: id("S2"), ..buy("k-2", "10", "100") });
    world.accept(Intent { account_id: id("A6"), ..buy("k-3", "10", "100") });
    world.accept(Intent { instrument_id: id("NQZ5.CME"), ..buy("k-4", "10", "100") });
    world.accept(limit_order("k-5", Side::Sell, "10", "100"));
    world
}

pub fn give(world: &mut World, command: Command<'static>) {
    assert_eq!(world.command(command), ControlResult::Applied);
}

pub fn cancel_all(command_id: &'static str, scope: Scope, scope_id: &'static str) -> Command<'static> {
    command(command_id, CommandType::CancelAll, scope, scope_id)
}

/// Which orders these entries cancel, by which commands.
fn paid(entries: &[Entry<'static>]) -> Vec<(&'static str, &'static str)> {
    let of = |entry: &Entry<'static>| match &entry.body {
        Body::OwedCancel(owed) => (owed.ids.client_order_id.as_str(), owed.ids.intent_id.as_str()),
        other => panic!("no owed cancel, but {}", other.kind()),
    };
    entries.iter().map(of).collect()
}

/// Which orders are cancelled, all by the command `c`.
fn check(claim: &str, world: &mut World, due: &[&'static str]) {
    let due: Vec<_> = due.iter().map(|order| (*order, "c")).collect();
    assert_eq!(world.ledger.owed_len(), due.len(), "{claim}");
    let before = world.sent.len();
    assert_eq!(paid(&world.pay(usize::MAX)), due, "{claim}");
    assert!(world.sent[before..].iter().all(|sent| sent.command == IntentType::Cancel), "{claim}");
    assert_eq!((world.sent.len() - before, world.ledger.owed_len()), (due.len(), 0), "{claim}");
    assert_eq!(world.pay(usize::MAX), [], "{claim}, once");
}

#[test]
fn the_open_orders_of_the_scope_are_cancelled_in_order_of_acceptance() {
    for (scope, scope_id, due) in [
        (Scope::Global, "", &["k-1", "k-2", "k-3", "k-4", "k-5"][..]),
        (Scope::Lane, "3", &["k-1", "k-2", "k-3", "k-4", "k-5"]),
        (Scope::Account, "A1", &["k-1", "k-2", "k-4", "k-5"]),
        (Scope::Account, "A6", &["k-3"]),
        (Scope::Account, "A29", &[]),
        (Scope::Strategy, "A1/S1", &["k-1", "k-4", "k-5"]),
        (Scope::Strategy, "A1/S2", &["k-2"]),
        (Scope::Strategy, "A6/S2", &[]),
        (Scope::Instrument, FUTURE, &["k-1", "k-2", "k-3", "k-5"]),
        (Scope::Instrument, "NQZ5.CME", &["k-4"]),
        (Scope::Instrument, "NO.CME", &[]),
    ] {
        for kind in [CommandType::CancelAll, CommandType::Halt] {
            let mut world = busy();
            give(&mut world, Command { cancel_open_orders: true, ..command("c", kind, scope, scope_id) });
            check(&format!("{kind} {scope} {scope_id}"), &mut world, due);
        }
    }
}

#[test]
fn a_halt_or_reduce_cancels_only_where_it_says_so_and_a_resume_never() {
    for kind in [CommandType::Halt, CommandType::Reduce] {
        let mut world = busy();
        give(&mut world, command("c", kind, Scope::Global, ""));
        check(kind.name(), &mut world, &[]);
        let (resumes, cancel_open_orders) = (Some(id("c")), true);
        let resume = command("r", CommandType::Resume, Scope::Global, "");
        give(&mut world, Command { resumes, cancel_open_orders, ..resume });
        check("RESUME", &mut world, &[]);
    }
}

#[test]
fn a_command_that_is_not_obeyed_owes_nothing() {
    let mut world = busy();
    assert_eq!(world.command(cancel_all("x", Scope::Lane, "4")), ControlResult::OtherLane);
    assert_eq!(world.command(cancel_all("y", Scope::Lane, "12")), ControlResult::Invalid);
    assert_eq!(world.command(cancel_all("x", Scope::Global, "")), ControlResult::DuplicateCommand);
    check("nothing", &mut world, &[]);
}

#[test]
fn only_orders_that_are_open_when_the_command_applies_are_cancelled() {
    let mut world = busy();
    world.report(on("k-1", trade("e-1", "10")));
    world.report(on("k-2", execution(ExecType::Canceled, "e-2")));
    give(&mut world, cancel_all("c", Scope::Account, "A1"));
    check("filled and dead ones are not", &mut world, &["k-4", "k-5"]);
    world.accept(buy("k-6", "10", "100"));
    check("a later one is not", &mut world, &[]);
}

#[test]
fn one_that_is_not_open_at_its_turn_lapses_without_an_entry() {
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Account, "A1"));
    world.report(on("k-1", trade("e-1", "10")));
    world.report(on(
        "k-4",
        Execution { instrument_id: id("NQZ5.CME"), ..execution(ExecType::Expired, "e-2") },
    ));
    check("the others", &mut world, &["k-2", "k-5"]);
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Account, "A6"));
    let fill = Execution { account_id: id("A6"), order_id: order_id("A6", "k-3"), ..trade("e-1", "10") };
    world.report(fill);
    check("none is left", &mut world, &[]);
}

/// A bust opens an order again: before its turn it is cancelled after all, after its turn it is not.
#[test]
fn a_turn_that_is_over_does_not_come_again() {
    let bust =
        || on("k-1", Execution { exec_ref_id: Some("e-1"), ..execution(ExecType::TradeCancel, "e-2") });
    for (paid_before_the_bust, due) in [(0, &["k-1", "k-2", "k-4", "k-5"][..]), (1, &["k-4", "k-5"])] {
        let mut world = busy();
        give(&mut world, cancel_all("c", Scope::Account, "A1"));
        world.report(on("k-1", trade("e-1", "10")));
        world.pay(paid_before_the_bust);
        world.report(bust());
        check("busted", &mut world, due);
    }
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Account, "A1"));
    world.report(on("k-5", Execution { side: Side::Sell, ..trade("e-1", "10") }));
    world.accept(cancel("k-6", "k-1"));
    let (side, exec_ref_id) = (Side::Sell, Some("e-1"));
    world.report(on("k-5", Execution { side, exec_ref_id, ..execution(ExecType::TradeCancel, "e-2") }));
    check("busted after an intent was decided", &mut world, &[]);
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S1"));
    give(&mut world, release("r", "k-4"));
    check("one that was released", &mut world, &["k-1", "k-5"]);
}

#[test]
fn a_cancel_is_owed_once_however_many_commands_owe_it() {
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S2"));
    give(&mut world, cancel_all("d", Scope::Account, "A1"));
    give(&mut world, cancel_all("e", Scope::Global, ""));
    let due = [("k-2", "c"), ("k-1", "d"), ("k-4", "d"), ("k-5", "d"), ("k-3", "e")];
    assert_eq!(paid(&world.pay(usize::MAX)), due);
    give(&mut world, cancel_all("f", Scope::Strategy, "A1/S2"));
    assert_eq!(paid(&world.pay(usize::MAX)), [("k-2", "f")], "it was published, and may be asked for again");
}

#[test]
fn a_cancel_that_a_strategy_asked_for_is_owed_all_the_same() {
    let mut world = busy();
    world.accept(cancel("k-6", "k-1"));
    world.accept(replace("k-7", "k-5", "20"));
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S1"));
    check("pending ones too", &mut world, &["k-1", "k-4", "k-5"]);
}

#[test]
fn a_resume_takes_no_cancel_back() {
    let mut world = busy();
    let halt = command("c", CommandType::Halt, Scope::Strategy, "A1/S2");
    give(&mut world, Command { cancel_open_orders: true, ..halt });
    let resumes = Some(id("c"));
    give(&mut world, Command { resumes, ..command("r", CommandType::Resume, Scope::Strategy, "A1/S2") });
    check("still owed", &mut world, &["k-2"]);
}

#[test]
fn what_is_owed_is_paid_before_an_intent_and_in_bounded_batches() {
    let mut world = busy();
    let command = world.arrival_of_control(Ok(ControlRecord::Command(cancel_all("c", Scope::Account, "A1"))));
    let intent = world.arrival_of(buy("k-6", "10", "100"));
    let kinds = |entries: &[Entry<'static>]| entries.iter().map(|it| it.body.kind()).collect::<Vec<_>>();
    let discarded = world.discard(&[command.clone(), intent.clone()]);
    let owed = [EntryKind::OwedCancel; 4];
    assert_eq!(kinds(&discarded), [&[EntryKind::Control][..], &owed, &[EntryKind::Decision]].concat());
    assert_eq!((world.ledger.owed_len(), world.pay(usize::MAX).len()), (0, 0), "a discard leaves no trace");
    world.settle(&[command]);
    assert_eq!(paid(&world.pay(1)), [("k-1", "c")]);
    assert_eq!(paid(&world.pay(2)), [("k-2", "c"), ("k-4", "c")]);
    assert_eq!(world.ledger.owed_len(), 1);
    assert_eq!(kinds(&world.settle(&[intent])), [EntryKind::OwedCancel, EntryKind::Decision]);
}

#[test]
fn executions_may_come_while_cancels_are_owed() {
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Account, "A1"));
    world.report(on("k-1", trade("e-1", "4")));
    assert_eq!(world.ledger.owed_len(), 4);
    check("in part filled", &mut world, &["k-1", "k-2", "k-4", "k-5"]);
}

#[test]
fn the_entry_names_the_command_and_its_record_and_moves_no_cursor() {
    let mut world = busy();
    let owing = world.control(Ok(ControlRecord::Command(cancel_all("c", Scope::Strategy, "A1/S2"))));
    let (Body::Control(taken), cursors) = (&owing.body, world.ledger.head().cursors) else {
        panic!("a command is a control record")
    };
    let entry = world.pay(1).remove(0);
    let Body::OwedCancel(owed) = &entry.body else { panic!("it owes a cancel") };
    assert_eq!((owed.input, entry.as_of, world.ledger.head().cursors), (taken.input, cursors, cursors));
    let ids = owed.ids;
    let names = [ids.account_id, ids.strategy_id, ids.instrument_id, ids.intent_id, ids.client_order_id];
    assert_eq!(names.map(Id::as_str), ["A1", "S2", FUTURE, "c", "k-2"]);
    let after = owed.after.expect("the account is known");
    assert_eq!(
        (after.reserved_buy_qty.to_string(), after.open_orders),
        ("20".to_owned(), 4),
        "nothing is freed"
    );
}

#[test]
fn the_order_record_says_that_a_command_caused_it() {
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S2"));
    let mut batch = Batch::open(&mut world.ledger, world.prices, world.clock);
    let owing = batch.next_owed().expect("one is owed");
    let entry = batch.take_owed(&owing);
    batch.link(leaf(&entry));
    let order = batch.order(&entry).expect("it is published");
    let ids =
        [order.intent_id, order.client_order_id, order.account_id, order.strategy_id, order.instrument_id];
    assert_eq!(ids.map(Id::as_str), ["c", "k-2", "A1", "S2", FUTURE]);
    assert_eq!((order.command, order.order_version, order.origin), (IntentType::Cancel, 2, Origin::Control));
    assert_eq!((order.orig_intent_id.map(Id::as_str), order.audit_seq), (Some("k-2"), entry.seq));
    let terms =
        [Some(order.terms.order_qty), order.terms.price].map(|number| number.map(|it| it.to_string()));
    assert_eq!(terms, [Some("10".to_owned()), Some("100".to_owned())]);
}

#[test]
fn after_its_cancel_an_order_has_one_pending() {
    let mut world = busy();
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S2"));
    world.pay(1);
    let pending = [FailedCheck::plain(Reason::OrderPendingCancel)];
    assert_eq!(world.refused(replace("k-6", "k-2", "9")), pending);
    world.report(on("k-2", execution(ExecType::CancelRejected, "e-1")));
    assert_eq!(world.refused(replace("k-7", "k-2", "9")), []);
    assert_eq!(world.sent.last().map(|sent| sent.order_version), Some(3));
}
