//! The decide table of a NEW: every reason, in order of precedence.

use onefill::core::control::{ControlRecord, InstrumentRecord, InstrumentStatus, Scope};
use onefill::core::intent::{Intent, OrderType, TimeInForce};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::decide_replace;
use crate::ladder::{OVERLONG, Rule, Situation, check, off_by_one, rule};
use crate::risk_rules::{self, unknown_account};
use crate::world::{FUTURE, NOW, World, at, compared, future, id, new_intent, num};

fn base() -> Situation {
    let mut world = World::new();
    let (instrument_id, status) = (id("OLD.CME"), InstrumentStatus::Closed);
    world.control(Ok(ControlRecord::Instrument(InstrumentRecord { instrument_id, status, ..future() })));
    world.price(FUTURE, "100");
    world.accept(Intent { intent_id: id("k-0"), client_order_id: id("order-0"), ..new_intent() });
    Situation::of(world, new_intent())
}

#[test]
fn a_new_is_refused_by_the_first_rule_that_it_breaks() {
    check(base, &rules());
}

/// A rule for every reason that there is, or its precedence is not shown.
#[test]
fn every_reason_stands_in_a_ladder() {
    let tables = [rules(), decide_replace::rules()];
    let shown: Vec<Reason> = tables.iter().flatten().map(|rule| rule.refused.reason).collect();
    let missing: Vec<_> = Reason::ALL.iter().filter(|reason| !shown.contains(reason)).collect();
    assert_eq!(missing, Vec::<&Reason>::new());
}

fn rules() -> Vec<Rule> {
    let mut rules = placement_and_keys();
    rules.extend(time_and_permission());
    rules.extend(shape());
    rules.extend(increments());
    rules.extend(numbers());
    rules.extend(risk_rules::of_new());
    rules
}

fn placement_and_keys() -> Vec<Rule> {
    vec![
        rule("no record", "", |it| it.readable = false, Reason::MalformedIntent),
        rule("another key than the account", "a", |it| it.key = b"A6", Reason::WrongPartition),
        rule(
            "an account of another partition",
            "a",
            |it| (it.intent.account_id, it.key) = (id("A2"), b"A2"),
            Reason::WrongPartition,
        ),
        rule(
            "a key that decided another payload",
            "a",
            |it| {
                it.world.intent(Intent { strategy_id: id("S2"), ..new_intent() });
            },
            Reason::IdempotencyKeyConflict,
        ),
        rule(
            "an order that exists under another key",
            "a",
            |it| {
                it.world.intent(Intent { intent_id: id("k-first"), ..new_intent() });
            },
            Reason::IdempotencyKeyConflict,
        ),
    ]
}

fn time_and_permission() -> Vec<Rule> {
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
        rule(
            "no such instrument",
            "i",
            |it| it.intent.instrument_id = id("NO.CME"),
            Reason::UnknownInstrument,
        ),
        rule(
            "an instrument that is closed",
            "i",
            |it| it.intent.instrument_id = id("OLD.CME"),
            Reason::RestrictedInstrument,
        ),
    ]
}

fn shape() -> Vec<Rule> {
    vec![
        rule(
            "a LIMIT with a trigger",
            "o",
            |it| it.terms().order_type = Some(OrderType::Limit),
            Reason::UnsupportedOrder,
        ),
        rule("an end without GTD", "e", |it| it.terms().expire_time = Some(at(1)), Reason::UnsupportedOrder),
        rule(
            "GTD without an end",
            "e",
            |it| it.terms().time_in_force = Some(TimeInForce::Gtd),
            Reason::UnsupportedOrder,
        ),
        rule("nothing to buy", "q", |it| it.terms().order_qty = Some(num("0")), Reason::InvalidQuantity)
            .with(compared(Reason::InvalidQuantity, "0", "0")),
        rule("a price of nothing", "p", |it| it.terms().price = Some(num("0")), Reason::InvalidPrice)
            .with(compared(Reason::InvalidPrice, "0", "0")),
        rule(
            "a trigger below zero",
            "g",
            |it| it.terms().trigger_price = Some(num("-99.5")),
            Reason::InvalidPrice,
        )
        .with(compared(Reason::InvalidPrice, "0", "-99.5")),
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
        rule(
            "worth less than the smallest order",
            "pqgd",
            |it| (it.terms().price, it.terms().order_qty) = (Some(num("9.75")), Some(num("2"))),
            Reason::MinNotional,
        )
        .with(compared(Reason::MinNotional, "1000", "975")),
    ]
}

fn numbers() -> Vec<Rule> {
    vec![
        rule("a price of 21 digits", "p", |it| it.terms().price = OVERLONG, Reason::NumericOverflow),
        rule(
            "a trigger of 21 digits",
            "g",
            |it| it.terms().trigger_price = OVERLONG,
            Reason::NumericOverflow,
        ),
        rule("a quantity of 21 digits", "q", |it| it.terms().order_qty = OVERLONG, Reason::NumericOverflow),
    ]
}
