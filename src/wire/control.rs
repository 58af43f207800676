//! `ControlRecord`: what operators say.
//!
//! A record that cannot be read halts trading, for it may have been a halt: so only what the
//! contract requires is required here, and what a record means is left to the core.

use crate::core::control::{
    AnomalyPolicy, Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope,
    MarketOrders, RiskLimit, Scope,
};

use super::avro::{Reader, Writer};
use super::malformed::Malformed;
use super::schema::RecordType;

/// Appends header and body.
pub fn encode(record: &ControlRecord<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&RecordType::ControlRecord.header());
    write(&mut Writer::new(out), record);
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or a field is missing or not in its format.
pub fn decode(body: &[u8]) -> Result<ControlRecord<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let record = read(&mut reader)?;
    reader.end()?;
    Ok(record)
}

pub(super) fn read<'b>(reader: &mut Reader<'b>) -> Result<ControlRecord<'b>, Malformed> {
    match reader.index("record", 3)? {
        0 => read_instrument(reader).map(ControlRecord::Instrument),
        1 => read_limit(reader).map(ControlRecord::RiskLimit),
        _ => read_command(reader).map(ControlRecord::Command),
    }
}

fn read_instrument<'b>(reader: &mut Reader<'b>) -> Result<InstrumentRecord<'b>, Malformed> {
    Ok(InstrumentRecord {
        instrument_id: reader.id("instrument_id")?,
        venue: reader.id("venue")?,
        currency: reader.id("currency")?,
        tick_size: reader.numeral("tick_size")?,
        lot_size: reader.numeral("lot_size")?,
        min_qty: reader.optional("min_qty", Reader::numeral)?,
        max_qty: reader.optional("max_qty", Reader::numeral)?,
        min_notional: reader.optional("min_notional", Reader::numeral)?,
        contract_multiplier: reader.numeral("contract_multiplier")?,
        allow_negative_price: reader.boolean("allow_negative_price")?,
        status: reader.symbol("status", InstrumentStatus::ALL)?,
        version: reader.long("version")?,
    })
}

fn read_limit<'b>(reader: &mut Reader<'b>) -> Result<RiskLimit<'b>, Malformed> {
    Ok(RiskLimit {
        limit_id: reader.id("limit_id")?,
        version: reader.long("version")?,
        scope_type: reader.symbol("scope_type", LimitScope::ALL)?,
        scope_id: reader.string("scope_id")?,
        instrument_id: reader.string("instrument_id")?,
        max_order_qty: reader.optional("max_order_qty", Reader::numeral)?,
        max_order_notional: reader.optional("max_order_notional", Reader::numeral)?,
        max_long_qty: reader.optional("max_long_qty", Reader::numeral)?,
        max_short_qty: reader.optional("max_short_qty", Reader::numeral)?,
        max_gross_notional: reader.optional("max_gross_notional", Reader::numeral)?,
        currency: reader.optional("currency", Reader::id)?,
        max_open_orders: reader.optional("max_open_orders", Reader::long)?,
        price_collar_bps: reader.optional("price_collar_bps", Reader::long)?,
        price_collar_abs: reader.optional("price_collar_abs", Reader::numeral)?,
        ref_max_age_ms: reader.optional("ref_max_age_ms", Reader::long)?,
        max_orders: reader.optional("max_orders", Reader::long)?,
        orders_window_ms: reader.optional("orders_window_ms", Reader::long)?,
        dup_window_ms: reader.optional("dup_window_ms", Reader::long)?,
        max_intent_age_ms: reader.optional("max_intent_age_ms", Reader::long)?,
        market_orders: reader
            .optional("market_orders", |reader, field| reader.symbol(field, MarketOrders::ALL))?,
        on_anomaly: reader
            .optional("on_anomaly", |reader, field| reader.symbol(field, AnomalyPolicy::ALL))?,
        set_by: reader.string("set_by")?,
        reason: reader.string("reason")?,
    })
}

fn read_command<'b>(reader: &mut Reader<'b>) -> Result<Command<'b>, Malformed> {
    let command = Command {
        command_id: reader.id("command_id")?,
        command: reader.symbol("command", CommandType::ALL)?,
        scope_type: reader.symbol("scope_type", Scope::ALL)?,
        scope_id: reader.string("scope_id")?,
        cancel_open_orders: reader.boolean("cancel_open_orders")?,
        resumes: reader.optional("resumes", Reader::id)?,
        account_id: reader.optional("account_id", Reader::id)?,
        order_id: reader.optional("order_id", Reader::string)?,
        instrument_id: reader.optional("instrument_id", Reader::id)?,
        qty: reader.optional("qty", Reader::numeral)?,
        strategy_id: reader.optional("strategy_id", Reader::id)?,
        issued_by: reader.string("issued_by")?,
        reason: reader.string("reason")?,
        issued_at: reader.optional("issued_at", Reader::time)?,
    };
    check_present(&command)?;
    Ok(command)
}

