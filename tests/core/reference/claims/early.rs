//! Checks 0 to 9: on both sides of each edge.

use onefill::core::control::{
    InstrumentRecord, InstrumentStatus, LimitScope, MarketOrders, RiskLimit, Scope,
};
use onefill::core::intent::{Intent, IntentTerms, OrderType, TimeInForce};
use onefill::core::verdict::{Reason, Verdict};

use super::stage::{Stage, check, failed};
use crate::records::{
    FUTURE, NOW, at, buy, cancel, future, id, instrument, no_limit, num, of_type, on, sell, trade, wide,
};

const SECOND: i64 = 1_000_000_000;

fn with(change: impl FnOnce(&mut Intent<'static>)) -> Intent<'static> {
    let mut intent = buy("k-1", "10", "100");
    change(&mut intent);
    intent
}

fn terms(change: impl FnOnce(&mut IntentTerms<'static>)) -> Intent<'static> {
    with(|intent| change(&mut intent.terms))
}

#[test]
fn a_key_is_decided_once_and_an_order_taken_once() {
    let mut stage = Stage::new();
    assert_eq!(stage.misplaced(buy("k-1", "10", "100")).reason(), Some(Reason::WrongPartition));
    stage.accept(buy("k-1", "10", "100"));
    let again = stage.intent(buy("k-1", "10.000", "100.0"));
    assert_eq!((again.verdict, again.of.map(|of| of.seq)), (Some(Verdict::Duplicate), Some(5)));
    let conflict = stage.intent(buy("k-1", "11", "100"));
    assert_eq!(
        (conflict.reason(), conflict.of.map(|of| of.seq)),
        (Some(Reason::IdempotencyKeyConflict), Some(5))
    );
    let second = stage.intent(Intent { intent_id: id("k-2"), ..buy("k-1", "10", "100") });
    assert_eq!(
        (second.reason(), second.of.map(|of| of.seq)),
        (Some(Reason::IdempotencyKeyConflict), Some(5))
    );
}

#[test]
fn times_equal_to_their_bound_pass_but_an_expiry() {
    let (future, old) = (Reason::TimestampInFuture, Reason::IntentTooOld);
    let strategy = |age| RiskLimit {
        scope_type: LimitScope::Strategy,
        scope_id: "A1/S1",
        max_intent_age_ms: Some(age),
        ..no_limit("age")
    };
    check(&[
        ("as far ahead as the skew", |_| {}, with(|it| it.created_at = at(SECOND)), &[]),
        (
            "further",
            |_| {},
            with(|it| it.created_at = at(SECOND + 1)),
            &[failed(future, None, "1000", "1000.000001")],
        ),
        ("as old as allowed", |_| {}, with(|it| it.created_at = at(-5 * SECOND)), &[]),
        (
            "older",
            |_| {},
            with(|it| it.created_at = at(-5 * SECOND - 1)),
            &[failed(old, None, "5000", "5000.000001")],
        ),
        (
            "at its end",
            |_| {},
            with(|it| it.expires_at = Some(NOW)),
            &[failed(Reason::IntentExpired, None, "", "")],
        ),
        ("just before it", |_| {}, with(|it| it.expires_at = Some(at(1))), &[]),
    ]);
    for (age, created, due) in [
        (10_000, -9 * SECOND, vec![]),
        (0, 0, vec![]),
        (0, -1, vec![failed(old, Some(Scope::Strategy), "0", "0.000001")]),
    ] {
        let mut stage = Stage::new();
        stage.limit(strategy(age));
        assert_eq!(stage.intent(with(|it| it.created_at = at(created))).failed_checks, due, "{age}");
    }
}

#[test]
fn an_account_needs_a_limit_of_its_own_and_an_instrument_that_trades() {
    let mut stage = Stage::bare();
    stage.instrument(instrument(FUTURE));
    stage.limit(RiskLimit { scope_type: LimitScope::Global, scope_id: "", ..wide("A1") });
    assert_eq!(stage.intent(buy("k-1", "1", "100")).reason(), Some(Reason::UnknownAccount));
    stage.limit(RiskLimit { limit_id: id("own"), instrument_id: "NO.CME", ..wide("A1") });
    assert_eq!(stage.intent(buy("k-2", "1", "100")).reason(), None, "of any instrument");
    stage.instrument(InstrumentRecord { status: InstrumentStatus::Halted, version: 2, ..instrument(FUTURE) });
    assert_eq!(stage.intent(buy("k-3", "1", "100")).reason(), Some(Reason::RestrictedInstrument));
    let unknown = Intent { instrument_id: id("NO.CME"), ..buy("k-4", "1", "100") };
    assert_eq!(stage.intent(unknown).reason(), Some(Reason::UnknownInstrument));
}

#[test]
fn an_order_has_the_fields_of_its_type() {
    let unsupported = failed(Reason::UnsupportedOrder, None, "", "");
    check(&[
        (
            "a trigger too many",
            |_| {},
            terms(|it| it.trigger_price = Some(num("1"))),
            std::slice::from_ref(&unsupported),
        ),
        (
            "GTD without an end",
            |_| {},
            terms(|it| it.time_in_force = Some(TimeInForce::Gtd)),
            std::slice::from_ref(&unsupported),
        ),
        (
            "MARKET, where that is not taken",
            |stage| {
                let limit = RiskLimit { market_orders: Some(MarketOrders::Reject), ..no_limit("m") };
                stage.limit(limit);
            },
            of_type("k-1", OrderType::Market),
            &[failed(Reason::UnsupportedOrder, Some(Scope::Global), "", "")],
        ),
        (
            "nothing",
            |_| {},
            terms(|it| it.order_qty = Some(num("0"))),
            &[failed(Reason::InvalidQuantity, None, "0", "0")],
        ),
        (
            "a price below zero",
            |_| {},
            terms(|it| it.price = Some(num("-0.25"))),
            &[failed(Reason::InvalidPrice, None, "0", "-0.25")],
        ),
    ]);
}

#[test]
fn prices_lie_on_ticks_and_quantities_on_lots_within_bounds() {
    let bounded = |stage: &mut Stage| {
        stage.instrument(InstrumentRecord { version: 2, ..future() });
    };
    let cheap = |qty, price| terms(|it| (it.order_qty, it.price) = (Some(num(qty)), Some(num(price))));
    check(&[
        (
            "between ticks",
            |_| {},
            cheap("10", "100.1"),
            &[failed(Reason::InvalidPriceIncrement, None, "0.25", "100.1")],
        ),
        ("half", |_| {}, cheap("0.5", "100"), &[failed(Reason::InvalidQuantityIncrement, None, "1", "0.5")]),
        ("as few as allowed", bounded, cheap("2", "100"), &[]),
        ("fewer", bounded, cheap("1", "100"), &[failed(Reason::InvalidQuantity, None, "2", "1")]),
        ("as many as allowed", bounded, cheap("100", "100"), &[]),
        ("more", bounded, cheap("101", "100"), &[failed(Reason::InvalidQuantity, None, "100", "101")]),
        ("as cheap as allowed", bounded, cheap("2", "10"), &[]),
        ("cheaper", bounded, cheap("2", "9.75"), &[failed(Reason::MinNotional, None, "1000", "975")]),
    ]);
}

/// Check 8 before check 9: what can be compared is, whatever else cannot be counted.
#[test]
fn an_order_that_is_too_cheap_is_so_with_a_trigger_that_cannot_be_counted() {
    for trigger in ["2305843009213693952", "100000000000000000000"] {
        let mut stage = Stage::new();
        stage.instrument(InstrumentRecord { version: 2, ..future() });
        let cheap = terms(|it| {
            (it.order_type, it.trigger_price) = (Some(OrderType::StopLimit), Some(num(trigger)));
            (it.order_qty, it.price) = (Some(num("2")), Some(num("9.75")));
        });
        let due = failed(Reason::MinNotional, None, "1000", "975");
        assert_eq!(stage.intent(cheap).failed_checks, [due], "{trigger}");
    }
}

#[test]
fn what_an_i64_cannot_count_overflows() {
    let overflow = [failed(Reason::NumericOverflow, None, "", "")];
    check(&[
        ("as many lots as can be counted", |_| {}, buy("k-1", "9223372036854775807", "100"), &[]),
        ("one more", |_| {}, buy("k-1", "9223372036854775808", "100"), &overflow),
        ("as many ticks as can be counted", |_| {}, buy("k-1", "1", "2305843009213693951.75"), &[]),
        ("one more tick", |_| {}, buy("k-1", "1", "2305843009213693952"), &overflow),
        ("more digits than a decimal has", |_| {}, buy("k-1", "100000000000000000000", "100"), &overflow),
        (
            "a sum of reservations",
            |stage| stage.accept(buy("k-0", "9223372036854775807", "100")),
            buy("k-1", "1", "100"),
            &overflow,
        ),
        (
            "of the other side",
            |stage| stage.accept(sell("k-0", "9223372036854775807", "100")),
            buy("k-1", "1", "100"),
            &[],
        ),
    ]);
}

#[test]
fn a_cancel_asks_only_whether_there_is_something_to_cancel() {
    let mut stage = Stage::new();
    assert_eq!(stage.intent(cancel("c-1", "k-1")).reason(), Some(Reason::UnknownOrder));
    stage.accept(buy("k-1", "10", "100"));
    stage.unreadable();
    let late = Intent { expires_at: Some(NOW), ..cancel("c-2", "k-1") };
    assert_eq!(stage.intent(late).reason(), Some(Reason::IntentExpired));
    for key in ["c-3", "c-4"] {
        stage.accept(Intent { strategy_id: id("S2"), created_at: at(i64::MIN / 2), ..cancel(key, "k-1") });
    }
    stage.report(on("k-1", trade("e-1", "10")));
    assert_eq!(stage.intent(cancel("c-5", "k-1")).reason(), Some(Reason::TooLateToCancel));
}
