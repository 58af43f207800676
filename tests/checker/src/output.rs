//! The report, for people and for scripts.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value as Json, json};

use crate::report::{Guarantee, Report, Section, Violation};

/// How many violations of a guarantee are shown to people.
const SHOWN_MAX: usize = 5;

pub fn table(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["", "guarantee", "verdict", "counted"]);
    for (guarantee, section) in report.sections() {
        let counts: Vec<String> =
            section.counts.iter().map(|(what, number)| format!("{number} {what}")).collect();
        table.add_row([guarantee.name(), guarantee.title(), verdict(section), &counts.join(", ")]);
    }
    let mut text = format!("{table}\n");
    for (guarantee, section) in report.sections().filter(|(_, section)| section.violations_total > 0) {
        text += &broken(guarantee, section);
    }
    text
}

fn broken(guarantee: Guarantee, section: &Section) -> String {
    let total = section.violations_total;
    let mut text = format!("\n{} {}: {total} violation(s)\n", guarantee.name(), guarantee.title());
    for Violation { place, field, expected, found } in section.violations.iter().take(SHOWN_MAX) {
        let offset = place.offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string());
        text += &format!("  {}/{} at {offset}: {field}\n", place.topic, place.partition);
        text += &format!("    expected {expected}\n    found    {found}\n");
    }
    if section.violations.len() > SHOWN_MAX {
        text += &format!("  … and {} more\n", total - SHOWN_MAX as u64);
    }
    text
}

fn verdict(section: &Section) -> &'static str {
    if section.violations_total == 0 { "HOLDS" } else { "BROKEN" }
}

pub fn json(report: &Report) -> Json {
    let violation = |it: &Violation| {
        json!({
            "topic": it.place.topic,
            "partition": it.place.partition,
            "offset": it.place.offset,
            "field": it.field,
            "expected": it.expected,
            "found": it.found,
        })
    };
    let guarantees: Vec<Json> = report
        .sections()
        .map(|(guarantee, section)| {
            json!({
                "guarantee": guarantee.name(),
                "title": guarantee.title(),
                "verdict": verdict(section),
                "counts": section.counts,
                "violations_total": section.violations_total,
                "violations": section.violations.iter().map(violation).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"verdict": if report.holds() { "HOLDS" } else { "BROKEN" }, "guarantees": guarantees})
}
