//! The records that stand inside an entry only.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::core::control::Scope;
use crate::core::entry::{After, Cursors, Input, Opening, Reference};
use crate::core::ids::{Digest, Id};
use crate::core::intent::Intent;
use crate::core::price::{PriceQuality, PriceSource};
use crate::core::verdict::{FailedCheck, Reason};
use crate::wire::avro::{Reader, Writer};
use crate::wire::format::id_of;
use crate::wire::malformed::{Malformed, quote};

pub(super) fn read_input<'b>(reader: &mut Reader<'b>, _: &'static str) -> Result<Input<'b>, Malformed> {
    Ok(Input {
        topic: reader.string("topic")?,
        partition: reader.int("partition")?,
        offset: reader.long("offset")?,
        timestamp: reader.time("timestamp")?,
    })
}

pub(super) fn write_input(writer: &mut Writer<'_>, input: &Input<'_>) {
    let Input { topic, partition, offset, timestamp } = *input;
    writer.string(topic);
    writer.long(partition.into());
    writer.long(offset);
    writer.time(timestamp);
}

pub(super) fn read_cursors(reader: &mut Reader<'_>) -> Result<Cursors, Malformed> {
    Ok(Cursors {
        intents: reader.long("intents")?,
        executions: reader.long("executions")?,
        control: reader.long("control")?,
    })
}

pub(super) fn write_cursors(writer: &mut Writer<'_>, cursors: &Cursors) {
    let Cursors { intents, executions, control } = *cursors;
    writer.long(intents);
    writer.long(executions);
    writer.long(control);
}

/// The fields that say which intent an entry is about, in schema order.
const IDS: [&str; 5] = ["account_id", "strategy_id", "instrument_id", "intent_id", "client_order_id"];

/// The bytes of those fields.
pub(super) fn read_ids<'b>(reader: &mut Reader<'b>) -> Result<[Option<&'b [u8]>; 5], Malformed> {
    let mut ids = [None; 5];
    for (id, field) in ids.iter_mut().zip(IDS) {
        *id = reader.optional(field, Reader::bytes)?;
    }
    Ok(ids)
}

/// The ids that these bytes are. Where the entry holds an intent they are its own, which are known to be ids.
pub(super) fn ids_of<'b>(
    bytes: [Option<&'b [u8]>; 5],
    intent: Option<&Intent<'b>>,
) -> Result<[Option<Id<'b>>; 5], Malformed> {
    let known = intent.map(|it| {
        [it.account_id, it.strategy_id, it.instrument_id, it.intent_id, it.client_order_id].map(Some)
    });
    let mut ids = known.unwrap_or_default();
    for ((id, bytes), field) in ids.iter_mut().zip(bytes).zip(IDS) {
        if id.map(|known| known.as_str().as_bytes()) != bytes {
            *id = bytes.map(|bytes| id_of(field, bytes)).transpose()?;
        }
    }
    Ok(ids)
}

pub(super) fn read_failed_checks(reader: &mut Reader<'_>) -> Result<Vec<FailedCheck>, Malformed> {
    let mut checks = Vec::new();
    reader.blocks("failed_checks", |reader| {
        checks.push(FailedCheck {
            reason: reader.symbol("reason", Reason::ALL)?,
            scope: reader.optional("scope", |reader, field| reader.symbol(field, Scope::ALL))?,
            limit: reader.optional("limit", Reader::decimal)?,
            observed: reader.optional("observed", Reader::decimal)?,
        });
        Ok(())
    })?;
    Ok(checks)
}

pub(super) fn write_failed_check(writer: &mut Writer<'_>, check: &FailedCheck) {
    let FailedCheck { reason, scope, limit, observed } = *check;
    writer.index(reason.index());
    writer.optional(scope.map(Scope::index), Writer::index);
    writer.optional(limit, Writer::decimal);
    writer.optional(observed, Writer::decimal);
}

pub(super) fn read_references<'b>(reader: &mut Reader<'b>) -> Result<Vec<Reference<'b>>, Malformed> {
    let mut references = Vec::new();
    reader.blocks("references", |reader| {
        references.push(Reference {
            instrument_id: reader.id("instrument_id")?,
            price: reader.decimal("price")?,
            as_of: reader.time("as_of")?,
            source: reader.symbol("source", PriceSource::ALL)?,
            quality: reader.symbol("quality", PriceQuality::ALL)?,
            partition: reader.int("partition")?,
            offset: reader.long("offset")?,
        });
        Ok(())
    })?;
    Ok(references)
}

pub(super) fn write_reference(writer: &mut Writer<'_>, reference: &Reference<'_>) {
    let Reference { instrument_id, price, as_of, source, quality, partition, offset } = *reference;
    writer.id(instrument_id);
    writer.decimal(price);
    writer.time(as_of);
    writer.index(source.index());
    writer.index(quality.index());
    writer.long(partition.into());
    writer.long(offset);
}

pub(super) fn read_after(reader: &mut Reader<'_>, _: &'static str) -> Result<After, Malformed> {
    Ok(After {
        position: reader.decimal("position")?,
        reserved_buy_qty: reader.decimal("reserved_buy_qty")?,
        reserved_sell_qty: reader.decimal("reserved_sell_qty")?,
        gross_notional: reader.optional("gross_notional", Reader::decimal)?,
        open_orders: reader.int("open_orders")?,
    })
}

pub(super) fn write_after(writer: &mut Writer<'_>, after: &After) {
    let After { position, reserved_buy_qty, reserved_sell_qty, gross_notional, open_orders } = *after;
    writer.decimal(position);
    writer.decimal(reserved_buy_qty);
    writer.decimal(reserved_sell_qty);
    writer.optional(gross_notional, Writer::decimal);
    writer.long(open_orders.into());
}

pub(super) fn read_lane<'b>(reader: &mut Reader<'b>, _: &'static str) -> Result<Opening<'b>, Malformed> {
    Ok(Opening {
        router_id: Cow::Borrowed(reader.string("router_id")?),
        version: Cow::Borrowed(reader.string("version")?),
        rules_version: reader.int("rules_version")?,
        group: Cow::Borrowed(reader.string("group")?),
        partition_count: reader.int("partition_count")?,
        topic_ids: read_names(reader, "topic_ids")?,
        settings: read_names(reader, "settings")?,
        ledger_hash: Digest(reader.fixed("ledger_hash")?),
    })
}

fn read_names<'b>(
    reader: &mut Reader<'b>,
    field: &'static str,
) -> Result<BTreeMap<Cow<'b, str>, Cow<'b, str>>, Malformed> {
    let mut names = BTreeMap::new();
    reader.pairs(field, |key, value| match names.insert(Cow::Borrowed(key), Cow::Borrowed(value)) {
        None => Ok(()),
        Some(_) => Err(Malformed::field(field, format!("name the key {} twice", quote(key)))),
    })?;
    Ok(names)
}

pub(super) fn write_lane(writer: &mut Writer<'_>, opening: &Opening<'_>) {
    let Opening {
        router_id,
        version,
        rules_version,
        group,
        partition_count,
        topic_ids,
        settings,
        ledger_hash,
    } = opening;
    writer.string(router_id);
    writer.string(version);
    writer.long((*rules_version).into());
    writer.string(group);
    writer.long((*partition_count).into());
    writer.pairs(topic_ids.iter().map(|(key, value)| (&**key, &**value)));
    writer.pairs(settings.iter().map(|(key, value)| (&**key, &**value)));
    writer.fixed(&ledger_hash.0);
}
