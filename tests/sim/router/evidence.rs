//! Gathering what a proof asks for.

use onefill::core::halt::{Halt, HaltCode};
use onefill::core::ids::Digest;
use onefill::core::lane::Event;
use onefill::core::ledger::{Ledger, Opened};
use onefill::core::proof::{self, Evidence, Extent, LastOrder, Offsets, Topology};
use onefill::core::replay::replay;
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};

use super::lane::{Break, Lane};
use super::mutant::Mutant;
use crate::client::expect;
use crate::engine::{MS, Moment};
use crate::kafka::log::Record;
use crate::kafka::request::{Answer, Request, Topic};

/// How often "no committed offset" must be read before it is believed, for 5 s in all. Readings are counted, not
/// time: a process that is frozen in its first reading would believe that one when it wakes up.
const NONE_BELIEVED_AFTER: u32 = 20;
const NONE_ASKED_EVERY: Moment = 250 * MS;

impl Lane {
    /// Compares the trail with the world.
    pub async fn prove(&mut self) -> Result<Event, Break> {
        let mut evidence = self.gather().await?;
        self.blind(&mut evidence);
        let restored = std::mem::replace(&mut self.restored, Ok(()));
        let still_ends = proof::still_ends(evidence.audit, self.trail_end);
        let proved = proof::prove(&self.ledger, restored, &evidence).and_then(|()| still_ends.clone());
        if let Err(halt) = proved {
            // What does not fit may be a successor's work.
            if still_ends.is_err() || !self.owns().await? {
                self.process.sim.count("proofs of lanes that were overtaken");
                return Ok(Event::Doubted(halt));
            }
            return Err(halt.into());
        }
        self.topology = evidence.topology;
        self.process.hazard("after the proof").await;
        Ok(Event::Proved)
    }

    async fn gather(&self) -> Result<Evidence, Break> {
        let partition = self.placement.partition;
        let topology = self.topology().await?;
        let siblings = match self.ledger.opened() {
            None => self.siblings(&topology).await?,
            Some(_) => Vec::new(),
        };
        Ok(Evidence {
            topology,
            siblings,
            committed: self.committed().await?,
            inputs: Offsets {
                intents: self.extent(Topic::Intents, partition).await?,
                executions: self.extent(Topic::Executions, partition).await?,
            },
            control: self.extent(Topic::Control, 0).await?,
            orders: self.extent(Topic::Orders, partition).await?,
            last_order: self.last_order().await?,
            orders_retention_ms: None,
            audit: self.extent(Topic::Audit, partition).await?,
            now: self.process.clock(),
        })
    }

    /// A mistaken shell does not see what it does not look at.
    fn blind(&self, evidence: &mut Evidence) {
        let head = self.ledger.head();
        let cursors = head.cursors;
        let as_due = Offsets { intents: Some(cursors.intents), executions: Some(cursors.executions) };
        let endless = Extent { start: 0, end: i64::MAX };
        let has_trail = self.ledger.opened().is_some();
        match self.process.mutant() {
            Some(Mutant::NoProofOfOffsets) if has_trail => evidence.committed = as_due,
            Some(Mutant::NoneIsFresh) if has_trail && evidence.committed.intents.is_none() => {
                evidence.committed = as_due;
            }
            Some(Mutant::NoProofOfInputs) => {
                evidence.inputs = Offsets { intents: endless, executions: endless };
            }
            Some(Mutant::NoProofOfOutputs) => {
                evidence.last_order = head.published.as_ref().map(LastOrder::of);
            }
            Some(Mutant::NoProofOfTopology) => {
                if let Some(opened) = self.ledger.opened() {
                    evidence.topology.topic_ids = opened.topic_ids.clone();
                }
                let due = self.placement.count;
                evidence.topology.partition_counts.values_mut().for_each(|count| *count = due);
            }
            Some(Mutant::NoSiblings) => evidence.siblings.clear(),
            _ => {}
        }
    }

