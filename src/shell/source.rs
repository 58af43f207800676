//! A lane's inputs: `intents[p]`, `executions[p]` and `control`, read where the trail says.
//!
//! The source never decides where to stand: it is told, by cursors that the trail recorded. What it
//! has handed out and the trail has not taken, after a discarded batch, is read again.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, Isolation, Logged};
use super::config::{BatchBounds, Config};
use super::freshness::ReadUpTo;
use super::librdkafka::{self, KnownTopic};
use super::trail;
use crate::core::entry::Cursors;
use crate::core::halt::{Halt, HaltCode};

/// The reader of one lane.
pub struct Source {
    /// Its topics, so that their leaders are known when it comes to stand. Given back before the readers go: fields
    /// are dropped in order.
    _known: [KnownTopic; 3],
    /// Of executions and intents.
    reader: Arc<BaseConsumer<Logged>>,
    /// Of control, on a connection of its own: a large answer full of intents is not to be waited for.
    control: Arc<BaseConsumer<Logged>>,
    standing: Option<Standing>,
}

/// A batch in the taking. Each record is decided before the next one is taken, so that the bound of
/// time holds for the deciding too: a transaction that outlives its timeout is aborted by the
/// brokers, read again, and would outlive it again.
///
/// Once control is passed, more of it ends the batch: it is for the next one, and soon. What is
/// decided at one time then never lies far behind what could be read at that time.
pub struct Taking<'s> {
    standing: &'s Standing,
    /// Those that were not passed yet.
    inputs: &'s [Input],
    takes_intents: bool,
    records: usize,
    bytes: usize,
    deadline: Instant,
    /// No more records are taken.
    has_ended: bool,
}

/// How far down the order of inputs a batch goes for its next record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Control and executions.
    Reports,
    /// Intents too, unless the batch takes none.
    Intents,
}

struct Standing {
    inputs: [Input; 3],
    next: Cell<Cursors>,
    since: Instant,
    /// Whether the reader has seen the end of control since it stands here.
    saw_control_end: Cell<bool>,
    /// Set by the reader when its queue of control is no longer empty.
    control_waits: Arc<AtomicBool>,
}

struct Input {
    queue: PartitionQueue<Logged>,
    kind: Kind,
    topic: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Control,
    Executions,
    Intents,
}

impl Source {
    /// Connects; stands nowhere yet.
    ///
    /// # Errors
    /// A configuration that librdkafka refuses.
    pub fn open(config: &Config) -> KafkaResult<Self> {
        let open = || -> KafkaResult<BaseConsumer<Logged>> {
            client::reader(config, Isolation::Committed)?.create_with_context(Logged)
        };
        let (reader, control, topics) = (open()?, open()?, &config.topics);
        let _known = [
            KnownTopic::of(control.client(), &topics.control)?,
            KnownTopic::of(reader.client(), &topics.executions)?,
            KnownTopic::of(reader.client(), &topics.intents)?,
        ];
        Ok(Self { _known, reader: Arc::new(reader), control: Arc::new(control), standing: None })
    }

    /// Makes the next record of each input the one that the cursors name. Does nothing when that is
    /// where it stands.
    ///
    /// # Errors
    /// librdkafka's, when it refuses the assignment.
    pub fn stand_at(
        &mut self,
        config: &Config,
        partition: i32,
        cursors: Cursors,
        lane: &Thread,
    ) -> KafkaResult<()> {
        if self.standing.as_ref().is_some_and(|standing| standing.next.get() == cursors) {
            return Ok(());
        }
        self.standing = None;
        let topics = &config.topics;
        let places = [
            (Kind::Control, &topics.control, 0, cursors.control),
            (Kind::Executions, &topics.executions, partition, cursors.executions),
            (Kind::Intents, &topics.intents, partition, cursors.intents),
        ];
        for reader in [&self.control, &self.reader] {
            let mut assignment = TopicPartitionList::new();
            for (kind, topic, partition, offset) in places {
                if Arc::ptr_eq(reader, self.reader_of(kind)) {
                    assignment.add_partition_offset(topic, partition, Offset::Offset(offset))?;
                }
            }
            reader.assign(&assignment)?;
        }
        let control_waits = Arc::<AtomicBool>::default();
        let inputs = places.map(|(kind, topic, partition, _)| {
            let split = self.reader_of(kind).split_partition_queue(topic, partition);
            let mut queue = split.expect("it was assigned just now");
            let lane = lane.clone();
            let waits = (kind == Kind::Control).then(|| Arc::clone(&control_waits));
            queue.set_nonempty_callback(move || {
                if let Some(waits) = &waits {
                    waits.store(true, Ordering::Release);
                }
                lane.unpark();
            });
            Input { queue, kind, topic: topic.clone() }
        });
        self.standing = Some(Standing {
            inputs,
            next: Cell::new(cursors),
            since: Instant::now(),
            saw_control_end: Cell::new(false),
            control_waits,
        });
        Ok(())
    }

    const fn reader_of(&self, kind: Kind) -> &Arc<BaseConsumer<Logged>> {
        match kind {
            Kind::Control => &self.control,
            Kind::Executions | Kind::Intents => &self.reader,
        }
    }

