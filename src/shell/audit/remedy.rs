//! What would have let a refused intent pass, where another quantity or price would not: one short
//! sentence for each reason, all in one place.

use super::grounds::Grounds;
use super::scopes::StateLine;
use crate::core::amount::Decimal;
use crate::core::intent::Intent;
use crate::core::ledger::states::TradingState;
use crate::core::verdict::{FailedCheck, Reason};

/// What would have helped against a failed check: `a larger max_order_qty of ACCOUNT`.
pub fn remedy(check: &FailedCheck, intent: &Intent<'_>, grounds: &Grounds) -> String {
    let Intent { account_id: account, instrument_id: instrument, .. } = intent;
    let order = intent.client_order_id;
    let raised = |limit: &str| {
        let scope = check.scope.map(|scope| format!(" of {scope}")).unwrap_or_default();
        format!("a larger {limit}{scope}")
    };
    let numbered = |what: &str| check.limit.map_or(what.to_owned(), |limit| format!("{what} {limit}"));
    match check.reason {
        Reason::MalformedIntent => "a record that can be read, with all fields that it needs".to_owned(),
        Reason::WrongPartition => format!("the key {account}, in the partition where Java's default puts it"),
        Reason::IdempotencyKeyConflict => format!("a client_order_id that is new: {order} is taken"),
        Reason::UnknownOrder => format!("an order {order} of {account} in {instrument}, accepted before"),
        Reason::TooLateToCancel => format!("nothing: order {order} could not be filled any more"),
        Reason::OrderPendingReplace => "the venue's answer to the replace before, first".to_owned(),
        Reason::OrderPendingCancel => "the venue's answer to the cancel before, first".to_owned(),
        Reason::TimestampInFuture => {
            format!("a clock of the strategy {} ms ahead", numbered("no more than"))
        }
        Reason::IntentTooOld => format!("an intent that is {} ms old", numbered("no more than")),
        Reason::IntentExpired => "a later expires_at, or none".to_owned(),
        Reason::TradingHalted => resumes(&grounds.states, TradingState::Halted),
        Reason::UnknownAccount => format!("a limit record of scope ACCOUNT that names {account}"),
        Reason::UnknownInstrument => format!("an instrument record of {instrument}"),
        Reason::RestrictedInstrument => format!("a newer record of {instrument} with status TRADING"),
        Reason::UnsupportedOrder => {
            "the fields that the order's type needs and no others; MARKET only where \
             no limit has market_orders REJECT"
                .to_owned()
        }
        Reason::InvalidQuantity => numbered("a quantity within the instrument's bounds, here"),
        Reason::InvalidPrice => numbered("a price above"),
        Reason::InvalidPriceIncrement => numbered("a price that is a whole number of ticks of"),
        Reason::InvalidQuantityIncrement => numbered("a quantity that is a whole number of lots of"),
        Reason::MinNotional => numbered("a quantity times price that is worth at least"),
        Reason::NumericOverflow => "numbers of fewer digits".to_owned(),
        Reason::LimitNotConfigured => {
            format!("limits for {account} that set max_order_qty, max_long_qty and max_short_qty")
        }
        Reason::MaxOrderQtyExceeded => raised("max_order_qty"),
        Reason::ReferencePriceNotAvailable => {
            "a price on `prices` of every instrument that was valued".to_owned()
        }
        Reason::ReferencePriceStale => format!("a price that is {} ms old", numbered("no more than")),
        Reason::ReferencePriceInvalid => "a price of quality GOOD, above zero where it must be".to_owned(),
        Reason::PriceCollarBreached => raised("price collar"),
        Reason::MaxOrderNotionalExceeded => raised("max_order_notional"),
        Reason::DuplicateOrderSuspected => match (check.limit, check.observed) {
            (Some(window), Some(age)) => waited(window, age),
            _ => "more time after the equal order".to_owned(),
        },
        Reason::RateLimitExceeded => match grounds.room_again {
            Some(from) => format!("the same at {from:.3} or later, if nothing else came before"),
            None => raised("max_orders"),
        },
        Reason::ReduceOnlyViolation => reducing(check, grounds),
        Reason::MaxOpenOrdersExceeded => {
            format!("{}, or an open order that ends", raised("max_open_orders"))
        }
        Reason::PositionLimitExceeded => {
            let side = intent.terms.side.map(|side| format!(" to {side}")).unwrap_or_default();
            format!("{}, or fewer open orders{side}", raised("position limit"))
        }
        Reason::GrossNotionalExceeded => raised("max_gross_notional"),
    }
}

/// Who has to be resumed, and whom each RESUME names.
fn resumes(states: &[StateLine], least: TradingState) -> String {
    let held = states.iter().filter(|line| line.state >= least);
    let resume = |line: &StateLine| {
        let id = if line.id.is_empty() { String::new() } else { format!(" {}", line.id) };
        let holder = line.holder.as_deref().unwrap_or("nobody");
        format!("RESUME of {}{id}, which {holder} holds", line.scope)
    };
    held.map(resume).collect::<Vec<_>>().join("; ")
}

fn reducing(check: &FailedCheck, grounds: &Grounds) -> String {
    let closing = check.limit.map(|limit| format!("no more than {limit}, what may still be closed"));
    let closing = closing.unwrap_or_else(|| "no more than may still be closed".to_owned());
    match check.scope {
        Some(_) => format!("{closing}; or {}", resumes(&grounds.states, TradingState::Reducing)),
        None => format!("{closing}; or no reduce_only"),
    }
}

fn waited(window: Decimal, age: Decimal) -> String {
    let left = window.minus(age).map(|left| format!("{left} ms later")).unwrap_or_default();
    format!("the same {left}; a retry keeps its intent_id")
}
