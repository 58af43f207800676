//! What onefill does on a real Apache Kafka.
//!
//! Start reading at [`support`]: [`broker`] (where a Kafka comes from) and [`reader`] (how topics are read back without any of
//! the project's own code, so that it cannot agree with itself). Each other module is one family of claims.

#![cfg(feature = "shell")]

#[cfg(feature = "cli")]
mod acls;
#[cfg(feature = "cli")]
mod audit;
#[cfg(feature = "cli")]
mod bad_input;
#[cfg(feature = "cli")]
mod checker;
#[cfg(feature = "cli")]
mod checkpoints;
#[cfg(feature = "cli")]
mod command;
#[cfg(feature = "cli")]
mod conflicts;
#[cfg(feature = "cli")]
mod control;
#[cfg(feature = "demo")]
mod demo;
mod fixture;
#[cfg(feature = "cli")]
mod halts;
#[cfg(feature = "cli")]
mod http;
#[cfg(feature = "cli")]
mod independent;
#[cfg(feature = "cli")]
mod init;
#[cfg(feature = "cli")]
mod limits;
#[cfg(feature = "cli")]
mod operators;
#[cfg(feature = "cli")]
mod owed;
#[cfg(feature = "cli")]
mod preflight;
#[cfg(feature = "cli")]
mod prices;
#[cfg(feature = "cli")]
mod registries;
#[cfg(feature = "cli")]
mod restores;
#[cfg(feature = "cli")]
mod running;
#[cfg(feature = "cli")]
mod storm;
#[cfg(feature = "cli")]
mod submit;
#[cfg(feature = "cli")]
mod uncommitted;

#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "cli")]
use support::{ask, dice, login, loud, records, registry, rights, router, strangers, world};
use support::{broker, producer, reader};
