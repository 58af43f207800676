//! `Execution`: what venue gateways report.

use crate::core::execution::{ExecType, Execution};
use crate::core::intent::Side;

use super::avro::{Reader, Writer};
use super::format::{EXEC_ID_LEN_MAX, TEXT_LEN_MAX};
use super::malformed::Malformed;
use super::schema::RecordType;

/// Appends header and body.
pub fn encode(execution: &Execution<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&RecordType::Execution.header());
    write(&mut Writer::new(out), execution);
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or a field is missing, too long, or not in its format.
pub fn decode(body: &[u8]) -> Result<Execution<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let execution = read(&mut reader)?;
    reader.end()?;
    Ok(execution)
}

pub(super) fn read<'b>(reader: &mut Reader<'b>) -> Result<Execution<'b>, Malformed> {
    let execution = Execution {
        venue: reader.id("venue")?,
        exec_id: read_exec_id(reader)?,
        exec_type: reader.symbol("exec_type", ExecType::ALL)?,
        order_id: reader.string("order_id")?,
        client_order_id: reader.optional("client_order_id", Reader::string)?,
        venue_order_id: reader.optional("venue_order_id", Reader::string)?,
        account_id: reader.id("account_id")?,
        instrument_id: reader.id("instrument_id")?,
        side: reader.symbol("side", Side::ALL)?,
        last_qty: reader.optional("last_qty", Reader::numeral)?,
        last_px: reader.optional("last_px", Reader::numeral)?,
        order_qty: reader.optional("order_qty", Reader::numeral)?,
        cum_qty: reader.optional("cum_qty", Reader::numeral)?,
        leaves_qty: reader.optional("leaves_qty", Reader::numeral)?,
        exec_ref_id: reader.optional("exec_ref_id", Reader::string)?,
        reject_code: reader.optional("reject_code", Reader::int)?,
        text: reader.optional("text", |reader, field| reader.text(field, TEXT_LEN_MAX))?,
        transact_time: reader.time("transact_time")?,
    };
    check_present(&execution)?;
    Ok(execution)
}

fn read_exec_id<'b>(reader: &mut Reader<'b>) -> Result<&'b str, Malformed> {
    match reader.text("exec_id", EXEC_ID_LEN_MAX)? {
        "" => Err(Malformed::field("exec_id", "is empty: it names the report for ever")),
        text => Ok(text),
    }
}

/// The fields without which a report of its type says nothing.
fn check_present(execution: &Execution<'_>) -> Result<(), Malformed> {
    use ExecType::{Replaced, Restated, Trade, TradeCancel, TradeCorrect};
    let exec_type = execution.exec_type;
    let needs = |types: &[ExecType], missing: bool| missing && types.contains(&exec_type);
    let missing = [
        ("last_qty", needs(&[Trade, TradeCorrect], execution.last_qty.is_none())),
        ("last_px", needs(&[Trade, TradeCorrect], execution.last_px.is_none())),
        ("exec_ref_id", needs(&[TradeCancel, TradeCorrect], execution.exec_ref_id.is_none())),
        ("order_qty", needs(&[Replaced, Restated], execution.order_qty.is_none())),
        ("leaves_qty", needs(&[Restated], execution.leaves_qty.is_none())),
    ];
    match missing.into_iter().find(|(_, missing)| *missing) {
        Some((field, _)) => Err(Malformed::missing(field, exec_type.name())),
        None => Ok(()),
    }
}

pub(super) fn write(writer: &mut Writer<'_>, execution: &Execution<'_>) {
    // Exhaustive, in schema order: a new field breaks the build here.
    let Execution {
        venue,
        exec_id,
        exec_type,
        order_id,
        client_order_id,
        venue_order_id,
        account_id,
        instrument_id,
        side,
        last_qty,
        last_px,
        order_qty,
        cum_qty,
        leaves_qty,
        exec_ref_id,
        reject_code,
        text,
        transact_time,
    } = execution;
    writer.id(*venue);
    writer.string(exec_id);
    writer.index(exec_type.index());
    writer.string(order_id);
    writer.optional(*client_order_id, Writer::string);
    writer.optional(*venue_order_id, Writer::string);
    writer.id(*account_id);
    writer.id(*instrument_id);
    writer.index(side.index());
    writer.optional(*last_qty, Writer::numeral);
    writer.optional(*last_px, Writer::numeral);
    writer.optional(*order_qty, Writer::numeral);
    writer.optional(*cum_qty, Writer::numeral);
    writer.optional(*leaves_qty, Writer::numeral);
    writer.optional(*exec_ref_id, Writer::string);
    writer.optional(reject_code.map(i64::from), Writer::long);
    writer.optional(*text, Writer::string);
    writer.time(*transact_time);
}
