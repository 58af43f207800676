//! What the audit trail says of the run, and whether it holds.
//!
//! [`Trail`] counts entries as they are read back. [`verify`] has every lane's trail verified as
//! `audit verify` does it: numbers, links, every verdict decided anew, every order and every input
//! record with its entry.

use std::collections::{BTreeMap, BTreeSet};

use super::Fault;
use super::exposure::Step;
use super::plan::{PARTITIONS, Plan};
use super::stage::PATIENCE;
use super::tally::Key;
use crate::core::control::{ControlRecord, ControlResult};
use crate::core::entry::{Body, Entry, Ruling};
use crate::core::verdict::Reason;
use crate::shell::admin::Cluster;
use crate::shell::audit::verify::{self as audit, World};
use crate::shell::trail::Probe;
use crate::wire::Schemas;

/// The entries of every lane, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Entries in all.
    pub entries: usize,
    /// Accepted intents: partition and number of their entries.
    pub accepted: BTreeSet<(i32, u64)>,
    /// Refused intents, and why.
    pub refused: BTreeMap<Key, Reason>,
    /// Arrivals of a key that was decided before.
    pub duplicates: usize,
    /// Records on `intents` that were none, or another intent under a key that was taken.
    pub odd: usize,
    /// Execution reports that were taken in.
    pub executions: usize,
    /// Of those, with an anomaly.
    pub anomalies: usize,
    /// Commands that a lane has applied.
    pub commands: usize,
    /// Control records that a lane has not applied.
    pub unapplied: usize,
    /// In which order orders were written and trades taken in, lane by lane.
    pub steps: Vec<Step>,
}

impl Trail {
    /// Counts an entry of a lane.
    pub fn take(&mut self, partition: i32, entry: &Entry<'_>) {
        self.entries += 1;
        match &entry.body {
            Body::Decision(decision) => self.decide((partition, entry.seq), &decision.ruling),
            Body::Execution(taken) => {
                self.executions += 1;
                self.anomalies += usize::from(taken.anomaly.is_some() || taken.report.is_err());
                self.steps.push(Step::TookIn((partition, taken.input.offset)));
            }
            Body::Control(taken) if taken.result != ControlResult::Applied => self.unapplied += 1,
            Body::Control(taken) => {
                self.commands += usize::from(matches!(taken.record, Ok(ControlRecord::Command(_))));
            }
            _ => {}
        }
    }

    fn decide(&mut self, entry: (i32, u64), ruling: &Ruling<'_>) {
        match ruling {
            Ruling::Accepted { .. } => {
                self.accepted.insert(entry);
                self.steps.push(Step::Wrote(entry));
            }
            Ruling::Rejected { intent, failed_checks, .. } => {
                let key = (intent.account_id.to_string(), intent.intent_id.to_string());
                self.refused.extend(failed_checks.first().map(|failed| (key, failed.reason)));
            }
            Ruling::Duplicate { .. } => self.duplicates += 1,
            _ => self.odd += 1,
        }
    }

    /// How many intents were refused for each reason.
    pub fn reasons(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        for reason in self.refused.values() {
            *counts.entry(*reason).or_default() += 1;
        }
        counts
    }
}

