//! What onefill does on a real cluster that breaks: `make chaos`, and a short form of it in `make test`.
//!
//! Start reading at [`scene`] (a world under load in which faults happen), [`stage`] (the brokers) and [`proxy`] (the
//! network). [`report`] is the table; each other module is one family of faults.

#![cfg(feature = "cli")]

mod brokers;
mod clock;
mod disk;
mod edits;
mod full;
mod late;
mod load;
mod network;
mod noise;
mod proxy;
mod report;
mod routers;
mod sabotage;
mod scene;
mod segment;
mod stage;
mod team;
mod thieves;
mod topology;
mod venue;
mod verify;
mod watch;

#[path = "../support/mod.rs"]
mod support;
use support::{broker, dice, loud, producer, reader, records, router, strangers, world};
