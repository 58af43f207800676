//! Intents from JSON: what is accepted, and what a person is told.

use onefill::wire::json::intent_from_json;
use serde_json::{Value as Json, json};

use crate::golden;

fn new() -> Json {
    golden::one("OrderIntent.v1.new").json
}

/// What is said of a NEW whose field has this value.
fn refusal(field: &str, value: Json) -> String {
    let mut intent = new();
    intent[field] = value;
    intent_from_json(&intent).unwrap_err().to_string()
}

#[test]
fn golden_json_gives_golden_bytes() {
    for case in ["new", "cancel", "replace"] {
        let golden = golden::one(&format!("OrderIntent.v1.{case}"));
        assert_eq!(intent_from_json(&golden.json), Ok(golden.value), "{case}");
    }
}

#[test]
fn whole_numbers_are_exact_and_floats_are_refused() {
    let mut intent = new();
    intent["order_qty"] = json!(2);
    assert_eq!(intent_from_json(&intent), Ok(golden::one("OrderIntent.v1.new").value));
    assert_eq!(
        refusal("price", json!(100.25)),
        "price is the float 100.25: write it as a string, \"100.25\", to be exact"
    );
}

#[test]
fn null_is_the_same_as_absent() {
    let mut intent = golden::one("OrderIntent.v1.cancel").json;
    intent["price"] = Json::Null;
    assert_eq!(intent_from_json(&intent), Ok(golden::one("OrderIntent.v1.cancel").value));
}

#[test]
fn what_is_wrong_is_said_with_its_name() {
    for (field, value, said) in [
        ("quantity", json!("1"), "\"quantity\" is no field of an intent: it has intent_type, intent_id"),
        ("order_qty", Json::Null, "order_qty is missing: a NEW needs it"),
        ("account_id", Json::Null, "account_id is missing: every intent needs it"),
        ("account_id", json!("A 1"), "account_id is \"A 1\", which is no id"),
        ("order_qty", json!("1e3"), "order_qty is \"1e3\", which is no decimal"),
        ("side", json!("buy"), "side is \"buy\", which is no symbol of the schema"),
        ("created_at", json!("now"), "created_at is \"now\", but a time is a whole number of nanoseconds"),
        ("post_only", json!(1), "post_only is 1, but it is true or false"),
        ("tags", json!({"k": 1}), "tags is 1, which is no string"),
        ("correlation_id", json!("x".repeat(257)), "correlation_id has 257 bytes, 256 are allowed"),
    ] {
        let refusal = refusal(field, value);
        assert!(refusal.starts_with(said), "{refusal}");
    }
    assert!(intent_from_json(&json!([])).is_err());
}
