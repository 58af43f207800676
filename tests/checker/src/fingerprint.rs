//! What tells a retry from a conflict: section 5 of the contract, `schemas/README.md` has the example.

use crate::avro::Value;
use crate::identity::sha256;
use crate::number::canonical;

const DECIMALS: [&str; 3] = ["order_qty", "price", "trigger_price"];
/// What a retry may change.
const IGNORED: [&str; 3] = ["created_at", "correlation_id", "tags"];

/// The first 128 bits of SHA-256 over an intent's fields that differ from their default, in order of name.
pub fn fingerprint(intent: &Value<'_>) -> [u8; 16] {
    let Value::Record(record) = intent else { return [0; 16] };
    let named = record.schema.fields.iter().zip(&record.values);
    let mut lines: Vec<(&str, String)> = named
        .filter(|((name, _), _)| !IGNORED.contains(&name.as_str()))
        .filter_map(|((name, _), value)| {
            let text = match value {
                Value::Null | Value::Boolean(false) => return None,
                Value::Text(text) if DECIMALS.contains(&name.as_str()) => canonical(text).to_owned(),
                value => value.to_string(),
            };
            Some((name.as_str(), text))
        })
        .collect();
    lines.sort();
    let text: String = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let hash = sha256(&[text.as_bytes()]);
    hash[..16].try_into().expect("16 of 32 bytes")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::avro::INTENT;

    fn of(change: &serde_json::Value) -> [u8; 16] {
        let mut intent = json!({
            "account_id": "A1", "client_order_id": "o-1", "instrument_id": "BTC-PERP.XDEX", "intent_id": "i-1",
            "intent_type": "NEW", "order_qty": "2", "order_type": "LIMIT", "price": "100.25", "side": "BUY",
            "strategy_id": "S1", "time_in_force": "GTC", "created_at": 7
        });
        for (name, value) in change.as_object().unwrap() {
            intent[name] = value.clone();
        }
        fingerprint(&INTENT.decode(&INTENT.encode(&intent)).unwrap())
    }

    #[test]
    fn the_published_example_is_hashed_as_it_is_written() {
        let text = "account_id=A1\nclient_order_id=o-1\ninstrument_id=BTC-PERP.XDEX\nintent_id=i-1\n\
            intent_type=NEW\norder_qty=2\norder_type=LIMIT\nprice=100.25\nside=BUY\nstrategy_id=S1\n\
            time_in_force=GTC\n";
        assert_eq!(of(&json!({})), sha256(&[text.as_bytes()])[..16]);
    }

    #[test]
    fn a_retry_may_change_what_is_not_compared_and_nothing_else() {
        for same in [
            json!({"created_at": 9, "correlation_id": "x", "tags": {"a": "b"}}),
            json!({"order_qty": "2.000"}),
        ] {
            assert_eq!(of(&same), of(&json!({})));
        }
        for other in [json!({"order_qty": "20"}), json!({"post_only": true}), json!({"expires_at": 9})] {
            assert_ne!(of(&other), of(&json!({})));
        }
    }
}
