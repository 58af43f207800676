//! Sending control records, and showing which lanes have applied them.

use std::time::Duration;

use clap::Args;
use rdkafka::error::KafkaError;
use serde_json::{Value, json};

use crate::cli::{Failure, Output, Status, print, submit, verdicts};
use crate::core::control::ControlResult;
use crate::shell::config::Config;
use crate::shell::instruct::{Applied, Draft, Operation, PrepareError, Ready, Refusal, prepare};

/// What every control command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Answers")]
pub(super) struct Saying {
    /// Wait until every lane has answered, and print what each made of it
    #[arg(long)]
    wait: bool,
    /// Give up waiting after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Who reads the output; JSON has one line a record
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// A record that lies in the log, and what each lane made of it.
struct Said<'r> {
    record: &'r Ready,
    offset: i64,
    lanes: Vec<(i32, Option<Applied>)>,
}

impl Saying {
    /// Sends the records in their order and shows what became of them. `made_id` was made for them,
    /// and is told before anything is sent.
    pub(super) fn say(
        &self,
        config: &Config,
        mut drafts: Vec<Draft>,
        made_id: Option<&str>,
    ) -> Result<Status, Failure> {
        // Before anything is asked of the cluster: a slip shows at once.
        drafts.iter().try_for_each(|draft| draft.ready(i32::MAX).map(drop))?;
        let lanes = submit::lanes(config)?;
        let records = prepare(config, lanes, &mut drafts)?;
        let patience = Duration::from_secs(self.timeout);
        let operation = Operation::open(config, lanes, self.wait).map_err(unasked)?;
        if let Some(id) = made_id {
            eprintln!("command {id}: to try again safely, repeat it with --command-id {id}");
        }
        let mut offsets = Vec::new();
        for record in &records {
            offsets.push(operation.send(record, patience).map_err(|error| unsent(record, &error))?);
        }
        let mut answers = operation.wait(&offsets, patience);
        let lanes = if self.wait { 0..i32::try_from(lanes).unwrap_or(i32::MAX) } else { 0..0 };
        let said: Vec<Said<'_>> = records
            .iter()
            .zip(offsets)
            .map(|(record, offset)| {
                let lanes = lanes.clone().map(|lane| (lane, answers.remove(&(offset, lane)))).collect();
                Said { record, offset, lanes }
            })
            .collect();
        said.iter().for_each(|said| self.show(config, said));
        end(&said)
    }

    fn show(&self, config: &Config, said: &Said<'_>) {
        match self.output {
            Output::Json => print::say_json(&said.to_json()),
            Output::Text => {
                let Said { record: Ready { name, .. }, offset, lanes } = said;
                print::say(&format!("{name} is record {offset} of {}", config.topics.control));
                if !lanes.is_empty() {
                    show_lanes(said);
                }
            }
        }
    }
}

impl Said<'_> {
    /// Whether the lane has applied it, or leaves it to another. A STALE_RESUME of an account counts where that is
    /// traded: an anomaly has tightened its state in that lane alone.
    fn is_good(&self, lane: i32, result: ControlResult) -> bool {
        match result {
            ControlResult::Applied | ControlResult::OtherLane => true,
            ControlResult::StaleResume => self.record.trading_lane.is_some_and(|trading| trading != lane),
            _ => false,
        }
    }

    fn is_done(&self) -> bool {
        self.lanes
            .iter()
            .all(|(lane, applied)| applied.as_ref().is_some_and(|it| self.is_good(*lane, it.result)))
    }

    fn tone(&self, lane: i32, result: ControlResult) -> print::Tone {
        match result {
            _ if self.is_good(lane, result) => print::Tone::Good,
            ControlResult::DuplicateCommand | ControlResult::StaleVersion => print::Tone::Doubtful,
            _ => print::Tone::Bad,
        }
    }

    fn to_json(&self) -> Value {
        let lane = |(lane, applied): &(i32, Option<Applied>)| {
            let applied = applied.as_ref();
            verdicts::present(json!({
                "partition": lane,
                "result": applied.map(|applied| applied.result.name()),
                "seq": applied.map(|applied| applied.seq),
                "detail": applied.and_then(|applied| applied.detail.as_deref()),
            }))
        };
        let mut json = json!({ "record": self.record.name, "id": self.record.key, "offset": self.offset });
        if !self.lanes.is_empty() {
            json["lanes"] = self.lanes.iter().map(lane).collect();
        }
        json
    }
}

