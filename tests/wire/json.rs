//! Records from JSON: what is accepted, and what a person is told.

use onefill::core::control::ControlRecord;
use onefill::wire::json::{
    command_from_json, instrument_from_json, intent_from_json, limit_from_json, price_from_json,
};
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
fn golden_json_of_operators_gives_golden_bytes() {
    let control = |case: &str| {
        let golden = golden::one(&format!("ControlRecord.v1.{case}"));
        let json = &golden.json["record"];
        let record = match case {
            "instrument" => instrument_from_json(json).map(ControlRecord::Instrument),
            "risk_limit" => limit_from_json(json).map(ControlRecord::RiskLimit),
            _ => command_from_json(json).map(ControlRecord::Command),
        };
        let mut value = Vec::new();
        onefill::wire::control::encode(&record.unwrap(), &mut value);
        assert_eq!(value, golden.value, "{case}");
    };
    ["instrument", "risk_limit", "command"].into_iter().for_each(control);

    let golden = golden::one("ReferencePrice.v1.mark");
    let mut value = Vec::new();
    onefill::wire::price::encode(&price_from_json(&golden.json).unwrap(), &mut value);
    assert_eq!(value, golden.value);
}

#[test]
fn a_slip_in_a_limit_is_said_with_its_name() {
    let mut limit = golden::one("ControlRecord.v1.risk_limit").json["record"].clone();
    limit["max_orders"] = json!("5");
    let said = limit_from_json(&limit).unwrap_err().to_string();
    assert_eq!(said, "max_orders is \"5\", which is no whole number");
    limit["max_orders"] = json!(5);
    limit["max_order_quantity"] = json!("5");
    let said = limit_from_json(&limit).unwrap_err().to_string();
    assert!(said.starts_with("\"max_order_quantity\" is no field of a limit: it has limit_id"), "{said}");
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
    // Digits that the float has lost are not advised, nor what is no decimal.
    for float in ["123456789012345678901", "12345678901234567890.5", "0.1234567890123456789", "1e300", "1e-8"]
    {
        let value = serde_json::from_str(float).unwrap();
        assert_eq!(
            refusal("price", value),
            "price is a float: write it as a string with all of its digits, such as \"0.25\", to be exact",
            "{float}"
        );
    }
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
