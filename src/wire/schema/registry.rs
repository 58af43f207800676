//! What the ids of the Confluent format stand for.
//!
//! A value of that format begins with a zero byte and the id of its writer's schema at a registry, 4 bytes
//! big-endian (Confluent, "Wire format"). An id stands for the same schema for ever, so that each is asked for
//! once. Which schemas are known does not change by it: a registry only says which of them an id means.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError, RwLock};

use super::RecordType;
use super::known::{Schemas, VALUE_LEN_MAX, fingerprint_of};
use crate::core::time::{MILLISECOND, Time};
use crate::wire::malformed::Malformed;

/// Length of the zero byte and the id, in bytes.
const CONFLUENT_HEADER_LEN: usize = 5;
/// The greatest id of a registry.
const ID_MAX: u32 = i32::MAX as u32;
/// How many ids are remembered before those are let go of that were absent once.
const LEARNT_MAX: usize = 10_000;
/// How long a registry's word holds that it has no such schema, in nanoseconds: one may be registered later.
const ABSENT_FOR: i128 = 5_000 * MILLISECOND as i128;

/// Whoever can be asked what an id stands for.
pub trait Registry: fmt::Debug + Send + Sync {
    /// The Avro schema of an id as JSON.
    ///
    /// # Errors
    /// [`Unregistered::Absent`] and [`Unregistered::NoUse`] when that is certain, [`Unregistered::Unsaid`] when nothing
    /// is known.
    fn schema(&self, id: u32) -> Result<String, Unregistered>;

    /// The id of this Avro schema under this subject, where it is registered if it is not yet.
    ///
    /// # Errors
    /// [`Unregistered::Unsaid`] when the registry gave none.
    fn register(&self, subject: &str, schema: &str) -> Result<u32, Unregistered>;

    /// Whether it answers at all.
    ///
    /// # Errors
    /// [`Unregistered::Unsaid`] when it does not.
    fn reach(&self) -> Result<(), Unregistered>;
}

/// Why an id has no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unregistered {
    /// It stands for none, as yet.
    #[error("is unknown to it")]
    Absent,
    /// It stands for something else than an Avro schema that could be used: this is why. That never changes.
    #[error("{0}")]
    NoUse(String),
    /// The registry did not say.
    #[error("{0}")]
    Unsaid(String),
}

/// What was learnt from a registry.
#[derive(Debug)]
pub(super) struct Ids {
    registry: Box<dyn Registry>,
    learnt: RwLock<HashMap<u32, Learnt>>,
    /// Why the registry did not say what it was last asked in vain.
    unsaid: Mutex<Option<Unregistered>>,
}

/// What an id stands for, and when the registry said so.
#[derive(Clone, Debug)]
struct Learnt {
    at: Time,
    fingerprint: Result<[u8; 8], Unregistered>,
}

impl Learnt {
    /// Whether that still holds.
    fn holds(&self, now: Time) -> bool {
        self.fingerprint != Err(Unregistered::Absent) || (0..ABSENT_FOR).contains(&now.since(self.at))
    }
}

impl Ids {
    pub(super) fn of(registry: Box<dyn Registry>) -> Self {
        Self { registry, learnt: RwLock::default(), unsaid: Mutex::default() }
    }

    fn get(&self, id: u32) -> Option<Learnt> {
        self.learnt.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// What no longer holds is forgotten when there is much of it: ids that are none may be without number. What is
    /// known stays, whoever has heard otherwise before.
    fn put(&self, id: u32, learnt: Learnt) {
        let mut all = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LEARNT_MAX {
            all.retain(|_, other| other.holds(learnt.at));
        }
        if learnt.fingerprint.is_ok() || all.get(&id).is_none_or(|other| other.fingerprint.is_err()) {
            all.insert(id, learnt);
        }
    }
}

impl Schemas {
    /// These, and a registry that says which of them an id of the Confluent format means.
    #[must_use]
    pub fn with_registry(mut self, registry: Box<dyn Registry>) -> Self {
        self.ids = Some(Ids::of(registry));
        self
    }

    /// Whether there is a registry.
    pub const fn has_registry(&self) -> bool {
        self.ids.is_some()
    }

    /// Whether the registry answers, if there is one.
    ///
    /// # Errors
    /// It does not: this is why.
    pub fn reach_registry(&self) -> Result<(), Unregistered> {
        self.ids.as_ref().map_or(Ok(()), |ids| ids.registry.reach())
    }

    /// The id that the registry must be asked for, with [`Schemas::learn`], before this value is opened: an answer
    /// that it never gave is no reason to call a value malformed.
    pub fn lacks(&self, value: &[u8], now: Time) -> Option<u32> {
        let (ids, id) = (self.ids.as_ref()?, asked_id(value)?);
        ids.get(id).is_none_or(|learnt| !learnt.holds(now)).then_some(id)
    }

    /// The same, but what the registry has ever said is believed, however long ago.
    pub fn never_learnt(&self, value: &[u8]) -> Option<u32> {
        let (ids, id) = (self.ids.as_ref()?, asked_id(value)?);
        ids.get(id).is_none().then_some(id)
    }

