//! Input that nobody should send: each record gets its entry, and its place in quarantine where due, in the same
//! transaction, and the intent behind it is decided. No bytes end the process (`G3`).

use serde_json::{Value as Json, json};

use crate::checker::check;
use crate::records::{Format, INTENT, account_in, new_intent, place, with};
use crate::world::World;

const PARTITIONS: i32 = 2;
const MALFORMED: &str = "REJECTED MALFORMED_INTENT";
const MISPLACED: &str = "REJECTED WRONG_PARTITION";

/// A record of partition 0 that cannot be decided, and what it is answered.
struct Bad {
    what: &'static str,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    answer: &'static str,
}

/// Sends each, and a good intent behind it.
fn answered_and_passed_by(name: &str, bad: &[Bad]) {
    let world = World::new(name, PARTITIONS);
    let account = account_in(0, PARTITIONS);
    let mut due = Vec::new();
    for (index, one) in bad.iter().enumerate() {
        world.produce("intents", 0, one.key.as_deref(), one.value.as_deref());
        world.send(&new_intent(&account, &format!("good-{index}"), &format!("good-{index}")));
        due.extend([(one.what, one.answer), ("the good one behind it", "ACCEPTED")]);
    }
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    let trail = check(&world);
    let found = trail.verdicts(0);
    let named: Vec<_> = due.iter().map(|(what, _)| *what).zip(found.iter().map(String::as_str)).collect();
    assert_eq!(named, due);
}

/// OrderIntent with one more field, which may be left out.
fn longer_schema() -> String {
    let mut schema: Json =
        serde_json::from_str(include_str!("../../schemas/OrderIntent.v1.avsc")).expect("JSON");
    let desk = json!({"name": "desk", "type": ["null", "string"], "default": null});
    schema["fields"].as_array_mut().expect("fields").push(desk);
    schema.to_string()
}

/// What could not be read is audited as recorded when its schema has become known, and so is what was read when the
/// auditor lacks the schema.
#[test]
fn a_schema_that_is_added_later_changes_nothing_of_what_was_decided() {
    let world = World::new("schema-added", 1);
    let account = account_in(0, 1);
    let value = Format::parse(&longer_schema()).encode(&new_intent(&account, "k-1", "o-1"));
    let verified = |world: &World| {
        let called = world.call(&["audit", "verify", "--output", "json"]);
        let report: Json = serde_json::from_slice(&called.stdout).expect("JSON");
        let lane = &report["partitions"][0];
        (called.status.code(), lane["faults"].clone(), lane["compared"]["unknown_schemas"].clone())
    };
    let decide = |verdicts: &[&str]| {
        world.produce("intents", 0, Some(account.as_bytes()), Some(&value));
        let router = world.router(&[]);
        world.wait_answered(&router);
        router.end_cleanly();
        assert_eq!(check(&world).verdicts(0), verdicts);
    };
    decide(&[MALFORMED]);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)));
    let file = world.dir().join("longer.avsc");
    std::fs::write(&file, longer_schema()).expect("a file");
    let known = format!("[decide]\nmax_intent_age_ms = 0\n[schemas]\nextra = [{file:?}]\n");
    world.configure(&known);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)), "known since");
    decide(&[MALFORMED, "ACCEPTED"]);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)), "decided with it");
    world.configure("");
    assert_eq!(verified(&world), (Some(0), json!([]), json!(1)), "the auditor lacks it");
}

fn bad(what: &'static str, key: Option<&str>, value: Option<Vec<u8>>, answer: &'static str) -> Bad {
    Bad { what, key: key.map(|key| key.as_bytes().to_vec()), value, answer }
}

