//! The last record on `orders` is known whole, whatever has happened to its order since.

use onefill::core::batch::order_of;
use onefill::core::control::{CommandType, Scope};
use onefill::core::entry::Entry;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::Intent;
use onefill::core::order::Origin;

use crate::records::{cancel_intent, command, execution, id, new_intent, num, replace_intent, trade};
use crate::world::World;

/// A world that has taken these intents, and the entry of the last one.
fn with(intents: &[Intent<'static>]) -> (World, Entry<'static>) {
    let mut world = World::new();
    let mut take = |intent: &Intent<'static>| {
        let arrival = world.arrival_of(intent.clone());
        world.take(arrival)
    };
    let entry = intents.iter().map(&mut take).last().expect("an intent");
    (world, entry)
}

/// Takes these intents, of which the last is published, then these reports.
fn after(intents: &[Intent<'static>], reports: &[Execution<'static>]) {
    let ((then, entry), (mut since, _)) = (with(intents), with(intents));
    let published = order_of(&then.ledger, &entry).expect("it is accepted");
    for report in reports {
        since.report(report.clone());
    }
    let last = since.ledger.last_order().expect("it was published");
    assert_eq!(last, published);
}

#[test]
fn the_last_record_is_known_whole() {
    after(&[new_intent()], &[]);
    after(&[new_intent(), replace_intent()], &[]);
    after(&[new_intent(), cancel_intent()], &[]);
    let mut filled = replace_intent();
    filled.terms.order_qty = Some(num("0"));
    after(&[new_intent(), filled], &[]);
}

#[test]
fn what_the_venue_says_of_an_order_changes_no_record() {
    let (order_qty, leaves_qty) = (Some(num("7")), Some(num("3")));
    let restated = Execution { order_qty, leaves_qty, ..execution(ExecType::Restated, "e-1") };
    let replaced = Execution { order_qty, ..execution(ExecType::Replaced, "e-2") };
    let refused = Execution { reject_code: Some(0), ..execution(ExecType::ReplaceRejected, "e-3") };
    after(&[new_intent()], &[trade("t-1", "2"), restated.clone()]);
    after(&[new_intent(), replace_intent()], &[restated, replaced]);
    after(&[new_intent(), replace_intent()], &[refused, execution(ExecType::Canceled, "e-4")]);
}

#[test]
fn a_record_that_an_operator_has_caused_is_known_too() {
    let mut world = World::new();
    world.intent(new_intent());
    world.command(command("c-1", CommandType::CancelAll, Scope::Global, ""));
    let [entry] = &world.pay(1)[..] else { panic!("one cancel is owed") };
    let published = order_of(&world.ledger, entry).expect("it is published");
    let last = world.ledger.last_order().expect("it was published");
    assert_eq!((&last, last.origin, last.intent_id), (&published, Origin::Control, id("c-1")));
}
