//! The keys that were made, remembered before they are sent.
//!
//! A line of the journal is one intent, complete, in the order of the input. A second run finds its
//! intents there and sends the same keys, so that whatever happened to the first run, no order is
//! placed twice (`G1`). A piece of the journal is on disk before its first record is sent; pieces are
//! small, so that the times in them are fresh when the router sees them.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rows::{Input, Row, Rows};
use super::{SubmitError, encoded};
use crate::core::ids::Digest;

/// Intents that are ready to be sent: every row well formed, and as the journal knows it.
#[derive(Debug)]
pub struct Prepared {
    input: Input,
    journal: Option<Journal>,
    /// How many there are.
    pub count: usize,
    /// How many of them a former run had stored.
    pub known: usize,
}

/// An open journal, which no other run can open.
#[derive(Debug)]
struct Journal {
    path: PathBuf,
    file: File,
}

/// What fills in the fields that a row may leave out.
pub trait Fill {
    /// A key that nobody has used.
    fn intent_id(&mut self) -> String;
    /// Now, in nanoseconds since 1970.
    fn created_at(&mut self) -> i64;
}

impl<K: FnMut() -> String, T: FnMut() -> i64> Fill for (K, T) {
    fn intent_id(&mut self) -> String {
        self.0()
    }

    fn created_at(&mut self) -> i64 {
        self.1()
    }
}

/// Reads every row once, so that nothing is sent unless all can be.
///
/// # Errors
/// A row that is no intent, that needs a key where none can be stored, or that the journal has
/// differently: then nothing must be sent.
pub fn prepare(input: Input, journal: Option<&Path>) -> Result<Prepared, SubmitError> {
    let mut rows = input.rows()?;
    let mut known = 0;
    let journal = match journal {
        None => None,
        Some(path) => {
            let journal = Journal::open(path)?;
            known = journal.compare(&mut rows)?;
            Some(journal)
        }
    };
    let mut count = known;
    for row in rows {
        let row = row?;
        if journal.is_none() && !input.is_typed() && !row.fields.contains_key("intent_id") {
            let detail =
                "has no intent_id, and a key that is made must be stored: name a --journal, or give the key";
            return Err(SubmitError::Input { place: row.place(), detail: detail.to_owned() });
        }
        // Any key and time will do to see whether the rest is well formed.
        complete(&row, &mut (|| "key".to_owned(), || 0))?;
        count += 1;
    }
    Ok(Prepared { input, journal, count, known })
}

impl Journal {
    fn open(path: &Path) -> Result<Self, SubmitError> {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|error| fault(path, error))?;
        // Two runs at once would make two keys for one row.
        file.try_lock().map_err(|_| fault(path, "another run has it open"))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// How many rows it knows, after a look at whether they are these. A line that a crash cut short
    /// was never sent, since sending begins when its piece is on disk: it goes.
    fn compare(&self, rows: &mut Rows<'_>) -> Result<usize, SubmitError> {
        let (mut end, mut known) = (0, 0);
        for line in self.lines()? {
            let (length, stored) = line?;
            let row = rows
                .next()
                .ok_or_else(|| fault(&self.path, format!("has more than the {known} rows of the input")))??;
            if stored.get("row").and_then(Value::as_str) != Some(digest(&row).as_str()) {
                let remedy = "restore the input, or name another journal for new intents";
                return Err(fault(&self.path, format!("knows another row for {}: {remedy}", row.place())));
            }
            end += length;
            known += 1;
        }
        self.file.set_len(end).map_err(|error| fault(&self.path, error))?;
        Ok(known)
    }

    /// Its intents, each with its length in bytes.
    fn lines(&self) -> Result<impl Iterator<Item = Result<(u64, Value), SubmitError>> + use<>, SubmitError> {
        let path = self.path.clone();
        let lines = whole_lines(&self.file).map_err(|error| fault(&path, error))?;
        Ok(lines.map(move |line| {
            let (length, text) = line.map_err(|error| fault(&path, error))?;
            let stored = serde_json::from_str(&text).map_err(|error| fault(&path, error))?;
            Ok((length, stored))
        }))
    }

