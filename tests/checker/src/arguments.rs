//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

const NOT_CHECKED: &str = "\
Exit status: 0 every guarantee holds, 5 some guarantee is broken, 1 it could not be checked, 2 usage.

Not checked, because it cannot be recomputed from the topics and the contract alone:
  - ledger_hash of an opening: its canonical form is the router's
  - whether the router stopped while something was in doubt, but for what that left in the topics; real time
  - check 9: an overflow is taken as recorded
  - whether a price was the newest; prices that the compacted topic has no more are taken as recorded
  - EXECUTION_UNAPPLIED of corrections, of what contradicts its order, of more than 10^15 lots
  - why the bytes of a control record were unreadable
  - intents and reports of a schema that is not published: taken as recorded
  - detail, scope, fix_reason, and the numbers in failed_checks
  - records that retention removed, and losses that a RECOVERY entry accepted";

/// Check the promises of onefill on the topics alone, sharing no code with the router.
#[derive(Debug, Parser)]
#[command(name = "onefill-checker", version, after_help = NOT_CHECKED)]
pub struct Arguments {
    /// Brokers.
    #[arg(long, value_name = "HOST:PORT")]
    pub bootstrap: String,
    /// What the names of the topics begin with.
    #[arg(long)]
    pub prefix: String,
    /// The router's consumer group; <PREFIX>router if it is not named.
    #[arg(long)]
    group: Option<String>,
    /// What was sent and acknowledged: JSON lines {"topic":"intents|executions|control","partition":P,"offset":O,
    /// "account_id":…,"intent_id":…}.
    #[arg(long, value_name = "FILE")]
    pub sent: Option<PathBuf>,
    /// Partitions whose lanes are halted at the end: what they have not answered behind their cursor is no loss.
    #[arg(long, value_name = "P,P…", value_delimiter = ',')]
    pub expect_halted: Vec<i32>,
    /// How long to wait for the topics to become stable and quiet and the inputs to be answered, in seconds. What is
    /// then not answered is judged so; what is not stable cannot be checked.
    #[arg(long, value_name = "N", default_value_t = 60)]
    wait_s: u64,
    /// For people or for scripts.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Table,
    Json,
}

impl Arguments {
    pub fn group(&self) -> String {
        self.group.clone().unwrap_or_else(|| format!("{}router", self.prefix))
    }

    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.wait_s)
    }
}

#[test]
fn the_group_is_the_prefix_with_router_unless_it_is_named() {
    let parse = |more: &[&str]| {
        let given = ["onefill-checker", "--bootstrap", "a:1", "--prefix", "x."];
        Arguments::try_parse_from(given.iter().chain(more))
            .map(|parsed| (parsed.group(), parsed.expect_halted))
    };
    assert_eq!(parse(&[]).unwrap(), ("x.router".to_owned(), vec![]));
    assert_eq!(parse(&["--group", "g", "--expect-halted", "0,2"]).unwrap(), ("g".to_owned(), vec![0, 2]));
    assert!(parse(&["--wait-s", "soon"]).is_err() && parse(&["--output", "xml"]).is_err());
}
