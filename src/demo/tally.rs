//! Counting: what was wanted, what was filled, and what the difference costs.
//!
//! Pure. Its input is what was read back from the topics, record by record; no counter of any router
//! comes near it.

use std::collections::BTreeMap;

use crate::core::intent::Side;

/// What identifies an intent: its account, and its key within it.
pub type Key = (String, String);
/// What identifies an order for its account: the account, and its client order id.
pub type Identity = (String, String);

/// Where a record stands: partition and offset.
pub type Place = (i32, i64);

/// What is to be traded, or was. Prices in cents, since all instruments of the demo are priced so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traded {
    /// What.
    pub instrument_id: String,
    /// Bought or sold.
    pub side: Side,
    /// How many.
    pub quantity: i64,
    /// At what price.
    pub cents: i64,
}

/// A record on `intents`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The key within its account.
    pub intent_id: String,
    /// Whose order.
    pub identity: Identity,
    /// What is wanted.
    pub terms: Traded,
    /// When it was sent: the record's own timestamp, in milliseconds.
    pub at_ms: i64,
}

/// A record on `orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Where it stands.
    pub partition: i32,
    /// The entry that allowed it.
    pub audit_seq: u64,
    /// The key within its account.
    pub intent_id: String,
    /// Whose intent.
    pub account_id: String,
    /// What is to be traded.
    pub terms: Traded,
}

/// A trade that a venue reported. An order may be filled in more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Whose order.
    pub identity: Identity,
    /// What was traded.
    pub terms: Traded,
    /// Where the report stands.
    pub place: Place,
    /// Whether nothing of the order is left, says the venue.
    pub is_last: bool,
    /// When it was reported: the record's own timestamp, in milliseconds.
    pub at_ms: i64,
}

/// What strategies wanted, each intent once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intents {
    /// By the order's identity.
    pub wanted: BTreeMap<Identity, Traded>,
    /// Distinct keys: account and intent id, with the identity of the order.
    pub keys: BTreeMap<Key, Identity>,
}

/// What one side made of the intents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often an order was filled whole.
    pub fills: usize,
    /// Fills beyond the first of an intent.
    pub duplicates: usize,
    /// Intents that were not filled, or not whole.
    pub losses: usize,
    /// What was traded without being wanted, or wanted and not traded, in cents.
    pub money_error_cents: i128,
    /// Orders of which more or less was traded than wanted, with how much.
    pub wrong: Vec<(Identity, i64)>,
    /// Orders that nobody wanted, or not so.
    pub strange: Vec<Identity>,
}

impl Traded {
    /// What so many are worth at its price, in cents.
    fn worth(&self, quantity: i64) -> i128 {
        i128::from(quantity) * i128::from(self.cents)
    }

    /// Whether a trade is one of an order of these terms.
    fn admits(&self, trade: &Self) -> bool {
        let Self { instrument_id, side, quantity: _, cents } = trade;
        *instrument_id == self.instrument_id && *side == self.side && *cents == self.cents
    }
}

impl Intents {
    /// The intents behind these attempts.
    pub fn of(attempts: &[Attempt]) -> Self {
        let key = |one: &Attempt| (one.identity.0.clone(), one.intent_id.clone());
        let keys = attempts.iter().map(|one| (key(one), one.identity.clone())).collect();
        let wanted = attempts.iter().map(|one| (one.identity.clone(), one.terms.clone())).collect();
        Self { wanted, keys }
    }

    /// Those that are left when these keys were refused.
    pub fn without<'k>(&self, refused: impl IntoIterator<Item = &'k Key>) -> Self {
        let mut left = self.clone();
        for key in refused {
            if let Some(identity) = left.keys.remove(key) {
                left.wanted.remove(&identity);
            }
        }
        left
    }
}

impl Tally {
    /// Compares what was traded with what was wanted.
    pub fn of(intents: &Intents, trades: &[Trade]) -> Self {
        let mut traded: BTreeMap<&Identity, i64> = BTreeMap::new();
        let mut tally = Self::default();
        for trade in trades {
            match intents.wanted.get(&trade.identity) {
                Some(terms) if terms.admits(&trade.terms) => {
                    *traded.entry(&trade.identity).or_default() += trade.terms.quantity;
                }
                _ => {
                    tally.money_error_cents += trade.terms.worth(trade.terms.quantity);
                    tally.strange.push(trade.identity.clone());
                }
            }
        }
        for (identity, terms) in &intents.wanted {
            tally.compare(identity, terms, traded.get(identity).copied().unwrap_or(0));
        }
        tally
    }