/// What a command acts on. Whether it loosens a state, and must name the holder, only the ledger
/// knows.
fn check_present(command: &Command<'_>) -> Result<(), Malformed> {
    use CommandType::{ForceRelease, PositionAdjust};
    let needs = |types: &[CommandType], missing: bool| missing && types.contains(&command.command);
    let missing = [
        ("account_id", needs(&[ForceRelease, PositionAdjust], command.account_id.is_none())),
        ("order_id", needs(&[ForceRelease], command.order_id.is_none())),
        ("instrument_id", needs(&[PositionAdjust], command.instrument_id.is_none())),
        ("qty", needs(&[PositionAdjust], command.qty.is_none())),
    ];
    match missing.into_iter().find(|(_, missing)| *missing) {
        Some((field, _)) => Err(Malformed::missing(field, command.command.name())),
        None => Ok(()),
    }
}

pub(super) fn write(writer: &mut Writer<'_>, record: &ControlRecord<'_>) {
    match record {
        ControlRecord::Instrument(instrument) => {
            writer.index(0);
            write_instrument(writer, instrument);
        }
        ControlRecord::RiskLimit(limit) => {
            writer.index(1);
            write_limit(writer, limit);
        }
        ControlRecord::Command(command) => {
            writer.index(2);
            write_command(writer, command);
        }
    }
}

// Exhaustive below, in schema order: a new field breaks the build here.

fn write_instrument(writer: &mut Writer<'_>, instrument: &InstrumentRecord<'_>) {
    let InstrumentRecord {
        instrument_id,
        venue,
        currency,
        tick_size,
        lot_size,
        min_qty,
        max_qty,
        min_notional,
        contract_multiplier,
        allow_negative_price,
        status,
        version,
    } = instrument;
    writer.id(*instrument_id);
    writer.id(*venue);
    writer.id(*currency);
    writer.numeral(*tick_size);
    writer.numeral(*lot_size);
    writer.optional(*min_qty, Writer::numeral);
    writer.optional(*max_qty, Writer::numeral);
    writer.optional(*min_notional, Writer::numeral);
    writer.numeral(*contract_multiplier);
    writer.boolean(*allow_negative_price);
    writer.index(status.index());
    writer.long(*version);
}

fn write_limit(writer: &mut Writer<'_>, limit: &RiskLimit<'_>) {
    let RiskLimit {
        limit_id,
        version,
        scope_type,
        scope_id,
        instrument_id,
        max_order_qty,
        max_order_notional,
        max_long_qty,
        max_short_qty,
        max_gross_notional,
        currency,
        max_open_orders,
        price_collar_bps,
        price_collar_abs,
        ref_max_age_ms,
        max_orders,
        orders_window_ms,
        dup_window_ms,
        max_intent_age_ms,
        market_orders,
        on_anomaly,
        set_by,
        reason,
    } = limit;
    writer.id(*limit_id);
    writer.long(*version);
    writer.index(scope_type.index());
    writer.string(scope_id);
    writer.string(instrument_id);
    for quantity in [max_order_qty, max_order_notional, max_long_qty, max_short_qty, max_gross_notional] {
        writer.optional(*quantity, Writer::numeral);
    }
    writer.optional(*currency, Writer::id);
    writer.optional(*max_open_orders, Writer::long);
    writer.optional(*price_collar_bps, Writer::long);
    writer.optional(*price_collar_abs, Writer::numeral);
    for number in [ref_max_age_ms, max_orders, orders_window_ms, dup_window_ms, max_intent_age_ms] {
        writer.optional(*number, Writer::long);
    }
    writer.optional(market_orders.map(MarketOrders::index), Writer::index);
    writer.optional(on_anomaly.map(AnomalyPolicy::index), Writer::index);
    writer.string(set_by);
    writer.string(reason);
}

fn write_command(writer: &mut Writer<'_>, command: &Command<'_>) {
    let Command {
        command_id,
        command,
        scope_type,
        scope_id,
        cancel_open_orders,
        resumes,
        account_id,
        order_id,
        instrument_id,
        qty,
        strategy_id,
        issued_by,
        reason,
        issued_at,
    } = command;
    writer.id(*command_id);
    writer.index(command.index());
    writer.index(scope_type.index());
    writer.string(scope_id);
    writer.boolean(*cancel_open_orders);
    writer.optional(*resumes, Writer::id);
    writer.optional(*account_id, Writer::id);
    writer.optional(*order_id, Writer::string);
    writer.optional(*instrument_id, Writer::id);
    writer.optional(*qty, Writer::numeral);
    writer.optional(*strategy_id, Writer::id);
    writer.string(issued_by);
    writer.string(reason);
    writer.optional(*issued_at, Writer::time);
}
