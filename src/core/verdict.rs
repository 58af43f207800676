//! Verdicts and their reasons.

use super::amount::Decimal;
use super::control::Scope;
use super::symbols::symbols;

symbols! {
    /// What was decided of an intent.
    pub enum Verdict {
        /// It became an order, once.
        Accepted = "ACCEPTED",
        /// It did not, for a reason.
        Rejected = "REJECTED",
        /// Its key was decided before.
        Duplicate = "DUPLICATE",
    }
}

symbols! {
    /// Why an intent was rejected, in order of precedence: of a NEW, the first that fails is named.
    pub enum Reason {
        /// Not a readable, complete record. Binds no key.
        MalformedIntent = "MALFORMED_INTENT",
        /// Not under its account's key, or not in its account's partition. Binds no key.
        WrongPartition = "WRONG_PARTITION",
        /// The key was decided with another payload, or the order exists under another key.
        IdempotencyKeyConflict = "IDEMPOTENCY_KEY_CONFLICT",
        /// No such order of the account and instrument.
        UnknownOrder = "UNKNOWN_ORDER",
        /// The order is terminal.
        TooLateToCancel = "TOO_LATE_TO_CANCEL",
        /// A replace is unanswered.
        OrderPendingReplace = "ORDER_PENDING_REPLACE",
        /// A cancel is unanswered.
        OrderPendingCancel = "ORDER_PENDING_CANCEL",
        /// Created later than the router's clock, with skew, allows.
        TimestampInFuture = "TIMESTAMP_IN_FUTURE",
        /// Created too long ago.
        IntentTooOld = "INTENT_TOO_OLD",
        /// Its own time to be routed is over.
        IntentExpired = "INTENT_EXPIRED",
        /// Trading is halted in a scope of it.
        TradingHalted = "TRADING_HALTED",
        /// No limit record names the account.
        UnknownAccount = "UNKNOWN_ACCOUNT",
        /// No record of the instrument.
        UnknownInstrument = "UNKNOWN_INSTRUMENT",
        /// The instrument may not be traded now.
        RestrictedInstrument = "RESTRICTED_INSTRUMENT",
        /// Fields that do not go together, or an order type that is not taken.
        UnsupportedOrder = "UNSUPPORTED_ORDER",
        /// Not above zero, or outside the instrument's bounds.
        InvalidQuantity = "INVALID_QUANTITY",
        /// Not above zero, where the instrument needs that.
        InvalidPrice = "INVALID_PRICE",
        /// Not a whole number of ticks.
        InvalidPriceIncrement = "INVALID_PRICE_INCREMENT",
        /// Not a whole number of lots.
        InvalidQuantityIncrement = "INVALID_QUANTITY_INCREMENT",
        /// Worth less than the instrument's smallest order.
        MinNotional = "MIN_NOTIONAL",
        /// A number, product or sum that does not fit.
        NumericOverflow = "NUMERIC_OVERFLOW",
        /// A limit without which nothing is traded is not set.
        LimitNotConfigured = "LIMIT_NOT_CONFIGURED",
        /// More than one order may have.
        MaxOrderQtyExceeded = "MAX_ORDER_QTY_EXCEEDED",
        /// No reference price is held.
        ReferencePriceNotAvailable = "REFERENCE_PRICE_NOT_AVAILABLE",
        /// The reference price is too old.
        ReferencePriceStale = "REFERENCE_PRICE_STALE",
        /// The reference price cannot be used.
        ReferencePriceInvalid = "REFERENCE_PRICE_INVALID",
        /// Too far from the reference price.
        PriceCollarBreached = "PRICE_COLLAR_BREACHED",
        /// Worth more than one order may be.
        MaxOrderNotionalExceeded = "MAX_ORDER_NOTIONAL_EXCEEDED",
        /// An equal order was accepted a moment ago.
        DuplicateOrderSuspected = "DUPLICATE_ORDER_SUSPECTED",
        /// Too many orders in the window.
        RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
        /// It could increase a position.
        ReduceOnlyViolation = "REDUCE_ONLY_VIOLATION",
        /// Too many orders are open.
        MaxOpenOrdersExceeded = "MAX_OPEN_ORDERS_EXCEEDED",
        /// The position could pass its limit.
        PositionLimitExceeded = "POSITION_LIMIT_EXCEEDED",
        /// The account's exposure could pass its limit.
        GrossNotionalExceeded = "GROSS_NOTIONAL_EXCEEDED",
    }
}

