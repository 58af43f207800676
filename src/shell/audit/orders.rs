//! Whether `orders[p]` is exactly what the trail published (`G1`), byte for byte.
//!
//! Orders stand in the order of their entries, so they are read in step with the trail. Retention
//! removes the oldest: their entries cannot be compared, and are counted instead.

use std::borrow::Cow;
use std::collections::VecDeque;

use rdkafka::error::KafkaResult;
use rdkafka::message::{Message, OwnedMessage};

use super::compare;
use super::fault::{Faults, Place};
use crate::core::halt::HaltCode;
use crate::core::time::{MILLISECOND, Time};
use crate::shell::clock;
use crate::wire::order;
use crate::wire::schema::{HEADER_LEN, RecordType, Schemas, is_confluent};

/// An order as its entry publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The entry.
    pub seq: u64,
    /// When it was decided.
    pub decided_at: Time,
    /// Key and value; `None` where the trail before it is broken, and nobody can say.
    pub bytes: Option<(Vec<u8>, Vec<u8>)>,
}

/// What the topic cannot be expected to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whether the log has lost its beginning.
    pub lost_beginning: bool,
    /// Orders that were decided before this may be gone with it.
    pub since: Time,
    /// Entries at or after this offset of `audit` may have orders that were not read.
    pub audit_end: i64,
    /// No entry of the trail has this number or a higher one.
    pub seq_end: u64,
}

impl Kept {
    /// Of a topic with this log start and retention (`None`: for ever), as of `now`.
    pub fn since(now: Time, retention_ms: Option<i64>) -> Time {
        let age = retention_ms.and_then(|millis| millis.checked_mul(MILLISECOND));
        Time(age.map_or(i64::MIN, |age| now.0.saturating_sub(age)))
    }
}

/// The orders of a lane, read in step with the trail.
pub struct Orders<'s, I> {
    schemas: &'s Schemas,
    topic: String,
    partition: i32,
    kept: Kept,
    records: I,
    /// What was read and not yet compared.
    ahead: VecDeque<Found>,
    first_seen: bool,
    /// An operator has accepted what stands before the next order.
    is_accepted: bool,
    /// Orders that are as they should be.
    pub compared: u64,
    /// Entries whose orders the topic no longer has.
    pub outlived: u64,
}

/// An order on the topic.
struct Found {
    seq: u64,
    record: OwnedMessage,
}

impl<'s, I: Iterator<Item = KafkaResult<OwnedMessage>>> Orders<'s, I> {
    /// The records of a partition from its log start on.
    pub fn new(schemas: &'s Schemas, topic: &str, partition: i32, kept: Kept, records: I) -> Self {
        Self {
            schemas,
            topic: topic.to_owned(),
            partition,
            kept,
            records,
            ahead: VecDeque::new(),
            first_seen: false,
            is_accepted: false,
            compared: 0,
            outlived: 0,
        }
    }

