//! `onefill recover`: past INPUT_LOST and OUTPUT_MISMATCH, on the record.

use clap::{Args, ValueEnum};

use super::{Common, Failure, Status, print};
use crate::core::halt::HaltCode;
use crate::core::ledger::Placement;
use crate::shell::config::Config;
use crate::shell::operate::{Bench, OperateError};
use crate::shell::preflight::TopicStates;
use crate::shell::schemas;
use crate::shell::topics::Role;

/// Accept a loss that a lane halted for, and say so in the trail
///
/// Writes a RECOVERY entry with the code and your reason, in a transaction under the lane's ids.
/// Refused while the group has members, and where the lane halts for anything else.
#[derive(Args, Debug)]
pub(super) struct Recover {
    /// The lane
    #[arg(long, value_name = "NUMBER")]
    partition: i32,
    /// What is accepted
    #[arg(long, value_name = "CODE")]
    accept: Accept,
    /// Why, for whoever reads the trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
enum Accept {
    /// Records after the cursor are gone: go on behind them
    InputLost,
    /// The orders topic does not end as the trail says: go on from the trail
    OutputMismatch,
}

impl Recover {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        if self.reason.trim().is_empty() {
            return Err(Failure::usage(
                "--reason is empty",
                "say why this loss is accepted: it stays in the trail",
            ));
        }
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        let code = match self.accept {
            Accept::InputLost => HaltCode::InputLost,
            Accept::OutputMismatch => HaltCode::OutputMismatch,
        };
        for placement in partitions(&config, Some(self.partition))? {
            let cursors = work_on(&config, placement)?.recover(code, &self.reason)?;
            print::say(&format!(
                "partition {}: {code} is accepted; it goes on at intents {}, executions {}",
                placement.partition, cursors.intents, cursors.executions
            ));
        }
        Ok(Status::Done)
    }
}

/// The lanes: all, or the one that was named.
pub(super) fn partitions(config: &Config, named: Option<i32>) -> Result<Vec<Placement>, Failure> {
    let states = super::connect(config)?.descriptions_of(config, &[Role::Audit])?;
    placements(config, &states, named)
}

fn placements(config: &Config, states: &TopicStates, named: Option<i32>) -> Result<Vec<Placement>, Failure> {
    let count = super::trails(config, states)?;
    match named {
        None => Ok((0..count).map(|partition| Placement { partition, count }).collect()),
        Some(partition) if (0..count).contains(&partition) => Ok(vec![Placement { partition, count }]),
        Some(partition) => {
            let message = format!("there is no partition {partition} of {}", config.topics.audit);
            Err(Failure::usage(message, format!("its partitions are 0 to {}", count - 1)))
        }
    }
}

/// The lane, fenced and looked at.
pub(super) fn work_on(config: &Config, placement: Placement) -> Result<Bench<'_>, Failure> {
    Ok(Bench::open(config, &schemas::load(config)?, placement)?)
}

/// What became of a partition's trail.
pub(super) fn of(partition: i32, failure: impl Into<Failure>) -> Failure {
    let failure = failure.into();
    Failure { message: format!("partition {partition}: {}", failure.message), ..failure }
}

impl From<OperateError> for Failure {
    fn from(error: OperateError) -> Self {
        let (status, remedy) = match &error {
            OperateError::Kafka(_) | OperateError::Cluster(_) => (Status::Failed, String::new()),
            OperateError::Running { .. } | OperateError::Needless(_) => (Status::Refused, String::new()),
            OperateError::Halted(halt) => {
                (Status::Halted, format!("`onefill explain {}` says what to do", halt.code))
            }
            OperateError::NotCommitted(_) => (Status::Failed, String::new()),
        };
        Self { status, message: error.to_string(), remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_trail_there_is_no_partition_to_name() {
        for named in [None, Some(3)] {
            let failure = placements(&Config::default(), &TopicStates::new(), named).unwrap_err();
            assert_eq!(
                (failure.status, &*failure.message),
                (Status::Failed, "there is no topic onefill.audit")
            );
        }
    }
}
