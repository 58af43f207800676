//! The decisions of onefill, and nothing else.
//!
//! What lives here never touches I/O, a clock, randomness, threads, floats or logs: time and bytes
//! are arguments, effects are return values. It builds alone, with `--no-default-features`.
//!
//! Words first: [`ids`], [`time`], [`amount`]. Then the records: [`intent`], [`execution`],
//! [`control`], [`price`] come in; [`order`] and [`entry`] go out, with a [`verdict`].

pub mod amount;
pub mod control;
pub mod entry;
pub mod execution;
pub mod halt;
pub mod ids;
pub mod intent;
pub mod order;
pub mod price;
pub mod symbols;
pub mod time;
pub mod verdict;