fn show_lanes(said: &Said<'_>) {
    let mut table = print::table(&["LANE", "RESULT", "ENTRY", ""]);
    for (lane, applied) in &said.lanes {
        let row = match applied {
            Some(applied) => vec![
                lane.into(),
                print::cell(applied.result, said.tone(*lane, applied.result)),
                applied.seq.into(),
                applied.detail.as_deref().unwrap_or_default().into(),
            ],
            None => vec![lane.into(), print::cell("no answer", print::Tone::Bad)],
        };
        table.add_row(row);
    }
    print::show(&table);
}

/// Done when every lane has applied every record, or leaves it to another. A DUPLICATE_COMMAND is not
/// that: what was answered before may have been something else.
fn end(said: &[Said<'_>]) -> Result<Status, Failure> {
    let answers = || said.iter().flat_map(|said| &said.lanes);
    let mut silent: Vec<i32> =
        answers().filter(|(_, applied)| applied.is_none()).map(|(lane, _)| *lane).collect();
    silent.sort_unstable();
    silent.dedup();
    if !silent.is_empty() {
        let silent: Vec<String> = silent.iter().map(ToString::to_string).collect();
        let message = format!("lane {} did not answer in time", silent.join(", "));
        let remedy = "is a router running? The record is in the log, and every lane applies it when it runs";
        return Err(Failure::failed(message, remedy));
    }
    Ok(if said.iter().all(Said::is_done) { Status::Done } else { Status::Failed })
}

fn unasked(error: KafkaError) -> Failure {
    Failure::failed(error.to_string(), "nothing was sent")
}

fn unsent(record: &Ready, error: &KafkaError) -> Failure {
    let message = format!("{}: {error}", record.name);
    let remedy = format!(
        "it may have arrived all the same: a command is repeated with --command-id {}, anything else as it is",
        record.key
    );
    Failure::failed(message, remedy)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::usage(refusal.to_string(), "nothing was sent")
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Refused(refusal) => refusal.into(),
            PrepareError::Kafka(error) => unasked(error),
            PrepareError::Config(error) => error.into(),
            PrepareError::Registry(unsaid) => {
                let remedy = "mend the registry of schemas.registry, or name the next version yourself";
                Self::failed(format!("control has a record whose schema cannot be had: {unsaid}"), remedy)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::time::Time;
    use crate::shell::instruct::{self, Kind};

    use super::*;

    /// Whether it is done, when the lane that trades its account answers so, and the other one so.
    fn is_done(scope: &str, trading: ControlResult, other: ControlResult) -> bool {
        let fields = json!({
            "command": "RESUME", "command_id": "c-1", "scope_type": scope,
            "scope_id": if scope == "ACCOUNT" { "A1" } else { "" }, "resumes": "anomaly-0-7",
        });
        let Value::Object(fields) = fields else { unreachable!("it is one") };
        let by = instruct::Said { by: "me".to_owned(), reason: Some("mended".to_owned()), at: Time(0) };
        let record = Draft::new(Kind::Command, None, fields, &by).ready(2).expect("a command");
        let lane = record.trading_lane.unwrap_or(0);
        let applied = |result| Some(Applied { result, seq: 7, detail: None });
        let lanes = vec![(lane, applied(trading)), (1 - lane, applied(other))];
        Said { record: &record, offset: 0, lanes }.is_done()
    }

    #[test]
    fn a_resume_of_an_account_is_done_where_it_is_traded() {
        use ControlResult::{Applied, Invalid, StaleResume};
        assert!(is_done("ACCOUNT", Applied, Applied) && is_done("ACCOUNT", Applied, StaleResume));
        assert!(!is_done("ACCOUNT", StaleResume, Applied) && !is_done("ACCOUNT", Applied, Invalid));
        assert!(is_done("GLOBAL", Applied, Applied) && !is_done("GLOBAL", Applied, StaleResume));
    }
}
