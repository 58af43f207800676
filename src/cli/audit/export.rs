//! `onefill audit export`: the trail as JSON lines.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Desk;
use super::show::line;
use crate::cli::print;
use crate::cli::{Common, Failure, Status};
use crate::shell::audit::find::{Filter, Search};

/// Write the trail as JSON lines, in order of partition and number, each with its leaf hash
///
/// The leaf hash of an entry is the `prev` of the one after it.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// Only this partition; may be given more than once
    #[arg(long, value_name = "NUMBER")]
    partition: Vec<i32>,
    /// From this number on
    #[arg(long, value_name = "SEQ")]
    from: Option<u64>,
    /// Up to this number
    #[arg(long, value_name = "SEQ")]
    to: Option<u64>,
    /// Where to; the standard output if left out. An existing file is not overwritten
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self, common: &Common) -> Result<Status, Failure> {
        let desk = Desk::open(common)?;
        let partitions = desk.partitions(&self.partition)?;
        let filter = Filter { from: self.from, to: self.to, ..Filter::default() };
        let mut out: BufWriter<Box<dyn io::Write>> = BufWriter::new(match &self.file {
            None => Box::new(io::stdout().lock()),
            Some(path) => Box::new(made(path)?),
        });
        let mut bar = desk.bar(&partitions, "exporting")?;
        let (mut entries, mut written) = (0, Ok(()));
        for partition in partitions {
            let search = Search::new(&desk.config, &desk.schemas, &desk.probe, partition)?;
            search.each(&filter, &mut |offset| bar.at(offset), &mut |record| {
                entries += 1;
                written = writeln!(out, "{}", line(&record));
                written.is_ok()
            })?;
            bar.next(search.range.end);
        }
        drop(bar);
        match written.and_then(|()| out.flush()) {
            // A reader that closed the pipe has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Status::Done),
            written => written?,
        }
        if let Some(path) = &self.file {
            print::say(&format!("{entries} entries written to {}", path.display()));
        }
        Ok(Status::Done)
    }
}

/// The file, which was not there before.
fn made(path: &Path) -> Result<File, Failure> {
    File::create_new(path).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "name a file that does not exist",
            io::ErrorKind::NotFound => "its folder does not exist: make it, or name a file elsewhere",
            _ => "name a file that can be written",
        };
        Failure::failed(format!("{}: {error}", path.display()), remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_made_is_said_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let remedy = |name: &str| made(&dir.path().join(name)).unwrap_err().remedy;
        made(&dir.path().join("there")).unwrap();
        assert_eq!(remedy("there"), "name a file that does not exist");
        assert!(remedy("nowhere/x").starts_with("its folder does not exist"), "{}", remedy("nowhere/x"));
        assert_eq!(remedy("there/x"), "name a file that can be written");
    }
}
