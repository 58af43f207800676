//! The checks of a verdict, one by one, with the numbers that its entry recorded.
//!
//! Nothing is decided here: an accepted intent has passed every check, a rejected one all before
//! its reason. The order is that of `core::decide`, whose ladder this names for people.

use crate::core::entry::{Body, Entry, Ruling};
use crate::core::intent::{Intent, IntentType};
use crate::core::settings::Settings;
use crate::core::time::MILLISECOND;
use crate::core::verdict::{FailedCheck, Reason};

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// An earlier one had failed.
    NotReached,
}

/// One check of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the contract; those of cancels and replaces alone have none.
    pub number: Option<u8>,
    /// Its name.
    pub name: &'static str,
    /// What became of it.
    pub result: Result,
    /// With which numbers; which reason.
    pub detail: String,
}

/// A check, and the reasons that it can give.
struct Check {
    number: Option<u8>,
    name: &'static str,
    reasons: &'static [Reason],
}

const fn check(number: u8, name: &'static str, reasons: &'static [Reason]) -> Check {
    Check { number: Some(number), name, reasons }
}

const fn of_order(name: &'static str, reasons: &'static [Reason]) -> Check {
    Check { number: None, name, reasons }
}

const DECODE: Check = check(0, "decode", &[Reason::MalformedIntent]);
const PLACEMENT: Check = check(1, "placement", &[Reason::WrongPartition]);
/// Its conflicts are entries of their own, never the deciding one.
const IDEMPOTENCY: Check = check(2, "idempotency", &[]);
const IDENTITY: Check = check(3, "order identity", &[Reason::IdempotencyKeyConflict]);
const TIME: Check =
    check(4, "time", &[Reason::TimestampInFuture, Reason::IntentTooOld, Reason::IntentExpired]);
const EXPIRY: Check = check(4, "time (expires_at)", &[Reason::IntentExpired]);
const STATE: Check = check(5, "trading state", &[Reason::TradingHalted]);
const PERMISSION: Check = check(
    6,
    "permission",
    &[Reason::UnknownAccount, Reason::UnknownInstrument, Reason::RestrictedInstrument],
);
const SHAPE: Check =
    check(7, "shape", &[Reason::UnsupportedOrder, Reason::InvalidQuantity, Reason::InvalidPrice]);
const INCREMENTS: Check = check(
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

const OF_NEW: &[Check] =
    &[DECODE, PLACEMENT, IDEMPOTENCY, IDENTITY, TIME, STATE, PERMISSION, SHAPE, INCREMENTS, NUMBERS];
const OF_CANCEL: &[Check] = &[DECODE, PLACEMENT, IDEMPOTENCY, EXPIRY, LIVE_ORDER];
const OF_REPLACE: &[Check] = &[
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
];
/// A replace to no more than is filled cancels the balance, without further checks.
const OF_CONVERTED: &[Check] = &[DECODE, PLACEMENT, IDEMPOTENCY, LIVE_ORDER, NOTHING_PENDING];

/// The checks of a deciding entry, in their order; of other entries none.
pub fn steps(entry: &Entry<'_>, settings: Settings) -> Vec<Step> {
    let Body::Decision(decision) = &entry.body else { return Vec::new() };
    let (intent, failed, converted): (_, &[FailedCheck], _) = match &decision.ruling {
        Ruling::Accepted { intent, converted_to_cancel, .. } => (intent, &[], *converted_to_cancel),
        Ruling::Rejected { intent, failed_checks, .. } => (intent, failed_checks, false),
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } => return Vec::new(),
        Ruling::Duplicate { .. } | Ruling::Conflict { .. } => return Vec::new(),
    };
    let checks = match intent.intent_type {
        IntentType::New => OF_NEW,
        IntentType::Cancel => OF_CANCEL,
        IntentType::Replace if converted => OF_CONVERTED,
        IntentType::Replace => OF_REPLACE,
    };
    let failing = failing(checks, failed);
    let step = |(index, check): (usize, &Check)| {
        let result = match failing {
            Some(failing) if index == failing => Result::Failed,
            Some(failing) if index > failing => Result::NotReached,
            _ => Result::Passed,
        };
        let numbers = || numbers(check, entry, intent, settings);
        let detail = match result {
            Result::Failed if check.name == TIME.name => format!("{}: {}", all_said(failed), numbers()),
            Result::Failed => all_said(failed),
            Result::Passed => numbers(),
            Result::NotReached => String::new(),
        };
        Step { number: check.number, name: check.name, result, detail }
    };
    let mut steps: Vec<Step> = checks.iter().enumerate().map(step).collect();
    if failing.is_none() {
        // Checks 10 to 20 are all evaluated; those that failed are named.
        steps.extend(failed.iter().map(|failed| Step {
            number: Some(number(failed.reason)),
            name: "limits",
            result: Result::Failed,
            detail: said(failed),
        }));
    }
    steps
}

