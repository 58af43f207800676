//! What is published says what its entry decided, and an edited record does not.

use onefill::core::amount::Decimal;
use onefill::core::batch::order_of;
use onefill::core::entry::Entry;
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, OrderType, Side, TimeInForce};
use onefill::core::order::{Order, Origin};
use onefill::core::published::difference;
use onefill::core::time::Time;

use crate::records::{cancel_intent, id, new_intent, num, replace_intent};
use crate::world::World;

type Edit = (&'static str, fn(&mut Order<'_>));

/// What says who asked, and when; in every record.
const WHOLE: [Edit; 8] = [
    ("intent_id", |it| it.intent_id = id("other")),
    ("client_order_id", |it| it.client_order_id = id("other")),
    ("account_id", |it| it.account_id = id("A9")),
    ("strategy_id", |it| it.strategy_id = id("other")),
    ("instrument_id", |it| it.instrument_id = id("OTHER.CME")),
    ("expires_at", |it| it.expires_at = Some(Time(7))),
    ("decided_at", |it| it.decided_at = Time(7)),
    ("origin", |it| it.origin = Origin::Control),
];

/// What a NEW says, and a REPLACE where it gives it.
const NUMBERS: [Edit; 3] = [
    ("order_qty", |it| it.terms.order_qty = Decimal::ZERO),
    ("price", |it| it.terms.price = Some(Decimal::ZERO)),
    ("trigger_price", |it| it.terms.trigger_price = None),
];

/// What is said by a NEW alone.
const FIXED: [Edit; 7] = [
    ("side", |it| it.terms.side = Side::Sell),
    ("order_type", |it| it.terms.order_type = OrderType::Limit),
    ("time_in_force", |it| it.terms.time_in_force = TimeInForce::Ioc),
    ("expire_time", |it| it.terms.expire_time = Some(Time(7))),
    ("post_only", |it| it.terms.post_only = true),
    ("reduce_only", |it| it.terms.reduce_only = true),
    ("orig_intent_id", |it| it.orig_intent_id = Some(id("other"))),
];

/// The fields of the edits that are seen, each made alone.
fn seen(order: &Order<'_>, entry: &Entry<'_>) -> Vec<&'static str> {
    let edits = WHOLE.into_iter().chain(NUMBERS).chain(FIXED);
    let seen = edits.filter_map(|(field, edit)| {
        let mut edited = order.clone();
        edit(&mut edited);
        let found = difference(&edited, entry);
        assert!(found.is_none_or(|found| found == field), "{found:?}, not {field}");
        found
    });
    seen.collect()
}

fn fields(edits: &[Edit]) -> Vec<&'static str> {
    edits.iter().map(|(field, _)| *field).collect()
}

/// The entry of the last of these intents, and what is seen of edits to its record.
fn edited(intents: &[Intent<'static>]) -> Vec<&'static str> {
    let mut world = World::new();
    let entries: Vec<_> = intents
        .iter()
        .map(|intent| {
            let arrival = world.arrival_of(intent.clone());
            world.take(arrival)
        })
        .collect();
    let entry = entries.last().expect("an intent");
    let order = order_of(&world.ledger, entry).expect("it is accepted");
    assert_eq!(difference(&order, entry), None);
    assert_eq!(difference(&order, &entries[0]), (entries.len() > 1).then_some("audit_seq"));
    seen(&order, entry)
}

#[test]
fn every_field_of_a_new_order_is_that_of_its_entry() {
    assert_eq!(edited(&[new_intent()]), [fields(&WHOLE), fields(&NUMBERS), fields(&FIXED)].concat());
}

#[test]
fn a_replace_says_what_it_gives_and_a_cancel_nothing_of_terms() {
    assert_eq!(edited(&[new_intent(), replace_intent()]), [fields(&WHOLE), fields(&NUMBERS)].concat());
    let mut cheaper = replace_intent();
    (cheaper.terms.order_qty, cheaper.terms.trigger_price) = (None, None);
    assert_eq!(edited(&[new_intent(), cheaper]), [fields(&WHOLE), vec!["price"]].concat());
    let mut talkative = cancel_intent();
    talkative.terms.order_qty = Some(num("3"));
    assert_eq!(edited(&[new_intent(), talkative]), fields(&WHOLE));
}

#[test]
fn an_entry_that_publishes_nothing_has_no_order() {
    let mut world = World::new();
    let arrival = world.arrival_of(new_intent());
    let new = world.take(arrival);
    let order = order_of(&world.ledger, &new).expect("it is accepted");
    let order = Order { order_id: OrderId([0; 16]), ..order.clone() };
    let opening = Entry { seq: new.seq, ..world.trail[0].0.clone() };
    assert_eq!(difference(&order, &opening), Some("audit_seq"));
}
