use serde_json::{Map, Value, json};

use super::draft::{Draft, Kind, Said};
use super::known::Known;
use super::prices;
use crate::core::prices::AHEAD_MAX_NS;
use crate::core::time::Time;
use crate::wire::RecordType;
use crate::wire::json::to_json;
use crate::wire::schema::HEADER_LEN;

const LANES: i32 = 4;
const NOW: Time = Time(1_700_000_000_000_000_000);

fn map(fields: Value) -> Map<String, Value> {
    let Value::Object(fields) = fields else { panic!("{fields} is no object") };
    fields
}

/// These fields, with others in their place.
fn draft(kind: Kind, fields: Value, others: Value) -> Draft {
    let said = Said { by: "ops".to_owned(), reason: Some("test".to_owned()), at: NOW };
    let mut fields = map(fields);
    fields.extend(map(others));
    Draft::new(kind, None, fields, &said)
}

fn limit(others: Value) -> Draft {
    let fields = json!({"limit_id": "L", "scope_type": "ACCOUNT", "scope_id": "A1"});
    draft(Kind::RiskLimit, fields, others)
}

fn command(others: Value) -> Draft {
    let fields = json!({"command_id": "c-1", "command": "HALT", "scope_type": "GLOBAL", "scope_id": ""});
    draft(Kind::Command, fields, others)
}

fn adjust(qty: &str) -> Draft {
    command(json!({
        "command": "POSITION_ADJUST", "account_id": "A1", "instrument_id": "BTC.SIM", "qty": qty,
    }))
}

fn instrument(others: Value) -> Draft {
    let fields = json!({"instrument_id": "BTC.SIM", "currency": "USD", "tick_size": "1", "lot_size": "0.5"});
    draft(Kind::Instrument, fields, others)
}

/// The record as its bytes have it.
fn sent(draft: &Draft) -> Value {
    let ready = draft.ready(LANES).unwrap();
    to_json(RecordType::ControlRecord, &ready.value[HEADER_LEN..]).unwrap()["record"].take()
}

fn refusal(draft: &Draft) -> String {
    draft.ready(LANES).unwrap_err().to_string()
}

#[test]
fn what_is_left_out_is_filled_in() {
    let limits = json!({
        "limit_id": "L", "version": 1, "scope_type": "ACCOUNT", "scope_id": "A1", "instrument_id": "*",
        "max_orders": 0, "orders_window_ms": 1000, "set_by": "ops", "reason": "test",
    });
    assert_eq!(sent(&limit(json!({"max_orders": 0, "orders_window_ms": 1000}))), limits);

    let traded = json!({
        "instrument_id": "BTC.SIM", "venue": "SIM", "currency": "USD", "tick_size": "1", "lot_size": "0.5",
        "contract_multiplier": "1", "allow_negative_price": false, "status": "TRADING", "version": 1,
    });
    assert_eq!(sent(&instrument(json!({}))), traded);

    let halt = json!({
        "command_id": "c-1", "command": "HALT", "scope_type": "GLOBAL", "scope_id": "",
        "cancel_open_orders": false, "issued_by": "ops", "reason": "test", "issued_at": NOW.0,
    });
    assert_eq!(sent(&command(json!({}))), halt);
}

#[test]
fn what_is_said_is_kept() {
    let said = sent(&limit(json!({"set_by": "risk", "reason": "own", "instrument_id": "X.Y", "version": 9})));
    for (field, value) in [("set_by", "risk"), ("reason", "own"), ("instrument_id", "X.Y")] {
        assert_eq!(said[field], value);
    }
    assert_eq!(said["version"], 9);
}

#[test]
fn limits_that_lanes_cannot_obey_are_refused_by_name() {
    for (fields, field) in [
        (json!({"scope_type": "GLOBAL"}), "scope_id"),
        (json!({"scope_id": "A1/S1"}), "scope_id"),
        (json!({"scope_type": "STRATEGY"}), "scope_id"),
        (json!({"scope_type": "STRATEGY", "scope_id": "A1/S 1"}), "scope_id"),
        (json!({"scope_type": "EVERYBODY"}), "scope_type"),
        (json!({"instrument_id": "X Y"}), "instrument_id"),
        (json!({"max_order_qty": "-1"}), "max_order_qty"),
        (json!({"price_collar_abs": "1.0000000000000000001"}), "price_collar_abs"),
        (json!({"max_open_orders": -1}), "max_open_orders"),
        (json!({"max_orders": 5, "orders_window_ms": 3_600_001}), "orders_window_ms"),
        (json!({"dup_window_ms": 3_600_001}), "dup_window_ms"),
        (json!({"max_orders": 5}), "orders_window_ms"),
        (json!({"orders_window_ms": 5}), "max_orders"),
        (json!({"max_gross_notional": "5"}), "currency"),
        (json!({"max_gross_notional": 0.5, "currency": "USD"}), "max_gross_notional is the float 0.5"),
        (json!({"reason": " "}), "reason: it says nothing"),
        (json!({"max_qty": "5"}), "\"max_qty\" is no field of a limit"),
    ] {
        let refusal = refusal(&limit(fields.clone()));
        assert!(refusal.starts_with(field), "{fields}: {refusal}");
    }
}