    /// Begins to take a batch: control first, then executions, then intents, each in offset order.
    /// No intents before the reader has seen the end of control: what it has not seen may forbid them.
    pub fn take(&self, bounds: &BatchBounds, takes_intents: bool) -> Taking<'_> {
        let standing = self.standing.as_ref().expect("a lane stands somewhere before it reads");
        let inputs = if self.has_strayed() { &[] } else { &standing.inputs[..] };
        let deadline = Instant::now() + Duration::from_millis(bounds.time_ms);
        let (records, bytes) = (bounds.records, bounds.bytes);
        Taking { standing, inputs, takes_intents, records, bytes, deadline, has_ended: false }
    }

    /// How far control was read: all that was handed out, and the markers and aborted records behind it.
    /// What was handed out is applied by then, if this is asked between batches.
    pub fn control_read(&self) -> ReadUpTo {
        let Some(standing) = &self.standing else { return ReadUpTo { offset: None, since: Instant::now() } };
        // Before the first word of this standing the position may be a former one's.
        let offset = standing.saw_control_end.get().then(|| {
            let position = librdkafka::position(self.control.client(), &standing.inputs[0].topic, 0);
            position.unwrap_or_default().max(standing.next.get().control)
        });
        ReadUpTo { offset, since: standing.since }
    }

    /// A record that came before its queue was split off would be missed: stand anew.
    fn has_strayed(&self) -> bool {
        let mut strayed = false;
        let stray = || {
            let of_control = self.control.poll(Duration::ZERO).map(|event| (true, event));
            of_control.or_else(|| self.reader.poll(Duration::ZERO).map(|event| (false, event)))
        };
        while let Some((is_control, event)) = stray() {
            match event {
                Ok(_) => strayed = true,
                // It is said once, and of control it is waited for.
                Err(KafkaError::PartitionEOF(_)) => strayed |= is_control,
                Err(error) if is_out_of_range(&error) || trail::is_unreadable(&error) => strayed = true,
                Err(error) => tracing::debug!("reader: {error}"),
            }
        }
        if strayed && let Some(standing) = &self.standing {
            standing.next.set(NOWHERE);
        }
        strayed
    }
}

/// Where no trail stands: the source must be told again.
const NOWHERE: Cursors = Cursors { intents: -1, executions: -1, control: -1 };

impl<'s> Taking<'s> {
    /// The next record within reach, if one is queued and the bounds allow it.
    ///
    /// # Errors
    /// `INPUT_LOST` or `CONTROL_INVALID` when the next record of an input is gone or cannot be read.
    pub fn take_next(&mut self, reach: Reach) -> Result<Option<BorrowedMessage<'s>>, Halt> {
        while let Some((input, rest)) = self.inputs.split_first() {
            if !self.has_room() || !self.reaches(input.kind, reach) {
                return Ok(None);
            }
            let Some(event) = input.queue.poll(Duration::ZERO) else {
                // Control is passed only when nothing came since it was last seen empty.
                if input.kind != Kind::Control || !self.standing.control_waits.swap(false, Ordering::Acquire)
                {
                    // What arrives here from now on is for the next batch: order holds in each.
                    self.inputs = rest;
                }
                continue;
            };
            let Some(message) = input.accept(event, self.standing)? else { continue };
            self.records -= 1;
            self.bytes = self.bytes.saturating_sub(message.payload_len());
            self.standing.pass(input.kind, message.offset());
            return Ok(Some(message));
        }
        Ok(None)
    }

    /// Makes room for an entry that no record of this batch causes, if the bounds allow it.
    pub fn make_room(&mut self) -> bool {
        let has_room = self.has_room();
        if has_room {
            self.records -= 1;
        }
        has_room
    }

    /// Takes no more records: what was handed out last waits for the next batch, before which the source stands anew,
    /// and leaves its room to what no record causes.
    pub const fn end(&mut self) {
        self.has_ended = true;
        self.inputs = &[];
        self.records += 1;
    }

    fn has_room(&self) -> bool {
        let reads_control = self.inputs.first().is_some_and(|input| input.kind == Kind::Control);
        let takes_more = || {
            let control_waits = !reads_control && self.standing.control_waits.load(Ordering::Acquire);
            !control_waits && self.bytes > 0
        };
        self.records > 0 && (self.has_ended || takes_more()) && Instant::now() < self.deadline
    }

    fn reaches(&self, kind: Kind, reach: Reach) -> bool {
        let intents = reach == Reach::Intents && self.takes_intents && self.standing.saw_control_end.get();
        kind != Kind::Intents || intents
    }
}

impl Standing {
    fn pass(&self, kind: Kind, offset: i64) {
        let mut next = self.next.get();
        match kind {
            Kind::Control => next.control = offset + 1,
            Kind::Executions => next.executions = offset + 1,
            Kind::Intents => next.intents = offset + 1,
        }
        self.next.set(next);
    }
}

impl Input {
    /// Passing errors are librdkafka's to mend, and it says so itself.
    fn accept<'m>(
        &self,
        event: KafkaResult<BorrowedMessage<'m>>,
        standing: &Standing,
    ) -> Result<Option<BorrowedMessage<'m>>, Halt> {
        match event {
            Ok(message) => Ok(Some(message)),
            Err(KafkaError::PartitionEOF(_)) => {
                if self.kind == Kind::Control {
                    standing.saw_control_end.set(true);
                }
                Ok(None)
            }
            Err(error) if is_out_of_range(&error) || trail::is_unreadable(&error) => {
                // What is queued behind it must not be taken for what comes next.
                standing.next.set(NOWHERE);
                let code = match self.kind {
                    Kind::Control => HaltCode::ControlInvalid,
                    Kind::Executions | Kind::Intents => HaltCode::InputLost,
                };
                let what = if is_out_of_range(&error) { "is gone" } else { "cannot be read" };
                Err(Halt::new(code, format!("topic {}: its next record {what}: {error}", self.topic)))
            }
            Err(error) => {
                tracing::debug!(topic = self.topic, "reader: {error}");
                Ok(None)
            }
        }
    }
}

fn is_out_of_range(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
