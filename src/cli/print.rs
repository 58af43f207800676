//! What commands print: aligned tables, colours on a terminal only, failures with their remedies.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use serde_json::Value;

use super::Failure;

/// A colour with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Not as it should be.
    Bad,
    /// Less important than the rest.
    Faint,
}

impl Tone {
    const fn colour(self) -> Color {
        match self {
            Self::Good => Color::Green,
            Self::Doubtful => Color::Yellow,
            Self::Bad => Color::Red,
            Self::Faint => Color::DarkGrey,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Doubtful => "33",
            Self::Bad => "31",
            Self::Faint => "90",
        }
    }
}

/// Whether the standard output is read by a person who wants colours.
pub fn coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// The text in this tone, on a terminal.
pub fn toned(text: &str, tone: Tone) -> String {
    if coloured() { format!("\x1b[{}m{text}\x1b[0m", tone.code()) } else { text.to_owned() }
}

/// A table without rules; its columns are aligned, long cells wrap on a terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.force_no_tty().set_content_arrangement(ContentArrangement::Disabled);
    } else if coloured() {
        table.enforce_styling();
    }
    table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// A cell in this tone.
pub fn cell(text: impl ToString, tone: Tone) -> Cell {
    Cell::new(text.to_string()).fg(tone.colour())
}

/// Whether something was made just now, or was there before.
pub fn made_or_there(is_made: bool) -> Cell {
    if is_made { cell("created", Tone::Good) } else { cell("exists", Tone::Faint) }
}

/// Prints a table, without the spaces at the ends of its lines.
pub fn show(table: &Table) {
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// Prints a line. A reader that closed the pipe has seen enough, and is no error.
pub fn say(line: &str) {
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Prints a JSON document on one line.
pub fn say_json(value: &Value) {
    say(&value.to_string());
}

/// Prints why a command did not do what was asked.
pub fn failure(failure: &Failure) {
    let bold = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let label = if bold { "\x1b[1;31merror:\x1b[0m" } else { "error:" };
    // Where the standard error is closed, the exit status still tells.
    let _ = writeln!(io::stderr(), "{label} {}", failure.message);
    if !failure.remedy.is_empty() {
        let _ = writeln!(io::stderr(), "  {}", failure.remedy);
    }
}

/// `1 partition`, `2 partitions`.
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}
