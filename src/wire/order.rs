//! `Order`: what the router publishes for venue gateways.

use crate::core::intent::{IntentType, OrderType, Side, TimeInForce};
use crate::core::order::{Order, Origin, Terms};

use super::avro::{Reader, Writer};
use super::malformed::Malformed;
use super::schema::{Encoding, RecordType};

/// Appends header and body, in single-object encoding.
pub fn encode(order: &Order<'_>, out: &mut Vec<u8>) {
    encode_as(order, Encoding::SingleObject, out);
}

/// Appends header and body.
pub fn encode_as(order: &Order<'_>, encoding: Encoding, out: &mut Vec<u8>) {
    encoding.begin(RecordType::Order, out);
    write(&mut Writer::new(out), order);
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or a field is missing or not in its format.
pub fn decode(body: &[u8]) -> Result<Order<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let order = read(&mut reader)?;
    reader.end()?;
    Ok(order)
}

fn read<'b>(reader: &mut Reader<'b>) -> Result<Order<'b>, Malformed> {
    Ok(Order {
        command: reader.symbol("command", IntentType::ALL)?,
        order_id: reader.order_id("order_id")?,
        order_version: reader.int("order_version")?,
        intent_id: reader.id("intent_id")?,
        client_order_id: reader.id("client_order_id")?,
        orig_intent_id: reader.optional("orig_intent_id", Reader::id)?,
        account_id: reader.id("account_id")?,
        strategy_id: reader.id("strategy_id")?,
        instrument_id: reader.id("instrument_id")?,
        terms: read_terms(reader)?,
        expires_at: reader.optional("expires_at", Reader::time)?,
        audit_seq: reader.sequence("audit_seq")?,
        decided_at: reader.time("decided_at")?,
        origin: reader.symbol("origin", Origin::ALL)?,
    })
}

fn read_terms(reader: &mut Reader<'_>) -> Result<Terms, Malformed> {
    Ok(Terms {
        side: required(reader, "side", |reader, field| reader.symbol(field, Side::ALL))?,
        order_type: required(reader, "order_type", |reader, field| reader.symbol(field, OrderType::ALL))?,
        order_qty: required(reader, "order_qty", Reader::decimal)?,
        price: reader.optional("price", Reader::decimal)?,
        trigger_price: reader.optional("trigger_price", Reader::decimal)?,
        time_in_force: required(reader, "time_in_force", |reader, field| {
            reader.symbol(field, TimeInForce::ALL)
        })?,
        expire_time: reader.optional("expire_time", Reader::time)?,
        post_only: reader.boolean("post_only")?,
        reduce_only: reader.boolean("reduce_only")?,
    })
}

/// Nullable in the schema, but every order that onefill writes has it.
fn required<'b, T>(
    reader: &mut Reader<'b>,
    field: &'static str,
    read: impl FnOnce(&mut Reader<'b>, &'static str) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    reader.optional(field, read)?.ok_or_else(|| Malformed::missing(field, "an order"))
}

fn write(writer: &mut Writer<'_>, order: &Order<'_>) {
    // Exhaustive, in schema order: a new field breaks the build here.
    let Order {
        command,
        order_id,
        order_version,
        intent_id,
        client_order_id,
        orig_intent_id,
        account_id,
        strategy_id,
        instrument_id,
        terms,
        expires_at,
        audit_seq,
        decided_at,
        origin,
    } = order;
    writer.index(command.index());
    writer.order_id(*order_id);
    writer.long((*order_version).into());
    writer.id(*intent_id);
    writer.id(*client_order_id);
    writer.optional(*orig_intent_id, Writer::id);
    writer.id(*account_id);
    writer.id(*strategy_id);
    writer.id(*instrument_id);
    write_terms(writer, terms);
    writer.optional(*expires_at, Writer::time);
    writer.sequence(*audit_seq);
    writer.time(*decided_at);
    writer.index(origin.index());
}

fn write_terms(writer: &mut Writer<'_>, terms: &Terms) {
    let Terms {
        side,
        order_type,
        order_qty,
        price,
        trigger_price,
        time_in_force,
        expire_time,
        post_only,
        reduce_only,
    } = *terms;
    writer.optional(Some(side.index()), Writer::index);
    writer.optional(Some(order_type.index()), Writer::index);
    writer.optional(Some(order_qty), Writer::decimal);
    writer.optional(price, Writer::decimal);
    writer.optional(trigger_price, Writer::decimal);
    writer.optional(Some(time_in_force.index()), Writer::index);
    writer.optional(expire_time, Writer::time);
    writer.boolean(post_only);
    writer.boolean(reduce_only);
}
