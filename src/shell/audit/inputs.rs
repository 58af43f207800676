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

/// A RECOVERY goes on at this offset, which was answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewind {
    /// The number of the entry.
    pub seq: u64,
    /// The next offset that is answered.
    pub to: i64,
}

/// One input of a lane, read in step with the trail.
pub struct Answers<I: Iterator<Item = KafkaResult<OwnedMessage>>> {
    topic: String,
    partition: i32,
    log_start: i64,
    /// The next offset that may be answered; `None` before the first entry.
    next: Option<i64>,
    records: Peekable<I>,
    /// Where an operator let the input go on before its cursor, by the number of the entry that says so: what
    /// entries before it answered from there on is gone, and other records have its offsets.
    rewinds: Vec<Rewind>,
    /// Records that were found, each answered.
    pub compared: u64,
    /// Answered records that the topic no longer has.
    pub outlived: u64,
}

impl<I: Iterator<Item = KafkaResult<OwnedMessage>>> Answers<I> {
    /// The records of a partition from its log start on. Rewinds are what a former reading of the trail has found.
    pub fn new(topic: &str, partition: i32, log_start: i64, records: I, rewinds: Vec<Rewind>) -> Self {
        let (topic, records) = (topic.to_owned(), records.peekable());
        Self { topic, partition, log_start, next: None, records, rewinds, compared: 0, outlived: 0 }
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

    /// An operator says where the input stands from here on: what is skipped is accepted. That place, if it was
    /// answered before.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn move_to(&mut self, cursor: i64, faults: &mut Faults) -> KafkaResult<Option<i64>> {
        let rewound = self.next.filter(|next| cursor < *next).map(|_| cursor);
        if rewound.is_some() {
            // What is before the place to go on at is there, and is no loss.
            self.pass(cursor, faults)?;
        }
        self.next = Some(cursor);
        while self.ahead()?.is_some_and(|offset| offset < cursor) {
            self.records.next();
            faults.accepted += 1;
        }
        Ok(rewound)
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
        let applies = |rewind: &&Rewind| entry.seq < Some(rewind.seq) && input.offset >= rewind.to;
        let lost_from = self.rewinds.iter().filter(applies).map(|rewind| rewind.to).min();
        let is_lost = lost_from.is_some();
        self.pass(lost_from.unwrap_or(input.offset), faults)?;
        self.next = Some(input.offset + 1);
        if is_lost || input.offset < self.log_start {
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

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;

    use super::*;

    const ENTRY: Place<'static> = Place { topic: "audit", partition: 0, offset: Some(0), seq: Some(0) };

    fn records(offsets: &[i64]) -> Vec<KafkaResult<OwnedMessage>> {
        let record = |offset: &i64| {
            OwnedMessage::new(None, None, "intents".to_owned(), Timestamp::CreateTime(7), 0, *offset, None)
        };
        offsets.iter().map(|offset| Ok(record(offset))).collect()
    }

    fn input(offset: i64) -> Input<'static> {
        Input { topic: "intents", partition: 0, offset, timestamp: Time::from_millis(7) }
    }

    /// The offsets of the records that have no answer, when these are answered.
    fn unanswered(there: &[i64], log_start: i64, answered: &[i64], cursor: i64) -> (Vec<Option<i64>>, u64) {
        let mut answers = Answers::new("intents", 0, log_start, records(there).into_iter(), Vec::new());
        let mut faults = Faults::default();
        answers.begin(log_start.min(answered.first().copied().unwrap_or(0))).unwrap();
        for offset in answered {
            let found = answers.answer(&input(*offset), ENTRY, &mut faults).unwrap();
            assert_eq!(found.is_some(), there.contains(offset));
        }
        answers.end(cursor, &mut faults).unwrap();
        (faults.kept.iter().map(|fault| fault.offset).collect(), answers.outlived)
    }

    #[test]
    fn markers_and_records_that_wait_need_no_answer() {
        assert_eq!(unanswered(&[0, 2, 5, 6], 0, &[0, 2], 4), (vec![], 0));
    }

    #[test]
    fn a_record_before_the_cursor_without_answer_is_a_fault() {
        assert_eq!(unanswered(&[0, 1, 2, 3], 0, &[0, 2], 4), (vec![Some(1), Some(3)], 0));
    }

    #[test]
    fn what_retention_removed_is_counted() {
        assert_eq!(unanswered(&[5, 6], 5, &[3, 4, 5, 6], 7), (vec![], 2));
    }

    #[test]
    fn an_answer_to_a_record_that_is_not_there_and_a_second_answer_are_faults() {
        let mut answers = Answers::new("intents", 0, 0, records(&[0, 2]).into_iter(), Vec::new());
        let mut faults = Faults::default();
        answers.begin(0).unwrap();
        for offset in [0, 1, 2, 2] {
            answers.answer(&input(offset), ENTRY, &mut faults).unwrap();
        }
        let found: Vec<_> = faults.kept.iter().map(|fault| fault.found.as_str()).collect();
        assert_eq!(found, ["1", "2"]);
    }

    #[test]
    fn a_loss_that_an_operator_accepts_is_no_fault() {
        let mut answers = Answers::new("intents", 0, 0, records(&[0, 1, 2, 3]).into_iter(), Vec::new());
        let mut faults = Faults::default();
        answers.begin(0).unwrap();
        answers.answer(&input(0), ENTRY, &mut faults).unwrap();
        assert_eq!(answers.move_to(3, &mut faults).unwrap(), None);
        answers.answer(&input(3), ENTRY, &mut faults).unwrap();
        assert_eq!((faults.count(), faults.accepted), (0, 2));
    }

    /// 2 and 3 were answered, then lost, and other records have their offsets.
    #[test]
    fn what_was_answered_before_an_accepted_truncation_is_gone() {
        let rewind = Rewind { seq: 4, to: 2 };
        let compared = |rewinds: Vec<Rewind>, timestamp: Time| {
            let mut answers = Answers::new("intents", 0, 0, records(&[0, 1, 2, 3]).into_iter(), rewinds);
            let (mut faults, mut found) = (Faults::default(), Vec::new());
            answers.begin(0).unwrap();
            for (seq, offset) in [(0, 0), (1, 1), (2, 2), (3, 3), (5, 2), (6, 3)] {
                if seq == 5 {
                    assert_eq!(answers.move_to(2, &mut faults).unwrap(), Some(2));
                }
                let timestamp = if (2..4).contains(&seq) { timestamp } else { Time::from_millis(7) };
                let (input, entry) =
                    (Input { timestamp, ..input(offset) }, Place { seq: Some(seq), ..ENTRY });
                found.push(answers.answer(&input, entry, &mut faults).unwrap().is_some());
            }
            answers.end(4, &mut faults).unwrap();
            (found, faults.count(), answers.outlived)
        };
        let lost = [true, true, false, false, true, true].to_vec();
        assert_eq!(compared(vec![rewind], Time::from_millis(1)), (lost, 0, 2));
        let (_, faults, _) = compared(Vec::new(), Time::from_millis(1));
        assert!(faults > 0, "without it they are taken for what they are not");
    }

    /// 1 is there still, and nobody has answered it.
    #[test]
    fn a_record_before_an_accepted_truncation_needs_its_answer() {
        let rewinds = vec![Rewind { seq: 2, to: 2 }];
        let mut answers = Answers::new("intents", 0, 0, records(&[0, 1]).into_iter(), rewinds);
        let mut faults = Faults::default();
        answers.begin(0).unwrap();
        for (seq, offset) in [(0, 0), (1, 3)] {
            answers.answer(&input(offset), Place { seq: Some(seq), ..ENTRY }, &mut faults).unwrap();
        }
        answers.move_to(2, &mut faults).unwrap();
        let offsets: Vec<_> = faults.kept.iter().map(|fault| fault.offset).collect();
        assert_eq!((offsets, faults.accepted), (vec![Some(1)], 0));
    }
}
