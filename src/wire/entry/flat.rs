//! The entry's record as it stands on the wire, field by field, in schema order.

use std::borrow::Cow;

use crate::core::control::{ControlRecord, ControlResult, Scope};
use crate::core::entry::{After, Anomaly, Cursors, EntryKind, Input, Opening, Reference};
use crate::core::execution::Execution;
use crate::core::ids::{Digest, Fingerprint, Id, OrderId};
use crate::core::intent::Intent;
use crate::core::time::Time;
use crate::core::verdict::{FailedCheck, Reason, Verdict};
use crate::wire::avro::{Reader, Writer};
use crate::wire::format::digits_of;
use crate::wire::malformed::Malformed;
use crate::wire::{control, execution, intent};

use super::parts;

/// Every field of the record.
#[derive(Debug)]
pub(super) struct Flat<'a> {
    pub seq: u64,
    pub prev: Digest,
    pub kind: EntryKind,
    pub input: Option<Input<'a>>,
    pub record_key: Option<&'a [u8]>,
    pub raw_sha256: Option<Digest>,
    pub as_of: Cursors,
    pub decided_at: Time,
    pub account_id: Option<Id<'a>>,
    pub strategy_id: Option<Id<'a>>,
    pub instrument_id: Option<Id<'a>>,
    pub intent_id: Option<Id<'a>>,
    pub client_order_id: Option<Id<'a>>,
    pub order_id: Option<OrderName<'a>>,
    pub intent: Option<Cow<'a, Intent<'a>>>,
    pub fingerprint: Option<Fingerprint>,
    pub verdict: Option<Verdict>,
    pub reason: Option<Reason>,
    pub fix_reason: Option<i32>,
    pub scope: Option<Scope>,
    pub failed_checks: Cow<'a, [FailedCheck]>,
    pub duplicate_of: Option<u64>,
    pub first_verdict: Option<Verdict>,
    pub first_reason: Option<Reason>,
    pub converted_to_cancel: bool,
    pub references: Cow<'a, [Reference<'a>]>,
    pub limits_version: i64,
    pub after: Option<After>,
    pub execution: Option<Cow<'a, Execution<'a>>>,
    pub control: Option<Cow<'a, ControlRecord<'a>>>,
    pub control_result: Option<ControlResult>,
    pub anomaly: Option<Anomaly>,
    pub detail: Option<Cow<'a, str>>,
    pub lane: Option<Cow<'a, Opening<'a>>>,
}

/// An order's id, or what a venue's report has in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderName<'a> {
    /// As onefill gave it.
    Id(OrderId),
    /// As a record has it.
    Text(&'a str),
}

impl OrderName<'_> {
    /// The id, if it is one.
    pub fn id(self) -> Option<OrderId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Text(text) => OrderId::parse(text),
        }
    }

    /// Whether it is this one.
    pub fn is(self, id: OrderId) -> bool {
        match self {
            Self::Id(own) => own == id,
            Self::Text(text) => text.as_bytes() == digits_of(id),
        }
    }
}

