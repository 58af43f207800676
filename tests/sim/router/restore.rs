//! Fence, and read the trail to its end.

use std::borrow::Cow;

use onefill::core::entry::Entry;
use onefill::core::halt::{Halt, HaltCode};
use onefill::core::ids::Digest;
use onefill::core::lane::{Event, Slot};
use onefill::core::ledger::Ledger;
use onefill::core::proof::{self, Extent};
use onefill::core::replay::Reading;
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};

use super::lane::{Break, Lane, Sink};
use super::mutant::Mutant;
use crate::client::expect;
use crate::client::producer::Producer;
use crate::engine::{MS, Moment, SECOND};
use crate::kafka::TRANSACTION_TIMEOUT;
use crate::kafka::log::{Extents, Record};
use crate::kafka::request::{Answer, Code, Fetched, Place, Request, Topic};

/// How long past the transaction timeout an open transaction of the trail is waited for.
const UNSTABLE_GRACE: Moment = 30 * SECOND;
/// One attempt to initialise a producer.
const INIT_WAIT: Moment = 5 * SECOND;
/// Records of one answer.
const FETCH_MOST: usize = 40;

impl Lane {
    /// A lane that is no longer owned waits here until it is told so.
    pub async fn await_ownership(&mut self) -> Result<Event, Break> {
        self.sink = None;
        while !self.process.is(Mutant::FenceUnasked) && !self.owns().await? {
            self.process.sim.count("waits for ownership");
            self.pause(100 * MS).await;
        }
        Ok(Event::Owned)
    }

    /// Replaces both producers: afterwards no former owner can commit.
    pub async fn fence(&mut self) -> Result<Event, Break> {
        self.process.hazard("before the fence").await;
        if !self.process.is(Mutant::NoFence) {
            self.sink = Some(self.open_sink().await?);
        }
        Ok(Event::Fenced)
    }

    pub async fn open_sink(&self) -> Result<Sink, Break> {
        let (process, partition) = (&self.process, self.placement.partition);
        loop {
            self.heed()?;
            let producer =
                |slot: Slot| Producer::new(&process.network, process.id, (partition, slot.index()));
            let mut slots = [producer(Slot::Zero), producer(Slot::One)];
            let mut ready = slots[0].init(process.sim.now() + INIT_WAIT).await;
            if ready.is_ok() && !process.is(Mutant::FenceOfOneSlot) {
                process.hazard("between the fences").await;
                ready = slots[1].init(process.sim.now() + INIT_WAIT).await;
            }
            match ready {
                Ok(()) => {
                    slots.iter().for_each(Producer::calm);
                    process.sim.count("fences taken");
                    return Ok(Sink { slots });
                }
                Err(_) => self.pause(100 * MS).await,
            }
        }
    }

    pub async fn owns(&self) -> Result<bool, Break> {
        let reply = self.patiently(Request::DescribeGroup(self.process.group)).await?;
        let read = |answer| if let Answer::Group(group) = answer { Some(group) } else { None };
        let own = self.process.membership.get().map(|membership| membership.member);
        let found = expect(reply, read);
        Ok(found.is_ok_and(|group| {
            let owner = group.owners.iter().find(|(at, _)| *at == self.placement.partition);
            group.is_stable && own.is_some() && owner.map(|(_, member)| *member) == own
        }))
    }

    /// Reads the trail from where it was last read to its end.
    pub async fn restore(&mut self) -> Result<Event, Break> {
        if self.process.is(Mutant::NoTailRead) && self.ledger.opened().is_some() {
            return Ok(Event::Restored { news: false });
        }
        self.process.hazard("before the trail is read").await;
        let place = (Topic::Audit, self.placement.partition);
        let extents = self.settled_end(place).await?;
        self.trail_end = extents.end;
        let seq = self.ledger.settled_head().next_seq;
        let next = self.trail_next.unwrap_or(extents.start);
        let extent = Extent { start: extents.start, end: extents.end };
        if let Err(halt) = proof::still_there(place.0.name(), next, extent) {
            self.restored = Err(halt);
            return Ok(Event::Restored { news: true });
        }
        self.restored = self.read_trail(place, next).await?;
        let news = self.restored.is_err() || self.ledger.settled_head().next_seq != seq;
        Ok(Event::Restored { news })
    }

    async fn read_trail(&mut self, place: Place, next: i64) -> Result<Result<(), Halt>, Break> {
        self.trail_next = Some(next);
        let mut reading = Reading::begin(&self.ledger);
        let first_end = self.process.is(Mutant::RestoreToFirstEnd);
        let mut reader = self.read_to_end(place, next).await?;
        while let Some(records) = self.more(&mut reader, first_end).await? {
            let (taken, ended) = take_in(&self.schemas, &mut self.ledger, &mut reading, &records);
            if let Some(last) = records[..taken].last() {
                self.trail_next = Some(last.offset + 1);
            }
            if let Err(halt) = ended {
                return Ok(Err(halt));
            }
        }
        Ok(reading.end())
    }