    fn compare(&mut self, identity: &Identity, terms: &Traded, traded: i64) {
        // Nobody asks for nothing, so that this divides; what is left over shows as money.
        let fills = usize::try_from(traded / terms.quantity.max(1)).unwrap_or(0);
        self.fills += fills;
        self.duplicates += fills.saturating_sub(1);
        self.losses += usize::from(fills == 0);
        self.money_error_cents += terms.worth((traded - terms.quantity).abs());
        if traded != terms.quantity {
            self.wrong.push((identity.clone(), traded));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(quantity: i64, cents: i64) -> Traded {
        Traded { instrument_id: "X.Y".to_owned(), side: Side::Buy, quantity, cents }
    }

    fn identity(name: &str) -> Identity {
        ("A".to_owned(), name.to_owned())
    }

    fn key(name: &str) -> Key {
        ("A".to_owned(), format!("i-{name}"))
    }

    /// Intents for 10 each.
    fn intents(names: &[&str]) -> Intents {
        let attempt = |name: &&str| Attempt {
            intent_id: key(name).1,
            identity: identity(name),
            terms: terms(10, 250),
            at_ms: 0,
        };
        Intents::of(&names.iter().map(attempt).collect::<Vec<_>>())
    }

    fn trades(of: &[(&str, i64)]) -> Vec<Trade> {
        let trade = |(name, quantity): &(&str, i64)| Trade {
            identity: identity(name),
            terms: terms(*quantity, 250),
            place: (0, 0),
            is_last: true,
            at_ms: 0,
        };
        of.iter().map(trade).collect()
    }

    #[test]
    fn attempts_at_one_intent_are_one_intent() {
        let found = intents(&["a", "b", "a", "a"]);
        assert_eq!((found.keys.len(), found.wanted.len()), (2, 2));
    }

    #[test]
    fn a_refused_intent_is_wanted_no_more() {
        let left = intents(&["a", "b", "c"]).without([&key("b"), &key("z")]);
        assert_eq!(left, intents(&["a", "c"]));
    }

    #[test]
    fn one_fill_for_each_intent_costs_nothing() {
        let tally = Tally::of(&intents(&["a", "b"]), &trades(&[("b", 10), ("a", 10)]));
        assert_eq!(tally, Tally { fills: 2, ..Tally::default() });
    }

    #[test]
    fn trades_that_add_up_are_one_fill() {
        let tally = Tally::of(&intents(&["a", "b"]), &trades(&[("b", 4), ("a", 10), ("b", 6)]));
        assert_eq!(tally, Tally { fills: 2, ..Tally::default() });
    }

    #[test]
    fn each_fill_beyond_the_first_is_a_duplicate_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a", "b"]), &trades(&[("a", 10), ("a", 5), ("b", 10), ("a", 15)]));
        let wrong = vec![(identity("a"), 30)];
        assert_eq!(
            tally,
            Tally { fills: 4, duplicates: 2, money_error_cents: 5_000, wrong, ..Tally::default() }
        );
    }

    #[test]
    fn an_intent_without_a_fill_is_a_loss_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a", "b"]), &trades(&[("b", 10)]));
        let wrong = vec![(identity("a"), 0)];
        assert_eq!(tally, Tally { fills: 1, losses: 1, money_error_cents: 2_500, wrong, ..Tally::default() });
    }

    #[test]
    fn a_fill_that_is_not_whole_is_wrong_and_costs_what_it_is_off() {
        let tally = Tally::of(&intents(&["a", "b"]), &trades(&[("a", 4), ("b", 11)]));
        let wrong = vec![(identity("a"), 4), (identity("b"), 11)];
        assert_eq!(
            tally,
            Tally { fills: 1, losses: 1, money_error_cents: 1_500 + 250, wrong, ..Tally::default() }
        );
    }

    #[test]
    fn a_fill_that_nobody_wanted_is_strange_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a"]), &trades(&[("a", 10), ("z", 10)]));
        assert_eq!((tally.strange, tally.money_error_cents), (vec![identity("z")], 2_500));
    }

    #[test]
    fn a_fill_on_other_terms_is_strange_and_does_not_fill_the_intent() {
        let mut changed = trades(&[("a", 10)]);
        changed[0].terms.cents = 500;
        let tally = Tally::of(&intents(&["a"]), &changed);
        assert_eq!((tally.strange, tally.losses), (vec![identity("a")], 1));
        assert_eq!(tally.money_error_cents, 5_000 + 2_500);
    }
}
