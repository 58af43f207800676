//! What onefill does on a real Apache Kafka.
//!
//! Start reading at [`broker`] (where a Kafka comes from) and [`reader`] (how topics are read back without any of
//! the project's own code, so that it cannot agree with itself). Each other module is one family of claims.

#![cfg(feature = "shell")]

#[cfg(feature = "cli")]
mod audit;
mod broker;
#[cfg(feature = "cli")]
mod command;
mod fixture;
#[cfg(feature = "cli")]
mod init;
mod reader;
#[cfg(feature = "cli")]
mod submit;
