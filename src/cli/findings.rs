//! How findings are shown, to people and to scripts; shared by `init` and `check`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Status;
use super::print::{self, Tone};
use crate::shell::preflight::{Code, Finding, Severity};
use crate::shell::topics::Role;

/// Findings that are the same but for their subjects.
struct Group<'f> {
    first: &'f Finding,
    subjects: Vec<&'f str>,
}

/// Prints every finding with its remedy; those that differ by nothing but the subject share a line.
pub fn show(findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let groups = grouped(findings);
    let mut table = print::table(&["", "CODE", "WHAT", "SETTING", "IS", "SHOULD BE"]);
    for group in &groups {
        let (label, tone) = label(group.first);
        let Finding { code, setting, is, should, .. } = group.first;
        // A lint is of nothing but itself.
        let is_lint = setting == code && Code::parse(code).is_none();
        let setting = if is_lint { "" } else { setting };
        table.add_row(vec![
            print::cell(label, tone),
            (*code).into(),
            group.subjects().into(),
            setting.into(),
            is.into(),
            should.into(),
        ]);
    }
    print::show(&table);
    let waived = waived(findings);
    if !waived.is_empty() {
        print::say("");
        print::say(&format!("waived by --dev, since one broker cannot do better: {}", waived.join(", ")));
    }
    // Forgiven findings have been named; what to do about them is for production.
    for group in groups.iter().filter(|group| !group.first.waived) {
        let Finding { setting, otherwise, .. } = group.first;
        print::say("");
        print::say(&format!("{setting} of {}: otherwise {otherwise}", group.subjects()));
        print::say(&format!("  {}", group.remedy()));
    }
}

/// The codes of what is forgiven, each once.
pub fn waived(findings: &[Finding]) -> Vec<&'static str> {
    let codes: BTreeSet<_> = findings.iter().filter(|one| one.waived).map(|one| one.code).collect();
    codes.into_iter().collect()
}

fn grouped(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let told = |finding: &Finding| {
        let Finding { severity, code, setting, is, should, waived, .. } = finding.clone();
        (severity, code, setting, is, should, waived)
    };
    for finding in findings {
        match groups.iter_mut().find(|group| told(group.first) == told(finding)) {
            Some(group) => group.subjects.push(&finding.subject),
            None => groups.push(Group { first: finding, subjects: vec![&finding.subject] }),
        }
    }
    groups
}

impl Group<'_> {
    fn subjects(&self) -> String {
        // Only names of topics have no space: limits, accounts and brokers are named as such.
        let are_topics = self.subjects.iter().all(|subject| !subject.contains(' '));
        if self.subjects.len() == Role::ALL.len() && are_topics {
            "all topics".to_owned()
        } else {
            self.subjects.join(", ")
        }
    }

    fn remedy(&self) -> String {
        let Finding { subject, remedy, .. } = self.first;
        if self.subjects.len() == 1 { remedy.clone() } else { remedy.replace(subject.as_str(), "TOPIC") }
    }
}

fn label(finding: &Finding) -> (&'static str, Tone) {
    match (finding.severity, finding.waived) {
        (_, true) => ("waived", Tone::Faint),
        (Severity::Note, false) => ("note", Tone::Faint),
        (Severity::Warning, false) => ("warning", Tone::Doubtful),
        (Severity::Fault, false) => ("FAULT", Tone::Bad),
    }
}

/// The findings for a script.
pub fn to_json(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        json!({
            "severity": finding.severity.name(),
            "code": finding.code,
            "subject": finding.subject,
            "setting": finding.setting,
            "is": finding.is,
            "should": finding.should,
            "otherwise": finding.otherwise,
            "remedy": finding.remedy,
            "waived": finding.waived,
        })
    };
    findings.iter().map(one).collect()
}

/// The exit status that they call for.
pub fn status(findings: &[Finding]) -> Status {
    if findings.iter().any(Finding::refuses) { Status::Refused } else { Status::Done }
}
