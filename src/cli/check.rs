//! `onefill check`: preflight, before money depends on the cluster.

use clap::Args;
use serde_json::json;

use super::{Common, Failure, Output, Status, findings, print};
use crate::shell::admin::Cluster;
use crate::shell::check::{Checked, before_start, check};
use crate::shell::config::Config;
use crate::shell::preflight::{Finding, TopicStates};
use crate::shell::schemas;
use crate::shell::topics::Role;

/// Check the cluster, the topics, the rights, the clock, each lane, and what is odd about limits.
///
/// Prints every finding with its remedy, and exits with 3 if one of them is a fault. What is odd
/// about limits, prices and trading states is a warning or a note, never a fault. With --dev, what a
/// development cluster cannot have is forgiven, and shown under its name as waived.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,

    /// Only what `run` looks at before it starts: no single lane, whose fault stops no other, and no limits
    #[arg(long)]
    start: bool,
}

impl Check {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        let cluster = super::connect(&config)?;
        let schemas = schemas::load(&config)?;
        let checked =
            if self.start { before_start(&cluster, &config) } else { check(&cluster, &config, &schemas) };
        let Checked { topics: states, findings: found } = checked;
        match self.output {
            Output::Json => print::say_json(&json!({
                "bootstrap": config.bootstrap,
                "brokers": cluster.brokers.keys().collect::<Vec<_>>(),
                "topics": states.values().map(|state| &state.name).collect::<Vec<_>>(),
                "waived": findings::waived(&found),
                "findings": findings::to_json(&found),
            })),
            Output::Text => show(&config, &cluster, &states, &found),
        }
        Ok(findings::status(&found))
    }
}

fn show(config: &Config, cluster: &Cluster, states: &TopicStates, found: &[Finding]) {
    let lanes = states.get(&Role::Intents).map_or(0, |state| state.partitions.len());
    let topics = format!("{} of {}", states.len(), print::count(Role::ALL.len(), "topic"));
    let brokers = print::count(cluster.brokers.len(), "broker");
    print::say(&format!(
        "{}: {brokers}, {topics} under {}, {}",
        config.bootstrap,
        config.prefix,
        print::count(lanes, "lane")
    ));
    if !found.is_empty() {
        print::say("");
    }
    findings::show(found);
    let faults = found.iter().filter(|finding| finding.refuses()).count();
    let waived = found.iter().filter(|finding| finding.waived).count();
    print::say("");
    print::say(&match (faults, waived) {
        (0, 0) => print::toned("ready", print::Tone::Good),
        (0, waived) => print::toned(
            &format!("ready for development: {} waived", print::count(waived, "finding")),
            print::Tone::Good,
        ),
        (faults, _) => {
            print::toned(&format!("not ready: {}", print::count(faults, "fault")), print::Tone::Bad)
        }
    });
}
