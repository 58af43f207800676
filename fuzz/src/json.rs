//! What people and scripts write as JSON: `submit`, `control` and `prices` take it, or say what is wrong.

use onefill::core::control::ControlRecord;
use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{Malformed, RecordType, control, intent, json, price};
use serde_json::Value as Json;

use crate::bodies;

/// The text as each record that is written so.
pub fn check(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Json>(data) else { return };
    check_intent(&json);
    let controls = [
        json::instrument_from_json(&json).map(ControlRecord::Instrument),
        json::limit_from_json(&json).map(ControlRecord::RiskLimit),
        json::command_from_json(&json).map(ControlRecord::Command),
    ];
    for read in controls {
        check_read(read, |record| {
            let mut value = Vec::new();
            control::encode(record, &mut value);
            // What a command needs is checked where it is decoded; nothing else may be refused there.
            match control::decode(&value[HEADER_LEN..]) {
                Ok(decoded) => assert_eq!(decoded, *record),
                Err(malformed) => assert!(matches!(record, ControlRecord::Command(_)), "{malformed}"),
            }
        });
    }
    check_read(json::price_from_json(&json), |record| {
        let mut value = Vec::new();
        price::encode(record, &mut value);
        assert_eq!(price::decode(&value[HEADER_LEN..]).as_ref(), Ok(record));
    });
}

/// As `submit` reads it: what is taken is well formed to the last byte.
pub fn check_intent(json: &Json) {
    check_read(json::intent_from_json(json), |value| {
        assert!(intent::decode(&value[HEADER_LEN..]).is_ok());
        bodies::check(RecordType::OrderIntent, &value[HEADER_LEN..]);
    });
}

/// What is read is put to a claim; what is refused is explained, and the member that is wrong is named.
fn check_read<T>(read: Result<T, Malformed>, claim: impl FnOnce(&T)) {
    match read {
        Ok(record) => claim(&record),
        Err(malformed) => assert!(!malformed.to_string().trim().is_empty()),
    }
}
