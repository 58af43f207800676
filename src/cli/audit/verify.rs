//! `onefill audit verify`: whether the trail is whole, and the other topics agree with it.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::faults::{fault_to_json, show_fault, what_to_do};
use super::{Desk, recompute};
use crate::cli::print::{self, Tone};
use crate::cli::{Common, Failure, Output, Status};
use crate::shell::audit::head::Head;
use crate::shell::audit::verify::{Report, World, verify};

/// Verify that the trail is whole, and that inputs, orders and offsets agree with it
///
/// Numbers and links of all entries; every entry decided ANEW, by the prices that it recorded and
/// from its input, or from what it recorded of that; one entry for each input record; one order,
/// byte for byte, for each entry that publishes one; the group's offsets, unless it has members,
/// which commit meanwhile. It can run beside a router. Exits with 5 if a fault is found.
#[derive(Args, Debug)]
pub(super) struct Verify {
    /// Only this partition; may be given more than once
    #[arg(long, value_name = "NUMBER")]
    partition: Vec<i32>,
    /// Heads that were noted before, one PARTITION:SEQ:LINK a line: also finds a trail that was
    /// rewritten as a whole, or has lost its end
    #[arg(long, value_name = "FILE")]
    head: Vec<PathBuf>,
    /// One head that was noted before
    #[arg(long, value_name = "PARTITION:SEQ:LINK")]
    expect: Vec<String>,
    /// From the trail alone: every verdict from what its entry recorded; no inputs, orders, offsets
    /// or prices are read. Shows the first entry that comes out otherwise
    #[arg(long)]
    recompute: bool,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

impl Verify {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let noted = self.noted()?;
        let desk = Desk::open(common)?;
        let partitions = desk.partitions(&self.partition)?;
        let status = if self.recompute {
            recompute::run(&desk, &partitions, &noted, self.output)?
        } else {
            self.verify(&desk, partitions, &noted)?
        };
        all_compared(&desk, &noted).map(|()| status)
    }

    fn verify(&self, desk: &Desk, partitions: Vec<i32>, noted: &[Head]) -> Result<Status, Failure> {
        let world = World::look(&desk.config, &desk.schemas, &desk.probe, &desk.cluster)?;
        let mut bar = desk.bar(&partitions, "verifying")?;
        let mut reports = Vec::new();
        for partition in partitions {
            let mut end = 0;
            let report = verify(&world, partition, noted, &mut |offset| {
                end = offset;
                bar.at(offset);
            })?;
            bar.next(end);
            reports.push(report);
        }
        drop(bar);
        desk.all_said()?;
        match self.output {
            Output::Json => print::say_json(&to_json(&reports)),
            Output::Text => show(&reports),
        }
        let is_good = reports.iter().all(|report| report.faults.count() == 0);
        Ok(if is_good { Status::Done } else { Status::Fault })
    }

    fn noted(&self) -> Result<Vec<Head>, Failure> {
        let remedy = "`onefill audit verify` prints the heads as they are to be noted";
        let mut noted = Vec::new();
        for path in &self.head {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display()), remedy))?;
            let heads = Head::parse_all(&text)
                .map_err(|wrong| Failure::usage(format!("{}: {wrong}", path.display()), remedy))?;
            noted.extend(heads);
        }
        for text in &self.expect {
            noted.push(Head::parse(text).map_err(|wrong| Failure::usage(wrong, remedy))?);
        }
        Ok(noted)
    }
}

/// A head of a partition that is not there was compared with nothing: it is of another topic.
fn all_compared(desk: &Desk, noted: &[Head]) -> Result<(), Failure> {
    let Some(head) = noted.iter().find(|head| head.partition >= desk.partitions) else { return Ok(()) };
    let message = format!(
        "a head of partition {} was noted, and {} has {}",
        head.partition,
        desk.config.topics.audit,
        print::count(desk.partitions as usize, "partition")
    );
    let remedy = "it is another topic than that of the head, or the head's partition is mistyped";
    Err(Failure { status: Status::Fault, message, remedy: remedy.to_owned() })
}

fn show(reports: &[Report]) {
    let mut table = print::table(&[
        "PART",
        "ENTRIES",
        "ACCEPTED",
        "REJECTED",
        "DUPLICATE",
        "ORDERS",
        "INPUTS",
        "ANEW",
        "FAULTS",
    ]);
    for report in reports {
        let (counts, faults) = (&report.counts, report.faults.count());
        let tone = if faults == 0 { Tone::Good } else { Tone::Bad };
        table.add_row(vec![
            print::cell(report.partition, Tone::Good).fg(comfy_table::Color::Reset),
            counts.entries.into(),
            counts.accepted.into(),
            counts.rejected.into(),
            counts.duplicates.into(),
            of(report.compared.orders, counts.orders).into(),
            compared(report).into(),
            counts.decided_anew.into(),
            print::cell(faults, tone),
        ]);
    }
    print::show(&table);
    show_offsets(reports);
    show_unknown_schemas(reports);
    show_heads(reports);
    reports.iter().flat_map(|report| &report.faults.kept).for_each(show_fault);
    print::say("");
    print::say(&summary(reports));
}

