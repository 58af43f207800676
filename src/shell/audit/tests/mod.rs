//! What an auditor sees of trails that are made in memory: no Kafka is needed to be right.

mod account;
mod explain;
mod recompute;
pub mod trail;
