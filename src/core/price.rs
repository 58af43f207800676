//! What the market says: the record on `prices`, decoded and well formed.

use super::amount::Numeral;
use super::ids::Id;
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// Where a reference price comes from.
    pub enum PriceSource {
        /// The venue's mark.
        Mark = "MARK",
        /// Between best bid and best offer.
        Mid = "MID",
        /// The last trade.
        Last = "LAST",
        /// An index.
        Index = "INDEX",
        /// The settlement price.
        Settlement = "SETTLEMENT",
    }
}

symbols! {
    /// How far a reference price can be trusted.
    pub enum PriceQuality {
        /// It can be used.
        Good = "GOOD",
        /// Nobody deals at it.
        Indicative = "INDICATIVE",
        /// The market is halted.
        Halted = "HALTED",
    }
}

/// A reference price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencePrice<'a> {
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// The price.
    pub price: Numeral<'a>,
    /// Where it comes from.
    pub source: PriceSource,
    /// Time of the market data.
    pub as_of: Time,
    /// Who published it.
    pub publisher: &'a str,
    /// How far it can be trusted.
    pub quality: PriceQuality,
}
