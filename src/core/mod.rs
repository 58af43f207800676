//! The decisions of onefill, and nothing else.
//!
//! What lives here never touches I/O, a clock, randomness, threads, floats or logs: time and bytes
//! are arguments, effects are return values. It builds alone, with `--no-default-features`.
//!
//! Words first: [`ids`], [`time`], [`amount`]. Then the records: [`intent`], [`execution`],
//! [`control`], [`price`] come in; [`order`] and [`entry`] go out, with a [`verdict`]. Of prices, the
//! newest are held: [`prices`]. Then the
//! work: [`decide`] says what an arrival means, by the [`checks`]; the [`ledger`] makes it true, in
//! a [`batch`]; a [`proof`] must hold before; a [`lane`] says what comes next. For people, a
//! [`difference`] says why two intents conflict, and a [`lint`] what is odd about limits.

pub mod amount;
pub mod batch;
pub mod bounds;
pub mod canonical;
pub mod checks;
pub mod control;
mod control_log;
pub mod decide;
pub mod difference;
pub mod entry;
pub mod execution;
pub mod fingerprint;
pub mod halt;
pub mod ids;
pub mod intent;
pub mod lane;
pub mod ledger;
pub mod lint;
pub mod money;
pub mod nearest;
pub mod order;
pub mod price;
pub mod prices;
pub mod proof;
pub mod recompute;
pub mod replay;
pub mod saved;
pub mod settings;
pub mod symbols;
pub mod time;
pub mod valuation;
pub mod verdict;
