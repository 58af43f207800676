//! What the tests that need a real Kafka share: brokers, routers as processes, topics and what can happen to them, and
//! readers that use none of onefill's own code.
//!
//! Start reading at [`broker`] (where a Kafka comes from), [`world`] (topics under a prefix of their own) and
//! [`reader`] (how topics are read back). Each test program uses a part of it.

#![allow(dead_code, reason = "each test program uses a part")]

pub mod ask;
pub mod broker;
pub mod dice;
pub mod login;
pub mod loud;
pub mod producer;
pub mod reader;
#[cfg(feature = "cli")]
pub mod records;
#[cfg(feature = "cli")]
pub mod registry;
pub mod rights;
#[cfg(feature = "cli")]
pub mod router;
#[cfg(feature = "cli")]
pub mod strangers;
#[cfg(feature = "cli")]
pub mod world;
