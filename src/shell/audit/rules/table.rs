//! Every check of the contract, with its number, its name and its reasons, in their order.

use crate::core::verdict::Reason;

/// A check, and the reasons that it can give.
pub(super) struct Check {
    pub(super) number: Option<u8>,
    pub(super) name: &'static str,
    pub(super) reasons: &'static [Reason],
    /// Why a check of limits has nothing to compare.
    pub(super) unset: &'static str,
}

const fn check(number: u8, name: &'static str, reasons: &'static [Reason]) -> Check {
    Check { number: Some(number), name, reasons, unset: "" }
}

const fn of_order(name: &'static str, reasons: &'static [Reason]) -> Check {
    Check { number: None, name, reasons, unset: "" }
}

const fn of_limit(number: u8, name: &'static str, reasons: &'static [Reason], unset: &'static str) -> Check {
    Check { number: Some(number), name, reasons, unset }
}

const DECODE: Check = check(0, "decode", &[Reason::MalformedIntent]);
pub(super) const PLACEMENT: Check = check(1, "placement", &[Reason::WrongPartition]);
/// Its conflicts are entries of their own, never the deciding one.
pub(super) const IDEMPOTENCY: Check = check(2, "idempotency", &[]);
pub(super) const IDENTITY: Check = check(3, "order identity", &[Reason::IdempotencyKeyConflict]);
pub(super) const TIME: Check =
    check(4, "time", &[Reason::TimestampInFuture, Reason::IntentTooOld, Reason::IntentExpired]);
pub(super) const EXPIRY: Check = check(4, "time (expires_at)", &[Reason::IntentExpired]);
pub(super) const STATE: Check = check(5, "trading state", &[Reason::TradingHalted]);
pub(super) const PERMISSION: Check = check(
    6,
    "permission",
    &[Reason::UnknownAccount, Reason::UnknownInstrument, Reason::RestrictedInstrument],
);
const SHAPE: Check =
    check(7, "shape", &[Reason::UnsupportedOrder, Reason::InvalidQuantity, Reason::InvalidPrice]);
pub(super) const INCREMENTS: Check = check(
    8,
    "increments",
    &[
        Reason::InvalidPriceIncrement,
        Reason::InvalidQuantityIncrement,
        Reason::InvalidQuantity,
        Reason::MinNotional,
    ],
);
const NUMBERS: Check = check(9, "numbers", &[Reason::NumericOverflow]);
const LIVE_ORDER: Check = of_order("live order", &[Reason::UnknownOrder, Reason::TooLateToCancel]);
const NOTHING_PENDING: Check =
    of_order("nothing pending", &[Reason::OrderPendingReplace, Reason::OrderPendingCancel]);

const PRESENT: Check = of_limit(10, "limits present", &[Reason::LimitNotConfigured], "");
const SIZE: Check = of_limit(11, "order size", &[Reason::MaxOrderQtyExceeded], NO_LIMIT);
pub(super) const REFERENCE: Check = of_limit(
    12,
    "reference price",
    &[Reason::ReferencePriceNotAvailable, Reason::ReferencePriceStale, Reason::ReferencePriceInvalid],
    "not needed, not looked at",
);
pub(super) const COLLAR: Check =
    of_limit(13, "collar", &[Reason::PriceCollarBreached], "no collar is set, or the order has no price");
pub(super) const VALUE: Check = of_limit(14, "order value", &[Reason::MaxOrderNotionalExceeded], NO_LIMIT);
const SUSPECTED: Check = of_limit(
    15,
    "suspected duplicate",
    &[Reason::DuplicateOrderSuspected],
    "no window is set, or no equal order was accepted",
);
const RATE: Check = of_limit(16, "rate", &[Reason::RateLimitExceeded], NO_LIMIT);
const REDUCE_ONLY: Check = of_limit(
    17,
    "reduce-only",
    &[Reason::ReduceOnlyViolation],
    "neither the order nor a trading state asks for it",
);
const OPEN_ORDERS: Check = of_limit(18, "open orders", &[Reason::MaxOpenOrdersExceeded], NO_LIMIT);
const POSITION: Check = of_limit(19, "position", &[Reason::PositionLimitExceeded], NO_LIMIT);
pub(super) const GROSS: Check = of_limit(
    20,
    "gross exposure",
    &[Reason::GrossNotionalExceeded],
    "no limit is set, or the order does not raise it",
);
const NO_LIMIT: &str = "no limit is set";

/// The checks of one kind of intent.
pub(super) struct Rules {
    /// The first that fails ends it.
    pub(super) ladder: &'static [Check],
    /// All are evaluated, once the ladder is climbed.
    pub(super) limits: &'static [Check],
}

pub(super) const OF_NEW: Rules = Rules {
    ladder: &[DECODE, PLACEMENT, IDEMPOTENCY, IDENTITY, TIME, STATE, PERMISSION, SHAPE, INCREMENTS, NUMBERS],
    limits: &[
        PRESENT,
        SIZE,
        REFERENCE,
        COLLAR,
        VALUE,
        SUSPECTED,
        RATE,
        REDUCE_ONLY,
        OPEN_ORDERS,
        POSITION,
        GROSS,
    ],
};
pub(super) const OF_CANCEL: Rules =
    Rules { ladder: &[DECODE, PLACEMENT, IDEMPOTENCY, EXPIRY, LIVE_ORDER], limits: &[] };
pub(super) const OF_REPLACE: Rules = Rules {
    ladder: &[
        DECODE,
        PLACEMENT,
        IDEMPOTENCY,
        LIVE_ORDER,
        NOTHING_PENDING,
        TIME,
        STATE,
        PERMISSION,
        SHAPE,
        INCREMENTS,
        NUMBERS,
    ],
    limits: &[PRESENT, SIZE, REFERENCE, COLLAR, VALUE, RATE, REDUCE_ONLY, POSITION, GROSS],
};
/// A replace to no more than is filled cancels the balance, without further checks.
pub(super) const OF_CONVERTED: Rules =
    Rules { ladder: &[DECODE, PLACEMENT, IDEMPOTENCY, LIVE_ORDER, NOTHING_PENDING], limits: &[] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_check_and_every_check_its_line() {
        let all = |rules: Rules| rules.ladder.iter().chain(rules.limits);
        let checks = || [OF_NEW, OF_CANCEL, OF_REPLACE].into_iter().flat_map(all);
        let named = |reason: &Reason| checks().any(|check| check.reasons.contains(reason));
        let missing: Vec<_> = Reason::ALL.iter().filter(|reason| !named(reason)).collect();
        assert_eq!(missing, Vec::<&Reason>::new());
        let numbers: Vec<_> = all(OF_NEW).filter_map(|check| check.number).collect();
        assert_eq!(numbers, (0..=20).collect::<Vec<u8>>());
    }
}
