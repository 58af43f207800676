//! Topics, instruments and limits, made before anybody plays.

use std::time::Duration;

use rdkafka::producer::DefaultProducerContext;
use serde_json::{Map, Value, json};

use super::limits::fields;
use super::plan::{INSTRUMENTS, PARTITIONS, Plan};
use super::{Fault, operator};
use crate::shell::admin::Cluster;
use crate::shell::client;
use crate::shell::config::Config;
use crate::shell::librdkafka::Polled;
use crate::shell::preflight::Layout;
use crate::shell::topics::{AuditCleanup, Role};

/// How long the cluster may take for each answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A producer that sends by itself.
pub type Publisher = Polled<DefaultProducerContext>;

/// Makes the topics of this run, and puts its instruments and limits on `control`.
///
/// # Errors
/// When the cluster does not answer, or refuses.
pub fn set(plan: &Plan) -> Result<(), Fault> {
    let cluster = Cluster::connect(&plan.config, PATIENCE, PATIENCE)?;
    let layout = Layout {
        lanes: Some(PARTITIONS as usize),
        replication: 1,
        audit_cleanup: Some(AuditCleanup::Compact),
    };
    for role in Role::ALL {
        cluster.create(&plan.config, role, layout)?;
    }
    for role in [Role::Orders, Role::Executions] {
        cluster.create(&plan.naive, role, layout)?;
    }
    operator::set_up(plan, INSTRUMENTS.map(|(name, _)| instrument(name)).into())
}

/// A producer for a player of the demo.
///
/// # Errors
/// A configuration that librdkafka refuses.
pub fn publisher(config: &Config, linger_ms: u64) -> Result<Publisher, Fault> {
    let mut client = client::publisher(config)?;
    Ok(client.set("linger.ms", linger_ms.to_string()).create_with_context(DefaultProducerContext)?)
}

/// The instrument of that name, by the names of the schema.
fn instrument(name: &str) -> Map<String, Value> {
    fields(json!({ "instrument_id": name, "currency": "USD", "tick_size": "0.01", "lot_size": "1" }))
}
