//! What the ids of the Confluent format stand for.
//!
//! A value of that format begins with a zero byte and the id of its writer's schema at a registry, 4 bytes
//! big-endian (Confluent, "Wire format"). An id stands for the same schema for ever, so that each is asked for
//! once. Which schemas are known does not change by it: a registry only says which of them an id means.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use super::known::{Schemas, fingerprint_of};
use crate::core::time::{MILLISECOND, Time};
use crate::wire::malformed::Malformed;

/// Length of the zero byte and the id, in bytes.
pub(super) const CONFLUENT_HEADER_LEN: usize = 5;
/// How long a registry's word holds that it has no such schema, in nanoseconds: one may be registered later.
const ABSENT_FOR: i128 = 10_000 * MILLISECOND as i128;

/// Whoever can be asked what an id stands for.
pub trait Registry: fmt::Debug + Send + Sync {
    /// The Avro schema of an id as JSON.
    ///
    /// # Errors
    /// [`Unregistered::NoUse`] when it is certain that the id stands for no Avro schema, [`Unregistered::Unsaid`]
    /// when that is not known.
    fn schema(&self, id: u32) -> Result<String, Unregistered>;
}

/// Why an id has no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unregistered {
    /// It stands for none that could be used: this is why.
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
}

/// What an id stands for, and when the registry said so.
#[derive(Clone, Debug)]
struct Learnt {
    at: Time,
    fingerprint: Result<[u8; 8], String>,
}

impl Ids {
    pub(super) fn of(registry: Box<dyn Registry>) -> Self {
        Self { registry, learnt: RwLock::default() }
    }

    fn get(&self, id: u32) -> Option<Learnt> {
        self.learnt.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn put(&self, id: u32, learnt: Learnt) {
        self.learnt.write().unwrap_or_else(PoisonError::into_inner).insert(id, learnt);
    }
}

impl Schemas {
    /// These, and a registry that says which of them an id of the Confluent format means.
    #[must_use]
    pub fn with_registry(mut self, registry: Box<dyn Registry>) -> Self {
        self.ids = Some(Ids::of(registry));
        self
    }

    /// The id that the registry must be asked for, with [`Schemas::learn`], before this value is opened: an answer
    /// that it never gave is no reason to call a value malformed.
    pub fn lacks(&self, value: &[u8], now: Time) -> Option<u32> {
        let (id, _) = split_confluent(value)?;
        match self.ids.as_ref()?.get(id) {
            Some(Learnt { fingerprint: Ok(_), .. }) => None,
            Some(Learnt { at, .. }) if (0..ABSENT_FOR).contains(&now.since(at)) => None,
            _ => Some(id),
        }
    }

    /// Asks the registry what an id stands for, which may take a while.
    ///
    /// # Errors
    /// The registry did not say: ask again.
    pub fn learn(&self, id: u32, now: Time) -> Result<(), Unregistered> {
        let Some(ids) = &self.ids else { return Ok(()) };
        let fingerprint = match ids.registry.schema(id) {
            Ok(json) => fingerprint_of(&json).map_err(|detail| format!("is no Avro schema: {detail}")),
            Err(Unregistered::NoUse(detail)) => Err(detail),
            Err(unsaid) => return Err(unsaid),
        };
        ids.put(id, Learnt { at: now, fingerprint });
        Ok(())
    }

    /// Asks the registry for the id of this value, if it must be asked: for those who read and decide nothing.
    ///
    /// # Errors
    /// As [`Schemas::learn`].
    pub fn learn_of(&self, value: Option<&[u8]>, now: Time) -> Result<(), Unregistered> {
        value.and_then(|value| self.lacks(value, now)).map_or(Ok(()), |id| self.learn(id, now))
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
        let unlearnt = || Err("is not known yet: the registry was not asked".to_owned());
        let fingerprint = ids.get(id).map_or_else(unlearnt, |learnt| learnt.fingerprint);
        fingerprint.map_err(|detail| Malformed::value(format!("the registry's schema {id} {detail}")))
    }
}

/// The id and the body of a value of the Confluent format; `None` where it is of another one.
pub(super) fn split_confluent(value: &[u8]) -> Option<(u32, &[u8])> {
    match value.split_first_chunk::<CONFLUENT_HEADER_LEN>()? {
        ([0, id @ ..], body) => Some((u32::from_be_bytes(*id), body)),
        _ => None,
    }
}

/// Whether a value is of the Confluent format: what it is depends on what a registry says.
pub fn is_confluent(value: &[u8]) -> bool {
    split_confluent(value).is_some()
}

/// What stands before a record in the Confluent format.
pub fn confluent_header(id: u32) -> [u8; CONFLUENT_HEADER_LEN] {
    let [a, b, c, d] = id.to_be_bytes();
    [0, a, b, c, d]
}
