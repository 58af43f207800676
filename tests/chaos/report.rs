//! The table: what was done, how often, what became of it, how long that took, and how many records were checked.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value as Json, json};

/// What became of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Survived,
    /// The lanes that it was for halted with this code, and no other did.
    Halted(String),
    /// It could not be done here.
    NotRun(String),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub family: &'static str,
    pub fault: String,
    pub times: usize,
    pub ending: Ending,
    /// How long lanes that it hit showed no verdict, each time.
    pub recoveries: Vec<Duration>,
    /// Records that were read back and held against each other, the last time.
    pub checked: u64,
}

impl Row {
    fn ending(&self) -> String {
        match &self.ending {
            Ending::Survived => "survived".to_owned(),
            Ending::Halted(code) => format!("halted: {code}"),
            Ending::NotRun(why) => format!("not run: {why}"),
        }
    }

    fn median(&self) -> Option<Duration> {
        let mut sorted = self.recoveries.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }

    fn worst(&self) -> Option<Duration> {
        self.recoveries.iter().max().copied()
    }

    fn json(&self) -> Json {
        let millis = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
        json!({
            "family": self.family, "fault": self.fault, "times": self.times, "ending": self.ending(),
            "recovery_ms_median": millis(self.median()), "recovery_ms_worst": millis(self.worst()),
            "records_checked": self.checked,
        })
    }
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// Adds a line, or to the line of the same fault, and writes the table anew.
pub fn add(row: Row) {
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    match rows.iter_mut().find(|one| one.fault == row.fault && one.ending == row.ending) {
        Some(one) => {
            one.times += row.times;
            one.recoveries.extend(row.recoveries);
            one.checked = one.checked.max(row.checked);
        }
        None => rows.push(row),
    }
    rows.sort_by_key(|row| row.family);
    let dir = dir();
    std::fs::create_dir_all(&dir).expect("target can be written");
    std::fs::write(dir.join("table.txt"), text(&rows)).expect("the table can be written");
    let json = Json::Array(rows.iter().map(Row::json).collect());
    std::fs::write(dir.join("table.json"), format!("{json:#}\n")).expect("the table can be written");
}

/// That of the test program: `chaos`, `k8s`.
fn dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name(env!("CARGO_CRATE_NAME"))
}

fn text(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["fault", "times", "ending", "median", "worst", "checked"]);
    for row in rows {
        let seconds = |time: Option<Duration>| {
            time.map_or_else(String::new, |time| format!("{:.2} s", time.as_secs_f64()))
        };
        let cells = [row.fault.clone(), row.times.to_string(), row.ending(), seconds(row.median())];
        let more = [seconds(row.worst()), row.checked.to_string()];
        table.add_row(cells.into_iter().chain(more));
    }
    for column in [1, 3, 4, 5] {
        table.column_mut(column).expect("it has six").set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt() + "\n"
}

#[test]
fn the_table_shows_median_and_worst() {
    let recoveries = [3, 1, 2, 9].map(Duration::from_secs).to_vec();
    let row = Row {
        family: "a",
        fault: "b".to_owned(),
        times: 4,
        ending: Ending::Halted("FENCED".to_owned()),
        recoveries,
        checked: 7,
    };
    assert_eq!((row.median(), row.worst()), (Some(Duration::from_secs(2)), Some(Duration::from_secs(9))));
    let text = text(&[row]);
    assert!(text.contains("halted: FENCED") && text.contains("2.00 s") && text.contains("9.00 s"), "{text}");
}
