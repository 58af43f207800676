//! `onefill init`: the topics, created or checked, and the rights to use them.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::acls::Acls;
use super::{Common, Failure, Output, Status, findings, print, recover};
use crate::shell::admin::Cluster;
use crate::shell::config::{Config, Flag};
use crate::shell::operate::Beginning;
use crate::shell::preflight::{self, Finding, Layout, TopicStates};
use crate::shell::topics::{AuditCleanup, REPLICATION, Role};

/// Create the topics, or check those that exist; grant the rights to use them.
///
/// Makes what is missing and changes nothing that exists: run again, it names every difference
/// between the topics and what they must be, with the command that mends it. With --acls it also
/// grants those who are named the rights that they need, and no others.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// Lanes: partitions of intents, executions, orders and audit. It can never be changed: a wider
    /// router is a new prefix (ONEFILL_PARTITIONS; 4, or as many as there are)
    #[arg(long, value_name = "COUNT")]
    partitions: Option<String>,
    /// Replicas of every partition (ONEFILL_REPLICATION; 3, or 1 with --dev)
    #[arg(long, value_name = "COUNT")]
    replication: Option<String>,
    /// How the audit topic is kept for ever: compacted by policy and never cleaned, or deleted by
    /// policy with unlimited retention, for tiered storage
    #[arg(long, value_name = "POLICY", default_value = "compact")]
    audit_cleanup: Cleanup,
    /// Begin the trails although inputs, outputs or offsets have been used: each lane's first entries
    /// name what was accepted. Lanes whose trail has begun stay as they are; refused where all have, and
    /// beside a running group
    #[arg(long)]
    genesis: bool,
    /// Why, for whoever reads the trails
    #[arg(long, value_name = "TEXT", requires = "genesis", default_value = "init --genesis")]
    reason: String,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    #[command(flatten)]
    acls: Acls,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cleanup {
    Compact,
    Delete,
}

const PARTITIONS: usize = 4;

impl Init {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, self.flags())?;
        super::log(&config, super::QUIET);
        if self.acls.is_dry_run() {
            self.acls.tell(&config, self.output);
            return Ok(Status::Done);
        }
        let replication = replication(&config)?;
        let cluster = super::connect(&config)?;
        let before = cluster.topics(&config)?;
        let layout = self.layout(&config, replication, &before);
        let missing: Vec<Role> = Role::ALL.into_iter().filter(|role| !before.contains_key(role)).collect();
        if !missing.is_empty() {
            enough_brokers(cluster.brokers.len(), replication, config.dev)?;
        }
        for role in &missing {
            cluster.create(&config, *role, layout)?;
        }
        let after = settled(&cluster, &config, (!missing.is_empty()).then_some(layout))?;
        // Fewer replicas than production needs are named, and forgiven with --dev, by `check`;
        // here the topics are measured by what was asked for.
        let found = preflight::topic_findings(&config, &after, layout);
        if self.output == Output::Text {
            show(&after, &missing);
            if !found.is_empty() {
                print::say("");
            }
            findings::show(&found);
        }
        let mut document = json!({
            "created": missing.iter().map(|role| config.topics.name(*role)).collect::<Vec<_>>(),
            "topics": after.values().map(|state| json!({
                "name": state.name, "id": state.id, "partitions": state.partitions.len(),
            })).collect::<Vec<_>>(),
            "findings": findings::to_json(&found),
        });
        let ended = self.go_on(&config, &cluster, &found, &mut document);
        if self.output == Output::Json {
            // What was done is said, although something else was not.
            print::say_json(&document);
        }
        ended
    }

    /// What is asked for besides topics. A person is told at once, a script by what is added to the document.
    fn go_on(
        &self,
        config: &Config,
        cluster: &Cluster,
        found: &[Finding],
        document: &mut Value,
    ) -> Result<Status, Failure> {
        if let Some(acls) = self.acls.grant(config, cluster, self.output)? {
            document["acls"] = acls;
        }
        if !self.genesis || found.iter().any(Finding::refuses) {
            return Ok(findings::status(found));
        }
        let mut trails = Vec::new();
        let begun = self.begin(config, &mut trails);
        document["trails"] = trails.into();
        begun
    }

    fn begin(&self, config: &Config, trails: &mut Vec<Value>) -> Result<Status, Failure> {
        let (mut begun, mut due) = (Vec::new(), Vec::new());
        // All are looked at before the first is written: what cannot be done is not half done.
        for placement in recover::partitions(config, None)? {
            let partition = placement.partition;
            let bench =
                recover::work_on(config, placement).map_err(|failure| recover::of(partition, failure))?;
            match bench.beginning().map_err(|error| recover::of(partition, error))? {
                Beginning::Made { entries } => begun.push((partition, entries)),
                Beginning::Due(entries) => due.push((partition, entries)),
            }
        }
        if due.is_empty()
            && let Some((partition, entries)) = begun.first()
        {
            let message =
                format!("every trail has begun: that of partition {partition} has {entries} entries");
            return Err(Failure { status: Status::Refused, message, remedy: String::new() });
        }
        for (partition, entries) in begun {
            trails.push(json!({ "partition": partition, "entries": entries }));
            if self.output == Output::Text {
                print::say(&format!(
                    "partition {partition}: the trail has {entries} entries, and stays as it is"
                ));
            }
        }
        for (partition, first) in due {
            let accepted = first.write(&self.reason).map_err(|error| recover::of(partition, error))?;
            let codes: Vec<&str> = accepted.iter().map(|code| code.name()).collect();
            self.say_begun(partition, &codes);
            trails.push(json!({ "partition": partition, "accepted": codes }));
        }
        Ok(Status::Done)
    }

    fn say_begun(&self, partition: i32, codes: &[&str]) {
        if self.output == Output::Text {
            let besides = if codes.is_empty() {
                String::new()
            } else {
                format!(", with {} accepted", codes.join(", "))
            };
            print::say(&format!("partition {partition}: the trail begins{besides}"));
        }
    }

    fn flags(&self) -> Vec<Flag> {
        let flag = |name, key, value: &Option<String>| value.clone().map(|value| Flag { name, key, value });
        let partitions = flag("--partitions", "partitions", &self.partitions);
        partitions.into_iter().chain(flag("--replication", "replication", &self.replication)).collect()
    }

    fn layout(&self, config: &Config, replication: i32, before: &TopicStates) -> Layout {
        let existing = before.get(&Role::Intents).map(|state| state.partitions.len());
        let lanes = config.partitions.map(usize::from).or(existing).unwrap_or(PARTITIONS);
        let audit_cleanup = match self.audit_cleanup {
            Cleanup::Compact => AuditCleanup::Compact,
            Cleanup::Delete => AuditCleanup::Delete,
        };
        Layout { lanes: Some(lanes), replication, audit_cleanup: Some(audit_cleanup) }
    }
}

