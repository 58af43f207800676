//! Any bytes as the body of a record `ReferencePrice`.

#![no_main]

use onefill::wire::RecordType;

libfuzzer_sys::fuzz_target!(|body: &[u8]| onefill_fuzz::bodies::check(RecordType::ReferencePrice, body));
