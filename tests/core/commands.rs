//! What becomes of each control record, and that what is not obeyed changes nothing.

use onefill::core::control::{
    Command, CommandType, ControlRecord, ControlResult, InstrumentRecord, InstrumentStatus, RiskLimit, Scope,
};
use onefill::core::ledger::hash::ledger_hash;

use crate::records::{adjust, buy, command, no_limit, release, wide};
use crate::world::{World, future, id, num, order_id, result_of};

/// A lane with an order `k-1`, where the account `A6` is halted by `halted`.
fn lane() -> World {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    let halted = command("halted", CommandType::Halt, Scope::Account, "A6");
    assert_eq!(world.command(halted), ControlResult::Applied);
    world
}

/// What becomes of a record. The ledger changes only by what applies, or what cannot be obeyed.
fn check(claim: &str, record: ControlRecord<'static>, due: ControlResult) {
    let mut world = lane();
    let before = (ledger_hash(&world.ledger), world.ledger.owed_len());
    assert_eq!(result_of(&world.control(Ok(record))), due, "{claim}");
    if ![ControlResult::Applied, ControlResult::Invalid].contains(&due) {
        assert_eq!((ledger_hash(&world.ledger), world.ledger.owed_len()), before, "{claim}");
    }
}

/// A command for `A6`, who is halted.
fn about(command_type: CommandType) -> Command<'static> {
    command("c", command_type, Scope::Account, "A6")
}

#[test]
fn scoped_commands_have_these_results() {
    use CommandType::{CancelAll, Halt, Reduce, Resume};
    use ControlResult::{Applied, DuplicateCommand, Invalid, OtherLane, StaleResume};
    let held = |kind| Command { resumes: Some(id("halted")), ..about(kind) };
    for kind in [Halt, Reduce, Resume, CancelAll] {
        let loosens = kind == Reduce || kind == Resume;
        let unnamed = if loosens { StaleResume } else { Applied };
        let record = ControlRecord::Command;
        check("of a halted account", record(about(kind)), unnamed);
        check("naming its holder", record(held(kind)), Applied);
        check("naming another", record(Command { resumes: Some(id("other")), ..about(kind) }), unnamed);
        let active = command("c", kind, Scope::Account, "A29");
        check("of an active one", record(active), if kind == Resume { StaleResume } else { Applied });
        check("known", record(Command { command_id: id("halted"), ..held(kind) }), DuplicateCommand);
        let own = command("c", kind, Scope::Lane, "3");
        check("of this lane", record(own), if kind == Resume { StaleResume } else { Applied });
        for other in ["0", "2", "4", "11"] {
            check("of another lane", record(command("c", kind, Scope::Lane, other)), OtherLane);
        }
        check("of no lane", record(command("c", kind, Scope::Lane, "12")), Invalid);
    }
}

#[test]
fn releases_and_adjustments_have_these_results() {
    use ControlResult::{Applied, DuplicateCommand, Invalid, NotFound, OtherLane};
    let elsewhere = Some(id("A2"));
    let of_another = Some(order_id("A6", "k-1"));
    for (claim, command, due) in [
        ("a release", release("c", "k-1"), Applied),
        ("known", release("halted", "k-1"), DuplicateCommand),
        ("of an order that is not", release("c", "k-9"), NotFound),
        ("of another account's", Command { account_id: Some(id("A6")), ..release("c", "k-1") }, NotFound),
        ("of an order of nobody", Command { order_id: of_another, ..release("c", "k-1") }, NotFound),
        ("elsewhere", Command { account_id: elsewhere, ..release("c", "k-1") }, OtherLane),
        ("of nothing", Command { order_id: None, ..release("c", "k-1") }, Invalid),
        (
            "whatever its scope says",
            Command { scope_type: Scope::Lane, scope_id: "x", ..release("c", "k-1") },
            Applied,
        ),
        ("an adjustment", adjust("c", "-7"), Applied),
        ("by nothing", adjust("c", "0"), Applied),
        ("known", adjust("halted", "1"), DuplicateCommand),
        ("in nothing known", Command { instrument_id: Some(id("NO.CME")), ..adjust("c", "1") }, NotFound),
        ("elsewhere", Command { account_id: elsewhere, ..adjust("c", "1") }, OtherLane),
        ("by half a lot", adjust("c", "0.5"), Invalid),
        (
            "whatever its scope says",
            Command { scope_type: Scope::Global, scope_id: "x", ..adjust("c", "1") },
            Applied,
        ),
    ] {
        check(claim, ControlRecord::Command(command), due);
    }
}

