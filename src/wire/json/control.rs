//! What operators say, from JSON: instruments, limits, commands, reference prices.
//!
//! Here a record is read field by field. Whether the router would take it is asked of its bytes, by
//! whoever sends them.

use serde_json::Value as Json;

use super::fields::{Fields, flag, id, numeral, symbol, text, time, whole};
use crate::core::control::{
    AnomalyPolicy, Command, CommandType, InstrumentRecord, InstrumentStatus, LimitScope, MarketOrders,
    RiskLimit, Scope,
};
use crate::core::price::{PriceQuality, PriceSource, ReferencePrice};
use crate::wire::malformed::Malformed;

/// An instrument, of a JSON object with the schema's field names.
///
/// # Errors
/// [`Malformed`] when a key is unknown, a field is missing or of another type.
pub fn instrument_from_json(json: &Json) -> Result<InstrumentRecord<'_>, Malformed> {
    let mut fields = Fields::of(json, "an", "instrument")?;
    let instrument = InstrumentRecord {
        instrument_id: fields.required("instrument_id", id)?,
        venue: fields.required("venue", id)?,
        currency: fields.required("currency", id)?,
        tick_size: fields.required("tick_size", numeral)?,
        lot_size: fields.required("lot_size", numeral)?,
        min_qty: fields.optional("min_qty", numeral)?,
        max_qty: fields.optional("max_qty", numeral)?,
        min_notional: fields.optional("min_notional", numeral)?,
        contract_multiplier: fields.required("contract_multiplier", numeral)?,
        allow_negative_price: fields.optional("allow_negative_price", flag)?.unwrap_or_default(),
        status: fields.required("status", |value| symbol(value, InstrumentStatus::parse))?,
        version: fields.required("version", whole)?,
    };
    fields.end()?;
    Ok(instrument)
}

/// A set of limits, of a JSON object with the schema's field names.
///
/// # Errors
/// As [`instrument_from_json`].
pub fn limit_from_json(json: &Json) -> Result<RiskLimit<'_>, Malformed> {
    let mut fields = Fields::of(json, "a", "limit")?;
    let limit = RiskLimit {
        limit_id: fields.required("limit_id", id)?,
        version: fields.required("version", whole)?,
        scope_type: fields.required("scope_type", |value| symbol(value, LimitScope::parse))?,
        scope_id: fields.optional("scope_id", text)?.unwrap_or_default(),
        instrument_id: fields.required("instrument_id", text)?,
        max_order_qty: fields.optional("max_order_qty", numeral)?,
        max_order_notional: fields.optional("max_order_notional", numeral)?,
        max_long_qty: fields.optional("max_long_qty", numeral)?,
        max_short_qty: fields.optional("max_short_qty", numeral)?,
        max_gross_notional: fields.optional("max_gross_notional", numeral)?,
        currency: fields.optional("currency", id)?,
        max_open_orders: fields.optional("max_open_orders", whole)?,
        price_collar_bps: fields.optional("price_collar_bps", whole)?,
        price_collar_abs: fields.optional("price_collar_abs", numeral)?,
        ref_max_age_ms: fields.optional("ref_max_age_ms", whole)?,
        max_orders: fields.optional("max_orders", whole)?,
        orders_window_ms: fields.optional("orders_window_ms", whole)?,
        dup_window_ms: fields.optional("dup_window_ms", whole)?,
        max_intent_age_ms: fields.optional("max_intent_age_ms", whole)?,
        market_orders: fields.optional("market_orders", |value| symbol(value, MarketOrders::parse))?,
        on_anomaly: fields.optional("on_anomaly", |value| symbol(value, AnomalyPolicy::parse))?,
        set_by: fields.required("set_by", text)?,
        reason: fields.required("reason", text)?,
    };
    fields.end()?;
    Ok(limit)
}

/// A command, of a JSON object with the schema's field names.
///
/// # Errors
/// As [`instrument_from_json`].
pub fn command_from_json(json: &Json) -> Result<Command<'_>, Malformed> {
    let mut fields = Fields::of(json, "a", "command")?;
    let command = Command {
        command_id: fields.required("command_id", id)?,
        command: fields.required("command", |value| symbol(value, CommandType::parse))?,
        scope_type: fields.required("scope_type", |value| symbol(value, Scope::parse))?,
        scope_id: fields.optional("scope_id", text)?.unwrap_or_default(),
        cancel_open_orders: fields.optional("cancel_open_orders", flag)?.unwrap_or_default(),
        resumes: fields.optional("resumes", id)?,
        account_id: fields.optional("account_id", id)?,
        order_id: fields.optional("order_id", text)?,
        instrument_id: fields.optional("instrument_id", id)?,
        qty: fields.optional("qty", numeral)?,
        strategy_id: fields.optional("strategy_id", id)?,
        issued_by: fields.required("issued_by", text)?,
        reason: fields.required("reason", text)?,
        issued_at: fields.optional("issued_at", time)?,
    };
    fields.end()?;
    Ok(command)
}

/// A reference price, of a JSON object with the schema's field names.
///
/// # Errors
/// As [`instrument_from_json`].
pub fn price_from_json(json: &Json) -> Result<ReferencePrice<'_>, Malformed> {
    let mut fields = Fields::of(json, "a", "price")?;
    let price = ReferencePrice {
        instrument_id: fields.required("instrument_id", id)?,
        price: fields.required("price", numeral)?,
        source: fields.required("source", |value| symbol(value, PriceSource::parse))?,
        as_of: fields.required("as_of", time)?,
        publisher: fields.required("publisher", text)?,
        quality: fields.required("quality", |value| symbol(value, PriceQuality::parse))?,
    };
    fields.end()?;
    Ok(price)
}
