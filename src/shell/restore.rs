//! Rebuilding a ledger from `audit[p]`.
//!
//! Whoever restores holds the lane's fence, so that the trail does not grow meanwhile.
//!
//! One thread reads and cuts the trail into pieces; others decode and hash them, as many as there are
//! processors, and take their turns at the ledger: it takes in one piece after the other, in the order of
//! the trail.

use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Message};

use super::trail::{Probe, ReadError};
use crate::core::entry::Entry;
use crate::core::halt::{Halt, HaltCode};
use crate::core::ids::Digest;
use crate::core::ledger::{Head, Ledger};
use crate::core::replay::Reading;
use crate::wire;
use crate::wire::schema::{RecordType, Schemas};

/// Records of a piece, at most.
const PIECE_RECORDS: usize = 512;
/// Bytes of a piece, about.
const PIECE_BYTES: usize = 1 << 19;
/// How long a piece may wait to be full: where records come slowly, whoever waits for the lane to end must not.
const PIECE_WAIT: Duration = Duration::from_millis(100);
/// More threads than that have nothing to do: the ledger takes in one piece at a time.
const DECODERS_MAX: usize = 4;

/// Takes in every entry of `audit[p]` from offset `next` on, and moves `next` behind it. `each` is told now
/// and then how far it is, how many entries that took, and the next offset, and may end it there.
///
/// # Errors
/// The halt that an entry is refused with; what `each` ends it for; Kafka's, after which it can be
/// gone on with from `next`, by the same reading.
pub fn restore<E: From<Halt>>(
    probe: &Probe,
    audit: &str,
    schemas: &Schemas,
    ledger: &mut Ledger,
    next: &mut i64,
    reading: &mut Reading,
    mut each: impl FnMut(&Head, u64, i64) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let (partition, from) = (ledger.placement().partition, *next);
    let turns = Turns::begin(ledger, reading.clone(), from);
    // Two at least: should one break an invariant, another one takes what is read from the reader.
    let decoders = thread::available_parallelism().map_or(2, NonZero::get).clamp(2, DECODERS_MAX);
    let (send, receive) = sync_channel(2 * decoders);
    let receive = Arc::new(Mutex::new(receive));
    let read = thread::scope(|scope| {
        let turns = &turns;
        for _ in 0..decoders {
            let receive = Arc::clone(&receive);
            scope.spawn(move || turns.decode(schemas, &receive));
        }
        // When all of them have broken an invariant, nobody waits for a reader that waits for them.
        drop(receive);
        let mut pieces = Pieces { piece: Piece::default(), begun: Instant::now(), send };
        let read = probe.read_to_end((audit, partition), from, |message| {
            if !pieces.take(message) {
                return Ok(());
            }
            if let Some(halt) = turns.refused() {
                return Err(halt.into());
            }
            turns.say(&mut each)
        });
        // What was read is taken in, whatever ended the reading.
        pieces.finish();
        read
    });
    let end = turns.end();
    *next = end.next;
    *reading = end.reading;
    if let Some(halt) = end.refused {
        return Err(ReadError::Refused(halt.into()));
    }
    read?;
    each(end.ledger.head(), end.untold, end.next).map_err(ReadError::Refused)?;
    reading.end().map_err(|halt| ReadError::Refused(halt.into()))
}

/// Some records of the trail in a row.
#[derive(Default)]
struct Piece {
    number: u64,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// One of them: where it stood, and where its key and value are.
struct Record {
    offset: i64,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Piece {
    fn keep(&mut self, bytes: Option<&[u8]>) -> Option<Range<usize>> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes?);
        Some(from..self.bytes.len())
    }
}

/// Cuts what is read.
struct Pieces {
    piece: Piece,
    /// When the piece was.
    begun: Instant,
    send: SyncSender<Piece>,
}

impl Pieces {
    /// Takes a record; whether a piece has gone, for it is full or has waited.
    fn take(&mut self, message: &BorrowedMessage<'_>) -> bool {
        let (key, value) = (self.piece.keep(message.key()), self.piece.keep(message.payload()));
        self.piece.records.push(Record { offset: message.offset(), key, value });
        let goes = self.piece.records.len() >= PIECE_RECORDS
            || self.piece.bytes.len() >= PIECE_BYTES
            || self.begun.elapsed() >= PIECE_WAIT;
        if goes {
            self.send();
        }
        goes
    }

    fn send(&mut self) {
        self.begun = Instant::now();
        let number = self.piece.number + 1;
        // About as long as this one.
        let bytes = Vec::with_capacity(self.piece.bytes.len());
        let piece = std::mem::replace(&mut self.piece, Piece { number, bytes, ..Piece::default() });
        // Nobody receives once a decoder has broken an invariant: the scope says so.
        let _ = self.send.send(piece);
    }

