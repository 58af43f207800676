//! Alerts: each has a page, a time series that makes it fire and one that does not, and each halt has an alert.
//!
//! `promtool` runs the tests and knows the language; here is only looked at what belongs together.

use crate::docs;
use crate::tree::File;

const RULES: &str = "helm/onefill/alerts/";
const TESTS: &str = "helm/onefill/alerts/tests/";
const PAGES: &str = "docs/alerts/";

/// Everything that is amiss between rules, tests, pages and halt codes.
pub fn check(files: &[File], halts: &[&str]) -> Vec<String> {
    let rules: String =
        files.iter().filter(|file| is_rules(&file.path)).map(File::text).collect::<Vec<_>>().join("\n");
    let names: Vec<&str> = named(&rules).collect();
    let mut findings = docs::pages(PAGES, &names, files);
    let index = text(files, &format!("{PAGES}README.md"));
    for name in &names {
        let page = format!("{PAGES}{name}.md");
        if rules.matches(&format!("runbook: {page}\n")).count() != 1 {
            findings.push(format!("{name}: no annotation `runbook: {page}`"));
        }
        if !index.contains(&format!("| [{name}]({name}.md) |")) {
            findings.push(format!("{PAGES}README.md: no row for {name}"));
        }
        let path = format!("{TESTS}{name}.yaml");
        findings.extend(untested(text(files, &path)).map(|what| format!("{path}: {what}")));
    }
    let strays = files.iter().filter_map(|file| file.path.strip_prefix(TESTS)?.strip_suffix(".yaml"));
    findings.extend(
        strays.filter(|stem| !names.contains(stem)).map(|stem| format!("{TESTS}{stem}.yaml: no such alert")),
    );
    let codes: Vec<&str> = codes(&rules).collect();
    findings.extend(
        halts.iter().filter(|code| !codes.contains(code)).map(|code| format!("{code}: no alert names it")),
    );
    findings
}

fn is_rules(path: &str) -> bool {
    path.strip_prefix(RULES).is_some_and(|rest| rest.ends_with(".yaml") && !rest.contains('/'))
}

fn text<'f>(files: &'f [File], path: &str) -> &'f str {
    files.iter().find(|file| file.path == path).map(File::text).unwrap_or_default()
}

fn named(rules: &str) -> impl Iterator<Item = &str> {
    rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "))
}

/// The codes in `code=~"A|B"`.
fn codes(rules: &str) -> impl Iterator<Item = &str> {
    let lists = rules.split("code=~\"").skip(1).filter_map(|rest| rest.split_once('"'));
    lists.flat_map(|(list, _)| list.split('|'))
}

/// What a file of tests lacks: one that fires, and one that stays quiet.
fn untested(text: &str) -> impl Iterator<Item = &'static str> {
    let fires = text.contains(" fires: ") && text.contains("exp_annotations:");
    let is_quiet = text.contains(" stays quiet: ") && text.contains("exp_alerts: []");
    [(fires, "nothing makes it fire"), (is_quiet, "nothing leaves it quiet")]
        .into_iter()
        .filter_map(|(tested, what)| (!tested).then_some(what))
}

#[test]
fn an_alert_without_page_or_test_and_a_halt_without_alert_are_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), bytes: text.into() };
    let rules = "- alert: A\n  expr: x{code=~\"H1|H2\"} > 0\n  runbook: docs/alerts/A.md\n";
    let tests = "A fires: x\nexp_annotations:\nA stays quiet: y\nexp_alerts: []\n";
    let mut whole = vec![
        file("helm/onefill/alerts/a.yaml", rules),
        file("helm/onefill/alerts/tests/A.yaml", tests),
        file("docs/alerts/A.md", "# A\n"),
        file("docs/alerts/README.md", "| [A](A.md) | page |\n"),
    ];
    assert_eq!(check(&whole, &["H1", "H2"]), [""; 0]);
    assert_eq!(check(&whole, &["H1", "H3"]), ["H3: no alert names it"]);
    for missing in 1..whole.len() {
        let rest: Vec<File> = (0..whole.len())
            .filter(|index| *index != missing)
            .map(|index| file(&whole[index].path, whole[index].text()))
            .collect();
        assert!(!check(&rest, &[]).is_empty(), "{}", whole[missing].path);
    }
    whole.push(file("helm/onefill/alerts/tests/B.yaml", tests));
    assert_eq!(check(&whole, &[]), ["helm/onefill/alerts/tests/B.yaml: no such alert"]);
    assert_eq!(untested("A fires: x\nexp_annotations:\n").count(), 1);
}
