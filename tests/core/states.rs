//! Trading states: who may loosen them, and which of several rules.

use onefill::core::control::{Command, CommandType, ControlRecord, ControlResult, Scope};
use onefill::core::entry::Ruling;
use onefill::core::intent::Intent;
use onefill::core::ledger::states::TradingState;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{adjust, buy, cancel, command, replace, sell};
use crate::world::{FUTURE, World, failed, id, ruling};

const SCOPES: [(Scope, &str); 5] = [
    (Scope::Lane, "3"),
    (Scope::Global, ""),
    (Scope::Account, "A1"),
    (Scope::Strategy, "A1/S1"),
    (Scope::Instrument, FUTURE),
];

const APPLIED: ControlResult = ControlResult::Applied;
const STALE: ControlResult = ControlResult::StaleResume;
const NOBODY: &str = "";

/// A command of this kind and id, which names this holder, and what becomes of it.
type Step = (CommandType, &'static str, &'static str, ControlResult);

fn give(world: &mut World, scope: (Scope, &'static str), (kind, command_id, resumes, due): Step) {
    let resumes = (resumes != NOBODY).then(|| id(resumes));
    let command = Command { resumes, ..command(command_id, kind, scope.0, scope.1) };
    assert_eq!(world.command(command), due, "{kind} {command_id}");
}

/// In each scope: the commands, and how they leave it.
fn check(claim: &str, steps: &[Step], due: Option<(TradingState, &str)>) {
    for scope in SCOPES {
        let mut world = World::new();
        for step in steps {
            give(&mut world, scope, *step);
        }
        assert_eq!(world.state(scope.0, scope.1), due, "{claim}, {}", scope.0);
        let others = SCOPES.iter().filter(|other| **other != scope);
        for (other, scope_id) in others {
            assert_eq!(world.state(*other, scope_id), None, "{claim}: {} leaves {other} alone", scope.0);
        }
    }
}

use CommandType::{CancelAll, Halt, Reduce, Resume};

#[test]
fn whatever_loosens_names_the_holder() {
    let halted = Some((TradingState::Halted, "h-1"));
    check("halted", &[(Halt, "h-1", NOBODY, APPLIED)], halted);
    check("resumed", &[(Halt, "h-1", NOBODY, APPLIED), (Resume, "r-1", "h-1", APPLIED)], None);
    check("by nobody", &[(Halt, "h-1", NOBODY, APPLIED), (Resume, "r-1", NOBODY, STALE)], halted);
    check("by another", &[(Halt, "h-1", NOBODY, APPLIED), (Resume, "r-1", "h-2", STALE)], halted);
    check("less", &[(Halt, "h-1", NOBODY, APPLIED), (Reduce, "r-1", NOBODY, STALE)], halted);
    check("less, by another", &[(Halt, "h-1", NOBODY, APPLIED), (Reduce, "r-1", "h-2", STALE)], halted);
    let reduced = [(Halt, "h-1", NOBODY, APPLIED), (Reduce, "r-1", "h-1", APPLIED)];
    check("less, by its name", &reduced, Some((TradingState::Reducing, "r-1")));
    let nothing = [(Resume, "r-1", NOBODY, STALE), (Resume, "r-2", "h-1", STALE)];
    check("what is active", &nothing, None);
}

#[test]
fn whatever_tightens_or_repeats_becomes_the_holder() {
    let halted_twice = [(Halt, "h-1", NOBODY, APPLIED), (Halt, "h-2", NOBODY, APPLIED)];
    check("halted again", &halted_twice, Some((TradingState::Halted, "h-2")));
    let reduced_twice = [(Reduce, "d-1", NOBODY, APPLIED), (Reduce, "d-2", NOBODY, APPLIED)];
    check("reduced again", &reduced_twice, Some((TradingState::Reducing, "d-2")));
    let tightened = [(Reduce, "d-1", NOBODY, APPLIED), (Halt, "h-1", NOBODY, APPLIED)];
    check("reduced, then halted", &tightened, Some((TradingState::Halted, "h-1")));
    let named = [(Reduce, "d-1", "whoever", APPLIED), (Reduce, "d-2", "whoever", APPLIED)];
    check("whoever it names", &named, Some((TradingState::Reducing, "d-2")));
    let cancelled = [(Halt, "h-1", NOBODY, APPLIED), (CancelAll, "c-1", NOBODY, APPLIED)];
    check("a CANCEL_ALL holds nothing", &cancelled, Some((TradingState::Halted, "h-1")));
}

/// Two operators: the second has not seen the first one's halt, or its end.
#[test]
fn a_resume_of_what_its_sender_has_not_seen_is_stale() {
    let fresh_halt =
        [(Halt, "h-1", NOBODY, APPLIED), (Halt, "h-2", NOBODY, APPLIED), (Resume, "r-1", "h-1", STALE)];
    check("after a fresh halt", &fresh_halt, Some((TradingState::Halted, "h-2")));
    let both = [
        (Halt, "h-1", NOBODY, APPLIED),
        (Resume, "r-1", "h-1", APPLIED),
        (Resume, "r-2", "h-1", STALE),
        (Halt, "h-2", NOBODY, APPLIED),
        (Resume, "r-3", "h-1", STALE),
        (Reduce, "r-4", "h-1", STALE),
    ];
    check("both resume, and it is halted again", &both, Some((TradingState::Halted, "h-2")));
    let stepwise = [
        (Halt, "h-1", NOBODY, APPLIED),
        (Reduce, "d-1", "h-1", APPLIED),
        (Resume, "r-1", "h-1", STALE),
        (Resume, "r-2", "d-1", APPLIED),
    ];
    check("step by step", &stepwise, None);
    let own_name = [(Halt, "h-1", NOBODY, APPLIED), (Resume, "r-1", "r-1", STALE)];
    check("by its own name", &own_name, Some((TradingState::Halted, "h-1")));
}

fn halted(scope: Scope) -> FailedCheck {
    FailedCheck::plain(Reason::TradingHalted).by(scope)
}

#[test]
fn a_halt_refuses_new_and_replace_reducing_ones_too_and_no_cancel() {
    for scope in SCOPES {
        let mut world = World::new();
        world.command(adjust("position", "20"));
        world.accept(sell("k-1", "10", "100"));
        world.accept(sell("k-2", "10", "100"));
        give(&mut world, scope, (Halt, "h-1", NOBODY, APPLIED));
        let mut reducing = sell("k-3", "5", "100");
        reducing.terms.reduce_only = true;
        for refused in [buy("k-4", "5", "100"), reducing, replace("k-5", "k-1", "9")] {
            assert_eq!(world.refused(refused), [halted(scope.0)]);
        }
        assert_eq!(world.refused(cancel("k-6", "k-1")), []);
        let balance = world.intent(replace("k-7", "k-2", "0"));
        assert!(matches!(balance, Ruling::Accepted { converted_to_cancel: true, .. }));
        give(&mut world, scope, (Resume, "r-1", "h-1", APPLIED));
        assert_eq!(world.refused(buy("k-8", "5", "100")), []);
    }
}

#[test]
fn the_strictest_state_rules_and_the_narrowest_of_equals_is_named() {
    for (place, scope) in SCOPES.into_iter().enumerate() {
        for wider in &SCOPES[..place] {
            let mut world = World::new();
            give(&mut world, *wider, (Halt, "h-1", NOBODY, APPLIED));
            give(&mut world, scope, (Reduce, "d-1", NOBODY, APPLIED));
            assert_eq!(world.refused(buy("k-1", "5", "100")), [halted(wider.0)], "the strictest");
            give(&mut world, scope, (Halt, "h-2", NOBODY, APPLIED));
            assert_eq!(world.refused(buy("k-2", "5", "100")), [halted(scope.0)], "the narrowest");
            give(&mut world, scope, (Resume, "r-1", "h-2", APPLIED));
            assert_eq!(world.refused(buy("k-3", "5", "100")), [halted(wider.0)], "the other one stays");
        }
    }
}

#[test]
fn a_state_of_somebody_else_stops_nobody() {
    for (scope, scope_id) in [
        (Scope::Account, "A6"),
        (Scope::Strategy, "A1/S2"),
        (Scope::Strategy, "A6/S1"),
        (Scope::Instrument, "NO.CME"),
    ] {
        let mut world = World::new();
        give(&mut world, (scope, scope_id), (Halt, "h-1", NOBODY, APPLIED));
        assert_eq!(world.refused(buy("k-1", "5", "100")), [], "{scope} {scope_id}");
    }
}

/// Who asks and whose order it is: neither one's halt is passed by the other.
#[test]
fn a_replace_is_stopped_by_the_state_of_either_strategy() {
    let asked_by = |strategy, key| Intent { strategy_id: id(strategy), ..replace(key, "k-1", "9") };
    for stopped in ["A1/S1", "A1/S2"] {
        let mut world = World::new();
        world.accept(buy("k-1", "10", "100"));
        give(&mut world, (Scope::Strategy, stopped), (Halt, "h-1", NOBODY, APPLIED));
        assert_eq!(world.refused(asked_by("S2", "k-2")), [halted(Scope::Strategy)], "{stopped}");
        give(&mut world, (Scope::Account, "A1"), (Halt, "h-2", NOBODY, APPLIED));
        assert_eq!(
            world.refused(asked_by("S2", "k-3")),
            [halted(Scope::Strategy)],
            "{stopped}, the narrowest"
        );
    }
}

#[test]
fn a_state_holds_from_its_place_in_the_batch_on() {
    let mut world = World::new();
    let halt = command("h-1", Halt, Scope::Global, "");
    let halt = world.arrival_of_control(Ok(ControlRecord::Command(halt)));
    let before = world.arrival_of(buy("k-1", "5", "100"));
    let after = world.arrival_of(buy("k-2", "5", "100"));
    let arrivals = [before, halt, after];
    let discarded = world.discard(&arrivals);
    assert_eq!(world.state(Scope::Global, ""), None);
    assert_eq!(world.settle(&arrivals), discarded);
    let refused = [0, 2].map(|place: usize| failed(&ruling(discarded[place].clone())));
    assert_eq!(refused, [vec![], vec![halted(Scope::Global)]]);
}
