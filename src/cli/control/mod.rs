//! `onefill control …`: what operators say to every lane. One file per subcommand.

use std::time::Duration;

use clap::{Args, Subcommand};
use rdkafka::error::KafkaError;
use serde_json::json;

use super::{Common, Failure, Output, Status, print, submit, verdicts};
use crate::core::control::{ControlRecord, ControlResult};
use crate::shell::config::Config;
use crate::shell::instruct::{Applied, Operation};

mod instrument;

/// Say something to every lane; --wait says which lanes have applied it.
#[derive(Args, Debug)]
pub(super) struct Control {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Instrument(instrument::Instrument),
}

/// What every control command takes.
#[derive(Args, Debug)]
struct Saying {
    /// Wait until every lane has answered, and print what each made of it
    #[arg(long)]
    wait: bool,
    /// Give up waiting after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

impl Control {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        match &self.what {
            What::Instrument(instrument) => instrument.run(&config),
        }
    }
}

fn unsent(error: KafkaError) -> Failure {
    Failure::failed(error.to_string(), "it may have arrived all the same; running it again does no harm")
}

impl Saying {
    /// Sends the record and shows what became of it; `what` names it.
    fn say(&self, config: &Config, what: &str, record: &ControlRecord<'_>) -> Result<Status, Failure> {
        let lanes = submit::lanes(config)?;
        let patience = Duration::from_secs(self.timeout);
        let operation = Operation::open(config, lanes, self.wait).map_err(unsent)?;
        let offset = operation.send(record, patience).map_err(unsent)?;
        if !self.wait {
            match self.output {
                Output::Json => print::say_json(&json!({"record": what, "offset": offset})),
                Output::Text => {
                    print::say(&format!("{what} is record {offset} of {}", config.topics.control));
                }
            }
            return Ok(Status::Done);
        }
        let answers = operation.wait(offset, patience);
        let lanes = 0..i32::try_from(lanes).unwrap_or(i32::MAX);
        let all: Vec<_> = lanes.map(|lane| (lane, answers.get(&lane))).collect();
        match self.output {
            Output::Json => print::say_json(&json!({
                "record": what,
                "offset": offset,
                "lanes": all.iter().map(|(lane, applied)| verdicts::present(json!({
                    "partition": lane,
                    "result": applied.map(|applied| applied.result.name()),
                    "seq": applied.map(|applied| applied.seq),
                    "detail": applied.and_then(|applied| applied.detail.as_deref()),
                }))).collect::<Vec<_>>(),
            })),
            Output::Text => show(&all),
        }
        end(&all)
    }
}

fn show(lanes: &[(i32, Option<&Applied>)]) {
    let mut table = print::table(&["LANE", "RESULT", "ENTRY", ""]);
    for (lane, applied) in lanes {
        let row = match applied {
            Some(applied) => vec![
                lane.into(),
                print::cell(applied.result, tone(applied.result)),
                applied.seq.into(),
                applied.detail.as_deref().unwrap_or_default().into(),
            ],
            None => vec![lane.into(), print::cell("no answer", print::Tone::Bad)],
        };
        table.add_row(row);
    }
    print::show(&table);
}

const fn tone(result: ControlResult) -> print::Tone {
    match result {
        ControlResult::Applied | ControlResult::OtherLane => print::Tone::Good,
        ControlResult::DuplicateCommand | ControlResult::StaleVersion => print::Tone::Doubtful,
        ControlResult::StaleResume | ControlResult::ImmutableField => print::Tone::Bad,
        ControlResult::NotFound | ControlResult::Invalid => print::Tone::Bad,
    }
}

/// Done when every lane has applied it, or leaves it to another.
fn end(lanes: &[(i32, Option<&Applied>)]) -> Result<Status, Failure> {
    let silent: Vec<String> =
        lanes.iter().filter(|(_, applied)| applied.is_none()).map(|(lane, _)| lane.to_string()).collect();
    if !silent.is_empty() {
        let message = format!("lane {} did not answer in time", silent.join(", "));
        let remedy = "is a router running? The record is in the log, and every lane applies it when it runs";
        return Err(Failure::failed(message, remedy));
    }
    let taken = |applied: &Applied| {
        matches!(
            applied.result,
            ControlResult::Applied | ControlResult::OtherLane | ControlResult::DuplicateCommand
        )
    };
    let all = lanes.iter().filter_map(|(_, applied)| *applied).all(taken);
    Ok(if all { Status::Done } else { Status::Failed })
}