#[test]
fn limits_at_their_bounds_are_taken() {
    let most = json!({
        "scope_type": "STRATEGY", "scope_id": "A1/S1", "max_order_qty": "0", "max_open_orders": 0,
        "max_orders": 1, "orders_window_ms": 3_600_000, "dup_window_ms": 3_600_000,
        "max_gross_notional": "99999999999999999999.999999999999999999", "currency": "USD",
    });
    assert_eq!(sent(&limit(most))["dup_window_ms"], 3_600_000);
}

#[test]
fn commands_that_lanes_cannot_obey_are_refused_by_name() {
    for (fields, field) in [
        (json!({"scope_id": "A1"}), "scope_id"),
        (json!({"scope_type": "LANE", "scope_id": "4"}), "scope_id: there is no lane 4, there are 4"),
        (json!({"scope_type": "LANE", "scope_id": "all"}), "scope_id"),
        (json!({"scope_type": "INSTRUMENT"}), "scope_id"),
        (json!({"command_id": "c 1"}), "command_id is \"c 1\", which is no id"),
        (json!({"command": "FORCE_RELEASE", "account_id": "A1"}), "order_id is missing"),
        (json!({"reason": "x".repeat(65_536)}), "the value has 65"),
    ] {
        let refusal = refusal(&command(fields.clone()));
        assert!(refusal.starts_with(field), "{fields}: {refusal}");
    }
    assert!(refusal(&adjust("1.0000000000000000001")).starts_with("qty: more than"));
    assert_eq!(sent(&command(json!({"scope_type": "LANE", "scope_id": "3"})))["scope_id"], "3");
}

#[test]
fn a_row_of_a_file_is_refused_with_its_place() {
    let said = Said::default();
    let row = Draft::new(Kind::RiskLimit, Some("limits:3".to_owned()), Map::new(), &said);
    assert_eq!(refusal(&row), "limits:3: limit_id is missing: every limit needs it");
}

#[test]
fn an_open_version_follows_the_newest_and_those_before_it_in_the_file() {
    let mut known = Known::default();
    known.complete(&mut [limit(json!({"version": 6})), limit(json!({"version": 4}))]).unwrap();
    let other = limit(json!({"limit_id": "M"}));
    let mut drafts = [limit(json!({})), other, limit(json!({})), limit(json!({"version": 3}))];
    known.complete(&mut drafts).unwrap();
    assert_eq!(drafts.map(|draft| sent(&draft)["version"].clone()), [7, 1, 8, 3].map(Value::from));
}

#[test]
fn an_adjustment_between_two_lots_is_refused() {
    let mut known = Known::default();
    // Nothing is known of it: the lanes answer NOT_FOUND, which harms nobody.
    known.complete(&mut [adjust("0.25")]).unwrap();
    known.complete(&mut [instrument(json!({})), instrument(json!({"lot_size": "0.25"}))]).unwrap();
    known.complete(&mut [adjust("-1.5")]).unwrap();
    // The steps that were set first hold: the second record is not applied.
    let refusal = known.complete(&mut [adjust("0.25")]).unwrap_err().to_string();
    assert_eq!(refusal, "qty: 0.25 is no whole number of lots, 0.5 of BTC.SIM");
}

#[test]
fn a_price_that_the_router_would_drop_is_refused() {
    let price = |others: Value| {
        let mut fields = map(json!({"instrument_id": "BTC.SIM", "price": "-1.5"}));
        fields.extend(map(others));
        prices::ready(None, fields, "ops", NOW).map(|ready| ready.name).map_err(|refusal| refusal.to_string())
    };
    let latest = NOW.0 + i64::try_from(AHEAD_MAX_NS).unwrap();
    assert_eq!(price(json!({})).unwrap(), "BTC.SIM at -1.5");
    assert!(price(json!({"as_of": latest})).is_ok());
    for (fields, said) in [
        (json!({"as_of": latest + 1}), "as_of is 2023-11-14T22:13:21.000000001Z, more than a second ahead"),
        (json!({"price": "123456789012345678901"}), "price is 123456789012345678901: at most 20 digits"),
        (json!({"source": "BID"}), "source is \"BID\", which is no symbol of the schema"),
        (json!({"instrument_id": null}), "instrument_id is missing: every price needs it"),
    ] {
        let refusal = price(fields).unwrap_err();
        assert!(refusal.starts_with(said), "{refusal}");
    }
}
