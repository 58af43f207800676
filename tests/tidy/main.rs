//! The house rules, as tests. None of them has a list of exemptions: a rule that cannot hold everywhere is
//! not a rule, and is changed or dropped.
//!
//! Each rule is a function from a file's path and text to its findings, with a test beside it that shows it fail on a
//! bad sample; here they are run over every file of the project. Start at [`tree`] and [`tokens`].

mod alerts;
mod docs;
mod hygiene;
mod independence;
mod layers;
mod reasons;
mod refused;
mod sizes;
mod tokens;
mod tree;
mod words;

use tree::{File, files};

/// Runs a rule over the files that it is for.
fn holds(applies: impl Fn(&File) -> bool, rule: impl Fn(&str, &str) -> Vec<String>) {
    let files = files();
    let subjects = files.iter().filter(|file| applies(file));
    let findings: Vec<String> = subjects.flat_map(|file| rule(&file.path, file.text())).collect();
    report(&findings);
}

fn report(findings: &[String]) {
    assert!(findings.is_empty(), "{} finding(s):\n{}", findings.len(), findings.join("\n"));
}

fn is_source(file: &File) -> bool {
    file.path.starts_with("src/") && file.is_rust()
}

#[test]
fn files_and_functions_are_short() {
    holds(File::is_rust, sizes::caps);
}

#[test]
fn most_files_and_functions_are_shorter() {
    let files = files();
    let texts: Vec<&str> = files.iter().filter(|file| file.is_rust()).map(File::text).collect();
    report(&sizes::aims(&texts));
}

#[test]
fn layers_name_only_the_layers_below_them() {
    holds(is_source, layers::direction);
}

#[test]
fn the_checker_shares_no_code_with_the_router() {
    let is_its = |file: &File| file.path.starts_with("tests/checker/");
    holds(|file| file.path == "tests/checker/Cargo.toml", independence::manifest);
    holds(|file| is_its(file) && file.is_rust(), independence::sources);
    assert!(files().iter().filter(|file| is_its(file)).count() > 2, "it is there");
}

#[test]
fn the_core_is_pure() {
    let manifest = tree::read("Cargo.toml");
    holds(is_source, |path, text| layers::purity(path, text, &layers::dependencies(&manifest)));
}

#[test]
fn the_wire_touches_nothing_but_bytes() {
    holds(is_source, layers::bytes_only);
}

#[test]
fn names_say_what_things_are() {
    holds(File::is_rust, words::names);
}

#[test]
fn nothing_is_left_to_do() {
    holds(File::is_text, words::leftovers);
}

#[test]
fn money_never_saturates() {
    holds(is_source, words::saturation);
}

#[test]
fn the_source_never_unwraps() {
    holds(is_source, words::unwraps);
}

#[test]
fn offsets_move_only_with_their_transaction() {
    holds(is_source, words::offset_commits);
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let files = files();
    report(&words::wall_clocks(files.iter().filter(|file| is_source(file))));
}

#[test]
fn every_path_in_the_docs_exists() {
    let known = tree::paths();
    holds(File::is_markdown, |path, text| docs::paths(path, text, &known));
}

#[test]
fn the_readme_shows_what_the_demo_measured() {
    let measured = "docs/demo/table.txt";
    let finding = docs::shows("README.md", &tree::read("README.md"), measured, &tree::read(measured));
    report(&finding.into_iter().collect::<Vec<_>>());
}

#[test]
fn every_halt_has_a_page() {
    let codes: Vec<&str> = onefill::core::halt::HaltCode::ALL.iter().map(|code| code.name()).collect();
    report(&docs::pages("docs/halts/", &codes, &files()));
}

#[test]
fn every_halt_has_an_alert_and_every_alert_a_page_and_tests() {
    let codes: Vec<&str> = onefill::core::halt::HaltCode::ALL.iter().map(|code| code.name()).collect();
    report(&alerts::check(&files(), &codes));
}

#[test]
fn the_chart_refuses_the_settings_that_onefill_refuses() {
    report(&refused::check(onefill::shell::config::kafka::refusal));
}

#[test]
fn every_reason_has_a_page() {
    let codes: Vec<&str> = onefill::core::verdict::Reason::ALL.iter().map(|code| code.name()).collect();
    report(&docs::pages("docs/reasons/", &codes, &files()));
}

#[test]
fn the_table_of_reasons_is_that_of_the_code() {
    reasons::check(&files());
}

#[test]
fn every_lint_is_in_the_handbook() {
    let page = tree::read("docs/OPERATING.md");
    let rows = onefill::core::lint::Rule::ALL.iter().map(|rule| format!("\n| `{}` |", rule.name()));
    report(&rows.filter(|row| !page.contains(row)).collect::<Vec<_>>());
}

#[test]
fn every_finding_of_preflight_is_in_the_handbook_with_what_dev_waives() {
    use onefill::shell::preflight::Code;
    let page = tree::read("docs/OPERATING.md");
    let is_told = |code: &&Code| {
        let waived = if code.is_waived_by_dev() { "waived" } else { "" };
        let end = format!("| {} | {waived} |", code.severity().name()).replace("|  |", "| |");
        page.lines().any(|line| line.starts_with(&format!("| `{code}` |")) && line.ends_with(&end))
    };
    report(
        &Code::ALL
            .iter()
            .filter(|code| !is_told(code))
            .map(|code| format!("{code}: no such row"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn text_is_clean() {
    holds(File::is_text, hygiene::text);
}

#[test]
fn no_file_is_huge() {
    let huge = files().into_iter().filter(|file| file.bytes.len() > hygiene::FILE_BYTES_MAX);
    report(&huge.map(|file| format!("{}: {} bytes", file.path, file.bytes.len())).collect::<Vec<_>>());
}
