//! The answer of `/status`: who this process is, and how its lanes stand.

use serde::Serialize;

use crate::shell::config::Config;
use crate::shell::metrics::recent::DecisionView;
use crate::shell::status::LaneView;

/// The whole answer. `schemas/status.schema.json` describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Who this process is, in the trail.
    pub router_id: String,
    /// Version of the program.
    pub version: &'static str,
    /// The consumer group.
    pub group: String,
    /// The static member that it is; null for none.
    pub instance_id: Option<String>,
    /// The lanes that it owns, by partition.
    pub lanes: Vec<LaneView>,
    /// The last decisions of this process, newest first; of rejections and of all others as many.
    pub decisions: Vec<DecisionView>,
}

impl Page {
    /// The answer for these lanes, after these decisions.
    pub fn of(config: &Config, lanes: Vec<LaneView>, decisions: Vec<DecisionView>) -> Self {
        Self {
            router_id: config.router_id.clone(),
            version: env!("CARGO_PKG_VERSION"),
            group: config.group.clone(),
            instance_id: config.instance_id.clone(),
            lanes,
            decisions,
        }
    }
}
