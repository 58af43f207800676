//! The same key again: with the same content it is a retry, with other content a conflict, and the first order stands
//! (`G1`, `G2`).

use serde_json::{Value as Json, json};

use crate::checker::{Trail, check, verdict};
use crate::records::{new_intent, with};
use crate::world::World;

/// Sends the intents to a fresh lane, in order, and again through a restart in between the halves.
fn decide(name: &str, intents: &[Json]) -> Trail {
    let world = World::new(name, 1);
    let (before, after) = intents.split_at(intents.len() / 2);
    for half in [before, after] {
        world.send_all(half);
        let router = world.router(&[]);
        world.wait_answered(&router);
        router.end_cleanly();
    }
    check(&world)
}

/// Verdict and reason, and the place among the intents of the one that it names.
fn answers(trail: &Trail) -> Vec<(String, Option<usize>)> {
    let decisions = trail.decisions();
    let place = |seq: &Json| decisions.iter().position(|entry| entry["seq"] == *seq);
    decisions.iter().map(|entry| (verdict(entry), place(&entry["duplicate_of"]))).collect()
}

fn answer(verdict: &str, of: Option<usize>) -> (String, Option<usize>) {
    (verdict.to_owned(), of)
}

const CONFLICT: &str = "REJECTED IDEMPOTENCY_KEY_CONFLICT";

#[test]
fn the_same_key_with_other_content_is_a_conflict_that_names_the_first() {
    let first = new_intent("A1", "I1", "C1");
    let again = [
        json!({"created_at": 1, "correlation_id": "again", "tags": {"attempt": "2"}}),
        json!({"order_qty": "2.000", "price": "100"}),
        json!({"order_qty": "3"}),
        json!({"price": "100.01"}),
        json!({"side": "SELL"}),
        json!({"strategy_id": "other"}),
        json!({"client_order_id": "C2"}),
        json!({"time_in_force": "GTC"}),
        json!({"post_only": true}),
        json!({"intent_type": "CANCEL"}),
    ];
    let mut intents = vec![first.clone()];
    intents.extend(again.iter().map(|fields| with(&first, fields)));
    // Another account's key of the same name is another key.
    intents.push(with(&first, &json!({"account_id": "A2"})));
    intents.push(first);
    let trail = decide("conflict", &intents);
    let duplicate = answer("DUPLICATE", Some(0));
    let conflict = answer(CONFLICT, Some(0));
    let mut due = vec![answer("ACCEPTED", None), duplicate.clone(), duplicate.clone()];
    due.extend(vec![conflict; 8]);
    due.extend([answer("ACCEPTED", None), duplicate]);
    assert_eq!(answers(&trail), due);
    let orders: Vec<_> = trail.orders[&0]
        .iter()
        .map(|order| [&order["account_id"], &order["order_qty"], &order["price"]])
        .collect();
    assert_eq!(
        orders,
        [[&json!("A1"), &json!("2"), &json!("100")], [&json!("A2"), &json!("2"), &json!("100")]]
    );
}

#[test]
fn an_order_s_identity_is_taken_once_and_the_later_key_is_bound_to_its_conflict() {
    let first = new_intent("A1", "I1", "C1");
    let other = with(&first, &json!({"intent_id": "I2"}));
    let rejected = with(&new_intent("A1", "I3", "C3"), &json!({"price": "100.001"}));
    let free = with(&new_intent("A1", "I4", "C3"), &json!({}));
    let trail = decide("identity", &[first, other.clone(), other, rejected.clone(), rejected, free]);
    let due = [
        answer("ACCEPTED", None),
        answer(CONFLICT, Some(0)),
        answer("DUPLICATE", Some(1)),
        answer("REJECTED INVALID_PRICE_INCREMENT", None),
        answer("DUPLICATE", Some(3)),
        // Only an accepted order takes its identity.
        answer("ACCEPTED", None),
    ];
    assert_eq!(answers(&trail), due);
}

#[test]
fn cancel_and_replace_go_out_once_each_and_their_retries_are_recognised() {
    let order = new_intent("A1", "I1", "C1");
    let change = |intent_id: &str, fields: Json| {
        let plain = json!({
            "intent_type": "REPLACE", "intent_id": intent_id, "account_id": "A1", "strategy_id": "momentum",
            "client_order_id": "C1", "instrument_id": order["instrument_id"], "created_at": 1,
        });
        with(&plain, &fields)
    };
    let replace = change("I2", json!({"order_qty": "5"}));
    let second = change("I3", json!({"order_qty": "6"}));
    let cancel = change("I4", json!({"intent_type": "CANCEL"}));
    let repeated = change("I5", json!({"intent_type": "CANCEL"}));
    let late = change("I6", json!({"order_qty": "7"}));
    let unknown = change("I7", json!({"intent_type": "CANCEL", "client_order_id": "C9"}));
    let intents = [
        &order, &replace, &replace, &second, &cancel, &replace, &cancel, &repeated, &late, &unknown, &cancel,
        &order,
    ];
    let trail = decide("cancel", &intents.map(Json::clone));
    let due = [
        answer("ACCEPTED", None),
        answer("ACCEPTED", None),
        answer("DUPLICATE", Some(1)),
        answer("REJECTED ORDER_PENDING_REPLACE", None),
        answer("ACCEPTED", None),
        answer("DUPLICATE", Some(1)),
        answer("DUPLICATE", Some(4)),
        // Under a new key a cancel may go out again: the first could be lost.
        answer("ACCEPTED", None),
        answer("REJECTED ORDER_PENDING_REPLACE", None),
        answer("REJECTED UNKNOWN_ORDER", None),
        answer("DUPLICATE", Some(4)),
        answer("DUPLICATE", Some(0)),
    ];
    assert_eq!(answers(&trail), due);
    let orders: Vec<Json> = trail.orders[&0]
        .iter()
        .map(|order| {
            json!([
                order["command"],
                order["order_version"],
                order["intent_id"],
                order["orig_intent_id"],
                order["order_qty"]
            ])
        })
        .collect();
    let published = [
        json!(["NEW", 1, "I1", null, "2"]),
        json!(["REPLACE", 2, "I2", "I1", "5"]),
        json!(["CANCEL", 3, "I4", "I2", orders[2][4]]),
        json!(["CANCEL", 4, "I5", "I4", orders[3][4]]),
    ];
    assert_eq!(orders, published);
}
