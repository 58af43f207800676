//! The control log as every lane would apply it, without any other input.

use std::collections::BTreeMap;

use crate::core::batch::Batch;
use crate::core::control::{Command, ControlRecord, ControlResult, Scope};
use crate::core::decide::Arrival;
use crate::core::entry::{Body, ControlTaken, Opening};
use crate::core::ids::{Digest, Id};
use crate::core::ledger::{Ledger, Placement};
use crate::core::prices::PriceBook;
use crate::core::settings::{RULES_VERSION, Settings};
use crate::core::time::Time;

/// Anomalies hold states under names that begin so.
const ANOMALY: &str = "anomaly-";

/// What the records of `control` come to.
///
/// Orders and reports are not looked at: states that anomalies hold are not known here.
#[derive(Debug)]
pub struct ControlLog {
    lanes: Vec<Ledger>,
    /// Those that could not be obeyed.
    pub(super) invalid: Vec<Invalid>,
    /// The scopes that a command has loosened if an anomaly held them, and that command.
    pub(super) perhaps: BTreeMap<(Scope, String), String>,
}

/// A record that is answered `INVALID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Where it lies.
    pub offset: i64,
    /// What is wrong with it.
    pub detail: String,
    /// Whether it names a lane that there is not.
    pub is_lane: bool,
}

impl ControlLog {
    /// An empty log, for so many lanes that decide by these settings.
    pub fn new(count: i32, settings: Settings) -> Self {
        let lane = |partition| opened(Placement { partition, count }, settings);
        let lanes = (0..count.max(1)).map(lane).collect();
        Self { lanes, invalid: Vec::new(), perhaps: BTreeMap::new() }
    }

    /// Takes the next record in.
    pub fn take(&mut self, arrival: &Arrival<'_>) {
        let Some((first, others)) = self.lanes.split_first_mut() else { return };
        let prices = PriceBook::default();
        let Some(taken) = hear(first, &prices, arrival) else { return };
        match (&taken.record, taken.result) {
            (record, ControlResult::Invalid) => {
                let detail = match (record, &taken.detail) {
                    (Err(unreadable), _) => unreadable.detail.to_string(),
                    (Ok(_), detail) => detail.as_deref().unwrap_or_default().to_owned(),
                };
                let is_lane =
                    matches!(record, Ok(ControlRecord::Command(it)) if it.scope_type == Scope::Lane);
                self.invalid.push(Invalid { offset: taken.input.offset, detail, is_lane });
            }
            (Ok(ControlRecord::Command(command)), result) => {
                // Lanes differ in their own states alone.
                others.iter_mut().for_each(|lane| drop(hear(lane, &prices, arrival)));
                self.note(command, result);
            }
            _ => {}
        }
    }

    /// A resume that names an anomaly may have been right: whoever held the scope is not known here.
    fn note(&mut self, command: &Command<'_>, result: ControlResult) {
        let scope = (command.scope_type, command.scope_id.to_owned());
        let names_anomaly = command.resumes.map(Id::as_str).is_some_and(|id| id.starts_with(ANOMALY));
        match result {
            ControlResult::StaleResume if names_anomaly => {
                self.perhaps.insert(scope, command.command_id.as_str().to_owned());
            }
            ControlResult::Applied => drop(self.perhaps.remove(&scope)),
            _ => {}
        }
    }

    /// What is the same in every lane.
    pub fn ledger(&self) -> &Ledger {
        &self.lanes[0]
    }

    /// Each lane's, for its own state.
    pub fn lanes(&self) -> &[Ledger] {
        &self.lanes
    }
}

fn hear<'a>(ledger: &mut Ledger, prices: &'a PriceBook, arrival: &Arrival<'a>) -> Option<ControlTaken<'a>> {
    let mut batch = Batch::open(ledger, prices, Time::default());
    let Body::Control(taken) = batch.take(arrival).body else { return None };
    batch.link(Digest::ZERO);
    batch.settle();
    Some(taken)
}

fn opened(placement: Placement, settings: Settings) -> Ledger {
    let mut ledger = Ledger::new(placement);
    let prices = PriceBook::default();
    let mut batch = Batch::open(&mut ledger, &prices, Time::default());
    let settings = settings.to_map().into_iter().map(|(name, value)| (name.into(), value.into()));
    batch.open_lane(Opening {
        router_id: "".into(),
        version: "".into(),
        rules_version: RULES_VERSION,
        group: "".into(),
        partition_count: placement.count,
        topic_ids: BTreeMap::new(),
        settings: settings.collect(),
        ledger_hash: Digest::ZERO,
    });
    batch.link(Digest::ZERO);
    batch.settle();
    ledger
}
