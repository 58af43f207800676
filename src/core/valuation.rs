//! What a unit of an order is valued at, by check 14 of the contract.

use super::amount::Decimal;
use super::intent::{OrderType, Side};
use super::money::Valuation;

/// What makes the price of an order.
#[derive(Clone, Copy, Debug)]
pub struct Pricing {
    /// FIX 40.
    pub order_type: OrderType,
    /// FIX 54.
    pub side: Side,
    /// FIX 44.
    pub price: Option<Decimal>,
    /// FIX 99.
    pub trigger: Option<Decimal>,
}

impl Pricing {
    /// The valuation of a unit, given the reference price, where one was needed, and the effective
    /// collar in hundredths of a percent, which is asked for only where it counts. `None` when a fact
    /// that the type needs is missing.
    ///
    /// Signs do not matter: an order at a negative price is as much at risk as at a positive one.
    pub fn valuation(
        self,
        reference: Option<Decimal>,
        collar_bps: impl FnOnce() -> Option<i64>,
    ) -> Option<Valuation> {
        let dearest =
            |price: Decimal| reference.map_or(price.abs(), |reference| reference.abs().max(price.abs()));
        let base = match self.order_type {
            OrderType::Limit | OrderType::StopLimit => return self.price.map(dearest).map(Valuation::at),
            OrderType::Market => reference?,
            OrderType::Stop => reference.and(self.trigger).map(dearest)?,
        };
        // Without a price of its own, an order to buy may be filled as far above as a price may be.
        Some(match self.side {
            Side::Buy => Valuation::above(base, collar_bps().unwrap_or(0)),
            Side::Sell => Valuation::at(base),
        })
    }
}
