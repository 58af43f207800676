//! Avro, by the published schema files alone: whoever has these has everything that is used here.
//!
//! Values begin with `C3 01` and the fingerprint of their schema (`schemas/README.md`); another one is not known.

mod read;
mod schema;
mod value;
#[cfg(test)]
pub mod write;

use std::sync::{Arc, LazyLock};

pub use schema::Schema;
pub use value::Value;

/// A kind of record.
pub struct Kind {
    header: [u8; 10],
    schema: LazyLock<Arc<Schema>>,
}

macro_rules! kind {
    ($name:ident, $file:literal, $fingerprint:expr) => {
        pub static $name: Kind = Kind {
            header: with_marker($fingerprint),
            schema: LazyLock::new(|| Schema::parse(include_str!(concat!("../../../../schemas/", $file)))),
        };
    };
}

kind!(INTENT, "OrderIntent.v1.avsc", [0xB4, 0x5F, 0xFE, 0x4C, 0xCA, 0xE1, 0x51, 0xA7]);
kind!(ORDER, "Order.v1.avsc", [0x67, 0x90, 0x45, 0xEA, 0xD4, 0x09, 0xA3, 0x80]);
kind!(ENTRY, "Entry.v1.avsc", [0xE8, 0x9F, 0x43, 0x58, 0x6D, 0x3A, 0xDC, 0x94]);
kind!(EXECUTION, "Execution.v1.avsc", [0x31, 0x84, 0xF3, 0xE2, 0xF5, 0x56, 0x38, 0x63]);
kind!(CONTROL, "ControlRecord.v1.avsc", [0x31, 0xA9, 0x14, 0xD9, 0xE0, 0xA5, 0x67, 0x55]);
kind!(PRICE, "ReferencePrice.v1.avsc", [0x74, 0x40, 0x39, 0xE6, 0xDF, 0x62, 0xCB, 0x03]);

const fn with_marker(fingerprint: [u8; 8]) -> [u8; 10] {
    let mut header = [0xC3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut index = 0;
    while index < 8 {
        header[index + 2] = fingerprint[index];
        index += 1;
    }
    header
}

impl Kind {
    /// The record that these bytes are; `None` if they are none of this kind.
    pub fn decode<'a>(&'static self, bytes: &'a [u8]) -> Option<Value<'a>> {
        read::read(&self.schema, bytes.strip_prefix(&self.header)?)
    }

    /// Whether the bytes begin like a record of a schema that is not known here, but may be to a router: it may have
    /// further schemas, and a registry that knows the ids of the Confluent format.
    pub fn is_foreign(&self, bytes: &[u8]) -> bool {
        let is_confluent = bytes.len() >= 5 && bytes.starts_with(&[0]);
        is_confluent
            || bytes.len() >= 10 && bytes.starts_with(&[0xC3, 0x01]) && !bytes.starts_with(&self.header)
    }

    #[cfg(test)]
    pub fn encode(&self, json: &serde_json::Value) -> Vec<u8> {
        let mut bytes = self.header.to_vec();
        write::write(&self.schema, json, &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(name: &str) -> (Vec<u8>, serde_json::Value) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/golden/");
        let text = |ending: &str| std::fs::read_to_string(format!("{folder}{name}.{ending}")).unwrap();
        let hex: String = text("hex").split_whitespace().collect();
        let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16));
        (bytes.map(Result::unwrap).collect(), serde_json::from_str(&text("json")).unwrap())
    }

    #[test]
    fn golden_bytes_are_read_and_written() {
        for (kind, names) in [
            (&INTENT, &["OrderIntent.v1.new", "OrderIntent.v1.replace"][..]),
            (&ORDER, &["Order.v1.new", "Order.v1.cancel_by_command"]),
            (&ENTRY, &["Entry.v1.accepted", "Entry.v1.genesis", "Entry.v1.rejected", "Entry.v1.control"]),
            (&EXECUTION, &["Execution.v1.trade", "Execution.v1.bust"]),
            (&CONTROL, &["ControlRecord.v1.command", "ControlRecord.v1.risk_limit"]),
            (&PRICE, &["ReferencePrice.v1.mark"]),
        ] {
            for name in names {
                let (bytes, json) = golden(name);
                let value = kind.decode(&bytes).unwrap_or_else(|| panic!("{name} is read"));
                assert_eq!(kind.encode(&json), bytes, "{name}");
                if let Some(account) = json["account_id"].as_str() {
                    assert_eq!(value["account_id"].str(), account, "{name}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_off_padded_or_longer_is_no_record() {
        let (bytes, _) = golden("OrderIntent.v1.new");
        for end in 0..bytes.len() {
            assert!(INTENT.decode(&bytes[..end]).is_none(), "{end}");
        }
        assert!(INTENT.decode(&[&bytes[..], &[0]].concat()).is_none());
        let padded = [&bytes[..10], &[0x80, 0x00], &bytes[11..]].concat();
        assert_eq!(bytes[10], 0, "a NEW");
        assert!(INTENT.decode(&padded).is_none());
        assert!(ORDER.is_foreign(&bytes) && !INTENT.is_foreign(&bytes));
        assert!(INTENT.is_foreign(&[0, 0, 0, 0, 7]) && !INTENT.is_foreign(&[0, 0, 0, 7]));
    }
}
