//! The handbook's pages of halts and reasons, as they stand in the docs: compiled in, so that they are at hand
//! where no docs are.

use crate::core::halt::HaltCode;
use crate::core::verdict::Reason;

/// What to do about a halt, as its page says it.
pub fn remedy(code: HaltCode) -> &'static str {
    let rest = halt_page(code).split_once("\n## What to do\n").map_or("", |(_, rest)| rest);
    rest.split("\n## ").next().unwrap_or_default().trim()
}

/// The page of a halt.
pub const fn halt_page(code: HaltCode) -> &'static str {
    match code {
        HaltCode::ChainBroken => include_str!("../../docs/halts/CHAIN_BROKEN.md"),
        HaltCode::CursorMismatch => include_str!("../../docs/halts/CURSOR_MISMATCH.md"),
        HaltCode::OutputMismatch => include_str!("../../docs/halts/OUTPUT_MISMATCH.md"),
        HaltCode::InputLost => include_str!("../../docs/halts/INPUT_LOST.md"),
        HaltCode::TopologyChanged => include_str!("../../docs/halts/TOPOLOGY_CHANGED.md"),
        HaltCode::StateDiverged => include_str!("../../docs/halts/STATE_DIVERGED.md"),
        HaltCode::OutcomeUnresolved => include_str!("../../docs/halts/OUTCOME_UNRESOLVED.md"),
        HaltCode::Fenced => include_str!("../../docs/halts/FENCED.md"),
        HaltCode::UnsafeTopic => include_str!("../../docs/halts/UNSAFE_TOPIC.md"),
        HaltCode::AuditUnreadable => include_str!("../../docs/halts/AUDIT_UNREADABLE.md"),
        HaltCode::ClockUnsafe => include_str!("../../docs/halts/CLOCK_UNSAFE.md"),
        HaltCode::ControlInvalid => include_str!("../../docs/halts/CONTROL_INVALID.md"),
    }
}

/// The page of a reason.
pub const fn reason_page(reason: Reason) -> &'static str {
    match reason {
        Reason::MalformedIntent => include_str!("../../docs/reasons/MALFORMED_INTENT.md"),
        Reason::WrongPartition => include_str!("../../docs/reasons/WRONG_PARTITION.md"),
        Reason::IdempotencyKeyConflict => include_str!("../../docs/reasons/IDEMPOTENCY_KEY_CONFLICT.md"),
        Reason::UnknownOrder => include_str!("../../docs/reasons/UNKNOWN_ORDER.md"),
        Reason::TooLateToCancel => include_str!("../../docs/reasons/TOO_LATE_TO_CANCEL.md"),
        Reason::OrderPendingReplace => include_str!("../../docs/reasons/ORDER_PENDING_REPLACE.md"),
        Reason::OrderPendingCancel => include_str!("../../docs/reasons/ORDER_PENDING_CANCEL.md"),
        Reason::TimestampInFuture => include_str!("../../docs/reasons/TIMESTAMP_IN_FUTURE.md"),
        Reason::IntentTooOld => include_str!("../../docs/reasons/INTENT_TOO_OLD.md"),
        Reason::IntentExpired => include_str!("../../docs/reasons/INTENT_EXPIRED.md"),
        Reason::TradingHalted => include_str!("../../docs/reasons/TRADING_HALTED.md"),
        Reason::UnknownAccount => include_str!("../../docs/reasons/UNKNOWN_ACCOUNT.md"),
        Reason::UnknownInstrument => include_str!("../../docs/reasons/UNKNOWN_INSTRUMENT.md"),
        Reason::RestrictedInstrument => include_str!("../../docs/reasons/RESTRICTED_INSTRUMENT.md"),
        Reason::UnsupportedOrder => include_str!("../../docs/reasons/UNSUPPORTED_ORDER.md"),
        Reason::InvalidQuantity => include_str!("../../docs/reasons/INVALID_QUANTITY.md"),
        Reason::InvalidPrice => include_str!("../../docs/reasons/INVALID_PRICE.md"),
        Reason::InvalidPriceIncrement => include_str!("../../docs/reasons/INVALID_PRICE_INCREMENT.md"),
        Reason::InvalidQuantityIncrement => include_str!("../../docs/reasons/INVALID_QUANTITY_INCREMENT.md"),
        Reason::MinNotional => include_str!("../../docs/reasons/MIN_NOTIONAL.md"),
        Reason::NumericOverflow => include_str!("../../docs/reasons/NUMERIC_OVERFLOW.md"),
        Reason::LimitNotConfigured => include_str!("../../docs/reasons/LIMIT_NOT_CONFIGURED.md"),
        Reason::MaxOrderQtyExceeded => include_str!("../../docs/reasons/MAX_ORDER_QTY_EXCEEDED.md"),
        Reason::ReferencePriceNotAvailable => {
            include_str!("../../docs/reasons/REFERENCE_PRICE_NOT_AVAILABLE.md")
        }
        Reason::ReferencePriceStale => include_str!("../../docs/reasons/REFERENCE_PRICE_STALE.md"),
        Reason::ReferencePriceInvalid => include_str!("../../docs/reasons/REFERENCE_PRICE_INVALID.md"),
        Reason::PriceCollarBreached => include_str!("../../docs/reasons/PRICE_COLLAR_BREACHED.md"),
        Reason::MaxOrderNotionalExceeded => include_str!("../../docs/reasons/MAX_ORDER_NOTIONAL_EXCEEDED.md"),
        Reason::DuplicateOrderSuspected => include_str!("../../docs/reasons/DUPLICATE_ORDER_SUSPECTED.md"),
        Reason::RateLimitExceeded => include_str!("../../docs/reasons/RATE_LIMIT_EXCEEDED.md"),
        Reason::ReduceOnlyViolation => include_str!("../../docs/reasons/REDUCE_ONLY_VIOLATION.md"),
        Reason::MaxOpenOrdersExceeded => include_str!("../../docs/reasons/MAX_OPEN_ORDERS_EXCEEDED.md"),
        Reason::PositionLimitExceeded => include_str!("../../docs/reasons/POSITION_LIMIT_EXCEEDED.md"),
        Reason::GrossNotionalExceeded => include_str!("../../docs/reasons/GROSS_NOTIONAL_EXCEEDED.md"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_halt_has_a_remedy() {
        for code in HaltCode::ALL {
            let remedy = remedy(*code);
            assert!(remedy.len() > 40 && !remedy.contains("## "), "{code}: {remedy}");
        }
    }
}
