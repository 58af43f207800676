//! One partition: records and markers by offset, which transactions are open, how far all is settled.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::request::{Code, Fetched, Stamp};

/// What a client writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub key: Option<Rc<[u8]>>,
    pub value: Option<Rc<[u8]>>,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub offset: i64,
    pub payload: Payload,
    /// When the broker took it, in milliseconds of virtual time.
    pub timestamp_ms: i64,
}

/// Log start, last stable offset, high watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extents {
    pub start: i64,
    pub stable: i64,
    pub end: i64,
}

/// What a reader is shown of a log.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub uncommitted: bool,
    /// A leader that is new does not know yet how far its log is replicated.
    pub before: i64,
}

impl Shown {
    pub const SETTLED: Self = Self { uncommitted: false, before: i64::MAX };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Settled,
    Open(u64),
    Aborted,
}

#[derive(Clone, Debug)]
enum Line {
    Data { payload: Payload, timestamp_ms: i64, fate: Fate },
    Marker,
}

#[derive(Clone, Copy, Debug)]
struct Writer {
    epoch: i16,
    next_sequence: i64,
    first_open: Option<i64>,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    start: i64,
    /// From offset 0 on; what lies before `start` is never shown.
    lines: Vec<Line>,
    writers: BTreeMap<u64, Writer>,
}

impl Log {
    pub fn extents(&self) -> Extents {
        let end = self.lines.len() as i64;
        let open = self.writers.values().filter_map(|writer| writer.first_open).min();
        Extents { start: self.start, stable: open.unwrap_or(end), end }
    }

    /// Records of somebody without a transaction.
    pub fn append(&mut self, payload: Payload, timestamp_ms: i64) -> i64 {
        self.lines.push(Line::Data { payload, timestamp_ms, fate: Fate::Settled });
        self.lines.len() as i64
    }

    /// Records of an open transaction. Sequences guard each producer's order: what was written before is
    /// acknowledged again, and not written again.
    pub fn append_open(
        &mut self,
        stamp: Stamp,
        sequence: i64,
        records: Vec<Payload>,
        timestamp_ms: i64,
    ) -> Result<i64, Code> {
        let fresh = Writer { epoch: stamp.epoch, next_sequence: 0, first_open: None };
        let end = self.lines.len() as i64;
        let writer = self.writers.entry(stamp.id).or_insert(fresh);
        if stamp.epoch < writer.epoch {
            return Err(Code::Fenced);
        }
        if stamp.epoch > writer.epoch {
            *writer = Writer { first_open: writer.first_open, ..fresh };
        }
        if sequence < writer.next_sequence {
            return Ok(end);
        }
        if sequence > writer.next_sequence {
            return Err(Code::OutOfOrder);
        }
        writer.next_sequence += records.len() as i64;
        writer.first_open.get_or_insert(end);
        for payload in records {
            self.lines.push(Line::Data { payload, timestamp_ms, fate: Fate::Open(stamp.id) });
        }
        Ok(self.lines.len() as i64)
    }

    /// The end of a producer's transaction here.
    pub fn mark(&mut self, stamp: Stamp, commits: bool) {
        let fresh = Writer { epoch: stamp.epoch, next_sequence: 0, first_open: None };
        let writer = self.writers.entry(stamp.id).or_insert(fresh);
        if stamp.epoch > writer.epoch {
            *writer = Writer { first_open: writer.first_open, ..fresh };
        }
        let Some(first) = writer.first_open.take() else {
            self.lines.push(Line::Marker);
            return;
        };
        let settled = if commits { Fate::Settled } else { Fate::Aborted };
        for line in &mut self.lines[first as usize..] {
            if let Line::Data { fate, .. } = line
                && *fate == Fate::Open(stamp.id)
            {
                *fate = settled;
            }
        }
        self.lines.push(Line::Marker);
    }

    /// Up to so many records from an offset on, of those that the broker shows.
    pub fn fetch(&self, from: i64, most: usize, shown: Shown) -> Result<Fetched, Code> {
        let Extents { start, stable, end } = self.extents();
        if from < start || from > end {
            return Err(Code::OffsetOutOfRange);
        }
        let stable = if shown.uncommitted { end } else { stable }.min(shown.before);
        let (mut records, mut next) = (Vec::new(), from);
        while next < stable && records.len() < most {
            if let Line::Data { payload, timestamp_ms, fate } = &self.lines[next as usize]
                && (*fate == Fate::Settled || shown.uncommitted)
            {
                records.push(Record { offset: next, payload: payload.clone(), timestamp_ms: *timestamp_ms });
            }
            next += 1;
        }
        Ok(Fetched { records, next, stable })
    }

    /// Every committed record, as an outsider reads it.
    pub fn committed(&self) -> Vec<Record> {
        self.committed_from(self.start)
    }

    /// The same, from an offset on.
    pub fn committed_from(&self, offset: i64) -> Vec<Record> {
        let from = offset.max(self.start);
        self.fetch(from, usize::MAX, Shown::SETTLED).map_or_else(|_| Vec::new(), |fetched| fetched.records)
    }

    /// Records before this offset are gone: retention, or a tool.
    pub fn delete_before(&mut self, offset: i64) {
        self.start = self.start.max(offset.min(self.lines.len() as i64));
    }

    /// The end is gone: an unclean election, or a tool.
    pub fn truncate(&mut self, end: i64) {
        self.lines.truncate(end.max(0) as usize);
        self.start = self.start.min(self.lines.len() as i64);
        for writer in self.writers.values_mut() {
            writer.first_open = writer.first_open.filter(|first| *first < end);
        }
    }

    /// The record is gone, its offset stays: what compaction does.
    pub fn erase(&mut self, offset: i64) {
        self.lines[offset as usize] = Line::Marker;
    }

    /// Somebody else's bytes stand where the record was.
    pub fn rewrite(&mut self, offset: i64, edited: Payload) {
        if let Line::Data { payload, .. } = &mut self.lines[offset as usize] {
            *payload = edited;
        }
    }
}
