//! The decide table of a REPLACE: the rules of CANCEL, nothing pending, then checks 4 to 20.

use onefill::core::amount::Numeral;
use onefill::core::control::{ControlRecord, InstrumentRecord, InstrumentStatus, RiskLimit, Scope};
use onefill::core::entry::Ruling;
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side, TimeInForce};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::ladder::{OVERLONG, Rule, Situation, check, off_by_one, rule};
use crate::records::{adjust, no_limit};
use crate::risk_rules::{self, unknown_account};
use crate::world::{
    FUTURE, NOW, World, at, cancel_intent, compared, execution, future, id, new_intent, num, replace_intent,
    trade,
};

fn base() -> Situation {
    let mut world = World::new();
    world.price(FUTURE, "100");
    world.accept(new_intent());
    Situation::of(world, replace_intent())
}

#[test]
fn a_replace_is_refused_by_the_first_rule_that_it_breaks() {
    check(base, &rules());
}

pub fn rules() -> Vec<Rule> {
    let mut rules = placement_keys_and_order();
    rules.extend(time_and_permission());
    rules.extend(shape());
    rules.extend(increments());
    rules.extend(risk_rules::of_replace());
    rules
}

#[test]
fn a_replace_is_no_duplicate_and_opens_no_order() {
    let mut it = base();
    it.limit(RiskLimit { dup_window_ms: Some(3_600_000), max_open_orders: Some(0), ..no_limit("L") });
    // Like the order itself, which was accepted a moment ago.
    *it.terms() = IntentTerms { order_qty: Some(num("10")), ..IntentTerms::default() };
    assert_eq!(it.refused(), []);
}

/// A flag of the intent is not looked at: the order's stays.
#[test]
fn a_replace_cannot_set_or_lift_reduce_only() {
    let mut it = base();
    it.terms().reduce_only = true;
    assert_eq!(it.refused(), []);
    let mut it = base();
    it.command(adjust("short", "-10"));
    let reducing = IntentTerms { reduce_only: true, ..new_intent().terms };
    let order = Intent { intent_id: id("k-2"), client_order_id: id("order-2"), ..new_intent() };
    it.world.report(execution(ExecType::Canceled, "e-1"));
    it.world.accept(Intent { terms: reducing, ..order });
    it.intent.client_order_id = id("order-2");
    assert_eq!(it.refused(), [compared(Reason::ReduceOnlyViolation, "0", "2")]);
}

fn placement_keys_and_order() -> Vec<Rule> {
    vec![
        rule("no record", "", |it| it.readable = false, Reason::MalformedIntent),
        rule("another key than the account", "a", |it| it.key = b"A6", Reason::WrongPartition),
        rule(
            "a key that decided another payload",
            "a",
            |it| {
                it.world.intent(Intent { intent_id: id("k-replace"), ..new_intent() });
            },
            Reason::IdempotencyKeyConflict,
        ),
        rule("no such order", "", |it| it.intent.client_order_id = id("order-2"), Reason::UnknownOrder),
        rule(
            "an order in another instrument",
            "i",
            |it| it.intent.instrument_id = id("NQ.CME"),
            Reason::UnknownOrder,
        ),
        rule(
            "an order that is dead",
            "",
            |it| {
                it.world.report(execution(ExecType::Canceled, "e-dead"));
            },
            Reason::TooLateToCancel,
        ),
        rule(
            "a replace is pending",
            "",
            |it| {
                it.world.intent(Intent { intent_id: id("k-replace-1"), ..replace_intent() });
            },
            Reason::OrderPendingReplace,
        ),
        rule(
            "a cancel is pending",
            "",
            |it| {
                it.world.intent(cancel_intent());
            },
            Reason::OrderPendingCancel,
        ),
    ]
}

fn time_and_permission() -> Vec<Rule> {
    let restrict: fn(&mut Situation) = |it| {
        let (status, version) = (InstrumentStatus::Halted, 2);
        it.world.control(Ok(ControlRecord::Instrument(InstrumentRecord { status, version, ..future() })));
    };
    vec![
        rule(
            "from the future",
            "t",
            |it| it.intent.created_at = off_by_one(NOW, 1),
            Reason::TimestampInFuture,
        )
        .with(compared(Reason::TimestampInFuture, "1000", "1000.000001")),
        rule("too old", "t", |it| it.intent.created_at = off_by_one(NOW, -5), Reason::IntentTooOld)
            .with(compared(Reason::IntentTooOld, "5000", "5000.000001")),
        rule("expired", "x", |it| it.intent.expires_at = Some(NOW), Reason::IntentExpired),
        rule("trading is halted", "", |it| it.world.halt_trading(), Reason::TradingHalted)
            .with(FailedCheck::plain(Reason::TradingHalted).by(Scope::Global)),
        unknown_account(),
        rule("an instrument that is halted", "", restrict, Reason::RestrictedInstrument),
    ]
}

