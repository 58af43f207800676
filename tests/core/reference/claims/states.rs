//! The ladder of trading states, and who holds it.

use onefill::core::control::{Command, CommandType, ControlResult, Scope};
use onefill::core::verdict::Reason;

use super::stage::{Stage, failed};
use crate::records::{FUTURE, adjust, buy, command, id, release};

fn resumed(command: Command<'static>, holder: &'static str) -> Command<'static> {
    Command { resumes: Some(id(holder)), ..command }
}

#[test]
fn whatever_loosens_names_the_holder() {
    let account = |name, kind| command(name, kind, Scope::Account, "A1");
    let (halt, reduce, resume) = (CommandType::Halt, CommandType::Reduce, CommandType::Resume);
    let mut stage = Stage::new();
    for (claim, command, due) in [
        ("nothing to resume", resumed(account("c-1", resume), "c-0"), ControlResult::StaleResume),
        ("tightens", account("c-2", reduce), ControlResult::Applied),
        ("repeats, and holds", account("c-3", reduce), ControlResult::Applied),
        ("names the former one", resumed(account("c-4", resume), "c-2"), ControlResult::StaleResume),
        ("tightens further", account("c-5", halt), ControlResult::Applied),
        ("a step down, unnamed", account("c-6", reduce), ControlResult::StaleResume),
        ("a step down", resumed(account("c-7", reduce), "c-5"), ControlResult::Applied),
        ("the same command again", resumed(account("c-7", reduce), "c-5"), ControlResult::DuplicateCommand),
        ("trades again", resumed(account("c-8", resume), "c-7"), ControlResult::Applied),
    ] {
        assert_eq!(stage.command(command), due, "{claim}");
    }
    stage.accept(buy("k-1", "1", "100"));
}

#[test]
fn the_narrowest_of_the_strictest_states_is_named() {
    let places = [
        (Scope::Lane, "3"),
        (Scope::Global, ""),
        (Scope::Account, "A1"),
        (Scope::Strategy, "A1/S1"),
        (Scope::Instrument, FUTURE),
    ];
    let mut stage = Stage::new();
    let names = ["c-0", "c-1", "c-2", "c-3", "c-4"];
    for (place, (scope, scope_id)) in places.into_iter().enumerate() {
        stage.command(command(names[place], CommandType::Halt, scope, scope_id));
        let mut halted = stage.clone();
        let refused = halted.intent(buy("k-1", "1", "100")).failed_checks;
        assert_eq!(refused, [failed(Reason::TradingHalted, Some(scope), "", "")], "{scope}");
    }
    let elsewhere = command("c-9", CommandType::Halt, Scope::Lane, "4");
    assert_eq!(stage.command(elsewhere), ControlResult::OtherLane);
    assert_eq!(stage.command(command("c-10", CommandType::Halt, Scope::Lane, "12")), ControlResult::Invalid);
}

#[test]
fn what_cannot_be_read_halts_everybody_until_its_holder_is_named() {
    let mut stage = Stage::new();
    assert_eq!(stage.unreadable(), ControlResult::Invalid);
    let resume = command("c-1", CommandType::Resume, Scope::Global, "");
    let holder = stage.model.holder(Scope::Global, "").expect("it is held").to_owned();
    assert!(holder.starts_with("control-"));
    assert_eq!(stage.command(resumed(resume, holder.leak())), ControlResult::Applied);
    stage.accept(buy("k-1", "1", "100"));
}

#[test]
fn releases_and_adjustments_act_in_the_accounts_lane() {
    let mut stage = Stage::new();
    stage.accept(buy("k-1", "1", "100"));
    let of_other = |command: Command<'static>| Command { account_id: Some(id("A2")), ..command };
    for (claim, command, due) in [
        ("no such order", release("c-1", "k-9"), ControlResult::NotFound),
        ("placed elsewhere", of_other(release("c-2", "k-1")), ControlResult::OtherLane),
        ("its order", release("c-3", "k-1"), ControlResult::Applied),
        ("dead already", release("c-4", "k-1"), ControlResult::Applied),
        ("no order named", Command { order_id: None, ..release("c-5", "k-1") }, ControlResult::Invalid),
        ("an adjustment elsewhere", of_other(adjust("c-6", "1")), ControlResult::OtherLane),
        ("half a lot", adjust("c-7", "0.5"), ControlResult::Invalid),
        ("too many digits", adjust("c-8", "100000000000000000000"), ControlResult::Invalid),
        (
            "no such instrument",
            Command { instrument_id: Some(id("NO.CME")), ..adjust("c-9", "1") },
            ControlResult::NotFound,
        ),
        (
            "nor elsewhere",
            Command { instrument_id: Some(id("NO.CME")), ..of_other(adjust("c-10", "1")) },
            ControlResult::OtherLane,
        ),
        ("an invalid one may come again, corrected", adjust("c-7", "5"), ControlResult::Applied),
    ] {
        assert_eq!(stage.command(command), due, "{claim}");
    }
    assert_eq!(stage.model.after("A1", FUTURE).map(|after| after.position).as_deref(), Some("5"));
}
