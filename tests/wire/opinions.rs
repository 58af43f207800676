//! On every input the decoders written out by hand agree with apache-avro's generic reader and a
//! plain reading of the contract: both accept, with equal content, or both reject.
//!
//! apache-avro 0.22 has quirks, each of them a way to read one content from other bytes; ours
//! reject these bytes:
//!
//! - bytes after the record are ignored;
//! - a record that is cut off in a union is read as null, so that a truncated record is accepted;
//! - a padded varint is accepted, and bits beyond the 64th are dropped;
//! - a map that names a key twice keeps the last value;
//! - the byte size of a block is not compared with the block.
//!
//! All of them are found by one rule, without naming any: what apache-avro read, it writes as
//! other bytes.

use onefill::wire::{RecordType, json};

use crate::{reference, typed};

/// Asserts that both opinions about this body agree.
pub fn assert_agree(record: RecordType, body: &[u8]) {
    let ours = typed::body_again(record, body);
    let theirs = reference::read(record, body);
    let well_formed = theirs.clone().filter(|value| reference::is_well_formed(record, value));
    match (ours, well_formed) {
        (Ok(again), Some(value)) => {
            let again = reference::read(record, &again).map(reference::normal);
            assert_eq!(again, Some(reference::normal(value)), "{record:?} {body:02x?}");
        }
        (Ok(_), None) => panic!("only ours accepts {record:?} {body:02x?}: {theirs:?}"),
        // Which entries onefill can have written is said by other tests.
        (Err(_), Some(_)) if record == RecordType::Entry => {}
        (Err(ours), Some(value)) => {
            let canonical = reference::write(record, &value);
            let other_bytes = canonical.is_none_or(|canonical| sorted(&canonical) != sorted(body));
            assert!(other_bytes, "only ours rejects {record:?} {body:02x?}: {ours}");
        }
        (Err(_), None) => {}
    }
    // Must not panic, whatever it says.
    let _ = json::to_json(record, body);
}

/// The bytes, whatever their order: a map of either opinion has an order of its own.
pub fn sorted(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    bytes
}