fn shape() -> Vec<Rule> {
    vec![
        rule("another side", "s", |it| it.terms().side = Some(Side::Sell), Reason::UnsupportedOrder),
        rule(
            "another type",
            "o",
            |it| it.terms().order_type = Some(OrderType::Limit),
            Reason::UnsupportedOrder,
        ),
        rule(
            "another life",
            "l",
            |it| it.terms().time_in_force = Some(TimeInForce::Gtc),
            Reason::UnsupportedOrder,
        ),
        rule(
            "an end that the order has not",
            "e",
            |it| it.terms().expire_time = Some(at(1)),
            Reason::UnsupportedOrder,
        ),
        rule("a price of nothing", "p", |it| it.terms().price = Some(num("0")), Reason::InvalidPrice)
            .with(compared(Reason::InvalidPrice, "0", "0")),
        rule(
            "a trigger below zero",
            "g",
            |it| it.terms().trigger_price = Some(num("-1")),
            Reason::InvalidPrice,
        )
        .with(compared(Reason::InvalidPrice, "0", "-1")),
    ]
}

fn increments() -> Vec<Rule> {
    vec![
        rule(
            "a price between ticks",
            "p",
            |it| it.terms().price = Some(num("100.1")),
            Reason::InvalidPriceIncrement,
        )
        .with(compared(Reason::InvalidPriceIncrement, "0.25", "100.1")),
        rule(
            "a trigger between ticks",
            "g",
            |it| it.terms().trigger_price = Some(num("99.6")),
            Reason::InvalidPriceIncrement,
        )
        .with(compared(Reason::InvalidPriceIncrement, "0.25", "99.6")),
        rule(
            "half a lot",
            "q",
            |it| it.terms().order_qty = Some(num("10.5")),
            Reason::InvalidQuantityIncrement,
        )
        .with(compared(Reason::InvalidQuantityIncrement, "1", "10.5")),
        rule(
            "less than the smallest order",
            "q",
            |it| it.terms().order_qty = Some(num("1")),
            Reason::InvalidQuantity,
        )
        .with(compared(Reason::InvalidQuantity, "2", "1")),
        rule(
            "more than the largest order",
            "q",
            |it| it.terms().order_qty = Some(num("101")),
            Reason::InvalidQuantity,
        )
        .with(compared(Reason::InvalidQuantity, "100", "101")),
        rule("worth too little at the order's quantity", "pqg", too_cheap, Reason::MinNotional)
            .with(compared(Reason::MinNotional, "1000", "875")),
        rule("a price of 21 digits", "p", |it| it.terms().price = OVERLONG, Reason::NumericOverflow),
        rule(
            "a trigger of 21 digits",
            "g",
            |it| it.terms().trigger_price = OVERLONG,
            Reason::NumericOverflow,
        ),
        rule("a total of 21 digits", "q", |it| it.terms().order_qty = OVERLONG, Reason::NumericOverflow),
    ]
}

/// 10 at 1.75: the quantity is the order's, the price the replace's.
fn too_cheap(it: &mut Situation) {
    (it.terms().price, it.terms().order_qty) = (Some(num("1.75")), None);
}

/// What a REPLACE to this total of an order of 10 becomes, of which this much is filled.
fn converted(filled: &'static str, total: Option<Numeral<'static>>) -> bool {
    let mut world = World::new();
    world.intent(new_intent());
    world.report(trade("e-1", filled));
    let mut intent = replace_intent();
    intent.terms.order_qty = total;
    match world.intent(intent) {
        Ruling::Accepted { converted_to_cancel, .. } => converted_to_cancel,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_total_up_to_the_fills_cancels_the_balance() {
    let cases = [("4", "4", true), ("4", "3", true), ("4", "3.5", true), ("4", "5", false), ("0", "0", true)];
    for (filled, total, becomes_a_cancel) in cases {
        assert_eq!(converted(filled, Some(num(total))), becomes_a_cancel, "{total} of which {filled}");
    }
    assert!(!converted("4", None), "a new price alone asks for the whole order");
}

/// The venue has made it less than is filled, and says that some of it is left.
#[test]
fn a_new_price_of_an_order_that_is_filled_beyond_its_total_cancels_the_balance() {
    for (filled, converted) in [("4", false), ("5", true), ("6", true)] {
        let mut world = World::new();
        world.intent(new_intent());
        world.report(trade("e-1", filled));
        let (order_qty, leaves_qty) = (Some(num("5")), Some(num("5")));
        world.report(Execution { order_qty, leaves_qty, ..execution(ExecType::Restated, "e-2") });
        let mut intent = replace_intent();
        intent.terms.order_qty = None;
        let Ruling::Accepted { converted_to_cancel, .. } = world.intent(intent) else { panic!("{filled}") };
        assert_eq!(converted_to_cancel, converted, "{filled} of 5");
    }
}

#[test]
fn a_cancel_of_the_balance_takes_no_further_checks() {
    let mut world = World::new();
    world.intent(new_intent());
    world.halt_trading();
    let mut intent = Intent { created_at: at(i64::MIN / 2), expires_at: Some(NOW), ..replace_intent() };
    intent.terms = IntentTerms { order_qty: Some(num("0")), price: OVERLONG, ..IntentTerms::default() };
    assert!(matches!(world.intent(intent), Ruling::Accepted { converted_to_cancel: true, .. }));
}

#[test]
fn a_refused_replace_leaves_the_order_free_for_another() {
    let mut world = World::new();
    world.intent(new_intent());
    world.intent(replace_intent());
    let again = || Intent { intent_id: id("k-again"), ..replace_intent() };
    world.report(Execution { reject_code: Some(0), ..execution(ExecType::ReplaceRejected, "e-1") });
    assert!(matches!(world.intent(again()), Ruling::Accepted { converted_to_cancel: false, .. }));
}
