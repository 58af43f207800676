//! Owed cancels in the trail: their turns are facts of it, and a trail that passes one over is forged.

use onefill::core::control::Scope;
use onefill::core::entry::{Body, Entry};
use onefill::core::halt::HaltCode;
use onefill::core::ledger::Ledger;
use onefill::core::ledger::hash::ledger_hash;
use onefill::core::prices::PriceBook;
use onefill::core::recompute::{Recomputed, recompute};

use crate::chain::replayed;
use crate::owed::{busy, cancel_all, give};
use crate::records::buy;
use crate::world::{World, id, leaf};

/// A trail where a command owes the cancels of two orders, which are paid, and then an intent.
fn trail() -> Vec<Entry<'static>> {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.accept(buy("k-2", "10", "100"));
    give(&mut world, cancel_all("c", Scope::Global, ""));
    world.accept(buy("k-3", "10", "100"));
    world.trail.into_iter().map(|(entry, _)| entry).collect()
}

/// What a replay of a trail whose last three entries were edited comes to, numbers and links mended.
fn forged(claim: &str, edit: fn(&mut Vec<Entry<'static>>), due: Option<HaltCode>) {
    let mut trail = trail();
    let kept = trail.len() - 3;
    edit(&mut trail);
    for place in kept..trail.len() {
        trail[place].seq = place as u64;
        trail[place].prev = leaf(&trail[place - 1]);
    }
    assert_eq!(replayed(&trail).0, due, "{claim}");
}

#[test]
fn a_trail_that_passes_an_owed_cancel_over_is_a_contradiction() {
    forged("as it was", |_| {}, None);
    forged(
        "no cancel",
        |trail| drop(trail.drain(trail.len() - 3..trail.len() - 1)),
        Some(HaltCode::StateDiverged),
    );
    forged("only the first", |trail| drop(trail.remove(trail.len() - 2)), Some(HaltCode::StateDiverged));
    forged("only the second", |trail| drop(trail.remove(trail.len() - 3)), Some(HaltCode::StateDiverged));
    let swapped = |trail: &mut Vec<Entry<'static>>| {
        let end = trail.len();
        trail.swap(end - 3, end - 2);
    };
    forged("in another order", swapped, Some(HaltCode::StateDiverged));
    let twice =
        |trail: &mut Vec<Entry<'static>>| trail.insert(trail.len() - 1, trail[trail.len() - 2].clone());
    forged("one of them twice", twice, Some(HaltCode::StateDiverged));
    let by_another = |trail: &mut Vec<Entry<'static>>| {
        let end = trail.len();
        let Body::OwedCancel(owed) = &mut trail[end - 2].body else { panic!("it owes a cancel") };
        owed.ids.intent_id = id("d");
    };
    forged("by another command", by_another, Some(HaltCode::StateDiverged));
}

#[test]
fn cancels_that_are_owed_are_part_of_the_ledger() {
    let mut world = busy();
    let before = ledger_hash(&world.ledger);
    give(&mut world, cancel_all("c", Scope::Strategy, "A1/S2"));
    let owed = ledger_hash(&world.ledger);
    assert_ne!(owed, before);
    world.pay(1);
    assert_ne!(ledger_hash(&world.ledger), owed);
}

#[test]
fn what_stands_after_an_owed_cancel_is_recomputed() {
    let mut trail = trail();
    let place =
        trail.iter().position(|entry| matches!(entry.body, Body::OwedCancel(_))).expect("it owes one");
    let (_, mut ledger) = replayed(&trail[..place]);
    let prices = PriceBook::default();
    let agrees = |ledger: &mut Ledger, entry: &Entry<'static>| {
        !matches!(recompute(ledger, &prices, entry), Recomputed::Otherwise(_) | Recomputed::Entry(_))
    };
    assert!(agrees(&mut ledger, &trail[place]), "as it was");
    let Body::OwedCancel(owed) = &mut trail[place].body else { unreachable!("found just now") };
    owed.after = None;
    assert!(!agrees(&mut ledger, &trail[place]), "without what stands after it");
}
