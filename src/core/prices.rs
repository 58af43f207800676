//! The prices that are held: of each instrument the newest.
//!
//! Market data is no part of a ledger. What a decision looked at stands in its entry, so that a
//! replay needs no price topic (`G7`): [`PriceBook::recorded`] makes a book of that alone.

use hashbrown::HashMap;

use super::amount::{Decimal, Numeral};
use super::entry::Reference;
use super::ids::Id;
use super::price::{PriceQuality, PriceSource, ReferencePrice};
use super::time::{MILLISECOND, Time};

/// How far ahead of the receiving clock a price may be, in nanoseconds.
pub const AHEAD_MAX_NS: i128 = 1_000 * MILLISECOND as i128;

/// Of each instrument the newest price.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    held: HashMap<Box<str>, HeldPrice>,
}

/// A price as it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HeldPrice {
    price: Decimal,
    as_of: Time,
    source: PriceSource,
    quality: PriceQuality,
    partition: i32,
    offset: i64,
}

/// What became of a price record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceTaken {
    /// It is the one held now.
    Held,
    /// The one held is newer.
    Older,
    /// Its time is more than a second ahead of the receiving clock: dropped.
    Ahead,
    /// Its price has more digits than a decimal may have: dropped.
    Overlong,
}

impl PriceBook {
    /// Takes in a record of `prices`, received at this time. Of equal times the later record holds.
    pub fn take(
        &mut self,
        record: &ReferencePrice<'_>,
        partition: i32,
        offset: i64,
        received: Time,
    ) -> PriceTaken {
        let Numeral::Exact(price) = record.price else { return PriceTaken::Overlong };
        if record.as_of.since(received) > AHEAD_MAX_NS {
            return PriceTaken::Ahead;
        }
        let held = HeldPrice {
            price,
            as_of: record.as_of,
            source: record.source,
            quality: record.quality,
            partition,
            offset,
        };
        let name = record.instrument_id.as_str();
        match self.held.get_mut(name) {
            Some(row) if row.as_of > held.as_of => return PriceTaken::Older,
            Some(row) => *row = held,
            None => drop(self.held.insert(name.into(), held)),
        }
        PriceTaken::Held
    }

    /// The prices that an entry says it looked at.
    pub fn recorded(references: &[Reference<'_>]) -> Self {
        let held = references.iter().map(|it| {
            let Reference { instrument_id, price, as_of, source, quality, partition, offset } = *it;
            (instrument_id.as_str().into(), HeldPrice { price, as_of, source, quality, partition, offset })
        });
        Self { held: held.collect() }
    }

    /// The price held of an instrument, as an entry records it.
    pub fn find(&self, instrument_id: &str) -> Option<Reference<'_>> {
        let (name, held) = self.held.get_key_value(instrument_id)?;
        let HeldPrice { price, as_of, source, quality, partition, offset } = *held;
        Some(Reference { instrument_id: Id::known(name), price, as_of, source, quality, partition, offset })
    }

    /// The time of the oldest price held.
    pub fn oldest(&self) -> Option<Time> {
        self.held.values().map(|held| held.as_of).min()
    }

    /// How many instruments have a price.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether no instrument has a price.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
