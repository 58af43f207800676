//! `onefill prices set`: reference prices by hand.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::{Common, Failure, Output, Status, print, values};
use crate::core::price::{PriceQuality, PriceSource};
use crate::shell::clock;
use crate::shell::config::Config;
use crate::shell::instruct::prices::{self, ReadyPrice};
use crate::shell::instruct::{Refusal, operator};
use crate::shell::publish::Publisher;
use crate::shell::topics::Role;

/// Reference prices, which collars and values are measured by.
#[derive(Args, Debug)]
pub(super) struct Prices {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Set(Set),
}

/// Publish a reference price, as a price feed does.
///
/// It is used for as long as ref_max_age_ms allows, 2 s unless a limit says otherwise; an older one than
/// the one held is ignored.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    onefill prices set ESZ6.XCME 5000.25\n  \
    onefill prices set --file prices.jsonl")]
struct Set {
    #[command(flatten)]
    terms: Terms,
    /// Who publishes it [default: the user of this process]
    #[arg(long, value_name = "NAME", value_parser = values::words)]
    publisher: Option<String>,
    /// JSON lines, a price a line, with the field names of the schema; - is the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "terms")]
    file: Option<PathBuf>,
    /// Give up when the brokers have not taken a price after so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Who reads the output; JSON has one line a price
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// Fields by the names of the schema.
#[derive(Args, Debug, Serialize)]
#[group(id = "terms")]
struct Terms {
    /// SYMBOL.VENUE
    #[arg(value_name = "INSTRUMENT", required_unless_present = "file", value_parser = values::id)]
    instrument_id: Option<String>,
    /// A decimal; zero or less only counts where the instrument allows it
    #[arg(value_name = "PRICE", required_unless_present = "file", allow_negative_numbers = true,
        value_parser = values::decimal)]
    price: Option<String>,
    /// Where it comes from [default: MARK]
    #[arg(long, ignore_case = true, value_parser = values::symbol(PriceSource::ALL.iter().map(|it| it.name())))]
    source: Option<String>,
    /// How far it can be trusted; only GOOD is used [default: GOOD]
    #[arg(long, ignore_case = true, value_parser = values::symbol(PriceQuality::ALL.iter().map(|it| it.name())))]
    quality: Option<String>,
    /// Time of the market data, in nanoseconds since 1970, at most a second ahead; or now [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    as_of: Option<i64>,
}

impl Prices {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        match &self.what {
            What::Set(set) => set.run(&config),
        }
    }
}

impl Set {
    fn run(&self, config: &Config) -> Result<Status, Failure> {
        let ready = self.ready()?;
        let partitions = partitions(config)?;
        let publisher = Publisher::open(config).map_err(|error| Failure::failed(error.to_string(), ""))?;
        for price in &ready {
            let patience = Duration::from_secs(self.timeout);
            let sent = prices::send(config, &publisher, price, partitions, patience);
            let place = sent.map_err(|error| {
                let remedy = "it may have arrived all the same; running it again does no harm";
                Failure::failed(format!("{}: {error}", price.name), remedy)
            })?;
            self.show(config, price, place);
        }
        Ok(Status::Done)
    }

    fn ready(&self) -> Result<Vec<ReadyPrice>, Failure> {
        let publisher = self.publisher.clone().unwrap_or_else(operator);
        let now = clock::now();
        let ready: Result<Vec<_>, Refusal> = match &self.file {
            None => Ok(vec![prices::ready(None, values::fields(&self.terms), &publisher, now)?]),
            Some(file) => {
                let rows = values::rows(file)?.into_iter();
                rows.map(|row| prices::ready(Some(&row.place()), row.fields, &publisher, now)).collect()
            }
        };
        Ok(ready?)
    }

    fn show(&self, config: &Config, price: &ReadyPrice, (partition, offset): (i32, i64)) {
        match self.output {
            Output::Json => print::say_json(&json!({
                "instrument_id": price.instrument_id, "partition": partition, "offset": offset,
            })),
            Output::Text => {
                let (name, topic) = (&price.name, &config.topics.prices);
                print::say(&format!("{name} is record {partition}/{offset} of {topic}"));
            }
        }
    }
}

/// Partitions of `prices`, after a look at whether it is there.
fn partitions(config: &Config) -> Result<usize, Failure> {
    let states = super::connect(config)?.descriptions_of(config, &[Role::Prices])?;
    states.get(&Role::Prices).map(|state| state.partitions.len()).ok_or_else(|| {
        let message = format!("there is no topic {}", config.topics.prices);
        Failure::failed(message, "see `onefill check`; `onefill init` creates it")
    })
}
