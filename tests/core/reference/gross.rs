//! Check 20: gross exposure, of all instruments of one currency.

use onefill::core::intent::Side;
use onefill::core::verdict::Reason;

use super::expected::{Failed, Seen};
use super::intents::Proposal;
use super::limits::Group;
use super::model::Model;
use super::number::{Rat, abs, rat, zero};
use super::sums::Whose;

impl Model {
    pub(super) fn gross_exposure(
        &self,
        it: &Proposal,
        groups: &[Group<'_>],
        valuation: &Rat,
        reference: &Rat,
        references: &mut Vec<Seen>,
    ) -> Option<Failed> {
        let then = self.with(it, valuation);
        let currency = &self.instruments[&it.instrument].currency;
        groups.iter().find_map(|group| {
            let limit = group.smallest(|limit| {
                limit
                    .max_gross_notional
                    .as_ref()
                    .filter(|(_, of)| of == currency)
                    .map(|(most, _)| most.clone())
            })?;
            let [before, mut after] =
                [self, &then].map(|ledger| ledger.gross(&group.whose, &it.instrument, reference));
            if after <= before {
                return None;
            }
            if group.instrument.is_none() {
                for other in self.others(&group.whose, it, currency) {
                    references.extend(self.seen(&other));
                    match self.usable(&other, groups) {
                        Ok(price) => after += self.gross(&group.whose, &other, &price),
                        Err(unusable) => return Some(unusable.by(group.scope)),
                    }
                }
            }
            let failed = Failed::compared(Reason::GrossNotionalExceeded, &limit, &after);
            (after > limit).then(|| failed.by(group.scope))
        })
    }

    /// What an account has in a currency, valued by these prices alone; `None` where one is missing.
    pub(super) fn gross_by(&self, account: &str, currency: &str, references: &[Seen]) -> Option<Rat> {
        let whose = Whose::account(account);
        let same = self.instruments.iter().filter(|(_, instrument)| instrument.currency == currency);
        let held = same.filter(|(name, _)| self.is_held(&whose, name));
        let worth = held.map(|(name, _)| {
            let seen = references.iter().find(|seen| seen.instrument == *name)?;
            Some(self.gross(&whose, name, &rat(&seen.price)))
        });
        worth.sum()
    }

    /// The larger side of an instrument, at worst-case fills.
    pub(super) fn gross(&self, whose: &Whose, instrument: &str, reference: &Rat) -> Rat {
        let multiplier = &self.instruments[instrument].multiplier;
        let value = self.position(whose, instrument) * abs(reference) * multiplier;
        let [buys, sells] = [Side::Buy, Side::Sell].map(|side| self.money_on(whose, instrument, side));
        (&value + buys).max(sells - value)
    }

    /// The other instruments of the currency in which there is anything.
    fn others(&self, whose: &Whose, it: &Proposal, currency: &str) -> Vec<String> {
        let same = self.instruments.iter().filter(|(_, instrument)| instrument.currency == currency);
        same.map(|(name, _)| name.clone())
            .filter(|name| *name != it.instrument && self.is_held(whose, name))
            .collect()
    }

    fn is_held(&self, whose: &Whose, name: &str) -> bool {
        let sums =
            [self.position(whose, name), self.reserved_buys(whose, name), self.reserved_sells(whose, name)];
        sums.iter().any(|sum| *sum != zero())
    }
}