    /// Asks the registry what an id stands for, which may take a while.
    ///
    /// # Errors
    /// The registry did not say: ask again.
    pub fn learn(&self, id: u32, clock: impl Fn() -> Time) -> Result<(), Unregistered> {
        let Some(ids) = &self.ids else { return Ok(()) };
        if ids.get(id).is_some_and(|learnt| learnt.fingerprint.is_ok()) {
            return Ok(());
        }
        let fingerprint = match ids.registry.schema(id) {
            Ok(json) => fingerprint_of(&json)
                .map_err(|detail| Unregistered::NoUse(format!("is no Avro schema: {detail}"))),
            Err(unsaid @ Unregistered::Unsaid(_)) => {
                *ids.unsaid.lock().unwrap_or_else(PoisonError::into_inner) = Some(unsaid.clone());
                return Err(unsaid);
            }
            Err(certain) => Err(certain),
        };
        ids.put(id, Learnt { at: clock(), fingerprint });
        Ok(())
    }

    /// Asks the registry for the id of this value, if it must be asked.
    ///
    /// # Errors
    /// As [`Schemas::learn`].
    pub fn learn_of(&self, value: Option<&[u8]>, clock: impl Fn() -> Time) -> Result<(), Unregistered> {
        let id = value.filter(|value| is_confluent(value)).and_then(|value| self.lacks(value, clock()));
        id.map_or(Ok(()), |id| self.learn(id, clock))
    }

    /// The same, for those who read a whole topic and decide nothing: a registry that did not answer once is not
    /// waited for again and again.
    ///
    /// # Errors
    /// As [`Schemas::learn`].
    pub fn learn_once(&self, value: Option<&[u8]>, clock: impl Fn() -> Time) -> Result<(), Unregistered> {
        match self.unsaid() {
            Some(unsaid) if value.is_some_and(|value| self.lacks(value, clock()).is_some()) => Err(unsaid),
            _ => self.learn_of(value, clock),
        }
    }

    /// Why the registry has not said something that it was asked, if so: whoever read on without it may have judged
    /// wrongly.
    pub fn unsaid(&self) -> Option<Unregistered> {
        self.ids.as_ref()?.unsaid.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How to write records in the Confluent format, by the id that the registry gives their schema under this subject.
    ///
    /// # Errors
    /// The registry gave none, or one that stands for another schema.
    pub fn register(
        &self,
        record: RecordType,
        subject: &str,
        clock: impl Fn() -> Time,
    ) -> Result<Encoding, Unregistered> {
        let unsaid = |why: String| Err(Unregistered::Unsaid(why));
        let Some(ids) = &self.ids else { return unsaid("no registry is named".to_owned()) };
        let id = ids.registry.register(subject, record.schema())?;
        self.learn(id, clock)?;
        match self.fingerprint_by(id) {
            Ok(fingerprint) if fingerprint == record.fingerprint() => Ok(Encoding::Confluent(id)),
            _ => {
                unsaid(format!("its schema {id} of subject {subject} is another one than {}", record.name()))
            }
        }
    }

    /// The fingerprint that an id stands for.
    pub(super) fn fingerprint_by(&self, id: u32) -> Result<[u8; 8], Malformed> {
        let Some(ids) = &self.ids else {
            let detail = format!(
                "the value begins with 00, as the Confluent format does: name the registry that knows its schema {id} \
                 in schemas.registry, or write single-object encoding"
            );
            return Err(Malformed::value(detail));
        };
        let unlearnt = || Err(Unregistered::NoUse("was not asked for".to_owned()));
        let fingerprint = ids.get(id).map_or_else(unlearnt, |learnt| learnt.fingerprint);
        fingerprint.map_err(|why| Malformed::value(format!("the registry's schema {id} {why}")))
    }
}

/// The id and the body of a value of the Confluent format; `None` where it is of another one. Registries count ids in
/// 31 bits: there is nobody to ask for a greater one.
pub(super) fn split_confluent(value: &[u8]) -> Option<(u32, &[u8])> {
    match value.split_first_chunk::<CONFLUENT_HEADER_LEN>()? {
        ([0, id @ ..], body) => Some((u32::from_be_bytes(*id), body)).filter(|(id, _)| *id <= ID_MAX),
        _ => None,
    }
}

/// The id of a value that could be read if it were known; one that is too long is malformed whatever its schema.
fn asked_id(value: &[u8]) -> Option<u32> {
    split_confluent(value).filter(|_| value.len() <= VALUE_LEN_MAX).map(|(id, _)| id)
}

/// Whether a value is of the Confluent format: what it is depends on what a registry says.
pub fn is_confluent(value: &[u8]) -> bool {
    split_confluent(value).is_some()
}

/// What stands before a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Avro's marker, and the schema's fingerprint.
    #[default]
    SingleObject,
    /// A zero byte, and the schema's id at the registry.
    Confluent(u32),
}

impl Encoding {
    /// Appends it.
    pub(in crate::wire) fn begin(self, record: RecordType, out: &mut Vec<u8>) {
        match self {
            Self::SingleObject => out.extend_from_slice(&record.header()),
            Self::Confluent(id) => {
                out.push(0);
                out.extend_from_slice(&id.to_be_bytes());
            }
        }
    }
}
