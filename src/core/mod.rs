//! The decisions of onefill, and nothing else.
//!
//! What lives here never touches I/O, a clock, randomness, threads, floats or logs: time and bytes
//! are arguments, effects are return values.

pub mod amount;
pub mod ids;
pub mod symbols;
pub mod time;