#[test]
fn a_record_that_is_no_intent_is_malformed_and_the_next_is_decided() {
    let account = account_in(0, PARTITIONS);
    let (key, intent) = (Some(account.as_str()), new_intent(&account, "never", "never"));
    let good = INTENT.encode(&intent);
    let changed = |fields: Json| Some(INTENT.encode(&with(&intent, &fields)));
    let cut = |length: usize| Some(good[..length].to_vec());
    let mut unknown = good.clone();
    unknown[2..10].fill(0xAB);
    answered_and_passed_by(
        "malformed",
        &[
            bad("a tombstone", key, None, MALFORMED),
            bad("a tombstone without a key", None, None, MALFORMED),
            bad("an empty value", key, Some(Vec::new()), MALFORMED),
            bad("text", key, Some(b"{\"intent_type\": \"NEW\"}".to_vec()), MALFORMED),
            bad("half a header", key, cut(5), MALFORMED),
            bad("a header alone", key, cut(10), MALFORMED),
            bad("a value cut short by one", key, cut(good.len() - 1), MALFORMED),
            bad("a value cut in half", key, cut(good.len() / 2), MALFORMED),
            bad("trailing bytes", key, Some([&good[..], &[0]].concat()), MALFORMED),
            bad("two values", key, Some([&good[..], &good[..]].concat()), MALFORMED),
            bad("an unknown fingerprint", key, Some(unknown), MALFORMED),
            bad(
                "a registry's format without a registry",
                key,
                Some([&[0, 0, 0, 0, 1], &good[10..]].concat()),
                MALFORMED,
            ),
            bad("900 KiB of nothing", key, Some(vec![0; 900 * 1024]), MALFORMED),
            bad("900 KiB that begin well", key, Some([&good[..], &vec![0; 900 * 1024]].concat()), MALFORMED),
            bad("one byte over 64 KiB", key, Some(padded(&intent, 64 * 1024 + 1)), MALFORMED),
            bad("an id that is none", key, changed(json!({"intent_id": "has space"})), MALFORMED),
            bad("an id that is too long", key, changed(json!({"intent_id": "x".repeat(65)})), MALFORMED),
            bad("an empty id", key, changed(json!({"strategy_id": ""})), MALFORMED),
            bad("a price that is no number", key, changed(json!({"price": "1e3"})), MALFORMED),
            bad("a price of minus zero", key, changed(json!({"price": "-0"})), MALFORMED),
            bad("a NEW without a side", key, changed(json!({"side": null})), MALFORMED),
            bad("a NEW without a quantity", key, changed(json!({"order_qty": null})), MALFORMED),
            bad(
                "a text that is too long",
                key,
                changed(json!({"correlation_id": "x".repeat(257)})),
                MALFORMED,
            ),
        ],
    );
}

#[test]
fn an_intent_in_the_wrong_place_binds_no_key() {
    let account = account_in(0, PARTITIONS);
    let stranger = account_in(1, PARTITIONS);
    assert_ne!(place(&stranger, PARTITIONS), 0);
    // Under the very key that a good one uses later: nothing may be bound.
    let of = |account: &str| Some(INTENT.encode(&new_intent(account, "good-0", "good-0")));
    answered_and_passed_by(
        "misplaced",
        &[
            bad("another partition's account", Some(&stranger), of(&stranger), MISPLACED),
            bad("no key", None, of(&account), MISPLACED),
            bad("an empty key", Some(""), of(&account), MISPLACED),
            bad("a key that is another account", Some(&stranger), of(&account), MISPLACED),
            bad("the key in lower case", Some(&account.to_lowercase()), of(&account), MISPLACED),
        ],
    );
}

#[test]
fn no_bytes_end_the_router() {
    let world = World::new("random", 1);
    let good = INTENT.encode(&new_intent("A1", "never", "never"));
    let mut state = 0x0BAD_5EED_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    for round in 0..600 {
        let mut value = if round % 2 == 0 { good[..10].to_vec() } else { good.clone() };
        let place = 10 + usize::from(byte()) % (value.len() - 9);
        if round % 2 == 0 {
            value.extend((0..byte()).map(|_| byte()));
        } else {
            // A good intent in which one byte is another: it may well still be an intent.
            value[place.min(good.len() - 1)] ^= 1 << (byte() % 8);
        }
        world.enqueue("intents", 0, Some(b"A1"), Some(&value));
    }
    world.send(&new_intent("A1", "good", "good"));
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    let verdicts = check(&world).verdicts(0);
    assert_eq!((verdicts.len(), verdicts.last().map(String::as_str)), (601, Some("ACCEPTED")));
}

/// An intent of exactly so many bytes, by tags that are small each but too many.
fn padded(intent: &Json, length: usize) -> Vec<u8> {
    let of = |filling: usize| INTENT.encode(&with(intent, &json!({"tags": {"t": "x".repeat(filling)}})));
    let value = of(length - of(length).len() % length);
    assert_eq!(value.len(), length);
    value
}
