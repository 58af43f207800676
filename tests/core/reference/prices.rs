//! Reference prices: the newest of each instrument.

use onefill::core::control::Scope;
use onefill::core::price::{PriceQuality, PriceSource, ReferencePrice};
use onefill::core::time::Time;
use onefill::core::verdict::Reason;

use super::expected::{Failed, Seen};
use super::limits::{Group, first_refusal};
use super::model::Model;
use super::number::{Amount, Rat, int, text, zero};

#[derive(Clone, Debug)]
pub struct Price {
    pub value: Rat,
    pub as_of: Time,
    pub source: PriceSource,
    pub quality: PriceQuality,
    pub place: (i32, i64),
}

impl Model {
    /// Takes in a price, as it was received at this time.
    pub fn price(&mut self, price: &ReferencePrice<'_>, partition: i32, offset: i64, received: Time) {
        let name = price.instrument_id.as_str();
        let ahead = i128::from(price.as_of.0) - i128::from(received.0);
        let older = self.prices.get(name).is_some_and(|held| price.as_of < held.as_of);
        let amount = Amount::of(price.price);
        if older || ahead > 1_000_000_000 || amount.overlong {
            return;
        }
        let held = Price {
            value: amount.value,
            as_of: price.as_of,
            source: price.source,
            quality: price.quality,
            place: (partition, offset),
        };
        self.prices.insert(name.to_owned(), held);
    }

    /// Check 12, of this instrument by these limits.
    pub(super) fn usable(&self, instrument: &str, groups: &[Group<'_>]) -> Result<Rat, Failed> {
        let held =
            self.prices.get(instrument).ok_or_else(|| Failed::plain(Reason::ReferencePriceNotAvailable))?;
        let age = self.age_ms(held.as_of);
        if let Some((scope, limit)) = self.too_old(&age, groups) {
            let stale = Failed::compared(Reason::ReferencePriceStale, &limit, &age);
            return Err(Failed { scope, ..stale });
        }
        let negative = self.instruments.get(instrument).is_some_and(|it| it.allow_negative_price);
        if held.quality != PriceQuality::Good || (held.value <= zero() && !negative) {
            let observed = text(&held.value);
            return Err(Failed { observed, ..Failed::plain(Reason::ReferencePriceInvalid) });
        }
        Ok(held.value.clone())
    }

    fn too_old(&self, age: &Rat, groups: &[Group<'_>]) -> Option<(Option<Scope>, Rat)> {
        let is_set =
            groups.iter().any(|group| group.smallest(|limit| limit.ref_max_age_ms.clone()).is_some());
        if is_set {
            let refused = first_refusal(groups, |limit| limit.ref_max_age_ms.clone(), |_, limit| age > limit);
            return refused.map(|(scope, limit)| (Some(scope), limit));
        }
        let limit = int(self.settings.ref_max_age_ms);
        (limit > zero() && *age > limit).then_some((None, limit))
    }

    /// The price as an entry has it, if there is one.
    pub(super) fn seen(&self, instrument: &str) -> Option<Seen> {
        let held = self.prices.get(instrument)?;
        Some(Seen {
            instrument: instrument.to_owned(),
            price: text(&held.value).expect("a held price is a decimal"),
            as_of: held.as_of,
            source: held.source,
            quality: held.quality,
            place: held.place,
        })
    }
}
