//! Words: names that say something, and calls that this project does without.

use crate::tokens::{Token, product_tokens, starts_with, tokens};
use crate::tree::File;

/// Names that fit anything say nothing.
const HOLLOW: [&str; 6] = ["Manager", "Helper", "Helpers", "Util", "Utils", "Info"];
/// Where quantities and money are counted: a sum that does not fit must be seen, not bent.
const EXACT: [&str; 3] = ["src/core/amount", "src/core/ledger", "src/core/checks"];

/// No `get_`, and no type whose name is hollow at its end.
pub fn names(path: &str, text: &str) -> Vec<String> {
    let row = tokens(text);
    let mut findings = Vec::new();
    for pair in row.windows(2) {
        let [keyword, name] = [pair[0].text, pair[1].text];
        let is_type = ["struct", "enum", "trait", "type"].contains(&keyword);
        if keyword == "fn" && name.starts_with("get_") {
            findings.push(format!("{path}:{}: {name} asks; name what is returned", pair[1].line));
        }
        if is_type && HOLLOW.iter().any(|ending| name.ends_with(ending)) {
            findings.push(format!("{path}:{}: {name} could be anything; say what it is", pair[1].line));
        }
    }
    findings
}

/// What is not finished is an issue, not a comment.
pub fn leftovers(path: &str, text: &str) -> Vec<String> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let is_word = |one: char| one.is_alphanumeric() || one == '_';
    let lines = text.lines().enumerate();
    let found = lines.filter(|(_, line)| line.split(|one| !is_word(one)).any(|word| marks.contains(&word)));
    found.map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim())).collect()
}

/// An amount that does not fit is an overflow, never a bent number.
pub fn saturation(path: &str, text: &str) -> Vec<String> {
    if !EXACT.iter().any(|place| path.starts_with(place)) {
        return Vec::new();
    }
    let row = product_tokens(path, text);
    let bent = row
        .iter()
        .filter(|token| token.text.starts_with("saturating_") || token.text.starts_with("wrapping_"));
    bent.map(|token| format!("{path}:{}: {} on amounts; use checked_", token.line, token.text)).collect()
}

/// `expect` with the reason why it cannot fail, or an error.
pub fn unwraps(path: &str, text: &str) -> Vec<String> {
    let row = product_tokens(path, text);
    let is_unwrap = |rest: &[Token<'_>]| starts_with(rest, &[".", "unwrap", "(", ")"]);
    let found = (0..row.len()).filter(|index| is_unwrap(&row[*index..]));
    found.map(|index| format!("{path}:{}: unwrap() gives no reason; use expect", row[index].line)).collect()
}

/// An offset that is committed outside the transaction that answers its record is a record lost, or answered twice.
pub fn offset_commits(path: &str, text: &str) -> Vec<String> {
    let calls = [
        "commit_consumer_state",
        "commit_message",
        "store_offset",
        "store_offset_from_message",
        "store_offsets",
    ];
    if !path.starts_with("src/shell") {
        return Vec::new();
    }
    let row = product_tokens(path, text);
    let found = row.iter().filter(|token| calls.contains(&token.text));
    found
        .map(|token| format!("{path}:{}: {} moves an offset without its entry", token.line, token.text))
        .collect()
}

/// The wall clock jumps, and every verdict hangs on it: one file reads it, and makes it fit to decide by.
pub fn wall_clocks<'a>(files: impl Iterator<Item = &'a File>) -> Vec<String> {
    let reads = |file: &&File| {
        let row = product_tokens(&file.path, file.text());
        let clock = ["SystemTime", ":", ":", "now"];
        (0..row.len()).any(|index| starts_with(&row[index..], &clock))
    };
    let readers: Vec<&str> = files.filter(reads).map(|file| file.path.as_str()).collect();
    if readers.len() > 1 {
        vec![format!("read in more than one place: {}", readers.join(", "))]
    } else {
        Vec::new()
    }
}

#[test]
fn hollow_names_are_found() {
    assert_eq!(names("a.rs", "fn get_x() {}"), ["a.rs:1: get_x asks; name what is returned"]);
    for name in ["LaneManager", "Helper", "KafkaUtils", "TopicInfo"] {
        assert_eq!(names("a.rs", &format!("struct {name};")).len(), 1, "{name}");
    }
    assert_eq!(names("a.rs", "fn target_x() { map.get_mut(); } struct Information;"), [""; 0]);
}

#[test]
fn unfinished_work_is_found() {
    let mark = concat!("TO", "DO");
    assert_eq!(leftovers("a.rs", &format!("x\n// {mark}: y")), [format!("a.rs:2: // {mark}: y")]);
    assert_eq!(leftovers("a.rs", &format!("{mark}S in {}", mark.to_lowercase())), [""; 0]);
}

#[test]
fn bent_amounts_are_found() {
    assert_eq!(saturation("src/core/ledger/a.rs", "fn f() { a.saturating_add(b); }").len(), 1);
    assert_eq!(saturation("src/core/amount.rs", "fn f() { a.wrapping_mul(b); }").len(), 1);
    assert_eq!(saturation("src/core/time.rs", "fn f() { a.saturating_add(b); }"), [""; 0]);
}

#[test]
fn unwraps_are_found_outside_tests() {
    assert_eq!(
        unwraps("src/a.rs", "fn f() {\nx.unwrap(); }"),
        ["src/a.rs:2: unwrap() gives no reason; use expect"]
    );
    assert_eq!(unwraps("src/a.rs", "fn f() { x.expect(\"why\"); x.unwrap_or(1); }"), [""; 0]);
    assert_eq!(unwraps("src/a.rs", "#[cfg(test)] mod tests { fn f() { x.unwrap(); } }"), [""; 0]);
}

#[test]
fn an_offset_that_moves_by_itself_is_found() {
    assert_eq!(offset_commits("src/shell/a.rs", "fn f() { c.commit_message(m, Sync); }").len(), 1);
    assert_eq!(offset_commits("src/demo/naive.rs", "fn f() { c.commit_message(m, Sync); }"), [""; 0]);
}

#[test]
fn a_second_wall_clock_is_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.into() };
    let [one, other] = ["a.rs", "b.rs"].map(|path| file(path, "fn f() { SystemTime::now() }"));
    assert_eq!(wall_clocks([&one, &other].into_iter()), ["read in more than one place: a.rs, b.rs"]);
    assert_eq!(wall_clocks([&one, &file("c.rs", "fn f() {}")].into_iter()), [""; 0]);
}
