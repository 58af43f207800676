//! `onefill audit show`: the trail as a list, one line an entry.

use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::Desk;
use crate::cli::print::{self, Tone};
use crate::cli::{Common, Failure, Output, Status};
use crate::core::entry::EntryKind;
use crate::core::verdict::Verdict;
use crate::shell::audit::find::{Filter, Record, Search};
use crate::shell::audit::records::Records;
use crate::shell::audit::summary::summary;
use crate::shell::closest;
use crate::wire::json::to_json;
use crate::wire::schema::RecordType;

/// How often a followed trail is looked at again.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);

/// Show entries of the trail, one line each
#[derive(Args, Debug)]
pub(super) struct Show {
    /// Only this partition; may be given more than once
    #[arg(long, value_name = "NUMBER")]
    partition: Vec<i32>,
    #[command(flatten)]
    wanted: Wanted,
    /// Only the last entries of each partition
    #[arg(long, value_name = "COUNT", conflicts_with = "from")]
    last: Option<usize>,
    /// Go on with new entries until interrupted
    #[arg(long, conflicts_with = "to")]
    follow: bool,
    /// Who reads the output; JSON has whole entries, one a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// Which entries are wanted.
#[derive(Args, Debug)]
pub(super) struct Wanted {
    /// From this number on
    #[arg(long, value_name = "SEQ")]
    from: Option<u64>,
    /// Up to this number
    #[arg(long, value_name = "SEQ")]
    to: Option<u64>,
    /// Only of this account
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Only of this kind, such as DECISION or CONTROL; may be given more than once
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Only with this verdict: ACCEPTED, REJECTED, DUPLICATE; may be given more than once
    #[arg(long, value_name = "VERDICT")]
    verdict: Vec<String>,
}

impl Wanted {
    fn filter(&self) -> Result<Filter, Failure> {
        let kinds = EntryKind::ALL.iter().map(|kind| kind.name());
        let verdicts = Verdict::ALL.iter().map(|verdict| verdict.name());
        Ok(Filter {
            from: self.from,
            to: self.to,
            account: self.account.clone(),
            kinds: parse_all("--kind", &self.kind, EntryKind::parse, kinds)?,
            verdicts: parse_all("--verdict", &self.verdict, Verdict::parse, verdicts)?,
        })
    }
}

fn parse_all<T>(
    flag: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Option<T>,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Result<Vec<T>, Failure> {
    let one = |text: &String| {
        let name = text.to_uppercase().replace('-', "_");
        parse(&name).ok_or_else(|| {
            let close = closest(&name, known.clone().map(str::to_owned));
            let known = known.clone().collect::<Vec<_>>().join(", ");
            let meant = close.map(|close| format!("did you mean {close}? ")).unwrap_or_default();
            Failure::usage(format!("{flag} {text} is not known"), format!("{meant}one of {known}"))
        })
    };
    texts.iter().map(one).collect()
}

impl Show {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let filter = self.wanted.filter()?;
        let desk = Desk::open(common)?;
        let partitions = desk.partitions(&self.partition)?;
        let mut page = Page { output: self.output, widths: WIDTHS, is_begun: false };
        let mut ends = Vec::new();
        for partition in partitions {
            let search = Search::new(&desk.config, &desk.schemas, &desk.probe, partition)?;
            match self.last {
                Some(count) => search.last(&filter, count)?.iter().for_each(|record| page.print(record)),
                None => search.each(&filter, &mut |_| {}, &mut |record| {
                    page.print(&record);
                    true
                })?,
            }
            ends.push((partition, search.range.end));
        }
        if self.follow {
            follow(&desk, &filter, &ends, &mut page)?;
        }
        Ok(Status::Done)
    }
}

fn follow(desk: &Desk, filter: &Filter, ends: &[(i32, i64)], page: &mut Page) -> Result<(), Failure> {
    let topic = &desk.config.topics.audit;
    let open =
        |(partition, end): &(i32, i64)| Records::open(&desk.config, topic, *partition, (*end, i64::MAX));
    let readers = ends.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    loop {
        let mut heard = false;
        for reader in &readers {
            while let Some(message) = reader.poll(Duration::ZERO)? {
                heard = true;
                let record = Record::of(&desk.schemas, &message);
                if record.entry().map_or(true, |entry| filter.takes(&entry)) {
                    page.print(&record);
                }
            }
        }
        if !heard {
            thread::sleep(FOLLOW_EVERY);
        }
    }
}

/// Widths of the columns but the last: a list that grows cannot know its longest cell. A column
/// becomes wider when it has to.
const WIDTHS: [usize; 8] = [4, 6, 24, 12, 24, 9, 20, 32];
const HEADER: [&str; 9] =
    ["PART", "SEQ", "TIME", "KIND", "ACCOUNT/INTENT", "VERDICT", "REASON", "ORDER", "WHAT"];

/// The list, as far as it is printed.
struct Page {
    output: Output,
    widths: [usize; 8],
    is_begun: bool,
}

impl Page {
    fn print(&mut self, record: &Record) {
        match (self.output, record.entry()) {
            (Output::Json, _) => print::say_json(&line(record)),
            (Output::Text, Ok(entry)) => {
                let it = summary(&entry);
                let key = match (it.account.is_empty(), it.intent.is_empty()) {
                    (true, _) => String::new(),
                    (false, true) => it.account,
                    (false, false) => format!("{}/{}", it.account, it.intent),
                };
                let (seq, time) = (entry.seq.to_string(), format!("{:.3}", entry.decided_at));
                let kind = entry.body.kind().to_string();
                let part = record.partition.to_string();
                self.row([&part, &seq, &time, &kind, &key, &it.verdict, &it.reason, &it.order_id, &it.what]);
            }
            (Output::Text, Err(detail)) => {
                let text = format!("{} offset {}: no entry: {detail}", record.partition, record.offset);
                print::say(&print::toned(&text, Tone::Bad));
            }
        }
    }

    fn row(&mut self, cells: [&str; 9]) {
        if !self.is_begun {
            self.is_begun = true;
            self.row(HEADER);
        }
        let mut text = String::new();
        for (cell, width) in cells.iter().zip(&mut self.widths) {
            *width = cell.len().max(*width);
            text += &format!("{cell:width$}  ");
        }
        text += cells[8];
        let tone = match cells[5] {
            "ACCEPTED" | "APPLIED" => Some(Tone::Good),
            "DUPLICATE" => Some(Tone::Faint),
            "REJECTED" => Some(Tone::Doubtful),
            _ => None,
        };
        let text = text.trim_end();
        print::say(&tone.map_or(text.to_owned(), |tone| print::toned(text, tone)));
    }
}

/// A whole entry as JSON, with where it stands and its leaf hash.
pub(super) fn line(record: &Record) -> serde_json::Value {
    let body = record.body.as_ref().map_err(Clone::clone);
    let read = body.and_then(|body| to_json(RecordType::Entry, body).map_err(|error| error.to_string()));
    let mut line = json!({ "partition": record.partition, "offset": record.offset });
    line["leaf_hash"] = record.leaf.to_string().into();
    match read {
        Ok(serde_json::Value::Object(fields)) => {
            for (name, value) in fields {
                line[name] = value;
            }
        }
        Ok(_) => {}
        Err(detail) => line["unreadable"] = detail.into(),
    }
    line
}