    /// Adds a piece; on disk when it returns.
    fn store(&mut self, piece: &[(Row, Value)]) -> Result<(), SubmitError> {
        let mut write = || -> std::io::Result<()> {
            self.file.seek(SeekFrom::End(0))?;
            let mut out = BufWriter::new(&self.file);
            for (row, intent) in piece {
                writeln!(out, "{}", json!({"line": row.line, "row": digest(row), "intent": intent}))?;
            }
            out.flush()?;
            drop(out);
            self.file.sync_data()
        };
        write().map_err(|error| fault(&self.path, error))
    }
}

fn fault(path: &Path, detail: impl ToString) -> SubmitError {
    SubmitError::Journal { path: path.display().to_string(), detail: detail.to_string() }
}

/// The lines that end, each with its length in bytes.
fn whole_lines(file: &File) -> std::io::Result<impl Iterator<Item = std::io::Result<(u64, String)>> + use<>> {
    let mut reader = BufReader::new(file.try_clone()?);
    reader.seek(SeekFrom::Start(0))?;
    Ok(std::iter::from_fn(move || {
        let mut text = String::new();
        match reader.read_line(&mut text) {
            Ok(length) if text.ends_with('\n') => Some(Ok((length as u64, text))),
            Ok(_) => None,
            // Bytes that a crash left are no text; so they are no line.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => None,
            Err(error) => Some(Err(error)),
        }
    }))
}

/// The row with what it left out, and proof that it is an intent.
fn complete(row: &Row, fill: &mut dyn Fill) -> Result<Value, SubmitError> {
    let mut fields = row.fields.clone();
    if !fields.contains_key("intent_id") {
        fields.insert("intent_id".to_owned(), fill.intent_id().into());
    }
    if !fields.contains_key("created_at") {
        fields.insert("created_at".to_owned(), fill.created_at().into());
    }
    if fields.get("intent_type").is_some_and(|kind| kind == "NEW") && !fields.contains_key("client_order_id")
    {
        let intent_id = fields["intent_id"].clone();
        fields.insert("client_order_id".to_owned(), intent_id);
    }
    let intent = Value::Object(fields);
    encoded(&row.place(), &intent)?;
    Ok(intent)
}

fn digest(row: &Row) -> String {
    let text = Value::Object(row.fields.clone()).to_string();
    Digest::of(text.as_bytes()).to_string()
}

impl Prepared {
    /// The intents with their lines, in order; those that are new get their keys and times here.
    ///
    /// # Errors
    /// An input or a journal that cannot be read any more.
    pub fn intents<'p>(&'p mut self, fill: &'p mut dyn Fill) -> Result<Intents<'p>, SubmitError> {
        let rows = self.input.rows()?;
        let stored: Stored<'p> = match &self.journal {
            Some(journal) => Box::new(journal.lines()?.take(self.known)),
            None => Box::new(std::iter::empty()),
        };
        Ok(Intents { rows, stored, journal: self.journal.as_mut(), fill, ready: VecDeque::new() })
    }
}

type Stored<'p> = Box<dyn Iterator<Item = Result<(u64, Value), SubmitError>> + 'p>;

/// How many new intents are stored at once: a disk's pause each, and far less than a second's worth.
const PIECE: usize = 500;

/// Intents on their way out, each stored before it is given.
pub struct Intents<'p> {
    rows: Rows<'p>,
    stored: Stored<'p>,
    journal: Option<&'p mut Journal>,
    fill: &'p mut dyn Fill,
    ready: VecDeque<(usize, Value)>,
}

impl Intents<'_> {
    fn make_ready(&mut self) -> Result<(), SubmitError> {
        let mut piece = Vec::new();
        while piece.len() < PIECE {
            let Some(row) = self.rows.next() else { break };
            let row = row?;
            if let Some(stored) = self.stored.next() {
                self.ready.push_back((row.line, stored?.1["intent"].take()));
                return Ok(());
            }
            let intent = complete(&row, self.fill)?;
            piece.push((row, intent));
        }
        if let Some(journal) = self.journal.as_mut().filter(|_| !piece.is_empty()) {
            journal.store(&piece)?;
        }
        self.ready.extend(piece.into_iter().map(|(row, intent)| (row.line, intent)));
        Ok(())
    }
}

