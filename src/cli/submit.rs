//! `onefill submit`: intents out, verdicts back.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::{Common, Failure, Output, Status, print, verdicts};
use crate::core::difference::{Difference, differences};
use crate::core::entry::{Body, Decision, Entry};
use crate::core::verdict::{Reason, Verdict};
use crate::shell::config::Config;
use crate::shell::submit::{
    self, Fill, Format, Input, News, Prepared, Row, Sent, Submission, SubmitError, Tally, fields_of,
    read_rows,
};
use crate::shell::topics::Role;
use crate::shell::{clock, follow};
use crate::wire::Schemas;

/// Publish intents, from flags or from a file; --wait prints each verdict.
///
/// A row without intent_id gets a key (a UUID, version 7), one without created_at the time of now, and
/// a NEW without client_order_id takes its intent_id. All of that is stored in a journal before anything is
/// sent, so that running the same command again after a crash sends the same keys, and nothing is
/// ordered twice: what was decided before is answered DUPLICATE. The journal lies beside the input,
/// as INPUT.onefill-journal, unless --journal names it; for other intents take another file. No
/// intent is sent unless every row is well formed.
///
/// Without a file or --journal the key is printed before the intent is sent: repeat the command
/// with --intent-id to try again safely.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    onefill submit --wait --account A1 --strategy S1 --instrument BTC-USD.SIM --side BUY --order-type LIMIT --qty 2 --price 100\n  \
    onefill submit --wait --type CANCEL --account A1 --strategy S1 --instrument BTC-USD.SIM --order o-17\n  \
    onefill submit --wait intents.csv")]
pub(super) struct Submit {
    /// JSON lines or CSV (by its name's ending), with the field names of the schema; - is the standard input
    #[arg(value_name = "FILE", conflicts_with_all = ["intent_type", "account", "strategy", "instrument", "intent_id", "order",
        "side", "order_type", "qty", "price", "trigger_price", "tif", "fields"])]
    file: Option<PathBuf>,
    /// How the file is written, where its name does not tell
    #[arg(long, value_name = "FORMAT", requires = "file")]
    format: Option<FileFormat>,
    /// Where made keys are stored before they are sent
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Wait for the router, and print its verdicts
    #[arg(long)]
    wait: bool,
    /// Give up when nothing was heard for so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileFormat {
    Json,
    Csv,
}

/// One intent from flags.
#[derive(Args, Debug)]
#[command(next_help_heading = "One intent")]
struct Flags {
    /// NEW, CANCEL or REPLACE [default: NEW]
    #[arg(long = "type", value_name = "TYPE")]
    intent_type: Option<String>,
    /// account_id
    #[arg(long)]
    account: Option<String>,
    /// strategy_id
    #[arg(long)]
    strategy: Option<String>,
    /// instrument_id, SYMBOL.VENUE
    #[arg(long)]
    instrument: Option<String>,
    /// The key, to send an intent again; a new one is made without it
    #[arg(long)]
    intent_id: Option<String>,
    /// client_order_id; of a NEW the intent_id unless given
    #[arg(long)]
    order: Option<String>,
    /// BUY or SELL
    #[arg(long)]
    side: Option<String>,
    /// MARKET, LIMIT, STOP or STOP_LIMIT
    #[arg(long)]
    order_type: Option<String>,
    /// order_qty, the total
    #[arg(long)]
    qty: Option<String>,
    /// price
    #[arg(long, allow_hyphen_values = true)]
    price: Option<String>,
    /// trigger_price
    #[arg(long, allow_hyphen_values = true)]
    trigger_price: Option<String>,
    /// DAY, GTC, IOC, FOK or GTD [default for NEW: DAY]
    #[arg(long)]
    tif: Option<String>,
    /// Any other field of the schema, such as post_only=true or tags.desk=7
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
}

