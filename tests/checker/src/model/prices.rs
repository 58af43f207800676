//! Reference prices, as an entry recorded that it saw them.

use num_traits::Signed as _;

use super::Model;
use super::limits::Group;
use crate::avro::Value;
use crate::number::{Number, int, zero};

/// Why a price cannot be used: check 12.
pub type Unusable = &'static str;

/// The references of an entry.
#[derive(Debug)]
pub struct Prices<'v> {
    pub recorded: &'v [Value<'v>],
}

impl<'v> Prices<'v> {
    pub fn of(entry: &'v Value<'v>) -> Self {
        Self { recorded: entry["references"].items() }
    }

    pub fn find(&self, instrument: &str) -> Option<&'v Value<'v>> {
        self.recorded.iter().find(|reference| reference["instrument_id"].str() == instrument)
    }
}

impl<'a> Model<'a> {
    /// The price of an instrument, if it can be used for an order under these limits.
    pub(super) fn usable(
        &self,
        instrument: &str,
        groups: &[Group<'_, 'a>],
        prices: &Prices<'_>,
    ) -> Result<Number, Unusable> {
        let held = prices.find(instrument).ok_or("REFERENCE_PRICE_NOT_AVAILABLE")?;
        let age = self.age_ms(held["as_of"].long().unwrap_or_default());
        let set = groups.iter().filter_map(|group| group.least(|limit| limit.ref_max_age_ms.as_ref())).min();
        let default = int(self.setting("ref_max_age_ms"));
        let is_stale = match set {
            Some(limit) => age > *limit,
            None => default > zero() && age > default,
        };
        if is_stale {
            return Err("REFERENCE_PRICE_STALE");
        }
        let allows_negative = self.instruments.get(instrument).is_some_and(|it| it.allows_negative);
        let price = held["price"].number().ok_or("REFERENCE_PRICE_INVALID")?;
        let is_good = held["quality"].str() == "GOOD" && (price.is_positive() || allows_negative);
        if is_good { Ok(price) } else { Err("REFERENCE_PRICE_INVALID") }
    }
}
