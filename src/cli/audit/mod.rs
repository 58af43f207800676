//! `onefill audit`: the trail, read from the outside.

use std::fmt;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use rdkafka::error::KafkaError;

use super::{Common, Failure, Status};
use crate::shell::admin::Cluster;
use crate::shell::audit::records::Range;
use crate::shell::config::Config;
use crate::shell::schemas;
use crate::shell::topics::Role;
use crate::shell::trail::Probe;
use crate::wire::schema::Schemas;

mod explain;
mod export;
mod faults;
pub(super) mod limits;
mod recompute;
mod show;
mod verify;

/// Check the audit trail, read it, say why a verdict was given
#[derive(Args, Debug)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand, Debug)]
enum AuditCommand {
    Verify(verify::Verify),
    Show(show::Show),
    Explain(explain::Explain),
    Export(export::Export),
}

impl Audit {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        match &self.command {
            AuditCommand::Verify(verify) => verify.run(common),
            AuditCommand::Show(show) => show.run(common),
            AuditCommand::Explain(explain) => explain.run(common),
            AuditCommand::Export(export) => export.run(common),
        }
    }
}

/// What every command on the trail needs.
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) schemas: Schemas,
    pub(super) probe: Probe,
    cluster: Cluster,
    /// Partitions of the audit topic.
    pub(super) partitions: i32,
}

impl Desk {
    pub(super) fn open(common: &Common) -> Result<Self, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        let schemas = schemas::load(&config)?;
        let cluster = super::connect(&config)?;
        let states = cluster.descriptions_of(&config, &[Role::Audit])?;
        let partitions = super::trails(&config, &states)?;
        let probe = Probe::open(&config)?;
        Ok(Self { config, schemas, probe, cluster, partitions })
    }

    /// The partitions that were named, or all of them.
    fn partitions(&self, named: &[i32]) -> Result<Vec<i32>, Failure> {
        if let Some(wrong) = named.iter().find(|named| !(0..self.partitions).contains(*named)) {
            let message = format!("there is no partition {wrong} of {}", self.config.topics.audit);
            return Err(Failure::usage(message, format!("its partitions are 0 to {}", self.partitions - 1)));
        }
        let all = || (0..self.partitions).collect();
        Ok(if named.is_empty() { all() } else { named.to_vec() })
    }

    /// What the registry did not say may have been taken for a fault.
    fn all_said(&self) -> Result<(), Failure> {
        let remedy = "mend the registry that schemas.registry names, or what this command knows of it";
        let failed =
            |unsaid| Failure::failed(format!("the schema registry did not answer: {unsaid}"), remedy);
        self.schemas.unsaid().map_or(Ok(()), |unsaid| Err(failed(unsaid)))
    }

    /// A bar over the trail of these partitions, on a terminal.
    fn bar(&self, partitions: &[i32], what: &'static str) -> Result<Bar, Failure> {
        let mut length = 0;
        for partition in partitions {
            let Range { start, end, .. } = Range::stable(&self.probe, &self.config.topics.audit, *partition)?;
            length += (end - start).unsigned_abs();
        }
        Ok(Bar::new(length, what))
    }
}

/// Progress over several partitions.
pub(super) struct Bar {
    bar: ProgressBar,
    done: u64,
}

impl Bar {
    pub(super) fn new(length: u64, what: &'static str) -> Self {
        let style = "{msg} {wide_bar} {human_pos} of {human_len}, {rate}, {eta} left";
        let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Where it cannot be written, there is nobody to read it.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style.with_key("rate", rate);
        // Drawn on the standard error, and only where that is a terminal.
        Self { bar: ProgressBar::new(length).with_style(style).with_message(what), done: 0 }
    }

    /// Where the reading of the present partition stands.
    pub(super) fn at(&self, offset: i64) {
        self.bar.set_position(self.done + offset.unsigned_abs());
    }

    /// The present partition is read to here.
    fn next(&mut self, end: i64) {
        self.done += end.unsigned_abs();
        self.bar.set_position(self.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Self::failed(error.to_string(), "see that the brokers answer, `onefill check`, and call it again")
    }
}
