//! Check 20: gross exposure, of all instruments of one currency.

use num_traits::Signed as _;

use super::Model;
use super::holdings::Holding;
use super::judge::Proposal;
use super::limits::Group;
use super::orders::{Side, Valued};
use super::prices::{Prices, Unusable};
use crate::avro::Value;
use crate::number::{Number, int};

impl<'a> Model<'a> {
    /// What refuses: a limit, or a price that the sum needs and cannot be used.
    pub(super) fn gross(
        &self,
        it: &Proposal<'a>,
        groups: &[Group<'_, 'a>],
        (valuation, reference): (&Number, &Number),
        prices: &Prices<'_>,
    ) -> Result<bool, Unusable> {
        let currency = self.instruments[it.instrument].currency;
        for group in groups {
            let in_currency = |(most, of): &(Number, &'a str)| (*of == currency).then(|| most.clone());
            let Some(limit) = group.least(|limit| limit.max_gross.as_ref().and_then(in_currency)) else {
                continue;
            };
            let held = self.holdings.of(&group.whose, it.instrument);
            let before = self.exposure(&held, it.instrument, reference);
            let mut after = self.exposure(&self.with(it, held, valuation), it.instrument, reference);
            if after <= before {
                continue;
            }
            if group.instrument == "*" {
                for (name, holding) in self.others(&group.whose, it.instrument, currency) {
                    after += self.exposure(holding, name, &self.usable(name, groups, prices)?);
                }
            }
            if after > limit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is held in an instrument, with this proposal accepted.
    fn with(&self, it: &Proposal<'a>, mut held: Holding, valuation: &Number) -> Holding {
        let money = match it.replaces.as_ref().and_then(|id| self.orders.get(id)) {
            None => &it.terms.qty * valuation,
            Some(order) => {
                let mut then = order.clone();
                then.pending = Some(Valued { terms: it.terms.clone(), valuation: valuation.clone() });
                then.reserved() * then.valuation() - order.reserved() * order.valuation()
            }
        };
        let sum = if it.terms.side == Side::Buy { &mut held.buys_money } else { &mut held.sells_money };
        *sum += money;
        held
    }

    /// The larger side of an instrument, at worst-case fills.
    fn exposure(&self, held: &Holding, instrument: &str, reference: &Number) -> Number {
        let multiplier = self.instruments.get(instrument).map_or_else(|| int(1), |it| it.multiplier.clone());
        let value = &held.position * reference.abs();
        (&value + &held.buys_money).max(&held.sells_money - value) * multiplier
    }

    fn others(&self, whose: &str, own: &str, currency: &str) -> Vec<(&'a str, &Holding)> {
        let mut held = self.holdings.all_of(whose);
        held.retain(|(name, holding)| {
            let is_same = self.instruments.get(name).is_some_and(|it| it.currency == currency);
            *name != own && is_same && holding.is_anything()
        });
        held
    }

    /// What an account has in the currency of an instrument, by the prices of an entry; `None` where one is missing.
    pub(super) fn gross_of(&self, account: &str, instrument: &str, prices: &Prices<'_>) -> Option<Number> {
        let currency = self.instruments.get(instrument)?.currency;
        let price = |of: &Value<'_>| of["price"].number();
        let worth = self
            .others(account, "", currency)
            .into_iter()
            .map(|(name, holding)| Some(self.exposure(holding, name, &prices.find(name).and_then(price)?)));
        worth.sum()
    }
}