    /// Waits until everything on the trail is settled; what it holds.
    async fn settled_end(&self, place: Place) -> Result<Extents, Break> {
        let began = self.process.sim.now();
        loop {
            let extents = self.extents(place).await?;
            if extents.stable >= extents.end {
                return Ok(extents);
            }
            self.process.sim.count("waits for a stable end");
            if self.process.sim.now() - began > TRANSACTION_TIMEOUT + UNSTABLE_GRACE {
                let detail = format!("{place:?}: a transaction is open at offset {}", extents.stable);
                return Err(Halt::new(HaltCode::OutcomeUnresolved, detail).into());
            }
            self.pause(50 * MS).await;
            self.heed()?;
        }
    }

    pub async fn extents(&self, place: Place) -> Result<Extents, Break> {
        let reply = self.patiently(Request::Extents(place)).await?;
        let read = |answer| if let Answer::Extents(extents) = answer { Some(extents) } else { None };
        let missing = |code: Code| Halt::new(HaltCode::TopologyChanged, format!("{place:?}: {code:?}"));
        Ok(expect(reply, read).map_err(missing)?)
    }

    /// A reading of committed records, from an offset to the end that stands now.
    pub async fn read_to_end(&self, place: Place, from: i64) -> Result<ToEnd, Break> {
        let end = self.extents(place).await?.stable;
        Ok(ToEnd { place, next: from, end })
    }

    /// The next records of a reading; `None` at its end. An end that is nearer than the one that was
    /// asked for is not believed.
    pub async fn more(&self, reading: &mut ToEnd, first_end: bool) -> Result<Option<Vec<Record>>, Break> {
        loop {
            let request = Request::Fetch {
                place: reading.place,
                from: reading.next,
                most: FETCH_MOST,
                uncommitted: false,
            };
            let reply = self.patiently(request).await?;
            let read = |answer| if let Answer::Fetched(fetched) = answer { Some(fetched) } else { None };
            let gone = |code: Code| Halt::new(HaltCode::InputLost, format!("{:?}: {code:?}", reading.place));
            let Fetched { records, next, stable } = expect(reply, read).map_err(gone)?;
            let at_end = next >= reading.end || (first_end && next >= stable);
            reading.next = next;
            match (records.is_empty(), at_end) {
                (true, true) => return Ok(None),
                (true, false) => self.pause(20 * MS).await,
                (false, _) => return Ok(Some(records)),
            }
            self.heed()?;
        }
    }
}

/// A reading on its way.
pub struct ToEnd {
    place: Place,
    next: i64,
    end: i64,
}

/// Takes in the next entries of the trail, or knows them already; how many, and why no more.
fn take_in(
    schemas: &Schemas,
    ledger: &mut Ledger,
    reading: &mut Reading,
    records: &[Record],
) -> (usize, Result<(), Halt>) {
    let bodies: Vec<_> = records.iter().map(|record| open(schemas, record)).collect();
    let (mut entries, mut unreadable) = (Vec::new(), Ok(()));
    for (record, body) in records.iter().zip(&bodies) {
        match decode(record, body) {
            Ok(entry) => entries.push(entry),
            Err(halt) => {
                unreadable = Err(halt);
                break;
            }
        }
    }
    let (taken, ended) = reading.take_all(ledger, &entries);
    (taken, ended.and(unreadable))
}

fn unreadable(record: &Record, detail: &str) -> Halt {
    let offset = record.offset;
    Halt::new(HaltCode::AuditUnreadable, format!("the record at offset {offset} is no entry: {detail}"))
}

fn open<'r>(schemas: &Schemas, record: &'r Record) -> Result<Cow<'r, [u8]>, Halt> {
    let value = record.payload.value.as_deref().ok_or_else(|| unreadable(record, "it has no value"))?;
    schemas.open(RecordType::Entry, value).map_err(|error| unreadable(record, &error.to_string()))
}

fn decode<'r>(record: &Record, body: &'r Result<Cow<'_, [u8]>, Halt>) -> Result<(Entry<'r>, Digest), Halt> {
    let body = body.as_ref().map_err(Clone::clone)?;
    let entry = wire::entry::decode(body).map_err(|error| unreadable(record, &error.to_string()))?;
    if record.payload.key.as_deref() != Some(&entry.seq.to_be_bytes()) {
        return Err(unreadable(record, &format!("its key is not its number, {}", entry.seq)));
    }
    Ok((entry, Digest::leaf(record.payload.value.as_deref().unwrap_or_default())))
}