pub(super) fn read<'b>(reader: &mut Reader<'b>) -> Result<Flat<'b>, Malformed> {
    let verdict = |reader: &mut Reader<'b>, field| reader.symbol(field, Verdict::ALL);
    let reason = |reader: &mut Reader<'b>, field| reader.symbol(field, Reason::ALL);
    let seq = reader.sequence("seq")?;
    let prev = Digest(reader.fixed("prev")?);
    let kind = reader.symbol("kind", EntryKind::ALL)?;
    let input = reader.optional("input", parts::read_input)?;
    let record_key = reader.optional("record_key", Reader::bytes)?;
    let raw_sha256 = reader.optional("raw_sha256", Reader::fixed)?.map(Digest);
    let as_of = parts::read_cursors(reader)?;
    let decided_at = reader.time("decided_at")?;
    let ids = parts::read_ids(reader)?;
    let order_id = reader.optional("order_id", Reader::string)?.map(OrderName::Text);
    let intent = reader.optional("intent", |reader, _| intent::read(reader))?;
    let [account_id, strategy_id, instrument_id, intent_id, client_order_id] =
        parts::ids_of(ids, intent.as_ref())?;
    Ok(Flat {
        seq,
        prev,
        kind,
        input,
        record_key,
        raw_sha256,
        as_of,
        decided_at,
        account_id,
        strategy_id,
        instrument_id,
        intent_id,
        client_order_id,
        order_id,
        intent: intent.map(Cow::Owned),
        fingerprint: reader.optional("fingerprint", Reader::fixed)?.map(Fingerprint),
        verdict: reader.optional("verdict", verdict)?,
        reason: reader.optional("reason", reason)?,
        fix_reason: reader.optional("fix_reason", Reader::int)?,
        scope: reader.optional("scope", |reader, field| reader.symbol(field, Scope::ALL))?,
        failed_checks: Cow::Owned(parts::read_failed_checks(reader)?),
        duplicate_of: reader.optional("duplicate_of", Reader::sequence)?,
        first_verdict: reader.optional("first_verdict", verdict)?,
        first_reason: reader.optional("first_reason", reason)?,
        converted_to_cancel: reader.boolean("converted_to_cancel")?,
        references: Cow::Owned(parts::read_references(reader)?),
        limits_version: reader.long("limits_version")?,
        after: reader.optional("after", parts::read_after)?,
        execution: reader.optional("execution", |reader, _| execution::read(reader))?.map(Cow::Owned),
        control: reader.optional("control", |reader, _| control::read(reader))?.map(Cow::Owned),
        control_result: reader
            .optional("control_result", |reader, field| reader.symbol(field, ControlResult::ALL))?,
        anomaly: reader.optional("anomaly", |reader, field| reader.symbol(field, Anomaly::ALL))?,
        detail: reader.optional("detail", Reader::string)?.map(Cow::Borrowed),
        lane: reader.optional("lane", parts::read_lane)?.map(Cow::Owned),
    })
}

/// Exhaustive, in schema order: a new field breaks the build here.
pub(super) fn write(writer: &mut Writer<'_>, flat: &Flat<'_>) {
    let Flat {
        seq,
        prev,
        kind,
        input,
        record_key,
        raw_sha256,
        as_of,
        decided_at,
        account_id,
        strategy_id,
        instrument_id,
        intent_id,
        client_order_id,
        order_id,
        intent,
        fingerprint,
        verdict,
        reason,
        fix_reason,
        scope,
        failed_checks,
        duplicate_of,
        first_verdict,
        first_reason,
        converted_to_cancel,
        references,
        limits_version,
        after,
        execution,
        control,
        control_result,
        anomaly,
        detail,
        lane,
    } = flat;
    writer.sequence(*seq);
    writer.fixed(&prev.0);
    writer.index(kind.index());
    writer.optional(input.as_ref(), parts::write_input);
    writer.optional(*record_key, Writer::bytes);
    writer.optional(raw_sha256.as_ref(), |writer, digest| writer.fixed(&digest.0));
    parts::write_cursors(writer, as_of);
    writer.time(*decided_at);
    for id in [account_id, strategy_id, instrument_id, intent_id, client_order_id] {
        writer.optional(*id, Writer::id);
    }
    writer.optional(*order_id, write_order_name);
    writer.optional(intent.as_deref(), intent::write);
    writer.optional(fingerprint.as_ref(), |writer, fingerprint| writer.fixed(&fingerprint.0));
    writer.optional(verdict.map(Verdict::index), Writer::index);
    writer.optional(reason.map(Reason::index), Writer::index);
    writer.optional(fix_reason.map(i64::from), Writer::long);
    writer.optional(scope.map(Scope::index), Writer::index);
    writer.block(failed_checks.iter(), parts::write_failed_check);
    writer.optional(*duplicate_of, Writer::sequence);
    writer.optional(first_verdict.map(Verdict::index), Writer::index);
    writer.optional(first_reason.map(Reason::index), Writer::index);
    writer.boolean(*converted_to_cancel);
    writer.block(references.iter(), parts::write_reference);
    writer.long(*limits_version);
    writer.optional(after.as_ref(), parts::write_after);
    writer.optional(execution.as_deref(), execution::write);
    writer.optional(control.as_deref(), control::write);
    writer.optional(control_result.map(ControlResult::index), Writer::index);
    writer.optional(anomaly.map(Anomaly::index), Writer::index);
    writer.optional(detail.as_deref(), Writer::string);
    writer.optional(lane.as_deref(), parts::write_lane);
}

fn write_order_name(writer: &mut Writer<'_>, name: OrderName<'_>) {
    match name {
        OrderName::Id(id) => writer.order_id(id),
        OrderName::Text(text) => writer.string(text),
    }
}
