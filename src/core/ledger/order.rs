//! One order's life, as the trail tells it (section 7 of the contract).
//!
//! What an order reserves is computed, never stored, so that no path can forget to release it.

use crate::core::amount::{Lots, Overflow};
use crate::core::ids::IdText;
use crate::core::intent::{Side, TimeInForce};
use crate::core::money::Valuation;
use crate::core::order::Terms;

use super::names::Name;

/// An accepted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The entry that accepted it.
    pub accepted_seq: u64,
    /// Whose it is.
    pub account: Name,
    /// Who is responsible.
    pub strategy: Name,
    /// What is traded.
    pub instrument: Name,
    /// The order's identity for its account.
    pub client_order_id: IdText,
    /// The last accepted intent of the chain.
    pub last_intent_id: IdText,
    /// The one before it; FIX 41 of the last record on `orders`.
    pub previous_intent_id: Option<IdText>,
    /// Of the last record on `orders`.
    pub version: i32,
    /// As in force at the venue.
    pub terms: Terms,
    /// As asked for by the unanswered replace.
    pub pending_terms: Option<Terms>,
    /// What a unit of it is worth, frozen when its terms were accepted.
    pub valuation: Valuation,
    /// The same of the unanswered replace.
    pub pending_valuation: Option<Valuation>,
    /// Whether a cancel is unanswered.
    pub cancel_pending: bool,
    /// How much is asked for, filled, left.
    pub quantity: Quantity,
}

/// Where an order reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stake {
    /// Whose it is.
    pub account: Name,
    /// Who is responsible.
    pub strategy: Name,
    /// What is traded.
    pub instrument: Name,
    /// To which side.
    pub side: Side,
}

/// The quantities of an order, in lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantity {
    /// Asked for.
    pub total: Lots,
    /// Filled, busts taken back.
    pub filled: Lots,
    /// What the venue may still fill.
    pub leaves: Lots,
    /// Asked for by the unanswered replace.
    pub pending_total: Option<Lots>,
    /// Nothing more is to come.
    pub dead: bool,
}

impl Quantity {
    /// A fresh order of this total.
    pub const fn of(total: Lots) -> Self {
        Self { total, filled: Lots(0), leaves: total, pending_total: None, dead: false }
    }

    /// What may still be filled at the worst, never below 0.
    pub fn reserved(&self) -> Lots {
        if self.dead {
            return Lots(0);
        }
        // A difference of two counts that are never negative fits.
        let pending = self.pending_total.map_or(0, |total| total.0 - self.filled.0);
        Lots(self.leaves.0.max(pending).max(0))
    }

    /// A fill. What it fills beyond `leaves` is an overfill: counted, and nothing is left.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn fill(&mut self, quantity: Lots) -> Result<(), Overflow> {
        self.filled.0 = self.filled.0.checked_add(quantity.0).ok_or(Overflow)?;
        self.leaves.0 = (self.leaves.0 - quantity.0).max(0);
        Ok(())
    }

    /// The venue has put this total into force. Also when nothing was pending.
    pub fn replaced(&mut self, total: Lots) {
        self.total = total;
        self.leaves = Lots((total.0 - self.filled.0).max(0));
        self.pending_total = None;
    }
}

impl OrderRow {
    /// Whether it may still be filled.
    pub fn is_open(&self) -> bool {
        self.quantity.reserved().0 > 0
    }

    /// What a unit of it is worth at the worst: while a replace is pending, the dearer of both.
    pub fn dearest(&self) -> Valuation {
        self.pending_valuation.map_or(self.valuation, |pending| pending.dearer(self.valuation))
    }

    /// Where it reserves.
    pub const fn stake(&self) -> Stake {
        let Self { account, strategy, instrument, .. } = *self;
        Stake { account, strategy, instrument, side: self.terms.side }
    }

    /// Which side it reserves on.
    pub const fn side(&self) -> Side {
        self.terms.side
    }

    /// The terms as a record on `orders` has them that is published now.
    pub fn published_terms(&self) -> &Terms {
        self.pending_terms.as_ref().unwrap_or(&self.terms)
    }

    /// Whether the venue's DONE_FOR_DAY is its end.
    pub fn ends_with_the_day(&self) -> bool {
        self.terms.time_in_force == TimeInForce::Day
    }
}
