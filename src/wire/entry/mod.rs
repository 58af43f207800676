//! `Entry`: the audit trail. On the wire one flat record, in the core one variant per case.
//!
//! Both directions go through [`flat::Flat`], the record field by field: [`fold`] makes it of an
//! entry, [`unfold`] makes an entry of it. What onefill wrote reads back to the same entry, and
//! encodes to the same bytes; a flat record that no variant could have given is refused.

mod flat;
mod fold;
mod parts;
mod unfold;

use crate::core::entry::Entry;

use super::avro::{Reader, Writer};
use super::malformed::Malformed;
use super::schema::RecordType;

/// Appends header and body.
///
/// # Panics
/// When a rejection has no failed check, or one that belongs to another ruling: that is a bug of
/// the core, and no such entry may become durable.
pub fn encode(entry: &Entry<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&RecordType::Entry.header());
    flat::write(&mut Writer::new(out), &fold::fold(entry));
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or none that onefill could have written.
pub fn decode(body: &[u8]) -> Result<Entry<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let mut flat = flat::read(&mut reader)?;
    reader.end()?;
    unfold::unfold(&mut flat)
}
