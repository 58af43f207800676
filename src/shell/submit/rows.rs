//! What people write: JSON lines or CSV, a row an intent. Keys and times may be left out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::lines::Lines;
use super::{SubmitError, once};

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// A header with the names of the fields, then a row a line; empty is absent, `tags.NAME` is a tag.
    Csv,
}

/// One intent as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What messages call its input.
    pub name: Arc<str>,
    /// Its line in the input, from 1.
    pub line: usize,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Where rows come from, as often as they are asked for.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// How it is written.
        format: Format,
    },
    /// Rows that were read already.
    Rows {
        /// Whether a person typed them, and was told the key.
        typed: bool,
        /// The rows.
        rows: Vec<Row>,
    },
}

/// Rows, one by one.
pub type Rows<'r> = Box<dyn Iterator<Item = Result<Row, SubmitError>> + 'r>;

impl Row {
    /// Where it stands.
    pub fn place(&self) -> String {
        format!("{}:{}", self.name, self.line)
    }
}

impl Input {
    /// The rows, from the first.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn rows(&self) -> Result<Rows<'_>, SubmitError> {
        match self {
            Self::Rows { rows, .. } => Ok(Box::new(rows.iter().cloned().map(Ok))),
            Self::File { path, format } => {
                let name = path.display().to_string();
                let file = File::open(path)
                    .map_err(|error| SubmitError::Input { place: name.clone(), detail: error.to_string() })?;
                Ok(read_rows(&name, *format, BufReader::new(file)))
            }
        }
    }

    /// Whether a person typed it, and was told the key.
    pub const fn is_typed(&self) -> bool {
        matches!(self, Self::Rows { typed: true, .. })
    }
}

/// The rows of an input, one by one; empty lines are left out. `name` is what messages call it.
pub fn read_rows<'r>(name: &str, format: Format, input: impl BufRead + 'r) -> Rows<'r> {
    let name: Arc<str> = name.into();
    match format {
        Format::Json => Box::new(json_rows(name, input)),
        Format::Csv => Box::new(csv_rows(name, input)),
    }
}

fn fault(name: &Arc<str>, line: usize, detail: impl ToString) -> SubmitError {
    SubmitError::Input { place: format!("{name}:{line}"), detail: detail.to_string() }
}

fn json_rows<'r>(
    name: Arc<str>,
    input: impl BufRead + 'r,
) -> impl Iterator<Item = Result<Row, SubmitError>> + 'r {
    let lines = input.lines().enumerate().map(|(index, text)| (index + 1, text));
    lines.filter(|(_, text)| !text.as_ref().is_ok_and(|text| text.trim().is_empty())).map(
        move |(line, text)| {
            let text = text.map_err(|error| fault(&name, line, error))?;
            let fields = once::object(&text).map_err(|detail| fault(&name, line, detail))?;
            Ok(Row { name: Arc::clone(&name), line, fields })
        },
    )
}

fn csv_rows<'r>(
    name: Arc<str>,
    input: impl BufRead + 'r,
) -> impl Iterator<Item = Result<Row, SubmitError>> + 'r {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(Lines::of(input));
    let header = reader.headers().map_err(said).cloned();
    let line = reader.get_mut().first_from(0);
    let names = header.as_ref().cloned().unwrap_or_default();
    let mut unfit = header.and_then(|names| all_different(&names)).err();
    let mut record = csv::StringRecord::new();
    std::iter::from_fn(move || {
        if let Some(detail) = unfit.take() {
            return Some(Err(fault(&name, line, detail)));
        }
        let begin = reader.position().byte();
        let read = reader.read_record(&mut record).map_err(said);
        let line = reader.get_mut().first_from(begin);
        let fields = match read {
            Ok(false) => return None,
            Ok(true) => fields_of(names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty())),
            Err(detail) => Err(detail),
        };
        let row = fields.map(|fields| Row { name: Arc::clone(&name), line, fields });
        Some(row.map_err(|detail| fault(&name, line, detail)))
    })
}

/// What the parser says, without a line: it counts them in another way.
fn said(error: csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("its cells are {len}, those of the header {expected_len}")
        }
        csv::ErrorKind::Utf8 { err, .. } => err.to_string(),
        _ => error.to_string(),
    }
}

/// No column is named twice: of two cells nobody could say which one was meant.
fn all_different(names: &csv::StringRecord) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !name.is_empty() && !seen.insert(*name));
    twice.map_or(Ok(()), |name| Err(format!("column `{name}` is named twice")))
}

