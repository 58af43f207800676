//! One key, one verdict (`G1`, `G2`): what arrives again is recognised, whatever else has changed.

use onefill::core::decide::Arrival;
use onefill::core::entry::{IntentIds, Prior, Ruling};
use onefill::core::fingerprint::fingerprint;
use onefill::core::ids::OrderId;
use onefill::core::intent::{Intent, IntentType, OrderType, Side, TimeInForce};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::world::{NOW, World, at, cancel_intent, id, new_intent, num, replace_intent, ruling};

/// The entry that [`new_intent`] gets as the first one.
fn first() -> u64 {
    World::new().ledger.head().next_seq
}

/// One field that differs.
type Change = fn(&mut Intent<'static>);

fn order() -> OrderId {
    OrderId::of(id("A1"), id("order-1"))
}

const fn accepted(seq: u64, order_id: OrderId) -> Prior {
    Prior { seq, reason: None, order_id: Some(order_id) }
}

fn duplicate(intent: &Intent<'static>, of: Prior) -> Ruling<'static> {
    Ruling::Duplicate { ids: intent.ids(), fingerprint: fingerprint(intent), of }
}

fn conflict(intent: &Intent<'static>, of: Prior) -> Ruling<'static> {
    Ruling::Conflict { intent: intent.clone(), fingerprint: fingerprint(intent), of }
}

#[test]
fn a_retry_is_a_duplicate_of_the_entry_that_decided() {
    let mut world = World::new();
    world.intent(new_intent());
    for _ in 0..3 {
        assert_eq!(world.intent(new_intent()), duplicate(&new_intent(), accepted(first(), order())));
    }
}

#[test]
fn a_retry_in_the_same_batch_is_a_duplicate() {
    let mut world = World::new();
    let other = Intent { strategy_id: id("S2"), ..new_intent() };
    let arrivals = [new_intent(), new_intent(), other.clone()].map(|intent| world.arrival_of(intent));
    let rulings: Vec<_> = world.settle(&arrivals).into_iter().map(ruling).collect();
    let of = accepted(first(), order());
    assert_eq!(rulings[1..], [duplicate(&new_intent(), of), conflict(&other, of)]);
}

#[test]
fn a_retry_of_a_discarded_intent_is_decided() {
    let mut world = World::new();
    let arrival = world.arrival_of(new_intent());
    world.discard(std::slice::from_ref(&arrival));
    assert!(matches!(world.intent(new_intent()), Ruling::Accepted { .. }));
}

#[test]
fn a_retry_of_a_rejected_intent_names_its_reason() {
    let mut world = World::new();
    let old = Intent { created_at: at(-6_000_000_000), ..new_intent() };
    world.intent(old);
    let of = Prior { seq: first(), reason: Some(Reason::IntentTooOld), order_id: None };
    assert_eq!(world.intent(new_intent()), duplicate(&new_intent(), of), "the fresh retry would pass now");
}

#[test]
fn a_retry_is_a_duplicate_whatever_would_refuse_it_now() {
    let mut world = World::new();
    world.intent(new_intent());
    world.halt_trading();
    world.clock = at(3_600_000_000_000);
    assert_eq!(world.intent(new_intent()), duplicate(&new_intent(), accepted(first(), order())));
}

#[test]
fn a_malformed_or_misplaced_intent_binds_no_key() {
    let mut world = World::new();
    let arrival = world.arrival_of(new_intent());
    let misplaced = Arrival { key: Some(b"A6"), ..arrival };
    assert!(matches!(ruling(world.take(misplaced)), Ruling::Misplaced { .. }));
    assert!(matches!(world.intent(new_intent()), Ruling::Accepted { .. }));
}

#[test]
fn what_is_no_payload_makes_no_conflict() {
    let changes: [(&str, Change); 5] = [
        ("created_at", |intent| intent.created_at = at(1)),
        ("correlation_id", |intent| intent.correlation_id = Some("c")),
        ("tags", |intent| intent.tags = vec![("desk", "7")]),
        ("2.000 for 2", |intent| intent.terms.order_qty = Some(num("10.000"))),
        ("100.00 for 100", |intent| intent.terms.price = Some(num("100.00"))),
    ];
    for (claim, change) in changes {
        let mut world = World::new();
        world.intent(new_intent());
        let mut retry = new_intent();
        change(&mut retry);
        assert_eq!(world.intent(retry.clone()), duplicate(&retry, accepted(first(), order())), "{claim}");
    }
}

#[test]
fn the_same_key_with_any_other_payload_is_a_conflict() {
    let changes: [(&str, Change); 14] = [
        ("intent_type", |intent| intent.intent_type = IntentType::Replace),
        ("strategy_id", |intent| intent.strategy_id = id("S2")),
        ("client_order_id", |intent| intent.client_order_id = id("order-2")),
        ("instrument_id", |intent| intent.instrument_id = id("NQZ5.CME")),
        ("expires_at", |intent| intent.expires_at = Some(at(1))),
        ("side", |intent| intent.terms.side = Some(Side::Sell)),
        ("order_type", |intent| intent.terms.order_type = Some(OrderType::Limit)),
        ("order_qty", |intent| intent.terms.order_qty = Some(num("11"))),
        ("price", |intent| intent.terms.price = Some(num("100.25"))),
        ("trigger_price", |intent| intent.terms.trigger_price = None),
        ("time_in_force", |intent| intent.terms.time_in_force = Some(TimeInForce::Gtc)),
        ("expire_time", |intent| intent.terms.expire_time = Some(NOW)),
        ("post_only", |intent| intent.terms.post_only = true),
        ("reduce_only", |intent| intent.terms.reduce_only = true),
    ];
    for (claim, change) in changes {
        let mut world = World::new();
        world.intent(new_intent());
        let mut other = new_intent();
        change(&mut other);
        let of = accepted(first(), order());
        assert_eq!(world.intent(other.clone()), conflict(&other, of), "{claim}");
        assert_eq!(world.intent(other.clone()), conflict(&other, of), "{claim}, again");
        assert_eq!(world.intent(new_intent()), duplicate(&new_intent(), of), "{claim}, then the first");
    }
}

#[test]
fn a_conflict_with_a_rejected_intent_names_its_reason() {
    let mut world = World::new();
    world.intent(Intent { created_at: at(-6_000_000_000), ..new_intent() });
    let other = Intent { strategy_id: id("S2"), ..new_intent() };
    let of = Prior { seq: first(), reason: Some(Reason::IntentTooOld), order_id: None };
    assert_eq!(world.intent(other.clone()), conflict(&other, of));
}

#[test]
fn the_same_intent_id_of_another_account_is_another_key() {
    let mut world = World::new();
    world.intent(new_intent());
    assert!(matches!(world.intent(Intent { account_id: id("A6"), ..new_intent() }), Ruling::Accepted { .. }));
}

#[test]
fn an_order_that_exists_refuses_a_second_new_and_binds_its_key() {
    let mut world = World::new();
    world.intent(new_intent());
    let second = Intent { intent_id: id("k-second"), ..new_intent() };
    match world.intent(second.clone()) {
        Ruling::Rejected { failed_checks, of, .. } => {
            assert_eq!(failed_checks, [FailedCheck::plain(Reason::IdempotencyKeyConflict)]);
            assert_eq!(of, Some(accepted(first(), order())));
        }
        other => panic!("{other:?}"),
    }
    let reason = Some(Reason::IdempotencyKeyConflict);
    let of = Prior { seq: first() + 1, reason, order_id: Some(order()) };
    assert_eq!(world.intent(second.clone()), duplicate(&second, of));
}

#[test]
fn the_order_of_a_rejected_new_is_free() {
    let mut world = World::new();
    world.intent(Intent { created_at: at(-6_000_000_000), ..new_intent() });
    let second = Intent { intent_id: id("k-second"), ..new_intent() };
    assert!(matches!(world.intent(second), Ruling::Accepted { .. }));
}

#[test]
fn retries_of_cancel_and_replace_name_their_own_entries() {
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(replace_intent());
    world.intent(cancel_intent());
    for (intent, seq) in
        [(new_intent(), first()), (replace_intent(), first() + 1), (cancel_intent(), first() + 2)]
    {
        assert_eq!(world.intent(intent.clone()), duplicate(&intent, accepted(seq, order())));
    }
}

#[test]
fn a_duplicate_says_which_intent_it_is() {
    let mut world = World::new();
    world.intent(new_intent());
    let ids = IntentIds {
        account_id: id("A1"),
        strategy_id: id("S1"),
        instrument_id: id(crate::world::FUTURE),
        intent_id: id("k-new"),
        client_order_id: id("order-1"),
    };
    match world.intent(new_intent()) {
        Ruling::Duplicate { ids: found, .. } => assert_eq!(found, ids),
        other => panic!("{other:?}"),
    }
}
