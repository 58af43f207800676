//! `onefill cursor restore`: past a CURSOR_MISMATCH.

use clap::{Args, Subcommand};

use super::recover::{of, partitions, work_on};
use super::{Common, Failure, Status, print};

/// Commit the offsets that a proved trail says
#[derive(Args, Debug)]
pub(super) struct Cursor {
    #[command(subcommand)]
    command: CursorCommand,
}

#[derive(Subcommand, Debug)]
enum CursorCommand {
    /// Make the group's offsets those of the trail, once the trail is proved
    ///
    /// Lanes that halt with CURSOR_MISMATCH have offsets that do not agree with their trail. The
    /// trail is the authority: this reads and proves it, and commits its cursors in a transaction
    /// under the lane's ids. Refused while the group has members.
    Restore {
        /// Only this partition; all that halt so, if left out
        #[arg(long, value_name = "NUMBER")]
        partition: Option<i32>,
    },
}

impl Cursor {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let CursorCommand::Restore { partition } = &self.command;
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        for placement in partitions(&config, *partition)? {
            let lane = placement.partition;
            let bench = work_on(&config, placement).map_err(|failure| of(lane, failure))?;
            if partition.is_none() && bench.verdict().is_ok() {
                print::say(&format!("partition {lane}: trail and offsets agree"));
                continue;
            }
            let cursors = bench.restore_cursor().map_err(|error| of(lane, error))?;
            print::say(&format!(
                "partition {lane}: offsets are now intents {}, executions {}",
                cursors.intents, cursors.executions
            ));
        }
        Ok(Status::Done)
    }
}