    /// Compares the order that an entry publishes. Afterwards every order before it has its entry, or
    /// is a fault.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn expect(&mut self, due: &Due, entry: Place<'_>, faults: &mut Faults) -> KafkaResult<()> {
        while let Some(found) = self.peek(0, faults)? {
            if found < due.seq || (found > due.seq && self.is_out_of_place(due.seq, faults)?) {
                self.stray(faults);
                continue;
            }
            if found == due.seq {
                (self.first_seen, self.is_accepted) = (true, false);
                self.compare(due, faults);
                return Ok(());
            }
            break;
        }
        self.missing(due, entry, faults);
        Ok(())
    }

    /// A RECOVERY entry of this time accepts how `orders` ended then: whatever was found of it before,
    /// and what stands there without an entry. What is published later has a later timestamp.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn accept(&mut self, decided_at: Time, faults: &mut Faults) -> KafkaResult<()> {
        let since = decided_at.0.div_euclid(MILLISECOND);
        self.is_accepted = true;
        while self.peek(0, faults)?.is_some() {
            let found = self.ahead[0].record.timestamp().to_millis();
            if found.is_none_or(|millis| millis >= since) {
                break;
            }
            self.stray(faults);
        }
        faults.accept(HaltCode::OutputMismatch);
        Ok(())
    }

    /// The trail ends: what is left has no entry.
    ///
    /// # Errors
    /// Kafka's word.
    pub fn end(&mut self, faults: &mut Faults) -> KafkaResult<()> {
        while self.peek(0, faults)?.is_some() {
            self.stray(faults);
        }
        Ok(())
    }

    /// Whether the order ahead names a later entry than it should: no entry has such a number, or one
    /// that belongs before it comes after it.
    fn is_out_of_place(&mut self, due: u64, faults: &mut Faults) -> KafkaResult<bool> {
        let Some(found) = self.peek(0, faults)? else { return Ok(false) };
        if found >= self.kept.seq_end {
            return Ok(true);
        }
        Ok(self.peek(1, faults)?.is_some_and(|next| (due..found).contains(&next)))
    }

    /// The entry that the order `distance` ahead names.
    fn peek(&mut self, distance: usize, faults: &mut Faults) -> KafkaResult<Option<u64>> {
        while self.ahead.len() <= distance {
            let Some(record) = self.records.next().transpose()? else { return Ok(None) };
            match audit_seq(self.schemas, &record) {
                Ok(seq) => self.ahead.push_back(Found { seq, record }),
                Err(detail) => {
                    let place = self.place(record.offset(), None);
                    faults.add(
                        HaltCode::OutputMismatch,
                        place,
                        None,
                        detail,
                        "an order that an entry published",
                    );
                }
            }
        }
        Ok(Some(self.ahead[distance].seq))
    }

    fn stray(&mut self, faults: &mut Faults) {
        if let Some(Found { seq, record }) = self.ahead.pop_front() {
            if self.is_accepted {
                faults.accepted += 1;
                return;
            }
            let found = format!("an order of entry {seq}");
            let due = "none: that entry publishes no order, or has its order elsewhere, or is not there";
            faults.add(HaltCode::OutputMismatch, self.place(record.offset(), Some(seq)), None, found, due);
        }
    }

    fn compare(&mut self, due: &Due, faults: &mut Faults) {
        let Some(Found { seq, record }) = self.ahead.pop_front() else { return };
        let Some((key, value)) = &due.bytes else { return };
        let place = self.place(record.offset(), Some(seq));
        let (found_key, found_value) = (record.key(), record.payload().unwrap_or_default());
        if found_key != Some(&key[..]) {
            let found = found_key.map_or("null".into(), String::from_utf8_lossy);
            let due = String::from_utf8_lossy(key);
            faults.add(HaltCode::OutputMismatch, place, Some("key"), found, due);
        } else if !self.is_same(found_value, value) {
            for it in compare::fields(self.schemas, RecordType::Order, found_value, value) {
                faults.add(HaltCode::OutputMismatch, place, Some(&it.field), it.found, it.due);
            }
        } else {
            self.compared += 1;
        }
    }

    /// Whether they are the same record, byte for byte. What stands before it in the Confluent format is another
    /// way to name the same schema.
    fn is_same(&self, found: &[u8], due: &[u8]) -> bool {
        // One that had to be resolved is of another schema.
        let is_same_body = |body| matches!(body, Cow::Borrowed(body) if Some(body) == due.get(HEADER_LEN..));
        found == due
            || is_confluent(found) && self.schemas.open(RecordType::Order, found).is_ok_and(is_same_body)
    }

    /// The entry has no order: because it is too old, or too new, or something is wrong.
    fn missing(&mut self, due: &Due, entry: Place<'_>, faults: &mut Faults) {
        let may_be_gone = self.kept.lost_beginning && !self.first_seen && due.decided_at < self.kept.since;
        let may_come = entry.offset.is_some_and(|offset| offset >= self.kept.audit_end);
        if may_be_gone {
            self.outlived += 1;
        } else if !may_come {
            let due = format!("its order on {}[{}]", self.topic, self.partition);
            faults.add(HaltCode::OutputMismatch, entry, None, "no order is there", due);
        }
    }

    fn place(&self, offset: i64, seq: Option<u64>) -> Place<'_> {
        Place { topic: &self.topic, partition: self.partition, offset: Some(offset), seq }
    }
}