    fn finish(mut self) {
        if !self.piece.records.is_empty() {
            self.send();
        }
    }
}

/// Whose turn it is at the ledger.
struct Turns<'l> {
    state: Mutex<Taking<'l>>,
    moved: Condvar,
}

/// The ledger, and how far it is.
struct Taking<'l> {
    ledger: &'l mut Ledger,
    reading: Reading,
    /// The piece that is next.
    turn: u64,
    /// The next offset.
    next: i64,
    /// Entries that nobody was told of yet.
    untold: u64,
    refused: Option<Halt>,
}

impl<'l> Turns<'l> {
    fn begin(ledger: &'l mut Ledger, reading: Reading, next: i64) -> Self {
        let state = Taking { ledger, reading, turn: 0, next, untold: 0, refused: None };
        Self { state: Mutex::new(state), moved: Condvar::new() }
    }

    fn decode(&self, schemas: &Schemas, pieces: &Mutex<Receiver<Piece>>) {
        loop {
            let received = pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(piece) = received else { return };
            self.take_in(schemas, &piece);
        }
    }

    /// Decodes a piece, waits for its turn, and takes it in.
    fn take_in(&self, schemas: &Schemas, piece: &Piece) {
        let _ends = Ends(self);
        let opened: Vec<_> = piece.records.iter().map(|record| open(schemas, piece, record)).collect();
        let (mut entries, mut unreadable) = (Vec::with_capacity(opened.len()), None);
        for (body, record) in opened.iter().zip(&piece.records) {
            match decode(piece, record, body) {
                Ok(entry) => entries.push(entry),
                Err(halt) => {
                    unreadable = Some(halt);
                    break;
                }
            }
        }
        let mut state = self.lock();
        while state.turn != piece.number && state.refused.is_none() {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.refused.is_none() {
            let Taking { ledger, reading, .. } = &mut *state;
            let (taken, refused) = reading.take_all(ledger, &entries);
            if let Some(last) = piece.records[..taken].last() {
                state.next = last.offset + 1;
            }
            state.untold += taken as u64;
            state.refused = refused.err().or(unreadable);
        }
        state.turn += 1;
        drop(state);
        self.moved.notify_all();
    }

    fn refused(&self) -> Option<Halt> {
        self.lock().refused.clone()
    }

    fn say<E>(&self, each: &mut impl FnMut(&Head, u64, i64) -> Result<(), E>) -> Result<(), E> {
        let mut state = self.lock();
        let entries = std::mem::take(&mut state.untold);
        let (head, next) = (state.ledger.head().clone(), state.next);
        drop(state);
        each(&head, entries, next)
    }

    fn end(self) -> Taking<'l> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A decoder that broke an invariant ends the lane with it.
    fn lock(&self) -> MutexGuard<'_, Taking<'l>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A decoder that breaks an invariant keeps nobody waiting for its turn.
struct Ends<'t, 'l>(&'t Turns<'l>);

impl Drop for Ends<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let detail = "the trail could not be taken in".to_owned();
            self.0.lock().refused.get_or_insert(Halt::new(HaltCode::StateDiverged, detail));
            self.0.moved.notify_all();
        }
    }
}

type Opened<'p> = Result<std::borrow::Cow<'p, [u8]>, Halt>;

fn unreadable(offset: i64, detail: String) -> Halt {
    Halt::new(HaltCode::AuditUnreadable, format!("the record at offset {offset} is no entry: {detail}"))
}

fn open<'p>(schemas: &Schemas, piece: &'p Piece, record: &Record) -> Opened<'p> {
    let value =
        record.value.clone().ok_or_else(|| unreadable(record.offset, "it has no value".to_owned()))?;
    let opened = schemas.open(RecordType::Entry, &piece.bytes[value]);
    opened.map_err(|malformed| unreadable(record.offset, malformed.to_string()))
}

fn decode<'p>(piece: &Piece, record: &Record, body: &'p Opened<'_>) -> Result<(Entry<'p>, Digest), Halt> {
    let body = body.as_ref().map_err(Clone::clone)?;
    let entry =
        wire::entry::decode(body).map_err(|malformed| unreadable(record.offset, malformed.to_string()))?;
    let key = record.key.clone().map(|key| &piece.bytes[key]);
    if key != Some(&entry.seq.to_be_bytes()) {
        return Err(unreadable(record.offset, format!("its key is not its number, {}", entry.seq)));
    }
    let value = record.value.clone().unwrap_or_default();
    Ok((entry, Digest::leaf(&piece.bytes[value])))
}
