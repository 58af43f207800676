//! The docs keep up with the code: paths that exist, a page for every code.

use std::collections::BTreeSet;

use crate::tree::File;

/// First folders that make a text in backticks a path of the project.
const FOLDERS: [&str; 10] =
    ["src", "tests", "docs", "dev", "benches", "fuzz", "schemas", "helm", "examples", ".ci"];

/// Every path in backticks, and every relative link, leads somewhere.
pub fn paths(path: &str, text: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in prose(text) {
        let quoted = line.split('`').skip(1).step_by(2).filter(|text| is_path(text)).map(str::to_owned);
        let linked = links(line).filter_map(|target| resolve(path, target));
        for named in quoted.chain(linked) {
            if !known.contains(named.trim_end_matches('/')) {
                findings.push(format!("{path}:{}: there is no {named}", index + 1));
            }
        }
    }
    findings
}

/// Each code has a page that begins with its name, and no page is left of a code that is gone.
pub fn pages(folder: &str, codes: &[&str], files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for code in codes {
        let path = format!("{folder}{code}.md");
        let first = files.iter().find(|file| file.path == path).and_then(|file| file.text().lines().next());
        if first != Some(&format!("# {code}")) {
            findings.push(format!("{path}: its first line should be '# {code}', and is {first:?}"));
        }
    }
    let own = files.iter().filter_map(|file| file.path.strip_prefix(folder)?.strip_suffix(".md"));
    let strays = own.filter(|stem| *stem != "README" && !codes.contains(stem));
    findings.extend(strays.map(|stem| format!("{folder}{stem}.md: there is no such code")));
    findings
}

/// A page shows what was measured, line by line, as a block of text.
pub fn shows(path: &str, page: &str, measured: &str, text: &str) -> Option<String> {
    let is_shown = page.contains(&format!("```text\n{text}```\n"));
    (!is_shown).then(|| format!("{path}: it does not show what is in {measured}"))
}

/// The lines outside blocks of code, numbered from 0.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Names with a placeholder (`<CODE>`, `*`) are no paths.
fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|one| one.is_ascii_alphanumeric() || "/._-".contains(one));
    plain && text.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first))
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The path that a link of a page leads to; `None` for other sites and for places on the same page.
fn resolve(page: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().filter(|target| !target.is_empty() && !target.contains(':'))?;
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

#[test]
fn what_was_measured_otherwise_is_found() {
    let shown = |text| shows("A.md", "x\n```text\na  1\nb  2\n```\ny\n", "t.txt", text);
    assert_eq!(shown("a  1\nb  2\n"), None);
    assert_eq!(shown("a  1\nb  3\n"), Some("A.md: it does not show what is in t.txt".to_owned()));
}

#[test]
fn a_path_that_leads_nowhere_is_found() {
    let known = BTreeSet::from(["src".to_owned(), "src/a.rs".to_owned(), "docs/halts/X.md".to_owned()]);
    let count = |text: &str| paths("docs/PAGE.md", text, &known).len();
    assert_eq!(paths("docs/PAGE.md", "x\nsee `src/b.rs`", &known), ["docs/PAGE.md:2: there is no src/b.rs"]);
    assert_eq!(count("[x](halts/Y.md#z) and [y](../src/b.rs)"), 2);
    assert_eq!(
        count(
            "`src/a.rs`, `src/`, [x](halts/X.md#z), [y](https://a.b/c), [z](#here), `docs/halts/<CODE>.md`"
        ),
        0
    );
    assert_eq!(count("`cargo run`, `a/b`\n```\n`src/b.rs`\n```\n`src/a.rs`"), 0);
}

#[test]
fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.into() };
    let files =
        [file("d/A.md", "# A\n"), file("d/B.md", "A"), file("d/README.md", "x"), file("d/OLD.md", "# OLD")];
    assert_eq!(pages("d/", &["A"], &files[..1]), [""; 0]);
    let findings = pages("d/", &["A", "B", "C"], &files);
    let files_found: Vec<_> = findings.iter().map(|finding| finding.split(':').next().unwrap()).collect();
    assert_eq!(files_found, ["d/B.md", "d/C.md", "d/OLD.md"]);
}