fn audit_seq(schemas: &Schemas, record: &OwnedMessage) -> Result<u64, String> {
    let value = record.payload().ok_or("a record without a value")?;
    // Whoever asks for the faults looks first whether the registry left something unsaid.
    let _ = schemas.learn_once(Some(value), clock::now);
    let body = schemas.open(RecordType::Order, value).map_err(|malformed| malformed.to_string())?;
    let order = order::decode(&body).map_err(|malformed| malformed.to_string())?;
    Ok(order.audit_seq)
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;

    use super::*;
    use crate::core::amount::Decimal;
    use crate::core::ids::{Id, OrderId};
    use crate::core::intent::{IntentType, OrderType, Side, TimeInForce};
    use crate::core::order::{Order, Origin, Terms};

    const ALL: Kept = Kept { lost_beginning: false, since: Time(0), audit_end: 1_000, seq_end: 1_000 };

    fn value(audit_seq: u64) -> Vec<u8> {
        let id = |text| Id::parse(text).unwrap();
        let terms = Terms {
            side: Side::Buy,
            order_type: OrderType::Market,
            order_qty: Decimal::ONE,
            price: None,
            trigger_price: None,
            time_in_force: TimeInForce::Day,
            expire_time: None,
            post_only: false,
            reduce_only: false,
        };
        let order = Order {
            command: IntentType::New,
            order_id: OrderId([7; 16]),
            order_version: 1,
            intent_id: id("i"),
            client_order_id: id("o"),
            orig_intent_id: None,
            account_id: id("A1"),
            strategy_id: id("S"),
            instrument_id: id("X"),
            terms,
            expires_at: None,
            audit_seq,
            decided_at: Time(5),
            origin: Origin::Intent,
        };
        let mut value = Vec::new();
        order::encode(&order, &mut value);
        value
    }

    /// What is found where these orders are there, and these entries publish one: the number of the
    /// order or entry, and whether it is an order without entry.
    fn found(there: &[u64], due: &[u64], kept: Kept) -> (Vec<(u64, bool)>, u64) {
        let schemas = Schemas::compiled();
        let record = |(offset, seq): (usize, &u64)| {
            let (key, value) = (Some(b"A1".to_vec()), Some(value(*seq)));
            let timestamp = Timestamp::NotAvailable;
            Ok(OwnedMessage::new(value, key, "orders".to_owned(), timestamp, 0, offset as i64, None))
        };
        let mut orders = Orders::new(&schemas, "orders", 0, kept, there.iter().enumerate().map(record));
        let mut faults = Faults::default();
        for seq in due {
            let entry = Place { topic: "audit", partition: 0, offset: Some(*seq as i64), seq: Some(*seq) };
            let bytes = Some((b"A1".to_vec(), value(*seq)));
            orders.expect(&Due { seq: *seq, decided_at: Time(5), bytes }, entry, &mut faults).unwrap();
        }
        orders.end(&mut faults).unwrap();
        let faults = faults.kept.iter().map(|fault| (fault.seq.unwrap_or(0), fault.topic == "orders"));
        (faults.collect(), orders.outlived)
    }

    #[test]
    fn orders_and_entries_go_in_pairs() {
        assert_eq!(found(&[1, 4, 5], &[1, 4, 5], ALL), (vec![], 0));
        assert_eq!(found(&[], &[], ALL), (vec![], 0));
    }

    #[test]
    fn an_order_without_entry_is_named_wherever_it_stands() {
        for there in [[1, 3, 4, 5], [3, 1, 4, 5], [1, 4, 3, 5], [1, 4, 5, 3]] {
            assert_eq!(found(&there, &[1, 4, 5], ALL), (vec![(3, true)], 0), "{there:?}");
        }
        assert_eq!(found(&[1, 1, 4], &[1, 4], ALL), (vec![(1, true)], 0), "an order that is there twice");
        assert_eq!(
            found(&[5_000, 1, 4], &[1, 4], ALL),
            (vec![(5_000, true)], 0),
            "a number that no entry has"
        );
    }

    #[test]
    fn an_entry_without_order_is_named_wherever_it_stands() {
        assert_eq!(found(&[4, 5], &[1, 4, 5], ALL), (vec![(1, false)], 0));
        assert_eq!(found(&[1, 5], &[1, 4, 5], ALL), (vec![(4, false)], 0));
        assert_eq!(found(&[1, 4], &[1, 4, 5], ALL), (vec![(5, false)], 0));
    }

    #[test]
    fn what_retention_removed_is_counted_and_only_from_the_beginning() {
        let old = Kept { lost_beginning: true, since: Time(6), ..ALL };
        assert_eq!(found(&[5], &[1, 4, 5], old), (vec![], 2));
        assert_eq!(found(&[4], &[1, 4, 5], old), (vec![(5, false)], 1), "a later one is missing");
        let young = Kept { since: Time(5), ..old };
        assert_eq!(found(&[5], &[4, 5], young), (vec![(4, false)], 0), "too young to be removed");
    }

    #[test]
    fn what_an_operator_accepted_is_no_fault_whatever_numbers_it_has() {
        let schemas = Schemas::compiled();
        let record = |(offset, (seq, millis)): (usize, &(u64, i64))| {
            let (key, value) = (Some(b"A1".to_vec()), Some(value(*seq)));
            let timestamp = Timestamp::CreateTime(*millis);
            Ok(OwnedMessage::new(value, key, "orders".to_owned(), timestamp, 0, offset as i64, None))
        };
        // Two of another trail, accepted at the 10th millisecond, then one that this trail published.
        let there = [(2, 1), (900, 9), (2, 10)];
        let mut orders = Orders::new(&schemas, "orders", 0, ALL, there.iter().enumerate().map(record));
        let mut faults = Faults::default();
        orders.accept(Time(10 * MILLISECOND + 1), &mut faults).unwrap();
        let entry = Place { topic: "audit", partition: 0, offset: Some(2), seq: Some(2) };
        let bytes = Some((b"A1".to_vec(), value(2)));
        orders.expect(&Due { seq: 2, decided_at: Time(5), bytes }, entry, &mut faults).unwrap();
        orders.end(&mut faults).unwrap();
        assert_eq!((faults.count(), faults.accepted, orders.compared), (0, 2, 1));
    }

    #[test]
    fn an_order_that_is_too_new_to_be_read_is_not_missed() {
        assert_eq!(found(&[1], &[1, 4], Kept { audit_end: 4, ..ALL }), (vec![], 0));
    }
}
