//! `onefill control …`: what operators say to every lane. One file per family of subcommands; what
//! becomes of all of them is in [`saying`].

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::{Common, Failure, Status, values};
use crate::shell::instruct::{Draft, Kind, Said};

mod command;
mod instrument;
mod limit;
mod saying;
mod scope;

/// Say something to every lane; --wait says which lanes have applied it.
#[derive(Args, Debug)]
pub(super) struct Control {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    Halt(command::Halt),
    Reduce(command::Reduce),
    Resume(command::Resume),
    CancelAll(command::CancelAll),
    Release(command::Release),
    Adjust(command::Adjust),
    Limit(Box<limit::Limit>),
    Instrument(Box<instrument::Instrument>),
}

impl Control {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let config = super::load(common, Vec::new())?;
        super::log(&config, super::QUIET);
        match &self.what {
            What::Halt(halt) => halt.run(&config),
            What::Reduce(reduce) => reduce.run(&config),
            What::Resume(resume) => resume.run(&config),
            What::CancelAll(cancel) => cancel.run(&config),
            What::Release(release) => release.run(&config),
            What::Adjust(adjust) => adjust.run(&config),
            What::Limit(limit) => limit.run(&config),
            What::Instrument(instrument) => instrument.run(&config),
        }
    }
}

/// One record from flags, or one of each row of a file.
fn drafts(
    kind: Kind,
    file: Option<&Path>,
    flags: Map<String, Value>,
    said: &Said,
) -> Result<Vec<Draft>, Failure> {
    let Some(file) = file else { return Ok(vec![Draft::new(kind, None, flags, said)]) };
    let rows = values::rows(file)?.into_iter();
    Ok(rows.map(|row| Draft::new(kind, Some(row.place()), row.fields, said)).collect())
}
