//! Checks the promises of onefill on the topics alone, by the published schemas and the contract.
//!
//! It shares no code with the router, so that a mistake of the router cannot hide in it. It reads every topic to its
//! end, believes nothing that a router says of itself, and changes nothing. Start at `checks`, one file for each thing
//! that must hold; `model` recomputes what needs the whole history. `tests/checker/README.md` says what is checked,
//! and what not.

mod arguments;
mod avro;
mod checks;
mod fingerprint;
mod identity;
mod intent;
mod kafka;
mod lane;
mod log;
mod model;
mod number;
mod output;
mod report;
mod same;
#[cfg(test)]
mod world;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Output};
use report::Report;

const UNCHECKED: u8 = 1;
const BROKEN: u8 = 5;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match checked(&arguments) {
        Ok(report) => {
            let text = match arguments.output {
                Output::Table => output::table(&report),
                Output::Json => format!("{:#}\n", output::json(&report)),
            };
            // A reader that closed the pipe has seen enough; the exit status says the rest.
            drop(io::stdout().write_all(text.as_bytes()));
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
        }
        Err(problem) => {
            eprintln!("error: it could not be checked: {problem}");
            ExitCode::from(UNCHECKED)
        }
    }
}

fn checked(arguments: &Arguments) -> Result<Report, String> {
    let sent = match &arguments.sent {
        None => Vec::new(),
        Some(path) => {
            let named = |problem: String| format!("{}: {problem}", path.display());
            let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
            checks::sent::parse(&text).map_err(named)?
        }
    };
    let source = kafka::Source {
        bootstrap: arguments.bootstrap.clone(),
        prefix: arguments.prefix.clone(),
        group: arguments.group(),
        halted: arguments.expect_halted.clone(),
        patience: arguments.patience(),
    };
    let log = kafka::read(&source)?;
    Ok(checks::check(&log, &arguments.expect_halted, &sent))
}