#[test]
fn an_unknown_instrument_is_not_found_in_the_accounts_lane() {
    let unknown = Command { instrument_id: Some(id("NO.CME")), ..adjust("c", "1") };
    let elsewhere = Command { account_id: Some(id("A2")), ..unknown.clone() };
    check("here", ControlRecord::Command(unknown.clone()), ControlResult::NotFound);
    check("elsewhere", ControlRecord::Command(elsewhere), ControlResult::OtherLane);
    let nobody = Command { account_id: None, ..unknown };
    check("of no account", ControlRecord::Command(nobody), ControlResult::Invalid);
}

#[test]
fn limits_and_instruments_have_these_results() {
    use ControlResult::{Applied, ImmutableField, Invalid, StaleVersion};
    let limit = |version| ControlRecord::RiskLimit(RiskLimit { version, ..wide("A1") });
    check("limits", limit(2), Applied);
    check("of the same version", limit(1), StaleVersion);
    check("of an older one", limit(0), StaleVersion);
    let negative = RiskLimit { max_open_orders: Some(-1), version: 2, ..no_limit("A1") };
    check("below zero", ControlRecord::RiskLimit(negative.clone()), Invalid);
    check("below zero and old", ControlRecord::RiskLimit(RiskLimit { version: 1, ..negative }), Invalid);
    let next = || InstrumentRecord { version: 2, ..future() };
    let record = ControlRecord::Instrument;
    check("an instrument", record(next()), Applied);
    check("a new one", record(InstrumentRecord { instrument_id: id("NQZ5.CME"), ..future() }), Applied);
    check("of the same version", record(future()), StaleVersion);
    check("of an older one", record(InstrumentRecord { version: 0, ..future() }), StaleVersion);
    check("no tick", record(InstrumentRecord { tick_size: num("0"), ..next() }), Invalid);
    for changed in [
        InstrumentRecord { tick_size: num("0.5"), ..next() },
        InstrumentRecord { lot_size: num("2"), ..next() },
        InstrumentRecord { contract_multiplier: num("20"), ..next() },
        InstrumentRecord { currency: id("EUR"), ..next() },
        InstrumentRecord { venue: id("ICE"), ..next() },
    ] {
        check("what can never change", record(changed), ImmutableField);
    }
    for changed in [
        InstrumentRecord { tick_size: num("0.250"), ..next() },
        InstrumentRecord { min_qty: None, max_qty: Some(num("7")), ..next() },
        InstrumentRecord { min_notional: None, allow_negative_price: true, ..next() },
        InstrumentRecord { status: InstrumentStatus::Closed, ..next() },
    ] {
        check("what can", record(changed), Applied);
    }
}

#[test]
fn an_answered_command_is_never_obeyed_again_whatever_was_answered() {
    for (first, due) in [
        (command("c", CommandType::Halt, Scope::Account, "A1"), ControlResult::Applied),
        (command("c", CommandType::Halt, Scope::Lane, "4"), ControlResult::OtherLane),
        (command("c", CommandType::Resume, Scope::Account, "A1"), ControlResult::StaleResume),
        (release("c", "k-9"), ControlResult::NotFound),
    ] {
        let mut world = lane();
        assert_eq!(world.command(first.clone()), due);
        let before = ledger_hash(&world.ledger);
        let other = command("c", CommandType::Halt, Scope::Global, "");
        for again in [first.clone(), other, adjust("c", "5"), release("c", "k-1")] {
            assert_eq!(world.command(again), ControlResult::DuplicateCommand);
            assert_eq!(ledger_hash(&world.ledger), before);
        }
    }
}

#[test]
fn a_command_of_a_discarded_batch_was_not_answered() {
    let mut world = lane();
    let halt = command("c", CommandType::Halt, Scope::Account, "A1");
    let arrival = world.arrival_of_control(Ok(ControlRecord::Command(halt.clone())));
    let twice = world.arrival_of_control(Ok(ControlRecord::Command(halt)));
    let discarded = world.discard(&[arrival.clone(), twice.clone()]);
    let results: Vec<_> = discarded.iter().map(result_of).collect();
    assert_eq!(results, [ControlResult::Applied, ControlResult::DuplicateCommand]);
    assert_eq!(world.state(Scope::Account, "A1"), None);
    assert_eq!(world.settle(&[arrival, twice]), discarded);
}