fn of(compared: u64, all: u64) -> String {
    if compared == all { all.to_string() } else { format!("{compared} of {all}") }
}

fn compared(report: &Report) -> String {
    match report.compared.inputs_outlived {
        0 => report.compared.inputs.to_string(),
        gone => format!("{}, {gone} gone", report.compared.inputs),
    }
}

/// A running router commits while the trail is read, so that a difference is worth a look; it is a fault where the
/// group has no member. Offsets that are just being committed are neither.
fn show_offsets(reports: &[Report]) {
    for report in reports {
        let (Some(cursors), Some(committed)) = (report.cursors, report.committed) else { continue };
        let offset = |offset: Option<i64>| offset.map_or("none".to_owned(), |offset| offset.to_string());
        for (input, cursor, committed) in [
            ("intents", cursors.intents, committed.intents),
            ("executions", cursors.executions, committed.executions),
        ] {
            if committed != Some(cursor) {
                print::say(&print::toned(
                    &format!(
                        "partition {}: {input} stand at {cursor} in the trail, at {} in the group",
                        report.partition,
                        offset(committed)
                    ),
                    Tone::Doubtful,
                ));
            }
        }
    }
}

fn show_unknown_schemas(reports: &[Report]) {
    let unknown: u64 = reports.iter().map(|report| report.counts.unknown_schemas).sum();
    if unknown > 0 {
        let text = format!(
            "{} of a writer's schema that is not known here: decided from what the trail recorded of each; \
             verify with the router's schemas.extra to compare them",
            print::count(unknown as usize, "input record")
        );
        print::say(&print::toned(&text, Tone::Doubtful));
    }
}

fn show_heads(reports: &[Report]) {
    print::say("");
    print::say(&print::toned("# heads: keep them elsewhere, and compare with --head FILE", Tone::Faint));
    for head in reports.iter().filter_map(|report| report.head) {
        print::say(&head.to_string());
    }
}

fn summary(reports: &[Report]) -> String {
    let sum = |number: fn(&Report) -> u64| reports.iter().map(number).sum::<u64>() as usize;
    let (faults, entries) = (sum(|report| report.faults.count()), sum(|report| report.counts.entries));
    let kept: usize = reports.iter().map(|report| report.faults.kept.len()).sum();
    let accepted = sum(|report| report.faults.accepted);
    let read = format!(
        "{}, {}, {}",
        print::count(reports.len(), "partition"),
        if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") },
        print::count(sum(|report| report.compared.orders), "order")
    );
    let accepted = match accepted {
        0 => String::new(),
        number => format!("; {} that RECOVERY entries accept", print::count(number, "difference")),
    };
    if faults == 0 && entries == 0 {
        return "the trail is empty, and nothing disagrees with that".to_owned();
    }
    if faults == 0 {
        return print::toned(&format!("the trail is whole: {read}{accepted}"), Tone::Good);
    }
    let shown = if kept < faults { format!(", the first {kept} shown") } else { String::new() };
    let what_to_do = what_to_do(reports.iter().map(|report| &report.faults));
    let found = format!("{} found{shown}: {read}{accepted}", print::count(faults, "fault"));
    format!("{}\n{what_to_do}", print::toned(&found, Tone::Bad))
}

fn to_json(reports: &[Report]) -> Value {
    json!({
        "faults": reports.iter().map(|report| report.faults.count()).sum::<u64>(),
        "partitions": reports.iter().map(report_to_json).collect::<Vec<_>>(),
    })
}

fn report_to_json(report: &Report) -> Value {
    let (counts, compared) = (&report.counts, report.compared);
    let kinds = counts.kinds.iter().map(|(kind, number)| (kind.name().to_owned(), json!(number)));
    json!({
        "partition": report.partition,
        "entries": counts.entries,
        "kinds": kinds.collect::<serde_json::Map<_, _>>(),
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "reasons": counts.reasons,
        "duplicates": counts.duplicates,
        "orders": counts.orders,
        "decided_anew": counts.decided_anew,
        "compared": {
            "inputs": compared.inputs,
            "inputs_gone": compared.inputs_outlived,
            "orders": compared.orders,
            "orders_gone": compared.orders_outlived,
            "unknown_schemas": counts.unknown_schemas,
        },
        "head": report.head.map(|head| json!({
            "seq": head.seq, "link": head.link.to_string(), "note": head.to_string(),
        })),
        "cursors": report.cursors.map(|cursors| json!({
            "intents": cursors.intents, "executions": cursors.executions, "control": cursors.control,
        })),
        "committed": report.committed.map(|committed| json!({
            "intents": committed.intents, "executions": committed.executions,
        })),
        "accepted_by_recovery": report.faults.accepted,
        "faults_found": report.faults.count(),
        "faults": report.faults.kept.iter().map(fault_to_json).collect::<Vec<_>>(),
    })
}
