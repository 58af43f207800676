//! Any file, variables and flags as a configuration.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::config::check(data));
