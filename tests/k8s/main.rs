//! What a cluster does to the pods of a router, on a real Kubernetes with a real Kafka beside it: `make e2e-k8s`.
//!
//! Start reading at [`scene`] (a release under load to which things happen), [`release`] (the chart, installed) and
//! [`pod`] (its processes). [`rollouts`], [`pods`] and [`restores`] are what happens;
//! [`values`] is what the API says of the chart. The cluster is `dev/k8s/cluster`'s:
//! without one, these tests are ignored.

#![cfg(feature = "cli")]

mod cluster;
mod logs;
mod pod;
mod pods;
mod release;
mod restores;
mod rollouts;
mod scene;
mod values;

#[path = "../chaos/load.rs"]
#[allow(dead_code, reason = "the fault suite uses more of it")]
mod load;
#[path = "../chaos/report.rs"]
#[allow(dead_code, reason = "the fault suite uses more of it")]
mod report;
#[path = "../chaos/venue.rs"]
mod venue;
#[path = "../chaos/verify.rs"]
mod verify;
#[path = "../chaos/watch.rs"]
#[allow(dead_code, reason = "the fault suite uses more of it")]
mod watch;

#[path = "../support/mod.rs"]
mod support;
use support::{broker, dice, reader, records, world};
