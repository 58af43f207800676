//! What a venue reports: the record on `executions`, decoded and well formed.

use super::amount::Numeral;
use super::ids::Id;
use super::intent::Side;
use super::symbols::symbols;
use super::time::Time;

symbols! {
    /// FIX 150.
    pub enum ExecType {
        /// The venue has taken the order.
        New = "NEW",
        /// A fill.
        Trade = "TRADE",
        /// The order is cancelled.
        Canceled = "CANCELED",
        /// The order has new terms.
        Replaced = "REPLACED",
        /// The venue refused the order.
        Rejected = "REJECTED",
        /// The order's time is over.
        Expired = "EXPIRED",
        /// No more fills today.
        DoneForDay = "DONE_FOR_DAY",
        /// A fill is taken back.
        TradeCancel = "TRADE_CANCEL",
        /// A fill is corrected.
        TradeCorrect = "TRADE_CORRECT",
        /// The venue changed the order by itself.
        Restated = "RESTATED",
        /// A cancel was refused.
        CancelRejected = "CANCEL_REJECTED",
        /// A replace was refused.
        ReplaceRejected = "REPLACE_REJECTED",
        /// A cancel is under way.
        PendingCancel = "PENDING_CANCEL",
        /// A replace is under way.
        PendingReplace = "PENDING_REPLACE",
    }
}

/// An execution report, borrowed from the bytes of its record. Fields that its type needs are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution<'a> {
    /// Who reports.
    pub venue: Id<'a>,
    /// FIX 17; unique with venue and instrument for ever; 1 to 64 bytes.
    pub exec_id: &'a str,
    /// FIX 150.
    pub exec_type: ExecType,
    /// The router's order id; empty for an order that onefill did not route.
    pub order_id: &'a str,
    /// For people.
    pub client_order_id: Option<&'a str>,
    /// For people.
    pub venue_order_id: Option<&'a str>,
    /// FIX 1.
    pub account_id: Id<'a>,
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// FIX 54.
    pub side: Side,
    /// FIX 32.
    pub last_qty: Option<Numeral<'a>>,
    /// FIX 31.
    pub last_px: Option<Numeral<'a>>,
    /// FIX 38.
    pub order_qty: Option<Numeral<'a>>,
    /// FIX 14.
    pub cum_qty: Option<Numeral<'a>>,
    /// FIX 151.
    pub leaves_qty: Option<Numeral<'a>>,
    /// The fill that a bust or correction is about; FIX 19.
    pub exec_ref_id: Option<&'a str>,
    /// FIX 102 or 103, by type.
    pub reject_code: Option<i32>,
    /// For people.
    pub text: Option<&'a str>,
    /// FIX 60.
    pub transact_time: Time,
}