impl Submit {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        let (input, journal) = (self.input()?, self.journal());
        let mut prepared = submit::prepare(input, journal.as_deref())?;
        let partitions = lanes(&config)?;
        let mut report = Report::new(self, &config, &prepared);
        let mut submission = Submission::open(&config, partitions, self.wait)?;
        let mut made = Made { told: self.file.is_none() && journal.is_none() };
        let intents = prepared.intents(&mut made)?;
        let tally = submission.run(intents, Duration::from_secs(self.timeout), &mut |sent, news| {
            report.take(sent, &news);
        })?;
        report.end(self.wait, tally, &submission)
    }

    fn input(&self) -> Result<Input, Failure> {
        let Some(path) = &self.file else {
            let row = Row { name: "flags".into(), line: 1, fields: self.flags.fields()? };
            return Ok(Input::Rows { typed: true, rows: vec![row] });
        };
        let csv = match self.format {
            Some(format) => matches!(format, FileFormat::Csv),
            None => path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")),
        };
        let format = if csv { Format::Csv } else { Format::Json };
        if path.as_os_str() != "-" {
            return Ok(Input::File { path: path.clone(), format });
        }
        let rows: Result<_, _> = read_rows("standard input", format, std::io::stdin().lock()).collect();
        Ok(Input::Rows { typed: false, rows: rows? })
    }

    /// Where keys are stored: beside the file, unless a place is named.
    fn journal(&self) -> Option<PathBuf> {
        let beside = self.file.as_ref().filter(|path| path.as_os_str() != "-");
        let beside = beside.map(|path| PathBuf::from(format!("{}.onefill-journal", path.display())));
        self.journal.clone().or(beside)
    }
}

impl Flags {
    fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let others = self.others()?;
        let other = |name| others.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        // A default stands back for a --field; what a flag says does not, and is then named twice.
        let default = |name, value: &str| other(name).is_none().then(|| value.to_owned());
        let upper = |text: &Option<String>| text.as_ref().map(|text| text.to_uppercase());
        let kind = upper(&self.intent_type).or_else(|| default("intent_type", "NEW"));
        let is_new = kind.as_deref().or_else(|| other("intent_type")) == Some("NEW");
        let tif = upper(&self.tif).or_else(|| default("time_in_force", "DAY").filter(|_| is_new));
        let named = [
            ("intent_type", kind.clone()),
            ("account_id", self.account.clone()),
            ("strategy_id", self.strategy.clone()),
            ("instrument_id", self.instrument.clone()),
            ("intent_id", self.intent_id.clone()),
            ("client_order_id", self.order.clone()),
            ("side", upper(&self.side)),
            ("order_type", upper(&self.order_type)),
            ("order_qty", self.qty.clone()),
            ("price", self.price.clone()),
            ("trigger_price", self.trigger_price.clone()),
            ("time_in_force", tif),
        ];
        let given = named.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        fields_of(given.chain(others.iter().copied()))
            .map_err(|detail| Failure::usage(detail, "nothing was sent: see `onefill submit --help`"))
    }

    /// What --field says.
    fn others(&self) -> Result<Vec<(&str, &str)>, Failure> {
        let wrong = |field: &String| Failure::usage(format!("--field {field} is no NAME=VALUE"), "");
        self.fields.iter().map(|field| field.split_once('=').ok_or_else(|| wrong(field))).collect()
    }
}

/// Makes keys and times.
struct Made {
    /// Whether a made key is told, because nothing else remembers it.
    told: bool,
}

impl Fill for Made {
    fn intent_id(&mut self) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        if self.told {
            eprintln!("key {id}: to try again safely, repeat the command with --intent-id {id}");
        }
        id
    }

    fn created_at(&mut self) -> i64 {
        clock::now().0
    }
}

