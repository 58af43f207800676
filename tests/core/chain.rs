//! The trail proves itself: whatever does not follow is a halt, and leaves no trace.

use onefill::core::entry::{Body, Cursors, Decision, Entry, Ruling};
use onefill::core::halt::HaltCode;
use onefill::core::ids::{Digest, OrderId};
use onefill::core::intent::Intent;
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::replay::{Reading, replay};
use onefill::core::settings::Settings;
use onefill::core::time::Time;

use crate::world::{NOW, PLACEMENT, World, cancel_intent, id, leaf, new_intent, opening, trade};

/// GENESIS, an instrument, limits, a NEW, a fill, a CANCEL, a later opening.
fn trail() -> Vec<Entry<'static>> {
    let mut world = World::of_one_account();
    world.intent(new_intent());
    world.report(trade("e-1", "4"));
    world.intent(cancel_intent());
    let ledger_hash = ledger_hash(&world.ledger);
    world.open(onefill::core::entry::Opening { ledger_hash, ..opening(Settings::default()) });
    world.trail.into_iter().map(|(entry, _)| entry).collect()
}

const NEW: usize = 3;
const CANCEL: usize = 5;
const REOPENED: usize = 6;

/// What replaying a trail comes to, and the ledger that is left: entry by entry, and all of them at once.
pub fn replayed(trail: &[Entry<'static>]) -> (Option<HaltCode>, Ledger) {
    let (halt, ledger) = replayed_singly(trail);
    let entries: Vec<_> = trail.iter().map(|entry| (entry.clone(), leaf(entry))).collect();
    let mut at_once = Ledger::new(PLACEMENT);
    let (taken, ended) = Reading::begin(&at_once).take_all(&mut at_once, &entries);
    at_once.validate().expect("it holds together");
    assert_eq!((taken as u64, ended.err().map(|halt| halt.code)), (ledger.head().next_seq, halt));
    assert_eq!((at_once.head(), ledger_hash(&at_once)), (ledger.head(), ledger_hash(&ledger)));
    (halt, ledger)
}

fn replayed_singly(trail: &[Entry<'static>]) -> (Option<HaltCode>, Ledger) {
    let mut ledger = Ledger::new(PLACEMENT);
    for entry in trail {
        let before = (ledger.head().clone(), ledger_hash(&ledger));
        if let Err(halt) = replay(&mut ledger, entry, leaf(entry)) {
            assert_eq!((ledger.head().clone(), ledger_hash(&ledger)), before, "{halt}");
            ledger.validate().expect("a halt leaves the ledger as it was");
            return (Some(halt.code), ledger);
        }
        ledger.validate().expect("a replay keeps every invariant");
    }
    (None, ledger)
}

fn check(claim: &str, change: impl FnOnce(&mut Vec<Entry<'static>>), due: HaltCode) {
    let mut trail = trail();
    change(&mut trail);
    assert_eq!(replayed(&trail).0, Some(due), "{claim}");
}

/// Edits an entry, and links the later ones to it as a forger would.
fn forged(trail: &mut [Entry<'static>], place: usize, edit: impl FnOnce(&mut Entry<'static>)) {
    edit(&mut trail[place]);
    for later in place + 1..trail.len() {
        trail[later].prev = leaf(&trail[later - 1]);
    }
}

#[test]
fn a_rejection_may_not_name_an_order_that_is_not_there() {
    let mut world = World::of_one_account();
    world.intent(new_intent());
    world.intent(Intent { intent_id: id("k-other"), ..new_intent() });
    let mut trail: Vec<_> = world.trail.into_iter().map(|(entry, _)| entry).collect();
    let last = trail.len() - 1;
    assert_eq!(replayed(&trail).0, None);
    forged(&mut trail, last, |entry| {
        let Body::Decision(Decision { ruling: Ruling::Rejected { of: Some(prior), .. }, .. }) =
            &mut entry.body
        else {
            panic!("its order was there before");
        };
        prior.order_id = Some(OrderId([9; 16]));
    });
    assert_eq!(replayed(&trail).0, Some(HaltCode::StateDiverged));
}

#[test]
fn a_trail_rebuilds_its_ledger() {
    let (halt, ledger) = replayed(&trail());
    assert_eq!(halt, None);
    assert_eq!(ledger.head().next_seq, 7);
}

#[test]
fn a_trail_with_a_gap_a_repeat_or_another_beginning_is_broken() {
    for place in 0..trail().len() {
        if place < REOPENED {
            check("a gap", |trail| drop(trail.remove(place)), HaltCode::ChainBroken);
        }
        check("a repeat", |trail| trail.insert(place, trail[place].clone()), HaltCode::ChainBroken);
    }
    check("two in the wrong order", |trail| trail.swap(NEW, NEW + 1), HaltCode::ChainBroken);
    check("a number too high", |trail| trail[CANCEL].seq += 1, HaltCode::ChainBroken);
    check("the highest number", |trail| trail[CANCEL].seq = u64::MAX, HaltCode::ChainBroken);
}

#[test]
fn a_repeat_of_the_last_entry_is_broken_even_alone() {
    check("the last entry again", |trail| trail.push(trail[REOPENED].clone()), HaltCode::ChainBroken);
}

#[test]
fn a_link_to_another_entry_is_broken() {
    for place in 0..trail().len() {
        let edited = |trail: &mut Vec<Entry<'static>>| trail[place].prev = Digest::of(b"another");
        check("another link", edited, HaltCode::ChainBroken);
        if place < REOPENED {
            check("an edit", |trail| trail[place].decided_at.0 += 1, HaltCode::ChainBroken);
        }
    }
}

#[test]
fn genesis_is_the_first_entry_and_no_other() {
    let renumbered = |trail: &mut Vec<Entry<'static>>| {
        trail.remove(0);
        for (seq, entry) in (0..).zip(trail.iter_mut()) {
            entry.seq = seq;
        }
        trail[0].prev = Digest::ZERO;
    };
    check("a trail without", renumbered, HaltCode::ChainBroken);
    let twice = |trail: &mut Vec<Entry<'static>>| {
        forged(trail, REOPENED, |entry| entry.body = Body::Genesis(opening(Settings::default())));
    };
    check("a second one", twice, HaltCode::ChainBroken);
    let later = |trail: &mut Vec<Entry<'static>>| {
        forged(trail, 0, |entry| entry.body = Body::LaneOpened(opening(Settings::default())));
    };
    check("a later opening first", later, HaltCode::ChainBroken);
}

