//! Each rule of the formats, alone: what is refused, in which field, in which words.

use onefill::core::amount::Numeral;
use onefill::wire::avro::{Reader, Writer};
use onefill::wire::{Malformed, execution, intent};

use crate::golden;

/// What is said of an intent: the golden CANCEL, with `from` replaced by `to`.
fn said_of_cancel(from: &[u8], to: &[u8]) -> String {
    let golden = golden::one("OrderIntent.v1.cancel");
    let at = golden.body().windows(from.len()).position(|bytes| bytes == from).unwrap();
    let body = [&golden.body()[..at], to, &golden.body()[at + from.len()..]].concat();
    intent::decode(&body).unwrap_err().to_string()
}

fn read<T>(bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>) -> Result<T, String> {
    read(&mut Reader::new(bytes)).map_err(|error| error.to_string())
}

#[test]
fn integers_are_as_avro_has_them_and_not_padded() {
    let long = |bytes: &[u8]| read(bytes, |reader| reader.long("seq"));
    for number in [0, -1, 1, 63, -64, 64, i64::MAX, i64::MIN, 1 << 34] {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).long(number);
        assert_eq!(long(&bytes), Ok(number));
    }
    assert_eq!(long(&[]), Err("seq is cut off: only 0 bytes are left".to_owned()));
    assert_eq!(long(&[0x80]), Err("seq is cut off: only 0 bytes are left".to_owned()));
    assert_eq!(long(&[0x80, 0]), Err("seq is a padded integer: write the shortest form".to_owned()));
    let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
    assert_eq!(long(&over), Err("seq is an integer of more than 64 bits".to_owned()));
    assert_eq!(long(&[0xff; 11]), Err("seq is an integer of more than 10 bytes".to_owned()));
    let int = read(&[0x80, 0x80, 0x80, 0x80, 0x10], |reader| reader.int("partition"));
    assert_eq!(int, Err("partition is 2147483648, which does not fit an int of 32 bits".to_owned()));
}

#[test]
fn lengths_indexes_and_booleans_are_checked() {
    assert!(read(&[1, 0x61], |reader| reader.string("topic").map(drop)).is_err());
    assert!(read(&[4, 0x61], |reader| reader.string("topic").map(drop)).is_err());
    assert!(read(&[2, 0xff], |reader| reader.string("topic").map(drop)).unwrap_err().contains("UTF-8"));
    assert!(read(&[2], |reader| reader.boolean("post_only")).is_err());
    assert!(read(&[4], |reader| reader.symbol("side", &['b', 's'])).is_err());
    assert!(read(&[1], |reader| reader.symbol("side", &['b', 's'])).is_err());
    assert_eq!(read(&[2], |reader| reader.symbol("side", &['b', 's'])), Ok('s'));
    assert!(read(&[4], |reader| reader.optional("side", Reader::long)).is_err());
}

#[test]
fn blocks_may_be_split_and_say_their_size_but_must_not_lie() {
    let pairs = |bytes: &[u8]| {
        read(bytes, |reader| {
            let mut found = String::new();
            reader.pairs("tags", |key, value| {
                found.push_str(&format!("{key}={value} "));
                Ok(())
            })?;
            reader.end().map(|()| found)
        })
    };
    assert_eq!(pairs(&[0]), Ok(String::new()));
    assert_eq!(pairs(b"\x04\x02a\x02b\x02c\x02d\0").as_deref(), Ok("a=b c=d "));
    assert_eq!(pairs(b"\x02\x02a\x02b\x02\x02c\x02d\0").as_deref(), Ok("a=b c=d "));
    assert_eq!(pairs(b"\x03\x10\x02a\x02b\x02c\x02d\0").as_deref(), Ok("a=b c=d "));
    let lied = pairs(b"\x03\x0e\x02a\x02b\x02c\x02d\0");
    assert_eq!(lied, Err("tags has a block of another size than it says".to_owned()));
    assert!(pairs(b"\x04\x02a\x02b\0").is_err());
    assert!(pairs(b"\x02\x02a\x02b").is_err());
}

