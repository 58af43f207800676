//! Everything that `onefill check` says: preflight, what each lane will find, what is odd about limits.

use super::admin::Cluster;
use super::config::Config;
use super::evidence;
use super::lint;
use super::preflight::{self, Finding, TopicStates};
use super::survey::{Patience, Survey, view_lanes};
use super::topics::Role;
use super::trail::ReadError;
use crate::wire::schema::Schemas;

/// What was looked at, and what was found.
pub struct Checked {
    /// The topics that are there.
    pub topics: TopicStates,
    /// Every finding: of the cluster, then of the lanes, then of the limits.
    pub findings: Vec<Finding>,
}

/// Looks at what a router looks at before it starts, and at no more. It changes nothing, and what it could not look
/// at is a finding.
pub fn before_start(cluster: &Cluster, config: &Config) -> Checked {
    let survey = Survey::take(cluster, config, Patience::once());
    let findings = preflight::findings(config, &survey);
    Checked { topics: survey.topics, findings }
}

/// Looks at everything. It changes nothing, and what it could not look at is a finding.
pub fn check(cluster: &Cluster, config: &Config, schemas: &Schemas) -> Checked {
    let patience = Patience::once();
    let mut survey = Survey::take(cluster, config, patience);
    let lanes = view_lanes(cluster, config, schemas, patience, &mut survey);
    let mut lints = Vec::new();
    let readable = [Role::Control, Role::Prices].map(|role| survey.may_read(config.topics.name(role)));
    if let Err(unsaid) = schemas.reach_registry() {
        survey.unsaid("the schema registry", unsaid.to_string());
    } else if readable == [true; 2] {
        match lint::findings(config, schemas, &survey.topics) {
            Ok(found) => lints = found,
            Err(ReadError::Kafka(error)) => survey.unanswered("control and prices, to their ends", &error),
            Err(ReadError::Refused(unsaid)) => survey.unsaid("the schema registry", unsaid.to_string()),
        }
    }
    let mut findings = preflight::findings(config, &survey);
    let topology = evidence::topology(config, &survey.topics);
    findings.extend(preflight::lane_findings(config, &topology, &lanes));
    findings.extend(lints);
    Checked { topics: survey.topics, findings }
}
