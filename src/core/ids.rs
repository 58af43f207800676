//! Names and digests: what identifies an account, a key, an order, an entry.

use std::fmt;

use arrayvec::ArrayString;
use sha2::{Digest as _, Sha256};

/// Longest id, in bytes (ASCII, so also in characters).
pub const ID_LEN_MAX: usize = 64;

/// Whether an id may have this byte.
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0;
    while byte < allowed.len() {
        allowed[byte] =
            matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'-');
        byte += 1;
    }
    allowed
};

/// An id as the contract allows it: 1 to [`ID_LEN_MAX`] of `[A-Za-z0-9_.:-]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<'a>(&'a str);

/// The text of an id, in place: a row that holds it has no memory elsewhere.
pub type IdText = ArrayString<ID_LEN_MAX>;

impl<'a> Id<'a> {
    /// `None` when the text is no id.
    pub fn parse(text: &'a str) -> Option<Self> {
        let fits = (1..=ID_LEN_MAX).contains(&text.len());
        (fits && text.bytes().all(|byte| ALLOWED[usize::from(byte)])).then_some(Self(text))
    }

    /// The id that this text was when it was taken in.
    pub(super) fn known(text: &'a str) -> Self {
        debug_assert!(Self::parse(text).is_some(), "{text:?} was never an id");
        Self(text)
    }

    /// The text, as it came.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The text, to be kept.
    pub fn to_text(self) -> IdText {
        IdText::from(self.0).expect("no id is longer")
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.0)
    }
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The link of the first entry, which has none before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The leaf hash of an audit record: one byte `00`, then the exact bytes of its value (`G6`).
    pub fn leaf(value: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(value).finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, out)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, out)
    }
}

/// The identity of an order for its whole life; venue ids derive from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub [u8; 16]);

impl OrderId {
    /// The first 16 bytes of SHA-256 over `onefill/order/v1`, then both names, length first.
    pub fn of(account_id: Id<'_>, client_order_id: Id<'_>) -> Self {
        Self(named_digest(b"onefill/order/v1", [account_id, client_order_id]))
    }

    /// `None` unless the text is 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut bytes = [0; 16];
        if digits.len() != 32 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, out)
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, out)
    }
}

/// An intent key, `(account_id, intent_id)`, as 128 bits of SHA-256.
///
/// Two of 10 million keys share these bits with a probability below 2e-25, far below that of a
/// broken machine; a strategy that searched for such a pair could only harm its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 16]);

impl KeyId {
    /// The key of this intent.
    pub fn of(account_id: Id<'_>, intent_id: Id<'_>) -> Self {
        Self(named_digest(b"onefill/key/v1", [account_id, intent_id]))
    }
}

/// What is unique for ever: `(account_id, intent_id)`.
pub type IntentKey<'a> = (Id<'a>, Id<'a>);

/// The payload of an intent, as 128 bits of SHA-256; see [`crate::core::fingerprint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

/// The partition, of `count`, where clients must place records of this account: murmur2 as Java's
/// default partitioner computes it.
pub fn placement(account_id: &[u8], count: u32) -> u32 {
    (murmur2(account_id) & 0x7fff_ffff) % count
}

/// Murmur2, 32 bits, little-endian, with Kafka's seed.
fn murmur2(data: &[u8]) -> u32 {
    const MIX: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut mixed = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(MIX);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(MIX) ^ mixed.wrapping_mul(MIX);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MIX);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(MIX);
    hash ^ hash >> 15
}

fn named_digest(domain: &[u8], names: [Id<'_>; 2]) -> [u8; 16] {
    let mut hash = Sha256::new().chain_update(domain);
    for name in names {
        hash.update((name.0.len() as u32).to_be_bytes());
        hash.update(name.0);
    }
    let digest: [u8; 32] = hash.finalize().into();
    first_half(digest)
}

/// The first 128 bits of a SHA-256 digest.
pub(crate) fn first_half(digest: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_hex(bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

crate::core::saved::saved!(Digest(bytes));
crate::core::saved::saved!(OrderId(bytes));
crate::core::saved::saved!(Fingerprint(bytes));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_1_to_64_of_the_allowed_characters() {
        assert!(Id::parse("A-1_b.C:9").is_some());
        assert!(Id::parse(&"x".repeat(64)).is_some());
        for text in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_allowed_characters_are_letters_digits_and_four_signs() {
        for character in '\0'..='\u{ff}' {
            let allowed = character.is_ascii_alphanumeric() || "_.:-".contains(character);
            assert_eq!(Id::parse(&character.to_string()).is_some(), allowed, "{character:?}");
        }
    }

    #[test]
    fn placement_is_javas() {
        // Values of org.apache.kafka.common.utils.Utils.murmur2, from Kafka's own UtilsTest.
        for (text, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
        assert_eq!(placement(b"A1", 12), 3);
    }

    #[test]
    fn an_order_id_reads_back_from_its_text() {
        let id = OrderId::of(Id::parse("A1").unwrap(), Id::parse("o-1").unwrap());
        assert_eq!(OrderId::parse(&id.to_string()), Some(id));
        assert_eq!(OrderId::parse("00"), None);
        assert_eq!(OrderId::parse(&"G".repeat(32)), None);
    }

    #[test]
    fn names_do_not_run_together() {
        let id = |account, client| OrderId::of(Id::parse(account).unwrap(), Id::parse(client).unwrap());
        assert_ne!(id("ab", "c"), id("a", "bc"));
    }
}
