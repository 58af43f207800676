//! Checks 7 and 8: fields that go together, and steps that the instrument has.

use onefill::core::control::MarketOrders;
use onefill::core::intent::{OrderType, TimeInForce};
use onefill::core::verdict::Reason;

use super::expected::Failed;
use super::intents::Proposal;
use super::limits::Group;
use super::model::Model;
use super::number::{Amount, Rat, abs, is_countable, is_whole, zero};

impl Model {
    /// Check 7.
    pub(super) fn shape(&self, it: &Proposal) -> Option<Failed> {
        self.supported(it).or_else(|| self.signs(it))
    }

    fn supported(&self, it: &Proposal) -> Option<Failed> {
        let terms = &it.terms;
        let needs_price = matches!(terms.order_type, OrderType::Limit | OrderType::StopLimit);
        let needs_trigger = matches!(terms.order_type, OrderType::Stop | OrderType::StopLimit);
        let fits = it.keeps_what_cannot_change
            && terms.price.is_some() == needs_price
            && terms.trigger.is_some() == needs_trigger
            && terms.expire_time.is_some() == (terms.time_in_force == TimeInForce::Gtd);
        let unsupported = Failed::plain(Reason::UnsupportedOrder);
        if !fits {
            return Some(unsupported);
        }
        let groups = self.groups_of(it);
        let rejects = |group: &&Group<'_>| {
            group.limits.iter().any(|limit| limit.market_orders == Some(MarketOrders::Reject))
        };
        let by = groups.iter().find(rejects)?;
        (terms.order_type == OrderType::Market).then(|| unsupported.by(by.scope))
    }

    fn signs(&self, it: &Proposal) -> Option<Failed> {
        let negative = self.instruments[&it.instrument].allow_negative_price;
        let refused = |reason, amount: &Amount| match amount.exact() {
            Some(value) => Failed::compared(reason, &zero(), value),
            None => Failed::plain(reason),
        };
        if it.terms.qty.value <= zero() {
            return Some(refused(Reason::InvalidQuantity, &it.terms.qty));
        }
        let prices = [&it.terms.price, &it.terms.trigger];
        let wrong = prices.into_iter().flatten().find(|price| price.value <= zero() && !negative)?;
        Some(refused(Reason::InvalidPrice, wrong))
    }

    /// Check 8, of what are decimals at all.
    pub(super) fn increments(&self, it: &Proposal) -> Option<Failed> {
        let (terms, instrument) = (&it.terms, &self.instruments[&it.instrument]);
        let [price, trigger] = [&terms.price, &terms.trigger].map(|it| it.as_ref().and_then(Amount::exact));
        let stepped = |reason, value: Option<&Rat>, step: &Rat| {
            value.filter(|value| !is_whole(value, step)).map(|value| Failed::compared(reason, step, value))
        };
        let qty = terms.qty.exact();
        stepped(Reason::InvalidPriceIncrement, price, &instrument.tick)
            .or_else(|| stepped(Reason::InvalidPriceIncrement, trigger, &instrument.tick))
            .or_else(|| stepped(Reason::InvalidQuantityIncrement, qty, &instrument.lot))
            .or_else(|| {
                let (qty, least) = (qty?, instrument.min_qty.as_ref()?);
                (qty < least).then(|| Failed::compared(Reason::InvalidQuantity, least, qty))
            })
            .or_else(|| {
                let (qty, most) = (qty?, instrument.max_qty.as_ref()?);
                (qty > most).then(|| Failed::compared(Reason::InvalidQuantity, most, qty))
            })
            .or_else(|| {
                let (least, worth) = (instrument.min_notional.as_ref()?, qty? * abs(price?));
                let worth = worth * &instrument.multiplier;
                // Of what cannot be counted no value is made up: that is for check 9.
                let counted = is_countable(qty?, &instrument.lot) && is_countable(price?, &instrument.tick);
                let refused = counted && worth < *least && !terms.reduce_only;
                refused.then(|| Failed::compared(Reason::MinNotional, least, &worth))
            })
    }
}
