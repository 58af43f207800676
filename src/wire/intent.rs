//! `OrderIntent`: what strategies send. The hot path of decoding; it borrows every text.

use crate::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};

use super::avro::{Reader, Writer};
use super::format::{TAG_LEN_MAX, TAGS_MAX, TEXT_LEN_MAX, too_long};
use super::malformed::{Malformed, quote};
use super::schema::RecordType;

/// Appends header and body.
pub fn encode(intent: &Intent<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&RecordType::OrderIntent.header());
    write(&mut Writer::new(out), intent);
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or a field is missing, too long, or not in its format.
pub fn decode(body: &[u8]) -> Result<Intent<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let intent = read(&mut reader)?;
    reader.end()?;
    Ok(intent)
}

pub(super) fn read<'b>(reader: &mut Reader<'b>) -> Result<Intent<'b>, Malformed> {
    let intent = Intent {
        intent_type: reader.symbol("intent_type", IntentType::ALL)?,
        intent_id: reader.id("intent_id")?,
        account_id: reader.id("account_id")?,
        strategy_id: reader.id("strategy_id")?,
        client_order_id: reader.id("client_order_id")?,
        instrument_id: reader.id("instrument_id")?,
        created_at: reader.time("created_at")?,
        expires_at: reader.optional("expires_at", Reader::time)?,
        terms: read_terms(reader)?,
        correlation_id: reader
            .optional("correlation_id", |reader, field| reader.text(field, TEXT_LEN_MAX))?,
        tags: reader.optional("tags", read_tags)?.unwrap_or_default(),
    };
    check_present(&intent)?;
    Ok(intent)
}

fn read_terms<'b>(reader: &mut Reader<'b>) -> Result<IntentTerms<'b>, Malformed> {
    Ok(IntentTerms {
        side: reader.optional("side", |reader, field| reader.symbol(field, Side::ALL))?,
        order_type: reader.optional("order_type", |reader, field| reader.symbol(field, OrderType::ALL))?,
        order_qty: reader.optional("order_qty", Reader::numeral)?,
        price: reader.optional("price", Reader::numeral)?,
        trigger_price: reader.optional("trigger_price", Reader::numeral)?,
        time_in_force: reader
            .optional("time_in_force", |reader, field| reader.symbol(field, TimeInForce::ALL))?,
        expire_time: reader.optional("expire_time", Reader::time)?,
        post_only: reader.boolean("post_only")?,
        reduce_only: reader.boolean("reduce_only")?,
    })
}

fn read_tags<'b>(reader: &mut Reader<'b>, field: &'static str) -> Result<Vec<(&'b str, &'b str)>, Malformed> {
    let mut tags: Vec<(&str, &str)> = Vec::new();
    reader.pairs(field, |key, value| {
        let length = key.len().max(value.len());
        if length > TAG_LEN_MAX {
            return Err(too_long(field, length, TAG_LEN_MAX));
        }
        if tags.len() == TAGS_MAX {
            return Err(Malformed::field(field, format!("are more than {TAGS_MAX}")));
        }
        if tags.iter().any(|(known, _)| *known == key) {
            return Err(Malformed::field(field, format!("name the key {} twice", quote(key))));
        }
        tags.push((key, value));
        Ok(())
    })?;
    Ok(tags)
}

/// The conditional fields that make the record complete. Whether price, trigger and expire time
/// go with the order type is a check of the core, with a reason of its own.
fn check_present(intent: &Intent<'_>) -> Result<(), Malformed> {
    let IntentTerms { side, order_type, order_qty, price, trigger_price, time_in_force, .. } = intent.terms;
    let missing = match intent.intent_type {
        IntentType::New => [
            ("side", side.is_none()),
            ("order_type", order_type.is_none()),
            ("order_qty", order_qty.is_none()),
            ("time_in_force", time_in_force.is_none()),
        ]
        .into_iter()
        .find_map(|(field, missing)| missing.then_some(field)),
        IntentType::Replace if order_qty.or(price).or(trigger_price).is_none() => {
            let detail = "is missing: a REPLACE needs it, or price, or trigger_price";
            return Err(Malformed::field("order_qty", detail));
        }
        IntentType::Replace | IntentType::Cancel => None,
    };
    match missing {
        Some(field) => Err(Malformed::missing(field, "a NEW")),
        None => Ok(()),
    }
}

pub(super) fn write(writer: &mut Writer<'_>, intent: &Intent<'_>) {
    // Exhaustive, in schema order: a new field breaks the build here.
    let Intent {
        intent_type,
        intent_id,
        account_id,
        strategy_id,
        client_order_id,
        instrument_id,
        created_at,
        expires_at,
        terms,
        correlation_id,
        tags,
    } = intent;
    writer.index(intent_type.index());
    writer.id(*intent_id);
    writer.id(*account_id);
    writer.id(*strategy_id);
    writer.id(*client_order_id);
    writer.id(*instrument_id);
    writer.time(*created_at);
    writer.optional(*expires_at, Writer::time);
    write_terms(writer, terms);
    writer.optional(*correlation_id, Writer::string);
    let tags = (!tags.is_empty()).then(|| tags.iter().copied());
    writer.optional(tags, Writer::pairs);
}

fn write_terms(writer: &mut Writer<'_>, terms: &IntentTerms<'_>) {
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
    } = *terms;
    writer.optional(side.map(Side::index), Writer::index);
    writer.optional(order_type.map(OrderType::index), Writer::index);
    writer.optional(order_qty, Writer::numeral);
    writer.optional(price, Writer::numeral);
    writer.optional(trigger_price, Writer::numeral);
    writer.optional(time_in_force.map(TimeInForce::index), Writer::index);
    writer.optional(expire_time, Writer::time);
    writer.boolean(post_only);
    writer.boolean(reduce_only);
}
