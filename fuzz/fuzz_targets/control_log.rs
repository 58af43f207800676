//! Any records of `control`, in any order, through a lane.

#![no_main]

use onefill_fuzz::past::Inputs;

libfuzzer_sys::fuzz_target!(|data: &[u8]| onefill_fuzz::lane::check(data, Inputs::Control));
