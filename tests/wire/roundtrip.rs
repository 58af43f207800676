//! What is written reads back, and apache-avro's writer writes the same.

use onefill::core::intent::Intent;
use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{RecordType, Schemas, control, entry, execution, intent, order, price};
use proptest::prelude::*;

use crate::opinions::sorted;
use crate::{arbitrary, reference};

/// The body, after the header was checked, and after apache-avro agreed about its bytes.
fn body(record: RecordType, value: &[u8]) -> &[u8] {
    let body = &value[HEADER_LEN..];
    assert_eq!(&*Schemas::compiled().open(record, value).unwrap(), body);
    let read = reference::read(record, body).unwrap();
    let written = reference::write(record, &read).unwrap();
    // Its maps have no order: only the bytes as a whole can be compared.
    assert_eq!(sorted(&written), sorted(body));
    body
}

macro_rules! reads_back {
    ($($name:ident: $strategy:expr, $record:expr, $module:ident;)+) => {
        proptest! {
            $(#[test]
            fn $name(record in $strategy) {
                let mut value = Vec::new();
                $module::encode(&record, &mut value);
                prop_assert_eq!($module::decode(body($record, &value)), Ok(record));
            })+
        }
    };
}

reads_back! {
    an_intent_reads_back: arbitrary::intent(), RecordType::OrderIntent, intent;
    an_order_reads_back: arbitrary::order(), RecordType::Order, order;
    an_entry_reads_back: arbitrary::entry(), RecordType::Entry, entry;
    an_execution_reads_back: arbitrary::execution(), RecordType::Execution, execution;
    a_control_record_reads_back: arbitrary::control(), RecordType::ControlRecord, control;
    a_price_reads_back: arbitrary::price(), RecordType::ReferencePrice, price;
}

proptest! {
    #[test]
    fn encoding_appends(intent in arbitrary::intent()) {
        let mut value = b"before".to_vec();
        intent::encode(&intent, &mut value);
        let read: Intent<'_> = intent::decode(&value[b"before".len() + HEADER_LEN..]).unwrap();
        prop_assert_eq!(read, intent);
    }
}
