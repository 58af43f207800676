//! What names and places things: hashes, order ids, partitions.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// The hash by which the next entry links to this one: of one byte `00` and the exact bytes of its value.
pub fn leaf(value: &[u8]) -> [u8; 32] {
    sha256(&[&[0], value])
}

/// The id that an order of this account and `client_order_id` has, in hex.
pub fn order_id(account: &str, client_order_id: &str) -> String {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let (one, other) = (length(account), length(client_order_id));
    let parts = [b"onefill/order/v1", &one[..], account.as_bytes(), &other, client_order_id.as_bytes()];
    hex(&sha256(&parts)[..16])
}

/// The partition in which Java's default partitioner puts a key.
pub fn partition_of(key: &[u8], count: usize) -> i32 {
    let positive = murmur2(key) & 0x7fff_ffff;
    i32::try_from(positive as usize % count.max(1)).unwrap_or(-1)
}

/// MurmurHash2 of 32 bits with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ (data.len() as u32);
    let chunks = data.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        let mut word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]).wrapping_mul(M);
        word ^= word >> 24;
        hash = hash.wrapping_mul(M) ^ word.wrapping_mul(M);
    }
    for (index, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * index);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all text");
        text
    })
}

/// A key of a record, for people.
pub fn shown(key: Option<&[u8]>) -> String {
    match key.map(|key| (key, std::str::from_utf8(key))) {
        None => "null".to_owned(),
        Some((_, Ok(text))) if text.chars().all(|one| one.is_ascii_graphic()) => text.to_owned(),
        Some((key, _)) => hex(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_come_out() {
        assert_eq!(order_id("A1", "o-1"), "66b2ccceddb57e04ce745fedd16ebfa2");
        assert_eq!(partition_of(b"A1", 12), 3);
        assert_eq!(hex(&sha256(&[]))[..8], *"e3b0c442");
    }

    #[test]
    fn hashes_are_those_of_kafkas_own_tests() {
        for (text, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }
}
