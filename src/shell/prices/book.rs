//! The two copies of the book: one that lanes see, and one that is brought up to date.
//!
//! When a group of prices has come, it goes into the copy that no lane sees, behind the group that
//! this copy has missed; then the two change places. That costs two small writes for each price,
//! however many instruments there are. A lane that keeps a book for long, because its commit is
//! slow, costs a whole copy once, and nothing else.

use std::sync::Arc;

use super::{Dropped, Prices};
use crate::core::prices::{PriceBook, PriceTaken};
use crate::core::time::Time;
use crate::wire;

/// A price record that was decoded once, by the time at which it was received.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Where it stood.
    pub partition: i32,
    /// Where it stood there.
    pub offset: i64,
    /// The body of its value.
    pub body: Vec<u8>,
    /// When it was received.
    pub received: Time,
}

impl Quote {
    /// Puts it into a book.
    pub fn put_into(&self, book: &mut PriceBook) -> PriceTaken {
        let price = wire::price::decode(&self.body).expect("it was decoded when it was received");
        book.take(&price, self.partition, self.offset, self.received)
    }
}

/// The copy that no lane sees.
#[derive(Debug, Default)]
pub struct Drafts {
    draft: Arc<PriceBook>,
    /// What the published one has, and the draft has not.
    missing: Vec<Quote>,
}

impl Drafts {
    /// Publishes a book with these prices, too. The quotes that were dropped, with their reasons.
    pub fn publish(&mut self, prices: &Prices, group: Vec<Quote>) -> Vec<(Quote, Dropped)> {
        if let Some(draft) = Arc::get_mut(&mut self.draft) {
            for quote in &self.missing {
                quote.put_into(draft);
            }
        } else {
            self.draft = Arc::new(PriceBook::clone(&prices.book()));
        }
        let draft = Arc::get_mut(&mut self.draft).expect("nobody else has it yet");
        let mut dropped = Vec::new();
        self.missing.clear();
        for quote in group {
            match quote.put_into(draft) {
                PriceTaken::Held => self.missing.push(quote),
                PriceTaken::Older => {}
                PriceTaken::Ahead => dropped.push((quote, Dropped::Ahead)),
                PriceTaken::Overlong => dropped.push((quote, Dropped::Overlong)),
            }
        }
        std::mem::swap(&mut *prices.lock(), &mut self.draft);
        dropped
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::amount::{Decimal, Numeral};
    use crate::core::ids::Id;
    use crate::core::price::{PriceQuality, PriceSource, ReferencePrice};
    use crate::wire::schema::{RecordType, Schemas};

    /// A price that is received at the time 1,000.
    pub(crate) fn quote(instrument: &str, price: &str, as_of: i64, offset: i64) -> Quote {
        let record = ReferencePrice {
            instrument_id: Id::parse(instrument).unwrap(),
            price: Numeral::Exact(Decimal::parse(price).unwrap()),
            source: PriceSource::Mark,
            as_of: Time(as_of),
            publisher: "feed",
            quality: PriceQuality::Good,
        };
        let mut value = Vec::new();
        wire::price::encode(&record, &mut value);
        let schemas = Schemas::compiled();
        let body = schemas.open(RecordType::ReferencePrice, &value).unwrap().into_owned();
        Quote { partition: 0, offset, body, received: Time(1_000) }
    }

    fn held(book: &PriceBook, instrument: &str) -> Option<(String, i64)> {
        book.find(instrument).map(|found| (found.price.to_string(), found.offset))
    }

    #[test]
    fn a_book_that_a_lane_holds_does_not_change() {
        let (prices, mut drafts) = (Prices::default(), Drafts::default());
        drafts.publish(&prices, vec![quote("A", "1", 10, 0)]);
        let first = prices.book();
        for (as_of, price) in [(20, "2"), (30, "3"), (40, "4")] {
            drafts.publish(&prices, vec![quote("A", price, as_of, as_of)]);
        }
        assert_eq!(held(&first, "A"), Some(("1".to_owned(), 0)));
        assert_eq!(held(&prices.book(), "A"), Some(("4".to_owned(), 40)));
    }

    #[test]
    fn both_copies_have_every_price() {
        let (prices, mut drafts) = (Prices::default(), Drafts::default());
        for step in 1..=9_i64 {
            drafts.publish(&prices, vec![quote(&format!("I{step}"), "1", step, step)]);
            let book = prices.book();
            assert_eq!(book.len(), step as usize);
            assert!((1..=step).all(|one| held(&book, &format!("I{one}")).is_some()), "{step}");
        }
    }

    #[test]
    fn what_is_dropped_is_named_and_what_is_older_is_not() {
        let (prices, mut drafts) = (Prices::default(), Drafts::default());
        let ahead = 3_000_000_000;
        let group = vec![quote("A", "1", 500, 0), quote("A", "2", 400, 1), quote("B", "3", ahead, 2)];
        let dropped = drafts.publish(&prices, group);
        let named: Vec<_> = dropped.iter().map(|(quote, reason)| (quote.offset, *reason)).collect();
        assert_eq!(named, [(2, Dropped::Ahead)]);
        assert_eq!((prices.book().len(), held(&prices.book(), "A")), (1, Some(("1".to_owned(), 0))));
    }
}
