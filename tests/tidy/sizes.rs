//! Short files, short functions. What grows past the caps is always the code that decides, so the caps hold from
//! the first day, and the aims keep the rest pleasant.

use crate::tokens::{item_len, tokens};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MEDIAN_MAX: usize = 150;
const FUNCTION_LINES_P95_MAX: usize = 45;

/// A function's name, first line, and length in lines, from `fn` to its last brace.
struct Function<'a> {
    name: &'a str,
    line: usize,
    lines: usize,
}

/// No file and no function is longer than its cap.
pub fn caps(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let mut findings = Vec::new();
    if lines > FILE_LINES_MAX {
        findings.push(format!("{path}: {lines} lines, {FILE_LINES_MAX} at most"));
    }
    for function in functions(text).into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX) {
        let Function { name, line, lines } = function;
        findings.push(format!("{path}:{line}: {name} has {lines} lines, {FUNCTION_LINES_MAX} at most"));
    }
    findings
}

/// The median file and the 95th percentile of functions are within what is aimed at.
pub fn aims(texts: &[&str]) -> Vec<String> {
    let files = texts.iter().map(|text| text.lines().count()).collect();
    let functions = texts.iter().flat_map(|text| functions(text)).map(|function| function.lines).collect();
    let (median, p95) = (percentile(files, 50), percentile(functions, 95));
    println!(
        "median file: {median} lines of {FILE_LINES_MEDIAN_MAX}; p95 function: {p95} of {FUNCTION_LINES_P95_MAX}"
    );
    let mut findings = Vec::new();
    if median > FILE_LINES_MEDIAN_MAX {
        findings.push(format!("the median file has {median} lines, {FILE_LINES_MEDIAN_MAX} at most"));
    }
    if p95 > FUNCTION_LINES_P95_MAX {
        findings.push(format!("of 20 functions 19 have up to {p95} lines, {FUNCTION_LINES_P95_MAX} at most"));
    }
    findings
}

fn percentile(mut values: Vec<usize>, percent: usize) -> usize {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    rank.checked_sub(1).map_or(0, |index| values[index])
}

/// Every function that has a body, also the inner ones.
fn functions(text: &str) -> Vec<Function<'_>> {
    let row = tokens(text);
    let starts = (0..row.len()).filter(|index| row[*index].text == "fn");
    let bodies = starts.filter_map(|start| {
        // A type of a function has no name, a function that a trait demands no body.
        let name = row.get(start + 1).filter(|name| name.text != "(")?;
        let last = &row[start + item_len(&row[start..]) - 1];
        let lines = last.line - row[start].line + 1;
        (last.text == "}").then_some(Function { name: name.text, line: name.line, lines })
    });
    bodies.collect()
}

#[test]
fn a_file_and_a_function_beyond_their_caps_are_found() {
    let long_function = format!("fn long() {{\n{}}}\n", "    work();\n".repeat(FUNCTION_LINES_MAX - 1));
    assert_eq!(caps("a.rs", &long_function), ["a.rs:1: long has 71 lines, 70 at most"]);
    assert_eq!(
        caps("a.rs", &format!("impl A {{\n{long_function}}}")),
        ["a.rs:2: long has 71 lines, 70 at most"]
    );
    let long_file = "const A: u8 = 0;\n".repeat(FILE_LINES_MAX + 1);
    assert_eq!(caps("a.rs", &long_file), ["a.rs: 601 lines, 600 at most"]);
    assert_eq!(caps("a.rs", &"const A: u8 = 0;\n".repeat(FILE_LINES_MAX)), [""; 0]);
}

#[test]
fn aims_that_are_missed_are_found() {
    let long_file = "const A: u8 = 0;\n".repeat(FILE_LINES_MEDIAN_MAX + 1);
    assert_eq!(aims(&["", &long_file, &long_file]), ["the median file has 151 lines, 150 at most"]);
    assert_eq!(aims(&["", "", &long_file]), [""; 0]);
    let long_function = format!("fn long() {{\n{}}}\n", "    work();\n".repeat(FUNCTION_LINES_P95_MAX - 1));
    assert_eq!(aims(&[&long_function]), ["of 20 functions 19 have up to 46 lines, 45 at most"]);
}
