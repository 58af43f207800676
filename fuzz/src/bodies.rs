//! The body of one record: what is read is what apache-avro reads, and what is written of it reads the same.

use onefill::core::control::ControlRecord;
use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{Malformed, RecordType, Schemas, control, entry, execution, intent, json, order, price};
use serde_json::Value as Json;

use crate::{assert_is_clear, opinions, reference, typed};

/// Every claim about a decoder, on these bytes.
pub fn check(record: RecordType, body: &[u8]) {
    opinions::assert_agree(record, body);
    let schemas = Schemas::compiled();
    let value = [&record.header()[..], body].concat();
    assert_eq!(schemas.open(record, &value).as_deref(), Ok(body));
    match typed::body_again(record, body) {
        Ok(again) => {
            assert_eq!(typed::body_again(record, &again).as_ref(), Ok(&again), "canonical bytes stay");
            assert_same_value(record, body, &again);
            assert!(again.len() <= body.len(), "the canonical form is the shortest");
            let shown = json::to_json(record, &again).expect("what is decoded can be shown");
            assert_read_from_json(record, &shown, &again);
        }
        Err(malformed) => assert_said(record, &malformed),
    }
}

/// A refusal names a field of the record, in words that fit an entry's `detail`.
pub fn assert_said(record: RecordType, malformed: &Malformed) {
    assert_is_clear(&malformed.to_string());
    if let Some(field) = malformed.in_field() {
        let named = format!("\"name\": \"{field}\"");
        assert!(record.schema().contains(&named), "{record:?} has no {field}");
    }
}

/// Decimals in canonical form are the same decimals: both bodies decode to one value.
fn assert_same_value(record: RecordType, body: &[u8], again: &[u8]) {
    macro_rules! same {
        ($module:ident) => {
            assert_eq!($module::decode(body), $module::decode(again))
        };
    }
    match record {
        RecordType::OrderIntent => same!(intent),
        RecordType::Order => same!(order),
        RecordType::Entry => same!(entry),
        RecordType::Execution => same!(execution),
        RecordType::ControlRecord => same!(control),
        RecordType::ReferencePrice => same!(price),
    }
}

/// What `audit show` prints of an input, `submit`, `control` and `prices` take, and it is the same record.
fn assert_read_from_json(record: RecordType, shown: &Json, body: &[u8]) {
    let mut value = Vec::new();
    match record {
        RecordType::OrderIntent => value = json::intent_from_json(shown).expect("it was an intent"),
        RecordType::ReferencePrice => {
            price::encode(&json::price_from_json(shown).expect("it was a price"), &mut value);
        }
        RecordType::ControlRecord => {
            let shown = &shown["record"];
            let read = match control::decode(body).expect("it was decoded") {
                ControlRecord::Instrument(_) => {
                    json::instrument_from_json(shown).map(ControlRecord::Instrument)
                }
                ControlRecord::RiskLimit(_) => json::limit_from_json(shown).map(ControlRecord::RiskLimit),
                ControlRecord::Command(_) => json::command_from_json(shown).map(ControlRecord::Command),
            };
            control::encode(&read.expect("it was a control record"), &mut value);
        }
        RecordType::Order | RecordType::Entry | RecordType::Execution => return,
    }
    let meaning = |body: &[u8]| reference::read(record, body).map(reference::normal);
    assert_eq!(meaning(&value[HEADER_LEN..]), meaning(body), "{shown}");
}