fn replication(config: &Config) -> Result<i32, Failure> {
    let replication = config.replication.map_or(if config.dev { 1 } else { REPLICATION }, i32::from);
    if replication < REPLICATION && !config.dev {
        let message = format!("replication {replication} can lose the trail with one broken disk");
        let remedy = format!("use {REPLICATION} or more, or --dev to try things out");
        return Err(Failure::usage(message, remedy));
    }
    Ok(replication)
}

fn enough_brokers(brokers: usize, replicas: i32, dev: bool) -> Result<(), Failure> {
    if brokers >= replicas as usize {
        return Ok(());
    }
    let message = format!("{replicas} replicas need {replicas} brokers, and the cluster has {brokers}");
    let remedy = if dev {
        "add brokers, or set the replication to 1"
    } else {
        "add brokers; on a development cluster, --dev asks for one replica"
    };
    Err(Failure { status: Status::Refused, message, remedy: remedy.to_owned() })
}

/// The topics, once all of them are known and led. Those that were just made in this layout take a moment to
/// spread, with their settings and replicas: until then a difference is none yet.
fn settled(cluster: &Cluster, config: &Config, made: Option<Layout>) -> Result<TopicStates, Failure> {
    const TRIES: usize = 50;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
    let mut states = cluster.topics(config)?;
    for _ in 0..TRIES {
        let led = |states: &TopicStates| {
            states.values().flat_map(|state| &state.partitions).all(|partition| partition.leader.is_some())
        };
        let differs = |states| {
            let found = made.map(|layout| preflight::topic_findings(config, states, layout));
            found.is_some_and(|found| found.iter().any(Finding::refuses))
        };
        if states.len() == Role::ALL.len() && led(&states) && !differs(&states) {
            break;
        }
        std::thread::sleep(PAUSE);
        states = cluster.topics(config)?;
    }
    Ok(states)
}

fn show(states: &TopicStates, created: &[Role]) {
    let mut table = print::table(&["TOPIC", "PARTITIONS", "REPLICATION", "CLEANUP", ""]);
    for (role, state) in states {
        let replicas = state.partitions.iter().map(|partition| partition.replicas.len()).min().unwrap_or(0);
        let cleanup = state.settings.get("cleanup.policy").map_or("", String::as_str);
        table.add_row(vec![
            state.name.as_str().into(),
            state.partitions.len().into(),
            replicas.into(),
            cleanup.into(),
            print::made_or_there(created.contains(role)),
        ]);
    }
    print::show(&table);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_brokers_are_said_with_what_is_left_to_do() {
        let remedy = |dev| enough_brokers(1, 3, dev).unwrap_err().remedy;
        assert!(remedy(false).contains("--dev asks for one replica"));
        assert_eq!(remedy(true), "add brokers, or set the replication to 1");
        assert_eq!((enough_brokers(1, 1, true), enough_brokers(3, 3, false)), (Ok(()), Ok(())));
    }
}
