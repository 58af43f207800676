//! `onefill demo`: the whole story on one machine.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, Subcommand};

use super::{Common, Failure, Output, Status, load, log, print, run};
use crate::demo::narrator::Narrator;
use crate::demo::plan::Plan;
use crate::demo::report::Report;
use crate::demo::{self, Fault, chart, naive};
use crate::shell::clock;
use crate::shell::config::Flag;

/// Watch onefill hold under retries and kill -9, beside a router that does not
///
/// Makes topics of its own on any Kafka, and runs onefill and a naive router on the same intents.
/// Strategies resend what they have not heard of; both routers are killed again and again; an
/// operator halts a strategy and lets it go on. Then it reads every topic back, verifies the audit
/// trail, counts, and fails unless each intent that no limit refused has exactly one fill, and no
/// account could ever have come to hold more than its limit.
#[derive(Args, Debug)]
pub(super) struct Demo {
    /// How long strategies make new intents
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// New intents per second
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    rate: u64,
    /// Repeat the choices of a former run [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Write chart.svg, chart.png, numbers.json and table.txt into this directory
    #[arg(long, value_name = "DIR", overrides_with = "out")]
    out: Option<PathBuf>,
    /// Kill nothing: for whoever wants to watch the router at work
    #[arg(long)]
    spare: bool,
    /// Where the router serves its page while it lives
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    http: String,
    /// Who reads the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand, Debug)]
enum Role {
    /// The router that people write first; the demo starts it by itself
    #[command(hide = true)]
    NaiveRouter,
}

impl Demo {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let http = Flag { name: "--http", key: "http", value: self.http.clone() };
        let config = load(common, vec![http])?;
        if let Some(Role::NaiveRouter) = self.role {
            log(&config, "warn");
            return naive::route(&Plan::naive(config)).map(|()| Status::Done).map_err(Failure::from);
        }
        log(&config, super::QUIET);
        let seed = self.seed.unwrap_or_else(|| clock::now().0.unsigned_abs() % 1_000_000);
        let plan = Plan { spares: self.spare, ..Plan::new(config, self.seconds, self.rate, seed) };
        let stop = Arc::new(AtomicBool::new(false));
        run::stop_on_signal(Arc::clone(&stop))?;
        let narrator = Narrator::new(self.output == Output::Json);
        let told = demo::run(&plan, &narrator, &stop);
        narrator.end();
        let (report, records) = told?;
        if let Some(directory) = &self.out {
            fs::create_dir_all(directory)?;
            chart::draw(&records, &report, directory)?;
            fs::write(directory.join("numbers.json"), format!("{:#}\n", report.to_json()))?;
            fs::write(directory.join("table.txt"), format!("{}\n", report.table()))?;
        }
        self.show(&report);
        Ok(if report.findings.is_empty() { Status::Done } else { Status::Failed })
    }

    fn show(&self, report: &Report) {
        if self.output == Output::Json {
            return print::say_json(&report.to_json());
        }
        print::say("");
        report.table().lines().for_each(print::say);
        print::say("");
        for finding in &report.findings {
            print::say(&print::toned(&format!("WRONG  {finding}"), print::Tone::Bad));
        }
        if report.findings.is_empty() {
            let verdict = "Every intent that no limit refused has exactly one fill, no limit was passed, \
                           and the audit trail holds.";
            print::say(&print::toned(verdict, print::Tone::Good));
        }
        let seconds = report.took.as_secs_f64();
        print::say(&format!(
            "{} audit entries in {seconds:.0} s; repeat it with --seed {}",
            report.entries, report.seed
        ));
        if let Some(directory) = &self.out {
            print::say(&format!("The chart is {}", directory.join("chart.svg").display()));
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let remedy = match &fault {
            Fault::Kafka(_) | Fault::Cluster(_) => {
                "see that the brokers named with --bootstrap answer: `onefill check`"
            }
            _ => "",
        };
        Self::failed(fault.to_string(), remedy)
    }
}