/// Partitions of `intents`, after a look at whether the topics are there, as far as a strategy may know of them.
pub(super) fn lanes(config: &Config) -> Result<usize, Failure> {
    let states = super::connect(config)?.descriptions_of(config, &[Role::Intents, Role::Audit])?;
    let count = |role| states.get(&role).map(|state| state.partitions.len());
    match (count(Role::Intents), count(Role::Audit)) {
        (Some(lanes), Some(trails)) if lanes == trails => Ok(lanes),
        _ => Err(Failure::failed(
            format!("the topics under {} are not there, or do not belong together", config.prefix),
            "see `onefill check`; `onefill init` creates them",
        )),
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Input { .. } => {
                Self::usage(error.to_string(), "nothing was sent: mend the input and run it again")
            }
            SubmitError::Journal { .. } => Self::usage(error.to_string(), "nothing was sent"),
            SubmitError::Kafka(error) => {
                Self::failed(error.to_string(), "run the same command again: the keys stay the same")
            }
        }
    }
}

/// How many intents are listed with their places when nothing is waited for.
const LISTED_MAX: usize = 50;

/// Shows what becomes of intents: lines of JSON as they come, or a table in the end.
struct Report<'c> {
    config: &'c Config,
    schemas: Schemas,
    output: Output,
    wait: bool,
    /// Whether places are listed: of many intents the sum says enough.
    listed: bool,
    bar: ProgressBar,
    rows: Vec<Shown>,
    verdicts: [usize; 3],
}

/// A row of the table.
struct Shown {
    line: usize,
    cells: Vec<comfy_table::Cell>,
    below: Vec<String>,
}

