//! Rebuilding a ledger from `audit[p]`.
//!
//! Whoever restores holds the lane's fence, so that the trail does not grow meanwhile.

use rdkafka::message::{BorrowedMessage, Message};

use super::trail::{Probe, ReadError};
use crate::core::halt::{Halt, HaltCode};
use crate::core::ids::Digest;
use crate::core::ledger::Ledger;
use crate::core::replay::Reading;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// Takes in every entry of `audit[p]` from offset `next` on, and moves `next` behind it. `each` is
/// told after each entry, with the next offset, and may end it there.
///
/// # Errors
/// The halt that an entry is refused with; what `each` ends it for; Kafka's, after which it can be
/// gone on with from `next`.
pub fn restore<E: From<Halt>>(
    probe: &Probe,
    audit: &str,
    schemas: &Schemas,
    ledger: &mut Ledger,
    next: &mut i64,
    mut each: impl FnMut(&Ledger, i64) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let (partition, from) = (ledger.placement().partition, *next);
    let mut reading = Reading::begin(ledger);
    probe.read_to_end((audit, partition), from, |message| {
        take_in(schemas, ledger, &mut reading, message)?;
        *next = message.offset() + 1;
        each(ledger, *next)
    })?;
    reading.end().map_err(|halt| ReadError::Refused(halt.into()))
}

/// Takes in the next entry of the trail, or knows it already.
fn take_in(
    schemas: &Schemas,
    ledger: &mut Ledger,
    reading: &mut Reading,
    message: &BorrowedMessage<'_>,
) -> Result<(), Halt> {
    let offset = message.offset();
    let unreadable = |detail: String| {
        Halt::new(HaltCode::AuditUnreadable, format!("the record at offset {offset} is no entry: {detail}"))
    };
    let value = message.payload().ok_or_else(|| unreadable("it has no value".to_owned()))?;
    let body =
        schemas.open(RecordType::Entry, value).map_err(|malformed| unreadable(malformed.to_string()))?;
    let entry = wire::entry::decode(&body).map_err(|malformed| unreadable(malformed.to_string()))?;
    if message.key() != Some(&entry.seq.to_be_bytes()) {
        return Err(unreadable(format!("its key is not its number, {}", entry.seq)));
    }
    reading.take(ledger, &entry, Digest::leaf(value))
}
