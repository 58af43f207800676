//! What one batch counts: filled while it is decided, added to the metrics once it has committed.
//!
//! A batch that is discarded leaves no trace: its tally is dropped with it.

use super::recent::OfBatch;
use crate::core::entry::{Anomaly, Body, Entry};
use crate::core::execution::ExecType;
use crate::core::intent::IntentType;
use crate::core::time::Time;
use crate::core::verdict::{Reason, Verdict};
use crate::shell::topics::Role;

/// Why values are kept in quarantine, and whose they are.
pub const QUARANTINE: [(Role, &str); 3] = [
    (Role::Intents, Reason::MalformedIntent.name()),
    (Role::Executions, Anomaly::ExecutionUnapplied.name()),
    (Role::Executions, Anomaly::AccountMismatch.name()),
];

/// The kind of an execution report that could not be decoded.
pub const UNREADABLE: &str = "UNREADABLE";

/// The counts of one batch. Arrays are indexed as the symbols are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whether the batch opens the lane.
    pub(super) opens: bool,
    pub(super) records: usize,
    pub(super) intents: [u64; Verdict::ALL.len()],
    pub(super) rejections: [u64; Reason::ALL.len()],
    pub(super) orders: [u64; IntentType::ALL.len()],
    /// The last one is of what could not be decoded.
    pub(super) executions: [u64; ExecType::ALL.len() + 1],
    pub(super) anomalies: [u64; Anomaly::ALL.len()],
    pub(super) quarantined: [u64; QUARANTINE.len()],
    pub(super) owed_cancels: u64,
    /// Kafka's timestamp of each intent.
    pub(super) intents_at: Vec<Time>,
    /// What was decided last.
    pub(super) recent: OfBatch,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            opens: false,
            records: 0,
            intents: [0; _],
            rejections: [0; _],
            orders: [0; _],
            executions: [0; _],
            anomalies: [0; _],
            quarantined: [0; _],
            owed_cancels: 0,
            intents_at: Vec::new(),
            recent: OfBatch::default(),
        }
    }
}

impl Tally {
    /// An entry was made.
    pub fn entry(&mut self, entry: &Entry<'_>) {
        match &entry.body {
            Body::Decision(decision) => {
                self.records += 1;
                self.intents[decision.ruling.verdict().index()] += 1;
                if let Some(reason) = decision.ruling.reason() {
                    self.rejections[reason.index()] += 1;
                }
                self.intents_at.push(decision.input.timestamp);
                self.recent.keep(entry, decision);
            }
            Body::Execution(taken) => {
                self.records += 1;
                let readable = taken.report.as_ref().ok();
                self.executions[readable.map_or(ExecType::ALL.len(), |report| report.exec_type.index())] += 1;
                if let Some(anomaly) = taken.anomaly {
                    self.anomalies[anomaly.index()] += 1;
                }
            }
            Body::Control(_) => self.records += 1,
            Body::Genesis(_) | Body::LaneOpened(_) => self.opens = true,
            // No input caused it: the control record has an entry of its own.
            Body::OwedCancel(_) => self.owed_cancels += 1,
            Body::Recovery(_) => {}
        }
    }

    /// An order was written.
    pub fn order(&mut self, command: IntentType) {
        self.orders[command.index()] += 1;
    }

    /// A value went to quarantine.
    pub fn quarantine(&mut self, reason: &str) {
        let index = QUARANTINE.iter().position(|(_, known)| *known == reason);
        self.quarantined[index.expect("values are quarantined for known reasons")] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::entry::{
        Cursors, Decision, ExecutionTaken, Input, IntentIds, OwedCancel, RawRecord, Recovery, Ruling,
        Unreadable,
    };
    use crate::core::halt::HaltCode;
    use crate::core::ids::{Digest, Id};

    const INPUT: Input<'static> = Input { topic: "t", partition: 0, offset: 7, timestamp: Time(9) };

    fn entry(body: Body<'_>) -> Entry<'_> {
        Entry {
            seq: 1,
            prev: Digest::of(b""),
            as_of: Cursors::default(),
            decided_at: Time(10),
            limits_version: -1,
            body,
        }
    }

    fn raw() -> RawRecord<'static> {
        RawRecord { key: None, sha256: Digest::of(b"") }
    }

    #[test]
    fn a_malformed_intent_counts_as_rejected_for_its_reason() {
        let mut tally = Tally::default();
        let ruling = Ruling::Malformed { raw: raw(), detail: "short".into() };
        tally.entry(&entry(Body::Decision(Decision { input: INPUT, ruling })));
        tally.quarantine("MALFORMED_INTENT");
        let mut expected = Tally { records: 1, intents_at: vec![Time(9)], ..Tally::default() };
        // What was decided last has tests of its own.
        expected.recent = tally.recent;
        expected.intents[Verdict::Rejected.index()] = 1;
        expected.rejections[Reason::MalformedIntent.index()] = 1;
        expected.quarantined[0] = 1;
        assert_eq!(tally, expected);
    }

    #[test]
    fn an_unreadable_report_counts_as_such() {
        let mut tally = Tally::default();
        let report = Err(Unreadable { raw: raw(), detail: "short".into() });
        let anomaly = Some(Anomaly::ExecutionUnapplied);
        let taken =
            ExecutionTaken { input: INPUT, report, misplaced: None, anomaly, detail: None, after: None };
        tally.entry(&entry(Body::Execution(taken)));
        let mut expected = Tally { records: 1, ..Tally::default() };
        expected.executions[ExecType::ALL.len()] = 1;
        expected.anomalies[Anomaly::ExecutionUnapplied.index()] = 1;
        assert_eq!(tally, expected);
    }

    #[test]
    fn what_no_input_caused_is_no_record() {
        let mut tally = Tally::default();
        let recovery = Recovery { accepted: HaltCode::InputLost, reason: "because".into() };
        tally.entry(&entry(Body::Recovery(recovery)));
        assert_eq!(tally, Tally::default());

        let id = |text| Id::parse(text).unwrap();
        let ids = IntentIds {
            account_id: id("A"),
            strategy_id: id("S"),
            instrument_id: id("I"),
            intent_id: id("K"),
            client_order_id: id("C"),
        };
        tally.entry(&entry(Body::OwedCancel(OwedCancel { input: INPUT, ids, after: None })));
        assert_eq!(tally, Tally { owed_cancels: 1, ..Tally::default() });
    }
}