/// Which check gave the reason.
fn failing(checks: &[Check], failed: &[FailedCheck]) -> Option<usize> {
    let first = failed.first()?;
    let mut named = checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.reasons.contains(&first.reason))
        .map(|(at, _)| at);
    let at = named.next();
    // INVALID_QUANTITY is a reason of two checks: not above zero in the first, a bound in the second.
    let is_bound = first.reason == Reason::InvalidQuantity && first.limit.is_some_and(|it| it.signum() != 0);
    if is_bound { named.next().or(at) } else { at }
}

/// The number of the check that has this reason, of checks 10 to 20.
const fn number(reason: Reason) -> u8 {
    match reason {
        Reason::MaxOrderQtyExceeded => 11,
        Reason::ReferencePriceNotAvailable => 12,
        Reason::ReferencePriceStale | Reason::ReferencePriceInvalid => 12,
        Reason::PriceCollarBreached => 13,
        Reason::MaxOrderNotionalExceeded => 14,
        Reason::DuplicateOrderSuspected => 15,
        Reason::RateLimitExceeded => 16,
        Reason::ReduceOnlyViolation => 17,
        Reason::MaxOpenOrdersExceeded => 18,
        Reason::PositionLimitExceeded => 19,
        Reason::GrossNotionalExceeded => 20,
        _ => 10,
    }
}

fn all_said(failed: &[FailedCheck]) -> String {
    failed.iter().map(said).collect::<Vec<_>>().join("; ")
}

/// A failed check in words: `INVALID_PRICE_INCREMENT: 4500.3 against 0.25`.
pub fn said(failed: &FailedCheck) -> String {
    let mut text = failed.reason.to_string();
    if let Some(scope) = failed.scope {
        text += &format!(" of {scope}");
    }
    match (failed.observed, failed.limit) {
        (Some(observed), Some(limit)) => text += &format!(", {observed} against {limit}"),
        (Some(observed), None) => text += &format!(", {observed}"),
        (None, Some(limit)) => text += &format!(", against {limit}"),
        (None, None) => {}
    }
    text
}

/// What an entry records about a check that has no failed numbers.
fn numbers(check: &Check, entry: &Entry<'_>, intent: &Intent<'_>, settings: Settings) -> String {
    let expires = intent.expires_at.map(|expiry| {
        let left = expiry.since(entry.decided_at);
        format!("{} ms until expires_at", left / i128::from(MILLISECOND))
    });
    if check.name == TIME.name {
        let age = entry.decided_at.since(intent.created_at) / i128::from(MILLISECOND);
        let most = match settings.max_intent_age_ms {
            0 => "unlimited".to_owned(),
            most => format!("at most {most} ms"),
        };
        let age = format!("age {age} ms, {most}, at least -{} ms", settings.skew_ms);
        return expires.map_or(age.clone(), |expires| format!("{age}; {expires}"));
    }
    match check.name {
        name if name == EXPIRY.name => expires.unwrap_or_default(),
        name if name == PLACEMENT.name => format!("key and partition are those of {}", intent.account_id),
        name if name == IDEMPOTENCY.name => format!("{} was not decided before", intent.intent_id),
        name if name == IDENTITY.name => format!("{} was not accepted before", intent.client_order_id),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::amount::Decimal;

    #[test]
    fn every_reason_of_the_ladder_has_its_check() {
        let named = |reason: &Reason| {
            [OF_NEW, OF_CANCEL, OF_REPLACE]
                .iter()
                .any(|checks| checks.iter().any(|check| check.reasons.contains(reason)))
        };
        // The rest belongs to limits: an entry that has such a reason names it all the same.
        let ladder = Reason::ALL.iter().take_while(|reason| **reason != Reason::LimitNotConfigured);
        let missing: Vec<_> = ladder.filter(|reason| !named(reason)).collect();
        assert_eq!(missing, Vec::<&Reason>::new());
    }

    #[test]
    fn a_failed_check_is_said_with_its_numbers() {
        let decimal = |text| Decimal::parse(text).unwrap();
        let failed =
            FailedCheck::compared(Reason::InvalidPriceIncrement, decimal("0.25"), decimal("4500.30"));
        assert_eq!(said(&failed), "INVALID_PRICE_INCREMENT, 4500.3 against 0.25");
        assert_eq!(said(&FailedCheck::plain(Reason::IntentTooOld)), "INTENT_TOO_OLD");
    }
}
