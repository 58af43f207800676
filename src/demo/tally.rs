//! Counting: what was wanted, what was filled, and what the difference costs.
//!
//! Pure. Its input is what was read back from the topics, record by record; no counter of any router
//! comes near it.

use std::collections::{BTreeMap, BTreeSet};

/// What identifies an order for its account: the account, and its client order id.
pub type Identity = (String, String);

/// What is to be traded. Prices in cents, since all instruments of the demo are priced so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What.
    pub instrument_id: String,
    /// `BUY` or `SELL`.
    pub side: &'static str,
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
    pub terms: Terms,
    /// When it was sent: the record's own timestamp, in milliseconds.
    pub at_ms: i64,
}

/// A fill that a venue reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Whose order.
    pub identity: Identity,
    /// What was traded.
    pub terms: Terms,
    /// When it was reported: the record's own timestamp, in milliseconds.
    pub at_ms: i64,
}

/// What strategies wanted, each intent once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intents {
    /// By the order's identity.
    pub wanted: BTreeMap<Identity, Terms>,
    /// Distinct keys: account and intent id.
    pub keys: usize,
}

/// What one side made of the intents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Fills in all.
    pub fills: usize,
    /// Fills beyond the first of an intent.
    pub duplicates: usize,
    /// Intents without a fill.
    pub losses: usize,
    /// What was traded without being wanted, or wanted and not traded, in cents.
    pub money_error_cents: i128,
    /// Orders that have more or fewer fills than one, with how many.
    pub wrong: Vec<(Identity, usize)>,
    /// Orders that nobody wanted, or not so.
    pub strange: Vec<Identity>,
}

impl Terms {
    /// What it is worth, in cents.
    fn cents(&self) -> i128 {
        i128::from(self.quantity) * i128::from(self.cents)
    }
}

impl Intents {
    /// The intents behind these attempts.
    pub fn of(attempts: &[Attempt]) -> Self {
        let keys: BTreeSet<_> = attempts.iter().map(|one| (&one.identity.0, &one.intent_id)).collect();
        let wanted = attempts.iter().map(|one| (one.identity.clone(), one.terms.clone())).collect();
        Self { keys: keys.len(), wanted }
    }
}

impl Tally {
    /// Compares what was filled with what was wanted.
    pub fn of(intents: &Intents, fills: &[Fill]) -> Self {
        let mut filled: BTreeMap<&Identity, usize> = BTreeMap::new();
        let mut tally = Self { fills: fills.len(), ..Self::default() };
        for fill in fills {
            match intents.wanted.get(&fill.identity) {
                Some(terms) if *terms == fill.terms => *filled.entry(&fill.identity).or_default() += 1,
                _ => {
                    tally.money_error_cents += fill.terms.cents();
                    tally.strange.push(fill.identity.clone());
                }
            }
        }
        for (identity, terms) in &intents.wanted {
            tally.compare(identity, terms, filled.get(identity).copied().unwrap_or(0));
        }
        tally
    }

    fn compare(&mut self, identity: &Identity, terms: &Terms, count: usize) {
        match count {
            1 => return,
            0 => {
                self.losses += 1;
                self.money_error_cents += terms.cents();
            }
            _ => {
                self.duplicates += count - 1;
                self.money_error_cents += terms.cents() * (count as i128 - 1);
            }
        }
        self.wrong.push((identity.clone(), count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(quantity: i64, cents: i64) -> Terms {
        Terms { instrument_id: "X.Y".to_owned(), side: "BUY", quantity, cents }
    }

    fn identity(name: &str) -> Identity {
        ("A".to_owned(), name.to_owned())
    }

    fn intents(names: &[&str]) -> Intents {
        let attempt = |name: &&str| Attempt {
            intent_id: format!("i-{name}"),
            identity: identity(name),
            terms: terms(10, 250),
            at_ms: 0,
        };
        Intents::of(&names.iter().map(attempt).collect::<Vec<_>>())
    }

    fn fills(names: &[&str]) -> Vec<Fill> {
        names.iter().map(|name| Fill { identity: identity(name), terms: terms(10, 250), at_ms: 0 }).collect()
    }

    #[test]
    fn attempts_at_one_intent_are_one_intent() {
        let found = intents(&["a", "b", "a", "a"]);
        assert_eq!((found.keys, found.wanted.len()), (2, 2));
    }

    #[test]
    fn one_fill_for_each_intent_costs_nothing() {
        let tally = Tally::of(&intents(&["a", "b"]), &fills(&["b", "a"]));
        assert_eq!(tally, Tally { fills: 2, ..Tally::default() });
    }

    #[test]
    fn each_fill_beyond_the_first_is_a_duplicate_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a", "b"]), &fills(&["a", "a", "b", "a"]));
        let wrong = vec![(identity("a"), 3)];
        assert_eq!(
            tally,
            Tally { fills: 4, duplicates: 2, money_error_cents: 5_000, wrong, ..Tally::default() }
        );
    }

    #[test]
    fn an_intent_without_a_fill_is_a_loss_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a", "b"]), &fills(&["b"]));
        let wrong = vec![(identity("a"), 0)];
        assert_eq!(tally, Tally { fills: 1, losses: 1, money_error_cents: 2_500, wrong, ..Tally::default() });
    }

    #[test]
    fn a_fill_that_nobody_wanted_is_strange_and_costs_its_value() {
        let tally = Tally::of(&intents(&["a"]), &fills(&["a", "z"]));
        assert_eq!((tally.strange, tally.money_error_cents), (vec![identity("z")], 2_500));
    }

    #[test]
    fn a_fill_on_other_terms_is_strange_and_does_not_fill_the_intent() {
        let mut changed = fills(&["a"]);
        changed[0].terms.quantity = 20;
        let tally = Tally::of(&intents(&["a"]), &changed);
        assert_eq!((tally.strange, tally.losses), (vec![identity("a")], 1));
        assert_eq!(tally.money_error_cents, 5_000 + 2_500);
    }
}