/// Fields of text, such as cells of a table or flags, as the JSON that the schema takes.
///
/// # Errors
/// A value that its field cannot have, a field that is named twice.
pub fn fields_of<'t>(cells: impl Iterator<Item = (&'t str, &'t str)>) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for (name, text) in cells {
        let is_first = if let Some(tag) = name.strip_prefix("tags.") {
            let tags = fields.entry("tags").or_insert_with(|| Value::Object(Map::new()));
            let tags =
                tags.as_object_mut().ok_or_else(|| format!("`tags` and `{name}` exclude each other"))?;
            tags.insert(tag.to_owned(), text.into()).is_none()
        } else {
            fields.insert(name.to_owned(), typed(name, text)?).is_none()
        };
        if !is_first {
            return Err(format!("`{name}` is named twice"));
        }
    }
    Ok(fields)
}

fn typed(name: &str, text: &str) -> Result<Value, String> {
    match name {
        "created_at" | "expires_at" | "expire_time" => {
            let nanos: Result<i64, _> = text.parse();
            nanos
                .map(Value::from)
                .map_err(|_| format!("{name} is `{text}`, but a time is nanoseconds since 1970"))
        }
        "post_only" | "reduce_only" => {
            let truth: Result<bool, _> = text.to_lowercase().parse();
            truth.map(Value::from).map_err(|_| format!("{name} is `{text}`, but it is true or false"))
        }
        _ => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(format: Format, text: &str) -> Vec<Result<Row, String>> {
        let rows = read_rows("file", format, text.as_bytes());
        rows.map(|row| row.map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn a_line_of_json_is_an_intent_and_empty_lines_are_not() {
        let found = rows(Format::Json, "{\"account_id\":\"A\"}\n\n{\"account_id\":\"B\"}\n");
        let lines: Vec<_> = found.iter().map(|row| row.as_ref().unwrap().line).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn a_fault_names_its_line() {
        let found = rows(Format::Json, "{\"account_id\":\"A\"}\n[1]\n");
        assert!(found[1].as_ref().unwrap_err().starts_with("file:2: "));
    }

    #[test]
    fn a_cell_has_its_fields_type_and_an_empty_one_is_absent() {
        let text = "account_id,order_qty,created_at,post_only,price,tags.desk\nA,10,5,TRUE,,x\n";
        let row = rows(Format::Csv, text).remove(0).unwrap();
        let expected = json!({"account_id": "A", "order_qty": "10", "created_at": 5, "post_only": true, "tags": {"desk": "x"}});
        assert_eq!(Value::Object(row.fields), expected);
        assert_eq!(row.line, 2);
    }

    #[test]
    fn a_row_with_too_many_cells_is_a_fault() {
        let found = rows(Format::Csv, "a,b\n1,2,3\n");
        assert!(found[0].as_ref().unwrap_err().starts_with("file:2: "));
    }

    #[test]
    fn a_column_that_is_named_twice_is_a_fault() {
        let said = |text: &str| rows(Format::Csv, text).remove(0).unwrap_err();
        assert_eq!(said("a,b, a\n1,2,\n"), "file:1: column `a` is named twice");
        assert_eq!(said("\n\ntags.k,tags.k\n1,2\n"), "file:3: column `tags.k` is named twice");
        assert!(rows(Format::Csv, "a,,\n1,,\n")[0].is_ok(), "columns without a name have none twice");
    }

    #[test]
    fn a_line_of_json_that_names_a_field_twice_is_a_fault() {
        let found = rows(Format::Json, "{}\n{\"price\":\"1\",\"price\":\"2\"}\n");
        let said = found[1].as_ref().unwrap_err();
        assert!(said.starts_with("file:2: ") && said.contains("`price` is named twice"), "{said}");
    }

    #[test]
    fn a_field_that_is_given_twice_is_a_fault() {
        let said = |cells: &[(&str, &str)]| fields_of(cells.iter().copied()).unwrap_err();
        assert_eq!(said(&[("order_qty", "1"), ("order_qty", "1")]), "`order_qty` is named twice");
        assert_eq!(said(&[("tags.k", "x"), ("tags.j", "x"), ("tags.k", "x")]), "`tags.k` is named twice");
    }

    #[test]
    fn lines_of_a_table_are_counted_however_they_end() {
        let text = "a,b\n1,2\n\n\"3\n4\",5\n6,7\n8\n";
        for end in ["\n", "\r\n", "\r"] {
            let found = rows(Format::Csv, &text.replace('\n', end));
            let lines: Vec<_> = found.iter().filter_map(|row| Some(row.as_ref().ok()?.line)).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
            let said = found[3].as_ref().unwrap_err();
            assert_eq!(said, "file:7: its cells are 1, those of the header 2", "{end:?}");
        }
    }
}