#[test]
fn a_decimal_is_a_number_or_too_long_or_malformed() {
    let numeral = |text: &'static str| {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).string(text);
        let bytes: &'static [u8] = bytes.leak();
        Reader::new(bytes).numeral("price")
    };
    for text in ["0", "-0.25", "99999999999999999999.999999999999999999", "0.000000000000000001", "1.50"] {
        assert!(matches!(numeral(text), Ok(Numeral::Exact(_))), "{text}");
    }
    for text in ["100000000000000000000", "0.0000000000000000001", "-1.0000000000000000000"] {
        assert!(matches!(numeral(text), Ok(Numeral::Overlong(_))), "{text}");
    }
    for text in [
        "", "-", ".", "1.", ".5", "+1", "-0", "-0.0", "00", "01", "1e5", "1E5", " 1", "1 ", "1,5", "0x1",
        "NaN", "Infinity", "--1", "1.2.3", "١", "1_000",
    ] {
        assert!(numeral(text).is_err(), "{text}");
    }
}

#[test]
fn an_intents_fields_are_refused_by_name() {
    assert!(said_of_cancel(b"\x06i-2", b"\x00").starts_with("intent_id is \"\", which is no id"));
    assert!(said_of_cancel(b"\x04A1", b"\x04A/").starts_with("account_id is \"A/\", which is no id"));
    let long = [&[0x82, 0x01][..], &[b'x'; 65]].concat();
    assert!(said_of_cancel(b"\x04S1", &long).starts_with("strategy_id is \"xxx"));
    let said = said_of_cancel(b"\x04A1\x04S1", b"\x04A1\x04\xff\xff");
    assert!(said.starts_with("strategy_id is not UTF-8"), "{said}");
}

#[test]
fn words_of_others_neither_grow_nor_break_a_line() {
    let text = [&[0x80, 0x08][..], &[b'\n'; 512]].concat();
    let said = said_of_cancel(b"\x04S1", &text);
    assert!(said.len() < 300 && !said.contains('\n'), "{said}");
}

/// The golden NEW with these last fields: correlation id and tags.
fn new_with(tail: impl FnOnce(&mut Writer<'_>)) -> Result<usize, String> {
    let golden = golden::one("OrderIntent.v1.new");
    let mut tail_before = Vec::new();
    let mut writer = Writer::new(&mut tail_before);
    writer.optional(Some("quote-7 Zürich"), Writer::string);
    writer.optional(Some([("desk", "delta one")].into_iter()), Writer::pairs);
    let mut body = golden.body().strip_suffix(&tail_before[..]).unwrap().to_vec();
    tail(&mut Writer::new(&mut body));
    intent::decode(&body).map(|intent| intent.tags.len()).map_err(|error| error.to_string())
}

#[test]
fn a_correlation_id_has_at_most_256_bytes() {
    let with = |length: usize| {
        new_with(|writer| {
            writer.optional(Some(&*"x".repeat(length)), Writer::string);
            writer.index(0);
        })
    };
    assert_eq!(with(256), Ok(0));
    assert_eq!(with(257), Err("correlation_id has 257 bytes, 256 are allowed".to_owned()));
}

#[test]
fn tags_are_at_most_16_of_at_most_128_bytes_each_under_its_own_key() {
    let with = |count: usize, key_length: usize, value_length: usize| {
        let pairs: Vec<_> =
            (0..count).map(|tag| (format!("{tag:0key_length$}"), "v".repeat(value_length))).collect();
        new_with(|writer| {
            writer.index(0);
            writer.optional(Some(pairs.iter().map(|(key, value)| (&**key, &**value))), Writer::pairs);
        })
    };
    assert_eq!(with(16, 128, 128), Ok(16));
    assert_eq!(with(17, 2, 0), Err("tags are more than 16".to_owned()));
    assert_eq!(with(1, 129, 0), Err("tags has 129 bytes, 128 are allowed".to_owned()));
    assert_eq!(with(1, 1, 129), Err("tags has 129 bytes, 128 are allowed".to_owned()));
    let twice = new_with(|writer| {
        writer.index(0);
        writer.optional(Some([("k", "1"), ("k", "2")].into_iter()), Writer::pairs);
    });
    assert_eq!(twice, Err("tags name the key \"k\" twice".to_owned()));
}

#[test]
fn an_execution_id_has_1_to_64_bytes() {
    let golden = golden::one("Execution.v1.cancel_rejected");
    let with = |exec_id: &str| {
        let mut renamed = Vec::new();
        Writer::new(&mut renamed).string(exec_id);
        let at = golden.body().windows(3).position(|bytes| bytes == b"\x04e3").unwrap();
        let body = [&golden.body()[..at], &renamed, &golden.body()[at + 3..]].concat();
        execution::decode(&body).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with(&"é".repeat(32)), Ok(()));
    assert_eq!(with(""), Err("exec_id is empty: it names the report for ever".to_owned()));
    assert_eq!(with(&"x".repeat(65)), Err("exec_id has 65 bytes, 64 are allowed".to_owned()));
}