impl Iterator for Intents<'_> {
    type Item = Result<(usize, Value), SubmitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(error) = self.make_ready()
        {
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::submit::rows::Format;

    const CANCEL: &str = r#"{"intent_type":"CANCEL","account_id":"A","strategy_id":"s","client_order_id":"o","instrument_id":"X.Y"}"#;

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn journal(&self) -> PathBuf {
            self.dir.path().join("journal")
        }

        /// The keys that a run sends: what was stored, and `k1`, `k2`, … counted from `first`.
        fn keys(&self, text: &str, first: usize) -> Result<Vec<String>, String> {
            let path = self.dir.path().join("input");
            std::fs::write(&path, text).unwrap();
            let input = Input::File { path, format: Format::Json };
            let mut key = first;
            let mut fill = (
                move || {
                    key += 1;
                    format!("k{key}")
                },
                || 7,
            );
            let sent = |text: &Value| text["intent_id"].as_str().unwrap().to_owned();
            let run = || -> Result<Vec<String>, SubmitError> {
                let mut prepared = prepare(input, Some(&self.journal()))?;
                prepared.intents(&mut fill)?.map(|intent| Ok(sent(&intent?.1))).collect()
            };
            run().map_err(|error| error.to_string())
        }
    }

    #[test]
    fn a_second_run_sends_the_same_keys() {
        let (place, text) = (Place::new(), format!("{CANCEL}\n{CANCEL}\n"));
        assert_eq!(place.keys(&text, 0).unwrap(), ["k1", "k2"]);
        assert_eq!(place.keys(&text, 50).unwrap(), ["k1", "k2"]);
    }

    #[test]
    fn more_rows_than_a_piece_are_all_stored() {
        let (place, text) = (Place::new(), format!("{CANCEL}\n").repeat(2 * PIECE + 1));
        let first = place.keys(&text, 0).unwrap();
        assert_eq!(first.len(), 2 * PIECE + 1);
        assert_eq!(place.keys(&text, 5_000).unwrap(), first);
    }

    #[test]
    fn rows_that_are_added_get_keys_of_their_own() {
        let place = Place::new();
        place.keys(&format!("{CANCEL}\n"), 0).unwrap();
        assert_eq!(place.keys(&format!("{CANCEL}\n{CANCEL}\n"), 50).unwrap(), ["k1", "k51"]);
    }

    #[test]
    fn a_row_that_changed_is_refused() {
        let place = Place::new();
        place.keys(&format!("{CANCEL}\n"), 0).unwrap();
        let changed = CANCEL.replace("\"A\"", "\"B\"");
        assert!(place.keys(&changed, 0).unwrap_err().contains("another row"));
        assert!(place.keys("", 0).unwrap_err().contains("more than the 0 rows"));
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_made_anew() {
        let (place, text) = (Place::new(), format!("{CANCEL}\n{CANCEL}\n"));
        place.keys(&text, 0).unwrap();
        let stored = std::fs::read_to_string(place.journal()).unwrap();
        std::fs::write(place.journal(), &stored[..stored.len() - 10]).unwrap();
        assert_eq!(place.keys(&text, 50).unwrap(), ["k1", "k51"]);
    }

    #[test]
    fn what_is_no_intent_is_found_before_a_key_is_made() {
        let place = Place::new();
        let error = place.keys(&format!("{CANCEL}\n{{\"intent_type\":\"NEW\"}}\n"), 0).unwrap_err();
        assert!(error.contains("input:2"), "{error}");
        assert_eq!(std::fs::read_to_string(place.journal()).unwrap(), "");
    }

    #[test]
    fn two_runs_at_once_are_refused() {
        let place = Place::new();
        let held = Journal::open(&place.journal()).unwrap();
        assert!(place.keys(CANCEL, 0).unwrap_err().contains("another run"));
        drop(held);
        assert!(place.keys(CANCEL, 0).is_ok());
    }

    #[test]
    fn without_a_journal_rows_must_bring_their_keys() {
        let row = |text: &str| Row { name: "-".into(), line: 1, fields: serde_json::from_str(text).unwrap() };
        let prepared = |row: Row| prepare(Input::Rows { typed: false, rows: vec![row] }, None);
        assert!(prepared(row(CANCEL)).unwrap_err().to_string().contains("--journal"));
        assert!(prepared(row(&CANCEL.replace('}', ",\"intent_id\":\"k\"}"))).is_ok());
    }
}