type Move = fn(&mut Cursors);

#[test]
fn inputs_stand_where_the_entry_before_left_them() {
    let moves: [(&str, Move); 6] = [
        ("intents ahead", |it| it.intents += 1),
        ("intents behind", |it| it.intents -= 1),
        ("executions ahead", |it| it.executions += 1),
        ("executions behind", |it| it.executions -= 1),
        ("control ahead", |it| it.control += 1),
        ("control behind", |it| it.control -= 1),
    ];
    for (claim, change) in moves {
        let moved = |trail: &mut Vec<Entry<'static>>| {
            forged(trail, CANCEL, |entry| change(&mut entry.as_of));
        };
        check(claim, moved, HaltCode::StateDiverged);
        let opens_ahead = ["intents ahead", "executions ahead"].contains(&claim);
        let reopened = |trail: &mut Vec<Entry<'static>>| {
            forged(trail, REOPENED, |entry| change(&mut entry.as_of));
        };
        match opens_ahead {
            false => check(&format!("{claim}, at an opening"), reopened, HaltCode::StateDiverged),
            true => {
                let mut trail = trail();
                reopened(&mut trail);
                assert_eq!(replayed(&trail).0, None, "an opening may have read past markers: {claim}");
            }
        }
    }
}

#[test]
fn the_limits_in_force_are_named() {
    let other = |trail: &mut Vec<Entry<'static>>| {
        forged(trail, CANCEL, |entry| entry.limits_version += 1);
    };
    check("limits that were never set", other, HaltCode::StateDiverged);
}

#[test]
fn an_input_is_answered_once() {
    let behind = |trail: &mut Vec<Entry<'static>>| {
        forged(trail, CANCEL, |entry| {
            let Body::Decision(decision) = &mut entry.body else { panic!("the CANCEL is a decision") };
            decision.input.offset = 0;
        });
    };
    check("an offset that was answered", behind, HaltCode::StateDiverged);
}

#[test]
fn times_never_decrease() {
    let earlier = |trail: &mut Vec<Entry<'static>>| {
        forged(trail, CANCEL, |entry| entry.decided_at = Time(NOW.0 - 1));
    };
    check("a nanosecond earlier", earlier, HaltCode::StateDiverged);
}

#[test]
fn an_entry_that_cannot_have_happened_diverges() {
    let twice = |trail: &mut Vec<Entry<'static>>| {
        let accepted = trail[NEW].body.clone();
        forged(trail, CANCEL, |entry| {
            let (Body::Decision(first), Body::Decision(decision)) = (accepted, &mut entry.body) else {
                panic!("both are decisions")
            };
            decision.ruling = first.ruling;
        });
    };
    check("a key that is decided twice", twice, HaltCode::StateDiverged);
}

#[test]
fn another_hash_at_an_opening_by_the_same_rules_diverges() {
    let other = |trail: &mut Vec<Entry<'static>>, rules: i32| {
        forged(trail, REOPENED, |entry| {
            let Body::LaneOpened(opening) = &mut entry.body else { panic!("it reopens") };
            (opening.ledger_hash, opening.rules_version) = (Digest::ZERO, opening.rules_version + rules);
        });
    };
    check("the same rules", |trail| other(trail, 0), HaltCode::StateDiverged);
    let mut trail = trail();
    other(&mut trail, 1);
    assert_eq!(replayed(&trail).0, None, "other rules may rebuild another ledger");
}
