//! Records on their way out: many in one call, by the handle of their topic.
//!
//! The crate hands them over one by one and names the topic with each. librdkafka then looks through the
//! topics that it knows, under a lock of the whole client, and takes the locks of the topic and of the
//! transaction, for every record. Here that is done once for a box of them.

use std::sync::Arc;

use rdkafka::bindings as sys;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{Producer as _, ProducerContext};

use super::{KnownTopic, Polled};

/// A topic that a producer writes to.
pub struct TopicHandle<C: ProducerContext + 'static> {
    /// Given back before its producer goes: fields are dropped in order.
    topic: KnownTopic,
    name: String,
    _producer: Arc<Polled<C>>,
}

/// Records for one partition, in order, that wait to be handed over.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    records: Vec<Lengths>,
}

/// How long a record's key and value are; they lie one behind the other.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    key: usize,
    value: usize,
}

/// Why a record was not taken.
#[derive(Clone, Debug)]
pub struct NotTaken {
    /// What librdkafka says.
    pub error: KafkaError,
    /// The bytes of its key and value.
    pub bytes: usize,
}

impl Outbox {
    /// Puts a record in: its key, and the value that `write` appends. Returns the value.
    pub fn put(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        self.bytes.extend_from_slice(key);
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.records.push(Lengths { key: key.len(), value: self.bytes.len() - start });
        &self.bytes[start..]
    }

    /// How many records wait.
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none does.
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Takes the first so many out.
    fn remove(&mut self, records: usize) {
        let bytes: usize = self.records.drain(..records).map(|record| record.key + record.value).sum();
        self.bytes.drain(..bytes);
    }

    /// The records as librdkafka wants them; their pointers are good until the box is changed.
    fn messages(&self) -> Vec<sys::rd_kafka_message_t> {
        let mut rest = self.bytes.as_slice();
        let mut part = |length| {
            let (part, behind) = rest.split_at(length);
            rest = behind;
            part
        };
        self.records.iter().map(|record| message(part(record.key), part(record.value))).collect()
    }
}

fn message(key: &[u8], value: &[u8]) -> sys::rd_kafka_message_t {
    // SAFETY: all fields of this C struct may be zero; the error code zero is that of no error.
    let empty: sys::rd_kafka_message_t = unsafe { std::mem::zeroed() };
    sys::rd_kafka_message_t {
        payload: value.as_ptr().cast_mut().cast(),
        len: value.len(),
        key: key.as_ptr().cast_mut().cast(),
        key_len: key.len(),
        ..empty
    }
}

// The crate makes an opaque of each delivered message's private pointer, which is null here.
impl<C: ProducerContext<DeliveryOpaque = ()>> TopicHandle<C> {
    /// The topic of this name, with the settings that the producer has for all topics.
    ///
    /// # Errors
    /// A name that holds a zero byte, or one that librdkafka refuses.
    pub fn of(producer: &Arc<Polled<C>>, name: &str) -> KafkaResult<Self> {
        let topic = KnownTopic::of(producer.client(), name)?;
        Ok(Self { topic, name: name.to_owned(), _producer: Arc::clone(producer) })
    }

    /// What the topic is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hands over all records of the box, in order; their bytes are copied. What was taken is no longer in
    /// the box. Taken is not delivered: what fails later is told to the producer's context, and makes
    /// librdkafka refuse to commit.
    ///
    /// # Errors
    /// `QueueFull`, when there is no room now for the first that is left; otherwise the transaction is of
    /// no use any more, because a later record may have been taken without the one that was not.
    pub fn send(&self, partition: i32, outbox: &mut Outbox) -> Result<(), NotTaken> {
        let mut messages = outbox.messages();
        let count = i32::try_from(messages.len()).expect("a box is handed over long before that");
        // SAFETY: the handle is alive, and so are the messages and their bytes, for as long as the call lasts.
        // It copies the bytes, keeps none of the pointers, and writes nothing but the messages' errors.
        let taken = unsafe {
            sys::rd_kafka_produce_batch(
                self.topic.as_ptr(),
                partition,
                sys::RD_KAFKA_MSG_F_COPY,
                messages.as_mut_ptr(),
                count,
            )
        };
        let codes = messages.iter().map(|message| RDKafkaErrorCode::from(message.err));
        let refused: Vec<_> =
            codes.enumerate().filter(|(_, code)| *code != RDKafkaErrorCode::NoError).collect();
        // A record that was refused without a word would be missing from what commits.
        assert_eq!(
            usize::try_from(taken),
            Ok(messages.len() - refused.len()),
            "each record is taken or refused"
        );
        // One that is refused for itself, before one for which there is no room.
        let worst = refused.iter().find(|(_, code)| *code != RDKafkaErrorCode::QueueFull);
        match worst.or(refused.first()) {
            None => {
                outbox.remove(messages.len());
                Ok(())
            }
            Some((index, code)) => {
                let Lengths { key, value } = outbox.records[*index];
                // After the first without room no other one is taken.
                outbox.remove(*index);
                Err(NotTaken { error: KafkaError::MessageProduction(*code), bytes: key + value })
            }
        }
    }
}

#[cfg(test)]
mod tests;
