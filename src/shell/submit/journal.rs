//! The keys that were made, remembered before anything is sent.
//!
//! A line of the journal is one intent, complete, in the order of the input. A second run finds its
//! intents there and sends the same keys, so that whatever happened to the first run, no order is
//! placed twice (`G1`). The journal is on disk before the first record is sent.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::rows::Row;
use super::{SubmitError, encoded};
use crate::core::ids::Digest;

/// Intents that are ready to be sent: every one well formed, every key made.
#[derive(Debug)]
pub struct Prepared {
    stored: Stored,
    /// How many there are.
    pub count: usize,
    /// How many of them a former run had stored.
    pub known: usize,
}

#[derive(Debug)]
enum Stored {
    Journal(PathBuf),
    Memory(Vec<(usize, Value)>),
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

/// Completes every row and stores it, in the journal if there is one.
///
/// # Errors
/// A row that is no intent, or that a journal has differently: then nothing must be sent.
pub fn prepare(
    rows: impl Iterator<Item = Result<Row, SubmitError>>,
    journal: Option<&Path>,
    fill: &mut dyn Fill,
) -> Result<Prepared, SubmitError> {
    match journal {
        None => {
            let intents: Result<Vec<_>, _> = rows.map(|row| complete(&row?, fill)).collect();
            let intents = intents?;
            Ok(Prepared { count: intents.len(), known: 0, stored: Stored::Memory(intents) })
        }
        Some(path) => stored(rows, path, fill),
    }
}

fn stored(
    mut rows: impl Iterator<Item = Result<Row, SubmitError>>,
    path: &Path,
    fill: &mut dyn Fill,
) -> Result<Prepared, SubmitError> {
    let fault = |detail: String| SubmitError::Journal { path: path.display().to_string(), detail };
    let failed = |error: std::io::Error| fault(error.to_string());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    // Two runs at once would make two keys for one row.
    file.try_lock().map_err(|_| fault("another run has it open".to_owned()))?;
    let mut end = 0;
    let mut known = 0;
    for line in whole_lines(&file).map_err(failed)? {
        let (length, text) = line.map_err(failed)?;
        let row =
            rows.next().ok_or_else(|| fault(format!("has more than the {known} rows of the input")))??;
        let stored: Value =
            serde_json::from_str(&text).map_err(|error| fault(format!("line {}: {error}", known + 1)))?;
        if stored.get("row").and_then(Value::as_str) != Some(digest(&row).as_str()) {
            let detail =
                "was written for another row: restore the input, or name another journal for new intents";
            return Err(fault(format!("line {} of the input {detail}", row.line)));
        }
        end += length;
        known += 1;
    }
    // A line that a crash cut short was never sent: sending begins when all is on disk.
    file.set_len(end).map_err(failed)?;
    file.seek(SeekFrom::End(0)).map_err(failed)?;
    let mut out = BufWriter::new(&file);
    let mut count = known;
    for row in rows {
        let row = row?;
        let (line, intent) = complete(&row, fill)?;
        let entry = json!({"line": line, "row": digest(&row), "intent": intent});
        writeln!(out, "{entry}").map_err(failed)?;
        count += 1;
    }
    out.flush().map_err(failed)?;
    drop(out);
    file.sync_all().map_err(failed)?;
    Ok(Prepared { stored: Stored::Journal(path.to_owned()), count, known })
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
fn complete(row: &Row, fill: &mut dyn Fill) -> Result<(usize, Value), SubmitError> {
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
    encoded(row.line, &intent)?;
    Ok((row.line, intent))
}

fn digest(row: &Row) -> String {
    let text = Value::Object(row.fields.clone()).to_string();
    Digest::of(text.as_bytes()).to_string()
}

impl Prepared {
    /// The intents with their lines, in order.
    ///
    /// # Errors
    /// A journal that cannot be read any more.
    pub fn intents(
        self,
    ) -> Result<Box<dyn Iterator<Item = Result<(usize, Value), SubmitError>>>, SubmitError> {
        let path = match self.stored {
            Stored::Memory(intents) => return Ok(Box::new(intents.into_iter().map(Ok))),
            Stored::Journal(path) => path,
        };
        let shown = path.display().to_string();
        let fault = move |detail: String| SubmitError::Journal { path: shown.clone(), detail };
        let file = File::open(&path).map_err(|error| fault(error.to_string()))?;
        let lines = whole_lines(&file).map_err(|error| fault(error.to_string()))?;
        Ok(Box::new(lines.map(move |line| {
            let (_, text) = line.map_err(|error| fault(error.to_string()))?;
            let stored: Value = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
            let line = stored["line"].as_u64().unwrap_or_default() as usize;
            Ok((line, stored["intent"].clone()))
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::submit::rows::{Format, read_rows};

    const CANCEL: &str = r#"{"intent_type":"CANCEL","account_id":"A","strategy_id":"s","client_order_id":"o","instrument_id":"X.Y"}"#;

    /// Keys `k1`, `k2`, … and times that never repeat.
    fn prepared(text: &str, path: &Path, first: usize) -> Result<Prepared, String> {
        let (mut key, mut time) = (first, 100 + first as i64);
        let mut fill = (
            move || {
                key += 1;
                format!("k{key}")
            },
            move || {
                time += 1;
                time
            },
        );
        prepare(read_rows("file", Format::Json, text.as_bytes()), Some(path), &mut fill)
            .map_err(|error| error.to_string())
    }

    fn keys(prepared: Prepared) -> Vec<String> {
        let intents = prepared.intents().unwrap();
        intents.map(|intent| intent.unwrap().1["intent_id"].as_str().unwrap().to_owned()).collect()
    }

    fn journal() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        (dir, path)
    }

    #[test]
    fn a_second_run_sends_the_same_keys() {
        let (_dir, path) = journal();
        let text = format!("{CANCEL}\n{CANCEL}\n");
        assert_eq!(keys(prepared(&text, &path, 0).unwrap()), ["k1", "k2"]);
        let again = prepared(&text, &path, 50).unwrap();
        assert_eq!((again.count, again.known), (2, 2));
        assert_eq!(keys(again), ["k1", "k2"]);
    }

    #[test]
    fn rows_that_are_added_get_keys_of_their_own() {
        let (_dir, path) = journal();
        prepared(&format!("{CANCEL}\n"), &path, 0).unwrap();
        let more = prepared(&format!("{CANCEL}\n{CANCEL}\n"), &path, 50).unwrap();
        assert_eq!(keys(more), ["k1", "k51"]);
    }

    #[test]
    fn a_row_that_changed_is_refused() {
        let (_dir, path) = journal();
        prepared(&format!("{CANCEL}\n"), &path, 0).unwrap();
        let changed = CANCEL.replace("\"A\"", "\"B\"");
        assert!(prepared(&changed, &path, 0).unwrap_err().contains("another row"));
        assert!(prepared("", &path, 0).unwrap_err().contains("more than the 0 rows"));
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_made_anew() {
        let (_dir, path) = journal();
        let text = format!("{CANCEL}\n{CANCEL}\n");
        prepared(&text, &path, 0).unwrap();
        let stored = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &stored[..stored.len() - 10]).unwrap();
        assert_eq!(keys(prepared(&text, &path, 50).unwrap()), ["k1", "k51"]);
    }

    #[test]
    fn what_is_no_intent_is_found_before_anything_is_sent() {
        let (_dir, path) = journal();
        let error = prepared(&format!("{CANCEL}\n{{\"intent_type\":\"NEW\"}}\n"), &path, 0).unwrap_err();
        assert!(error.contains("line 2"), "{error}");
    }
}
