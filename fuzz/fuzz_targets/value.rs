//! Any bytes as a whole value of a topic, of our writers and of others.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::values::check(data));
