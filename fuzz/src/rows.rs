//! The files that `submit` takes: JSON lines and CSV.

use onefill::shell::submit::{Format, read_rows};
use serde_json::Value as Json;

use crate::json;

/// The first byte says which of the two the rest is.
pub fn check(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let format = if choice % 2 == 0 { Format::Json } else { Format::Csv };
    let lines = input.split(|byte| matches!(byte, b'\n' | b'\r')).count();
    let (mut count, mut last) = (0, 0);
    for row in read_rows("file", format, input) {
        count += 1;
        // Every row takes a line at least, so there is an end; a CSV without a header has a fault more.
        assert!(count <= lines + 1, "{count} rows of {lines} lines");
        match row {
            Ok(row) => {
                assert!((last..=lines).contains(&row.line), "line {} after {last}", row.line);
                last = row.line;
                assert_eq!(row.place(), format!("file:{}", row.line));
                json::check_intent(&Json::Object(row.fields));
            }
            Err(fault) => assert_names_its_line(&fault.to_string(), lines),
        }
    }
}

fn assert_names_its_line(fault: &str, lines: usize) {
    let rest = fault.strip_prefix("file:").unwrap_or_else(|| panic!("it names no file: {fault}"));
    let (line, detail) = rest.split_once(": ").unwrap_or_else(|| panic!("it says nothing: {fault}"));
    let line: usize = line.parse().unwrap_or_else(|_| panic!("it names no line: {fault}"));
    assert!((1..=lines).contains(&line), "there are {lines} lines: {fault}");
    assert!(!detail.trim().is_empty(), "it says nothing: {fault}");
}
