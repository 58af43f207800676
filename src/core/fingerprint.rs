//! What makes two intents the same request: the fingerprint of the payload.
//!
//! The first 128 bits of SHA-256 over the fields that differ from their default, in order of name,
//! each as name, `=`, canonical value, newline; without `created_at`, `correlation_id`, `tags`. A
//! field that a newer schema adds is thus no conflict while it keeps its default.

use sha2::{Digest as _, Sha256};

use super::amount::Numeral;
use super::ids::{Fingerprint, first_half};
use super::intent::{Intent, IntentTerms};

/// The fingerprint of this intent's payload.
pub fn fingerprint(intent: &Intent<'_>) -> Fingerprint {
    let Intent {
        intent_type,
        intent_id,
        account_id,
        strategy_id,
        client_order_id,
        instrument_id,
        created_at: _,
        expires_at,
        terms,
        correlation_id: _,
        tags: _,
    } = intent;
    let IntentTerms {
        side,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only,
        reduce_only,
    } = terms;
    let mut fields = Fields(Sha256::new());
    fields.put("account_id", Some(account_id.as_str()));
    fields.put("client_order_id", Some(client_order_id.as_str()));
    fields.put("expire_time", expire_time.map(|time| time.0.to_string()).as_deref());
    fields.put("expires_at", expires_at.map(|time| time.0.to_string()).as_deref());
    fields.put("instrument_id", Some(instrument_id.as_str()));
    fields.put("intent_id", Some(intent_id.as_str()));
    fields.put("intent_type", Some(intent_type.name()));
    fields.put("order_qty", order_qty.map(canonical).as_deref());
    fields.put("order_type", order_type.map(|order_type| order_type.name()));
    fields.put("post_only", post_only.then_some("true"));
    fields.put("price", price.map(canonical).as_deref());
    fields.put("reduce_only", reduce_only.then_some("true"));
    fields.put("side", side.map(|side| side.name()));
    fields.put("strategy_id", Some(strategy_id.as_str()));
    fields.put("time_in_force", time_in_force.map(|life| life.name()));
    fields.put("trigger_price", trigger_price.map(canonical).as_deref());
    Fingerprint(first_half(fields.0.finalize().into()))
}

struct Fields(Sha256);

impl Fields {
    fn put(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            for part in [name, "=", value, "\n"] {
                self.0.update(part);
            }
        }
    }
}

/// `2` and `2.000` are the same; so are two numbers that are too long, but for trailing zeros.
fn canonical(number: Numeral<'_>) -> String {
    match number {
        Numeral::Exact(decimal) => decimal.to_string(),
        Numeral::Overlong(text) if text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Numeral::Overlong(text) => text.to_owned(),
    }
}