    async fn topology(&self) -> Result<Topology, Break> {
        let reply = self.patiently(Request::Topology).await?;
        let read = |answer| if let Answer::Topology(rows) = answer { Some(rows) } else { None };
        let rows = expect(reply, read).unwrap_or_default();
        let name = |topic: &Topic| topic.name().to_owned();
        let recorded = rows.iter().filter(|(topic, ..)| *topic != Topic::Quarantine);
        Ok(Topology {
            group: self.process.group.to_owned(),
            partition_counts: rows
                .iter()
                .filter(|(topic, ..)| topic.has_lanes())
                .map(|(topic, _, count)| (name(topic), *count))
                .collect(),
            topic_ids: recorded.map(|(topic, id, _)| (name(topic), format!("id-{id}"))).collect(),
            control: Topic::Control.name().to_owned(),
        })
    }

    async fn extent(&self, topic: Topic, partition: i32) -> Result<Extent, Break> {
        let extents = self.extents((topic, partition)).await?;
        Ok(Extent { start: extents.start, end: extents.end })
    }

    async fn committed(&self) -> Result<Offsets<Option<i64>>, Break> {
        let partition = self.placement.partition;
        let places = [(Topic::Intents, partition), (Topic::Executions, partition)];
        let mut readings = 0;
        loop {
            let request = Request::OffsetFetch { group: self.process.group, places };
            let reply = self.patiently(request).await?;
            let read = |answer| if let Answer::Offsets(offsets) = answer { Some(offsets) } else { None };
            let [intents, executions] = expect(reply, read).unwrap_or_default();
            let whole = intents.is_some() && executions.is_some();
            let believed = match self.process.is(Mutant::NoneBelievedAtOnce) {
                true => 1,
                false => NONE_BELIEVED_AFTER,
            };
            readings += 1;
            if whole || readings >= believed {
                return Ok(Offsets { intents, executions });
            }
            self.process.sim.count("no offset, asked again");
            self.pause(NONE_ASKED_EVERY).await;
            self.heed()?;
        }
    }

    /// The last committed record of the orders.
    async fn last_order(&self) -> Result<Option<LastOrder>, Break> {
        let place = (Topic::Orders, self.placement.partition);
        let extents = self.extents(place).await?;
        let mut tail = 64;
        loop {
            let from = extents.start.max(extents.end - tail);
            let mut last = None;
            let mut reading = self.read_to_end(place, from).await?;
            while let Some(records) = self.more(&mut reading, false).await? {
                last = records.last().map(|record| read_order(&self.schemas, record));
            }
            match last {
                Some(order) => return Ok(Some(order)),
                None if from <= extents.start => return Ok(None),
                None => tail *= 8,
            }
        }
    }

    /// What the first entries of the other partitions' trails recorded.
    async fn siblings(&self, topology: &Topology) -> Result<Vec<Opened>, Break> {
        let count = topology.partition_counts.get(Topic::Audit.name()).copied().unwrap_or_default();
        let mut siblings = Vec::new();
        for partition in (0..count).filter(|partition| *partition != self.placement.partition) {
            let place = (Topic::Audit, partition);
            let start = self.extents(place).await?.start;
            let mut reading = self.read_to_end(place, start).await?;
            let records = self.more(&mut reading, false).await?.unwrap_or_default();
            siblings.extend(records.first().map(|record| recorded(&self.schemas, record)));
        }
        Ok(siblings)
    }
}

fn recorded(schemas: &Schemas, record: &Record) -> Opened {
    let read = || {
        let value = record.payload.value.as_deref()?;
        let body = schemas.open(RecordType::Entry, value).ok()?;
        let entry = wire::entry::decode(&body).ok()?;
        let mut ledger = Ledger::new(onefill::core::ledger::Placement { partition: 0, count: 1 });
        replay(&mut ledger, &entry, Digest::leaf(value)).ok()?;
        ledger.opened().cloned()
    };
    read().unwrap_or(Opened::unreadable())
}

fn read_order(schemas: &Schemas, record: &Record) -> LastOrder {
    let read = || {
        let body = schemas.open(RecordType::Order, record.payload.value.as_deref()?).ok()?;
        let order = wire::order::decode(&body).ok()?;
        Some(LastOrder {
            audit_seq: order.audit_seq,
            command: order.command,
            order_id: order.order_id,
            order_version: order.order_version,
            // Nobody edits records there.
            differs: None,
        })
    };
    read().unwrap_or(LastOrder::UNREADABLE)
}

/// A halt of the shell's own.
pub fn clock_unsafe(behind: i128) -> Halt {
    Halt::new(HaltCode::ClockUnsafe, format!("the clock is {behind} ns behind the last entry"))
}
