//! onefill puts an order on the market exactly once.
//!
//! A consumer reads order intents from Kafka and, in one Kafka transaction, writes the orders, an
//! audit entry for every decision, and its own offsets. Read the layers from the inside out:
//!
//! - [`core`] decides. It is pure: the same inputs give the same ledger, on any machine, for ever.
//! - [`wire`] turns bytes into the core's types and back.
//! - [`shell`] is the only code that touches Kafka, time, network and disk.
//! - [`cli`] is one file per command.
//! - [`demo`] tells the whole story on one machine.
//!
//! Arrows point one way, `main -> cli -> shell -> wire -> core`, and a test keeps them so.

#[cfg(feature = "cli")]
pub mod cli;
pub mod core;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "shell")]
pub mod shell;
#[cfg(feature = "wire")]
pub mod wire;