impl<'c> Report<'c> {
    fn new(submit: &Submit, config: &'c Config, prepared: &Prepared) -> Self {
        if prepared.known > 0 {
            let intents = print::count(prepared.known, "intent");
            eprintln!("{intents} of the journal, with the same keys as before");
        }
        let watched = prepared.count > 1 && std::io::stderr().is_terminal() && submit.output == Output::Text;
        let bar = if watched { ProgressBar::new(prepared.count as u64) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len}  {per_sec}  {eta}") {
            bar.set_style(style);
        }
        let (output, wait) = (submit.output, submit.wait);
        let listed = prepared.count <= LISTED_MAX;
        let (schemas, rows) = (Schemas::compiled(), Vec::new());
        Self { config, schemas, output, wait, listed, bar, rows, verdicts: [0; 3] }
    }

    fn take(&mut self, sent: &Sent, news: &News<'_>) {
        match news {
            News::Published { .. } if self.wait => return,
            News::Published { partition, offset } => self.published(sent, *partition, *offset),
            News::Undelivered(error) => {
                self.row(sent, vec![print::cell(error, print::Tone::Bad)], Vec::new());
            }
            News::Decided { record, entry, decision } => self.decided(sent, record, entry, decision),
        }
        self.bar.inc(1);
    }

    fn published(&mut self, sent: &Sent, partition: i32, offset: i64) {
        match self.output {
            Output::Json => print::say_json(&json!({
                "line": sent.line, "account_id": sent.account_id, "intent_id": sent.intent_id,
                "partition": partition, "offset": offset,
            })),
            Output::Text if self.listed => self.row(sent, vec![partition.into(), offset.into()], Vec::new()),
            Output::Text => {}
        }
    }

    fn decided(
        &mut self,
        sent: &Sent,
        record: &rdkafka::message::OwnedMessage,
        entry: &Entry<'_>,
        decision: &Decision<'_>,
    ) {
        use rdkafka::Message as _;
        let ruling = &decision.ruling;
        self.verdicts[ruling.verdict().index()] += 1;
        let differences = self.differences(record, decision);
        if self.output == Output::Json {
            let shown =
                |one: &Difference| json!({"field": one.field, "first": one.first, "second": one.second});
            let mut line = json!({
                "line": sent.line, "account_id": sent.account_id, "intent_id": sent.intent_id,
                "partition": record.partition(), "offset": decision.input.offset, "seq": entry.seq,
            });
            if let (Value::Object(line), Value::Object(verdict)) = (&mut line, verdicts::to_json(decision)) {
                line.extend(verdict);
                if !differences.is_empty() {
                    line.insert("differences".to_owned(), differences.iter().map(shown).collect());
                }
            }
            print::say_json(&line);
            return;
        }
        let reason = ruling.reason().map_or("", Reason::name);
        let cells = vec![
            verdicts::cell(ruling.verdict()),
            reason.into(),
            format!("{}/{}", record.partition(), entry.seq).into(),
            verdicts::order_id(ruling).map(|id| id.to_string()).unwrap_or_default().into(),
            verdicts::remark(ruling).into(),
        ];
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".to_owned());
        let below = differences
            .iter()
            .map(|one| format!("  {}: was {}, is {}", one.field, text(&one.first), text(&one.second)));
        self.row(sent, cells, below.collect());
    }

    fn row(&mut self, sent: &Sent, more: Vec<comfy_table::Cell>, below: Vec<String>) {
        let mut cells = vec![sent.account_id.as_str().into(), sent.intent_id.as_str().into()];
        cells.extend(more);
        self.rows.push(Shown { line: sent.line, cells, below });
    }

    /// In which fields a conflicting intent differs from the one that was decided.
    fn differences(
        &self,
        record: &rdkafka::message::OwnedMessage,
        decision: &Decision<'_>,
    ) -> Vec<Difference> {
        use rdkafka::Message as _;
        let conflict = decision.ruling.reason() == Some(Reason::IdempotencyKeyConflict);
        let (Some(prior), Some(second), true) =
            (verdicts::prior(&decision.ruling), verdicts::intent(&decision.ruling), conflict)
        else {
            return Vec::new();
        };
        let found = follow::entry_of(self.config, record.partition(), prior.seq, record.offset());
        let first = found.ok().flatten();
        first
            .and_then(|first| {
                submit::decoded(&self.schemas, &first, |entry| match &entry.body {
                    Body::Decision(decided) => Some(differences(verdicts::intent(&decided.ruling)?, second)),
                    _ => None,
                })
            })
            .unwrap_or_default()
    }

    fn end(mut self, wait: bool, tally: Tally, submission: &Submission<'_>) -> Result<Status, Failure> {
        self.bar.finish_and_clear();
        if self.output == Output::Text {
            self.show(wait);
            self.sum_up(wait, tally);
        }
        let unanswered: Vec<&Sent> = submission.unanswered().collect();
        if let Some(first) = unanswered.iter().min_by_key(|sent| sent.line) {
            let verb = if wait { "answered" } else { "confirmed" };
            let message = format!(
                "{} not {verb} in time, first of them line {}, {}/{}",
                print::count(unanswered.len(), "intent"),
                first.line,
                first.account_id,
                first.intent_id
            );
            let remedy =
                "is a router running? `onefill check`; run the same command again: the keys stay the same";
            return Err(Failure::failed(message, remedy));
        }
        Ok(if tally.undelivered > 0 { Status::Failed } else { Status::Done })
    }

    fn show(&mut self, wait: bool) {
        if self.rows.is_empty() {
            return;
        }
        self.rows.sort_by_key(|row| row.line);
        let header: &[&str] = if wait {
            &["ACCOUNT", "INTENT", "VERDICT", "REASON", "ENTRY", "ORDER", ""]
        } else {
            &["ACCOUNT", "INTENT", "PARTITION", "OFFSET"]
        };
        let mut table = print::table(header);
        for row in &mut self.rows {
            table.add_row(std::mem::take(&mut row.cells));
        }
        print::show(&table);
        for row in self.rows.iter().filter(|row| !row.below.is_empty()) {
            print::say(&format!("line {} differs from what its key was decided with:", row.line));
            row.below.iter().for_each(|line| print::say(line));
        }
    }

    fn sum_up(&self, wait: bool, tally: Tally) {
        if tally.sent < 2 {
            return;
        }
        print::say("");
        let counts = Verdict::ALL
            .iter()
            .map(|verdict| (self.verdicts[verdict.index()], verdict.name().to_lowercase()));
        let counts: Vec<_> =
            counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
        let intents = print::count(tally.sent, "intent");
        print::say(&if wait {
            format!("{intents}: {}", counts.join(", "))
        } else {
            format!("{intents}: {} published", tally.published)
        });
    }
}
