//! The file that a broker keeps records in: batches one behind the other, as Kafka's documentation lays them out
//! ("Record Batch", kafka.apache.org/documentation/#recordbatch).

use std::ops::Range;
use std::path::Path;

/// Offset and length of a batch come before what its length counts.
const PREFIX: usize = 12;
/// The checksum is over everything behind it.
const CHECKSUM: Range<usize> = 17..21;
const ATTRIBUTES: Range<usize> = 21..23;
/// What comes before the first record.
const HEADER: usize = 61;
/// Of the attributes: the batch is a marker.
const IS_CONTROL: i16 = 0x20;

/// Changes the first batch of records that `change` says it has changed, and mends its checksum.
pub fn edit(path: &Path, change: impl Fn(&mut [u8]) -> bool) {
    let mut bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut batches = split(&mut bytes);
    assert!(batches.iter().all(|batch| batch[CHECKSUM] == checksum_of(batch)), "{}", path.display());
    let edited = batches.iter_mut().find_map(|batch| change(&mut batch[HEADER..]).then_some(batch));
    let edited = edited.unwrap_or_else(|| panic!("{} has nothing to edit", path.display()));
    let checksum = checksum_of(edited);
    edited[CHECKSUM].copy_from_slice(&checksum);
    std::fs::write(path, bytes).expect("the segment can be written");
}

/// The batches that hold records.
fn split(mut bytes: &mut [u8]) -> Vec<&mut [u8]> {
    let mut batches = Vec::new();
    while bytes.len() > HEADER {
        let counted = u32::from_be_bytes(bytes[8..PREFIX].try_into().expect("four bytes"));
        let (batch, rest) = bytes.split_at_mut(PREFIX + counted as usize);
        let attributes = i16::from_be_bytes(batch[ATTRIBUTES].try_into().expect("two bytes"));
        if attributes & IS_CONTROL == 0 {
            batches.push(batch);
        }
        bytes = rest;
    }
    batches
}

fn checksum_of(batch: &[u8]) -> [u8; 4] {
    crc32c::crc32c(&batch[CHECKSUM.end..]).to_be_bytes()
}