/// Verifies every lane's trail; says what is wrong with it, in words. Empty when it holds.
///
/// # Errors
/// Kafka's, where something could not be read: then nothing is known.
pub fn verify(plan: &Plan) -> Result<Vec<String>, Fault> {
    let cluster = Cluster::connect(&plan.config, PATIENCE, PATIENCE)?;
    let (schemas, probe) = (Schemas::compiled(), Probe::open(&plan.config)?);
    let world = World::look(&plan.config, &schemas, &probe, &cluster)?;
    let mut wrong = Vec::new();
    for partition in 0..PARTITIONS {
        let report = audit::verify(&world, partition, &[], &mut |_| {})?;
        let kept = report.faults.kept.iter();
        wrong.extend(kept.map(|fault| {
            let entry = fault.seq.map_or_else(String::new, |seq| format!(" entry {seq}"));
            let (topic, field) = (&fault.topic, fault.field.as_deref().unwrap_or("record"));
            let code = fault.code.name();
            format!("{code}: {topic}[{partition}]{entry}, {field}: {}, and not {}", fault.found, fault.due)
        }));
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::{
        Cursors, Decision, ExecutionTaken, Input, IntentIds, Prior, RawRecord, Unreadable,
    };
    use crate::core::ids::{Digest, Fingerprint, Id};
    use crate::core::intent::{Intent, IntentTerms, IntentType};
    use crate::core::time::Time;
    use crate::core::verdict::FailedCheck;

    const INPUT: Input<'static> = Input { topic: "t", partition: 3, offset: 40, timestamp: Time(0) };
    const FINGERPRINT: Fingerprint = Fingerprint([0; 16]);

    fn intent() -> Intent<'static> {
        let id = |text| Id::parse(text).unwrap();
        Intent {
            intent_type: IntentType::New,
            intent_id: id("i"),
            account_id: id("A"),
            strategy_id: id("s"),
            client_order_id: id("o"),
            instrument_id: id("X.Y"),
            created_at: Time(0),
            expires_at: None,
            terms: IntentTerms::default(),
            correlation_id: None,
            tags: Vec::new(),
        }
    }

    /// What the trail counts of an entry of lane 3, number 7.
    fn taken(body: Body<'_>) -> Trail {
        let (prev, as_of) = (Digest([0; 32]), Cursors::default());
        let entry = Entry { seq: 7, prev, as_of, decided_at: Time(0), limits_version: 0, body };
        let mut trail = Trail::default();
        trail.take(3, &entry);
        trail
    }

    fn decided(ruling: Ruling<'_>) -> Trail {
        taken(Body::Decision(Decision { input: INPUT, ruling }))
    }

    #[test]
    fn an_accept_is_a_step_and_a_refusal_has_its_first_reason() {
        let accepted = decided(Ruling::Accepted {
            key: intent().key(),
            order_id: intent().order_id(),
            intent: intent(),
            fingerprint: FINGERPRINT,
            converted_to_cancel: false,
            references: Vec::new(),
            after: None,
        });
        let steps = vec![Step::Wrote((3, 7))];
        assert_eq!(accepted, Trail { entries: 1, accepted: [(3, 7)].into(), steps, ..Trail::default() });

        let reasons = [Reason::RateLimitExceeded, Reason::PositionLimitExceeded];
        let refused = decided(Ruling::Rejected {
            key: intent().key(),
            intent: intent(),
            fingerprint: FINGERPRINT,
            failed_checks: reasons.map(FailedCheck::plain).into(),
            of: None,
            references: Vec::new(),
            after: None,
        });
        let key = ("A".to_owned(), "i".to_owned());
        let due = Trail { entries: 1, refused: [(key, reasons[0])].into(), ..Trail::default() };
        assert_eq!((&refused, refused.reasons()), (&due, [(reasons[0], 1)].into()));
    }

    #[test]
    fn a_retry_and_a_conflict_are_apart() {
        let of = Prior { seq: 1, reason: None, order_id: None };
        let ids: IntentIds<'_> = intent().ids();
        let retry = decided(Ruling::Duplicate { ids, fingerprint: FINGERPRINT, of });
        assert_eq!(retry, Trail { entries: 1, duplicates: 1, ..Trail::default() });
        let conflict = decided(Ruling::Conflict { intent: intent(), fingerprint: FINGERPRINT, of });
        assert_eq!(conflict, Trail { entries: 1, odd: 1, ..Trail::default() });
    }

    #[test]
    fn a_report_is_a_step_where_it_stands_and_an_unreadable_one_is_odd() {
        let raw = RawRecord { key: None, sha256: Digest([0; 32]) };
        let report = taken(Body::Execution(ExecutionTaken {
            input: INPUT,
            report: Err(Unreadable { raw, detail: "".into() }),
            misplaced: None,
            anomaly: None,
            detail: None,
            after: None,
        }));
        let steps = vec![Step::TookIn((3, 40))];
        assert_eq!(report, Trail { entries: 1, executions: 1, anomalies: 1, steps, ..Trail::default() });
    }
}
