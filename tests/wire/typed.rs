//! One way to treat all records alike: decode a body, encode it again.

use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{Malformed, RecordType, control, entry, execution, intent, order, price};

/// The value that our encoder makes of what our decoder reads: header and body.
pub fn encode_again(record: RecordType, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut value = Vec::new();
    match record {
        RecordType::OrderIntent => intent::encode(&intent::decode(body)?, &mut value),
        RecordType::Order => order::encode(&order::decode(body)?, &mut value),
        RecordType::Entry => entry::encode(&entry::decode(body)?, &mut value),
        RecordType::Execution => execution::encode(&execution::decode(body)?, &mut value),
        RecordType::ControlRecord => control::encode(&control::decode(body)?, &mut value),
        RecordType::ReferencePrice => price::encode(&price::decode(body)?, &mut value),
    }
    Ok(value)
}

/// The body of what our encoder makes of what our decoder reads.
pub fn body_again(record: RecordType, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    encode_again(record, body).map(|value| value[HEADER_LEN..].to_vec())
}
