//! The prices of the process: one thread reads them, every lane decides by them.
//!
//! A lane decides a batch by the book as it was when the batch began, and keeps that book until the
//! batch is committed; the next one is published meanwhile. So no lane ever waits for the reader, and
//! the reader waits for no lane. Start at [`Prices`]; the thread is in [`reader`], the two copies of
//! the book in [`book`].

mod aside;
pub mod book;
pub mod reader;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::prices::PriceBook;
use crate::core::symbols::symbols;

symbols! {
    /// Why a record of `prices` was dropped.
    pub enum Dropped {
        /// Its time is more than a second ahead of this machine's clock.
        Ahead = "ahead",
        /// Its price has more digits than a decimal may have.
        Overlong = "overlong",
        /// Its value is no price.
        Undecodable = "undecodable",
        /// Its key is not its instrument.
        Misplaced = "misplaced",
    }
}

/// The prices, as all lanes see them.
#[derive(Debug, Default)]
pub struct Prices {
    book: Mutex<Arc<PriceBook>>,
    /// How often a lane has asked for the end.
    asked: AtomicU64,
    /// Up to which of these askings the end was reached.
    reached: AtomicU64,
}

impl Prices {
    /// The newest book.
    pub fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.lock())
    }

    /// Asks that everything be read that is there now; [`Prices::has_reached`] takes the answer.
    pub fn ask_for_end(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether everything that was there at that asking is in the book.
    pub fn has_reached(&self, asking: u64) -> bool {
        self.reached.load(Ordering::Acquire) >= asking
    }

    /// The last asking that waits for an answer.
    fn asking(&self) -> Option<u64> {
        let asked = self.asked.load(Ordering::Acquire);
        (!self.has_reached(asked)).then_some(asked)
    }

    fn reach(&self, asking: u64) {
        self.reached.fetch_max(asking, Ordering::AcqRel);
    }

    /// A book is whole, whatever panicked: it is replaced, never changed.
    fn lock(&self) -> MutexGuard<'_, Arc<PriceBook>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asking_is_answered_with_all_before_it() {
        let prices = Prices::default();
        assert_eq!(prices.asking(), None);
        let (first, second) = (prices.ask_for_end(), prices.ask_for_end());
        assert_eq!(prices.asking(), Some(second));
        prices.reach(first);
        assert!(prices.has_reached(first) && !prices.has_reached(second));
        prices.reach(second);
        assert!(prices.has_reached(second));
        assert_eq!(prices.asking(), None);
    }
}
