//! The only code that touches Kafka, time, the network and the disk.
//!
//! It makes no decision of the business: it creates no reason and compares no amounts. Start with
//! [`router`], the process; [`membership`] owns partitions, each with a [`lane`] of its own, which
//! reads by its [`source`], writes [`transaction`]s to its [`sink`], and before that restores its
//! [`trail`] and gathers [`evidence`]. [`http`] shows the lanes' [`status`], the threads'
//! [`heartbeat`]s and the [`metrics`]. Beside the lanes [`prices`] are read, [`freshness`] watches the
//! end of control, [`renewal`] the certificates, and the [`observer`] measures what waits. [`topics`], [`config`] and [`client`] say
//! how.

pub mod admin;
pub mod arrival;
pub mod audit;
pub mod check;
pub mod checkpoint;
pub mod client;
pub mod clock;
mod closest;
pub mod config;
pub mod courier;
pub mod cursor;
pub mod evidence;
pub mod failure;
pub mod follow;
pub mod freshness;
pub mod heard;
pub mod heartbeat;
pub mod http;
pub mod instruct;
pub mod lane;
pub mod librdkafka;
pub mod lint;
pub mod log_events;
pub mod membership;
pub mod metrics;
pub mod observer;
pub mod operate;
pub mod outcome;
pub mod ownership;
pub mod pages;
mod peek;
pub mod preflight;
pub mod prices;
pub mod publish;
mod registry;
pub mod renewal;
pub mod restore;
pub mod risk;
pub mod router;
pub mod schemas;
pub mod sink;
pub mod source;
pub mod standing;
pub mod status;
pub mod submit;
pub mod survey;
pub mod topics;
pub mod topology;
pub mod trail;
pub mod transaction;
pub mod watch;
pub mod watchdog;
pub mod worker;

pub use closest::closest;
