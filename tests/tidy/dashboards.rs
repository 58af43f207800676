//! Dashboards and alerts ask for metrics that there are, and no metric is left unseen.
//!
//! The files are generated (`make dashboards`); what is looked at here is what an operator gets.

use std::collections::BTreeSet;

use serde_json::Value;

const PREFIX: &str = "onefill_";
/// What Prometheus makes of a histogram.
const SERIES: [&str; 3] = ["_bucket", "_sum", "_count"];
/// Those that every dashboard has, in this order.
const VARIABLES: [&str; 4] = ["datasource", "namespace", "job", "pod"];

/// The metrics that a text asks for, without the prefix. What follows a letter is no name's beginning.
pub fn asked_for(text: &str) -> BTreeSet<String> {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '_';
    let found = text.match_indices(PREFIX).filter(|(at, _)| !text[..*at].ends_with(is_part));
    let names =
        found.map(|(at, _)| text[at + PREFIX.len()..].split(|one| !is_part(one)).next().unwrap_or(""));
    names
        .map(|name| SERIES.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned())
        .collect()
}

/// Both directions: names that are no metric's; metrics that nothing shows, although they are not for
/// debugging; and those that are shown all the same.
pub fn both_ways(
    asked: &BTreeSet<String>,
    shown: &BTreeSet<String>,
    all: &[&str],
    debug: &[&str],
) -> Vec<String> {
    let unknown = asked.iter().chain(shown).filter(|name| !all.contains(&name.as_str()));
    let unseen = all.iter().filter(|name| !shown.contains(**name) && !debug.contains(name));
    let needless = debug.iter().filter(|name| shown.contains(**name));
    let mut findings: Vec<_> = unknown.map(|name| format!("there is no metric {PREFIX}{name}")).collect();
    findings.extend(
        unseen.map(|name| format!("{PREFIX}{name} is on no dashboard, and not marked for debugging")),
    );
    findings.extend(
        needless.map(|name| format!("{PREFIX}{name} is marked for debugging, but is on a dashboard")),
    );
    findings
}

/// What every dashboard has: its variables; panels with title, description and unit; queries that select.
pub fn lint(path: &str, text: &str) -> Vec<String> {
    let Ok(board) = serde_json::from_str::<Value>(text) else {
        return vec![format!("{path}: it is no JSON")];
    };
    let mut findings = Vec::new();
    let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let variables: Vec<_> =
        rows(&board["templating"]["list"]).iter().map(|one| one["name"].clone()).collect();
    if variables != VARIABLES {
        findings.push(format!("{path}: its variables are {variables:?}"));
    }
    let panels: Vec<Value> = rows(&board["panels"])
        .into_iter()
        .flat_map(|panel| rows(&panel["panels"]).into_iter().chain([panel]))
        .filter(|panel| panel["type"] != "row")
        .collect();
    if panels.is_empty() {
        findings.push(format!("{path}: it shows nothing"));
    }
    let mut titles = BTreeSet::new();
    for panel in &panels {
        let title = panel["title"].as_str().unwrap_or_default().to_owned();
        let mut find = |fault: &str| findings.push(format!("{path}: panel '{title}' {fault}"));
        let is_empty = |value: &Value| value.as_str().unwrap_or_default().is_empty();
        if title.is_empty() || !titles.insert(title.clone()) {
            find("has no title of its own");
        }
        if !panel["description"].as_str().is_some_and(|text| text.ends_with('.')) {
            find("has no description");
        }
        if is_empty(&panel["fieldConfig"]["defaults"]["unit"]) {
            find("has no unit");
        }
        let queries = rows(&panel["targets"]);
        if queries.is_empty() {
            find("asks for nothing");
        }
        for query in queries {
            let expression = query["expr"].as_str().unwrap_or_default();
            let selections = expression.matches('{').count();
            let whole = ["namespace=~\"$namespace\"", "job=~\"$job\"", "pod=~\"$pod\""];
            if selections == 0 || whole.iter().any(|one| expression.matches(one).count() != selections) {
                find(&format!("asks for more than was selected: {expression}"));
            }
            if query["datasource"]["uid"] != "$datasource" {
                find("asks a data source of its own");
            }
        }
    }
    findings
}

#[test]
fn names_are_found_in_expressions() {
    let text =
        "sum(rate(onefill_a_total{x=\"y\"}[5m])) / onefill_b_seconds_bucket and my_onefill_c + onefill_d";
    let expected = ["a_total", "b_seconds", "d"].map(str::to_owned);
    assert_eq!(asked_for(text), expected.into());
}

#[test]
fn a_metric_that_is_not_there_or_not_shown_is_found() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(both_ways(&set(&["a"]), &set(&["a", "b"]), &["a", "b", "c"], &["c"]), [""; 0]);
    assert_eq!(both_ways(&set(&["x"]), &set(&["a"]), &["a", "b"], &[]).len(), 2);
    assert_eq!(both_ways(&set(&[]), &set(&["a"]), &["a"], &["a"]).len(), 1);
}

#[test]
fn a_panel_that_says_too_little_is_found() {
    let select = "{namespace=~\\\"$namespace\\\",job=~\\\"$job\\\",pod=~\\\"$pod\\\"}";
    let variables = VARIABLES.map(|name| format!("{{\"name\":\"{name}\"}}")).join(",");
    let board = |description: &str, unit: &str, select: &str| {
        format!(
            "{{\"templating\":{{\"list\":[{variables}]}},\"panels\":[{{\"title\":\"T\",\"description\":\"{description}\",
            \"fieldConfig\":{{\"defaults\":{{\"unit\":\"{unit}\"}}}},
            \"targets\":[{{\"expr\":\"sum(onefill_a{select})\",\"datasource\":{{\"uid\":\"$datasource\"}}}}]}}]}}"
        )
    };
    assert_eq!(lint("b.json", &board("D.", "s", select)), [""; 0]);
    assert_eq!(lint("b.json", &board("", "", "")).len(), 3);
    assert_eq!(lint("b.json", "{}").len(), 2);
}
