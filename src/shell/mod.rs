//! The only code that touches Kafka, time, the network and the disk.
//!
//! It makes no decision of the business: it creates no reason and compares no amounts. Start with
//! [`topics`] and [`config`], then [`client`].

pub mod client;
mod closest;
pub mod config;
pub mod librdkafka;
pub mod topics;

pub use closest::closest;
