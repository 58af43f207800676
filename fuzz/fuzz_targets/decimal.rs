//! Any text as decimals.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::decimal::check(data));
