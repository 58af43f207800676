//! Any text as the JSON of a record.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::json::check(data));
