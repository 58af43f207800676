//! Any bytes as a file that `submit` takes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::rows::check(data));
