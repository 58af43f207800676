//! Whether every record of an input is answered by exactly one entry (`G3`).
//!
//! The trail names the records that it answers in offset order, so the input is read in step with
//! it. What retention has removed cannot be compared, and is counted instead.

use std::iter::Peekable;

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message, OwnedMessage};

use super::fault::{Faults, Place};
use crate::core::entry::Input;
use crate::core::halt::HaltCode;
use crate::core::time::Time;

/// One input of a lane, read in step with the trail.
pub struct Answers<I: Iterator<Item = KafkaResult<OwnedMessage>>> {
    topic: String,
    partition: i32,
    log_start: i64,
    /// The next offset that may be answered; `None` before the first entry.
    next: Option<i64>,
    records: Peekable<I>,
    /// Records that were found, each answered.
    pub compared: u64,
    /// Answered records that the topic no longer has.
    pub outlived: u64,
}

impl<I: Iterator<Item = KafkaResult<OwnedMessage>>> Answers<I> {
    /// The records of a partition from its log start on.
    pub fn new(topic: &str, partition: i32, log_start: i64, records: I) -> Self {
        let (topic, records) = (topic.to_owned(), records.peekable());
        Self { topic, partition, log_start, next: None, records, compared: 0, outlived: 0 }
    }

    /// Where the trail begins: what lies before is not its matter. Does nothing when it has begun.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn begin(&mut self, cursor: i64) -> KafkaResult<()> {
        if self.next.is_none() {
            self.next = Some(cursor);
            while self.ahead()?.is_some_and(|offset| offset < cursor) {
                self.records.next();
            }
        }
        Ok(())
    }

    /// An operator says where the input stands from here on: what is skipped is accepted.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn move_to(&mut self, cursor: i64, faults: &mut Faults) -> KafkaResult<()> {
        self.next = Some(cursor);
        while self.ahead()?.is_some_and(|offset| offset < cursor) {
            self.records.next();
            faults.accepted += 1;
        }
        Ok(())
    }

    /// The record that an entry answers. Afterwards everything before it is answered, or a fault.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn answer(
        &mut self,
        input: &Input<'_>,
        entry: Place<'_>,
        faults: &mut Faults,
    ) -> KafkaResult<Option<OwnedMessage>> {
        let code = HaltCode::StateDiverged;
        if (input.topic, input.partition) != (&*self.topic, self.partition) {
            let found = format!("{}[{}]", input.topic, input.partition);
            faults.add(code, entry, Some("input"), found, format!("{}[{}]", self.topic, self.partition));
            return Ok(None);
        }
        let next = self.next.unwrap_or(0);
        if input.offset < next {
            let due = format!("{next} or later: what is before is answered");
            faults.add(code, entry, Some("input.offset"), input.offset, due);
            return Ok(None);
        }
        self.pass(input.offset, faults)?;
        self.next = Some(input.offset + 1);
        if input.offset < self.log_start {
            self.outlived += 1;
            return Ok(None);
        }
        if self.ahead()? != Some(input.offset) {
            let due = format!("the offset of a committed record of {}[{}]", self.topic, self.partition);
            faults.add(code, entry, Some("input.offset"), input.offset, due);
            return Ok(None);
        }
        self.compared += 1;
        let record = self.records.next().transpose()?;
        if let Some(record) = &record {
            let timestamp = Time::from_millis(record.timestamp().to_millis().unwrap_or_default());
            if timestamp != input.timestamp {
                faults.add(code, entry, Some("input.timestamp"), input.timestamp.0, timestamp.0);
            }
        }
        Ok(record)
    }

    /// The trail ends, and its cursor stands here.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn end(&mut self, cursor: i64, faults: &mut Faults) -> KafkaResult<()> {
        match self.next {
            Some(_) => self.pass(cursor, faults),
            None => Ok(()),
        }
    }

    /// Everything before this offset should have been answered.
    fn pass(&mut self, offset: i64, faults: &mut Faults) -> KafkaResult<()> {
        while let Some(unanswered) = self.ahead()?.filter(|ahead| *ahead < offset) {
            self.records.next();
            let (topic, partition) = (self.topic.as_str(), self.partition);
            let place = Place { topic, partition, offset: Some(unanswered), seq: None };
            faults.add(HaltCode::InputLost, place, None, "no entry answers this record", "one entry");
        }
        Ok(())
    }

    fn ahead(&mut self) -> KafkaResult<Option<i64>> {
        match self.records.peek() {
            None => Ok(None),
            Some(Ok(record)) => Ok(Some(record.offset())),
            Some(Err(_)) => match self.records.next() {
                Some(Err(error)) => Err(error),
                _ => Err(KafkaError::NoMessageReceived),
            },
        }
    }
}
