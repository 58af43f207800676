//! A comparison says nothing of what never happens: the histories must meet every answer there is.

use std::collections::BTreeMap;

use onefill::core::control::ControlResult;
use onefill::core::entry::Anomaly;
use onefill::core::verdict::Reason;
use proptest::strategy::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::reference::{Expected, happen, histories};

fn names(entry: &Expected) -> Vec<String> {
    let mut names = Vec::new();
    let of_checks = entry.failed_checks.iter().map(|failed| failed.reason.name());
    names.extend(entry.verdict.filter(|_| entry.failed_checks.is_empty()).map(|verdict| verdict.name()));
    names.extend(of_checks);
    names.extend(entry.anomaly.map(Anomaly::name));
    names.extend(entry.control_result.map(ControlResult::name));
    names.extend(entry.converted_to_cancel.then_some("converted"));
    names.extend((entry.references.len() > 1).then_some("many references"));
    names.push(entry.kind.name());
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.extend(entry.failed_checks.first().map(|failed| format!("first {}", failed.reason)));
    names.extend(entry.failed_checks.iter().filter_map(|it| Some(format!("{} by {}", it.reason, it.scope?))));
    names
}

#[test]
fn histories_meet_every_reason_anomaly_and_result() {
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..300 {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        let names = happen(&history).1.iter().flat_map(names).collect::<Vec<_>>();
        names.into_iter().for_each(|name| *met.entry(name).or_default() += 1);
    }
    let due = Reason::ALL.iter().map(|reason| format!("first {reason}"));
    let due = due.chain(Anomaly::ALL.iter().map(ToString::to_string));
    let due = due.chain(ControlResult::ALL.iter().map(ToString::to_string));
    let due = due
        .chain(["ACCEPTED", "DUPLICATE", "converted", "OWED_CANCEL", "many references"].map(str::to_owned));
    let missing: Vec<String> = due.filter(|name| !met.contains_key(name)).collect();
    assert_eq!(missing, Vec::<String>::new(), "of {met:#?}");
    println!("{met:#?}");
}
