//! Intents from JSON.

use serde_json::Value as Json;

use super::fields::{Fields, flag, id, numeral, symbol, tags, text, time};
use crate::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use crate::wire::intent::{decode, encode};
use crate::wire::malformed::Malformed;
use crate::wire::schema::HEADER_LEN;

/// An encoded `OrderIntent`, header included, of a JSON object with the schema's field names.
///
/// Times are integers, in nanoseconds since the Unix epoch. Decimals are strings, or integers: a
/// number with a point would be a float, and is refused.
///
/// # Errors
/// [`Malformed`] when a key is unknown, a field is missing or of another type, or the record would
/// not be accepted as well formed.
pub fn intent_from_json(json: &Json) -> Result<Vec<u8>, Malformed> {
    let mut fields = Fields::of(json, "an", "intent")?;
    let intent = Intent {
        intent_type: fields.required("intent_type", |text| symbol(text, IntentType::parse))?,
        intent_id: fields.required("intent_id", id)?,
        account_id: fields.required("account_id", id)?,
        strategy_id: fields.required("strategy_id", id)?,
        client_order_id: fields.required("client_order_id", id)?,
        instrument_id: fields.required("instrument_id", id)?,
        created_at: fields.required("created_at", time)?,
        expires_at: fields.optional("expires_at", time)?,
        terms: terms_from_json(&mut fields)?,
        correlation_id: fields.optional("correlation_id", text)?,
        tags: fields.optional("tags", tags)?.unwrap_or_default(),
    };
    fields.end()?;
    let mut value = Vec::new();
    encode(&intent, &mut value);
    decode(&value[HEADER_LEN..])?;
    Ok(value)
}

fn terms_from_json<'j>(fields: &mut Fields<'j>) -> Result<IntentTerms<'j>, Malformed> {
    Ok(IntentTerms {
        side: fields.optional("side", |text| symbol(text, Side::parse))?,
        order_type: fields.optional("order_type", |text| symbol(text, OrderType::parse))?,
        order_qty: fields.optional("order_qty", numeral)?,
        price: fields.optional("price", numeral)?,
        trigger_price: fields.optional("trigger_price", numeral)?,
        time_in_force: fields.optional("time_in_force", |text| symbol(text, TimeInForce::parse))?,
        expire_time: fields.optional("expire_time", time)?,
        post_only: fields.optional("post_only", flag)?.unwrap_or_default(),
        reduce_only: fields.optional("reduce_only", flag)?.unwrap_or_default(),
    })
}