impl Reason {
    /// The FIX code: OrdRejReason (103), and of the four that only cancels and replaces meet,
    /// CxlRejReason (102).
    pub const fn fix_reason(self) -> i32 {
        match self {
            Self::TradingHalted | Self::RestrictedInstrument | Self::LimitNotConfigured => 0,
            Self::TooLateToCancel => 0,
            Self::UnknownOrder | Self::UnknownInstrument => 1,
            Self::OrderPendingReplace | Self::OrderPendingCancel => 3,
            Self::MaxOpenOrdersExceeded | Self::PositionLimitExceeded => 3,
            Self::IntentExpired => 4,
            Self::IdempotencyKeyConflict | Self::DuplicateOrderSuspected => 6,
            Self::IntentTooOld => 8,
            Self::UnsupportedOrder => 11,
            Self::InvalidQuantity | Self::InvalidQuantityIncrement | Self::MinNotional => 13,
            Self::UnknownAccount => 15,
            Self::PriceCollarBreached => 16,
            Self::InvalidPriceIncrement => 18,
            Self::ReferencePriceNotAvailable | Self::ReferencePriceStale | Self::ReferencePriceInvalid => 19,
            Self::GrossNotionalExceeded => 25,
            Self::MaxOrderQtyExceeded => 26,
            Self::MaxOrderNotionalExceeded => 27,
            Self::MalformedIntent | Self::WrongPartition | Self::TimestampInFuture => 99,
            Self::InvalidPrice | Self::NumericOverflow => 99,
            Self::RateLimitExceeded | Self::ReduceOnlyViolation => 99,
        }
    }
}

impl Reason {
    /// The FIX field that [`Reason::fix_reason`] is a value of.
    pub const fn fix_tag(self) -> i32 {
        match self {
            Self::UnknownOrder | Self::TooLateToCancel => 102,
            Self::OrderPendingReplace | Self::OrderPendingCancel => 102,
            _ => 103,
        }
    }

    /// Which checks of the contract give it: their numbers, `C` and `R` for the rules that only a
    /// CANCEL or a REPLACE meets.
    pub const fn checks(self) -> &'static str {
        match self {
            Self::MalformedIntent => "0",
            Self::WrongPartition => "1",
            Self::IdempotencyKeyConflict => "2, 3",
            Self::UnknownOrder | Self::TooLateToCancel => "C, R",
            Self::OrderPendingReplace | Self::OrderPendingCancel => "R",
            Self::TimestampInFuture | Self::IntentTooOld | Self::IntentExpired => "4",
            Self::TradingHalted => "5",
            Self::UnknownAccount | Self::UnknownInstrument | Self::RestrictedInstrument => "6",
            Self::InvalidQuantity => "7, 8",
            Self::UnsupportedOrder | Self::InvalidPrice => "7",
            Self::InvalidPriceIncrement | Self::InvalidQuantityIncrement | Self::MinNotional => "8",
            Self::NumericOverflow => "9",
            Self::LimitNotConfigured => "10",
            Self::MaxOrderQtyExceeded => "11",
            Self::ReferencePriceNotAvailable => "12",
            Self::ReferencePriceStale | Self::ReferencePriceInvalid => "12",
            Self::PriceCollarBreached => "13",
            Self::MaxOrderNotionalExceeded => "14",
            Self::DuplicateOrderSuspected => "15",
            Self::RateLimitExceeded => "16",
            Self::ReduceOnlyViolation => "17",
            Self::MaxOpenOrdersExceeded => "18",
            Self::PositionLimitExceeded => "19",
            Self::GrossNotionalExceeded => "20",
        }
    }

    /// Whether a refusal can name whose limit or state it was.
    pub const fn can_name_scope(self) -> bool {
        match self {
            Self::IntentTooOld | Self::TradingHalted | Self::UnsupportedOrder => true,
            Self::ReferencePriceNotAvailable => true,
            Self::ReferencePriceStale | Self::ReferencePriceInvalid => true,
            Self::MaxOrderQtyExceeded | Self::PriceCollarBreached | Self::MaxOrderNotionalExceeded => true,
            Self::DuplicateOrderSuspected | Self::RateLimitExceeded | Self::ReduceOnlyViolation => true,
            Self::MaxOpenOrdersExceeded | Self::PositionLimitExceeded => true,
            Self::GrossNotionalExceeded => true,
            Self::MalformedIntent | Self::WrongPartition | Self::IdempotencyKeyConflict => false,
            Self::UnknownOrder | Self::TooLateToCancel => false,
            Self::OrderPendingReplace | Self::OrderPendingCancel => false,
            Self::TimestampInFuture | Self::IntentExpired => false,
            Self::UnknownAccount | Self::UnknownInstrument | Self::RestrictedInstrument => false,
            Self::InvalidQuantity | Self::InvalidPrice => false,
            Self::InvalidPriceIncrement | Self::InvalidQuantityIncrement | Self::MinNotional => false,
            Self::NumericOverflow | Self::LimitNotConfigured => false,
        }
    }
}

/// One check that failed: what was compared with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedCheck {
    /// Which check.
    pub reason: Reason,
    /// Whose limit or state refused, where there is one.
    pub scope: Option<Scope>,
    /// What was allowed.
    pub limit: Option<Decimal>,
    /// What was asked for, or would have become.
    pub observed: Option<Decimal>,
}

impl FailedCheck {
    /// A failure without numbers.
    pub const fn plain(reason: Reason) -> Self {
        Self { reason, scope: None, limit: None, observed: None }
    }

    /// A failure of a comparison.
    pub const fn compared(reason: Reason, limit: Decimal, observed: Decimal) -> Self {
        Self { reason, scope: None, limit: Some(limit), observed: Some(observed) }
    }

    /// The same, refused by this scope.
    pub const fn by(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }
}
