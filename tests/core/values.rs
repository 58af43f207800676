//! Check 14: what an order is worth.

use onefill::core::amount::{Decimal, Numeral};
use onefill::core::control::{ControlRecord, InstrumentRecord, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{GROUPS, buy, instrument, no_limit, of_type, placed, replace};
use crate::world::{FUTURE, World, num};

/// What an order is valued at: its type and side, price, trigger, the reference and the collars.
struct Case {
    order_type: OrderType,
    side: Side,
    price: Option<&'static str>,
    trigger: Option<&'static str>,
    reference: &'static str,
    collars: &'static [(usize, i64)],
}

const MARKET: Case = Case {
    order_type: OrderType::Market,
    side: Side::Buy,
    price: None,
    trigger: None,
    reference: "100",
    collars: &[],
};

const LIMIT: Case = Case { order_type: OrderType::Limit, price: Some("100"), ..MARKET };
const STOP: Case = Case { order_type: OrderType::Stop, trigger: Some("100"), ..MARKET };
const STOP_LIMIT: Case = Case { order_type: OrderType::StopLimit, trigger: Some("100"), ..LIMIT };

/// Prices may be below zero, and the multiplier is 50.
fn world(case: &Case) -> World {
    let mut world = World::with_settings(Settings::default());
    let record = InstrumentRecord { allow_negative_price: true, ..instrument(FUTURE) };
    world.control(Ok(ControlRecord::Instrument(record)));
    world.price(FUTURE, case.reference);
    for (place, (group, bps)) in case.collars.iter().enumerate() {
        let limit = RiskLimit { price_collar_bps: Some(*bps), ..no_limit(["C-1", "C-2", "C-3"][place]) };
        world.limit(placed(GROUPS[*group], limit));
    }
    world
}

fn intent(case: &Case) -> Intent<'static> {
    let intent = of_type("k-1", case.order_type);
    let terms = IntentTerms {
        side: Some(case.side),
        price: case.price.map(num),
        trigger_price: case.trigger.map(num),
        ..intent.terms
    };
    Intent { terms, ..intent }
}

/// A largest value of one order, and what is refused by it.
fn most(limit: Decimal, observed: Decimal) -> (RiskLimit<'static>, FailedCheck) {
    let record = RiskLimit { max_order_notional: Some(Numeral::Exact(limit)), ..no_limit("L") };
    let refused = FailedCheck::compared(Reason::MaxOrderNotionalExceeded, limit, observed);
    (record, refused.by(Scope::Global))
}

/// 10 of the order are worth this: a limit of that passes, the next smaller one does not.
fn check(claim: &str, case: &Case, value: &'static str) {
    let value = num(value).exact().expect("a value is a decimal");
    let less = Decimal::new(value.units() - 1, 18).expect("a decimal");
    let mut exact = world(case);
    exact.limit(most(value, value).0);
    assert_eq!(exact.refused(intent(case)), [], "{claim}");
    let mut strict = world(case);
    let (limit, refused) = most(less, value);
    strict.limit(limit);
    assert_eq!(strict.refused(intent(case)), [refused], "{claim}");
}

#[test]
fn an_order_with_a_price_is_worth_the_higher_of_price_and_reference() {
    for side in [Side::Buy, Side::Sell] {
        for case in [LIMIT, STOP_LIMIT] {
            let name = case.order_type.name();
            check(name, &Case { side, reference: "99", ..case }, "50000");
            check(name, &Case { side, reference: "101", ..case }, "50500");
            check(name, &Case { side, price: Some("-100"), reference: "99", ..case }, "50000");
            check(name, &Case { side, price: Some("-100"), reference: "-101", ..case }, "50500");
            check(name, &Case { side, price: Some("0"), reference: "0.01", ..case }, "5");
        }
    }
    check("not at its trigger", &Case { trigger: Some("500"), ..STOP_LIMIT }, "50000");
}

#[test]
fn a_market_order_to_buy_is_worth_the_reference_and_the_collar() {
    check("no collar", &MARKET, "50000");
    check("a collar", &Case { collars: &[(3, 50)], ..MARKET }, "50250");
    check("the strictest of several", &Case { collars: &[(0, 70), (5, 50), (3, 60)], ..MARKET }, "50250");
    check("the narrowest where that is it", &Case { collars: &[(0, 50), (5, 70)], ..MARKET }, "50250");
    check("a collar of nothing", &Case { collars: &[(5, 0)], ..MARKET }, "50000");
    check("a finer price", &Case { reference: "100.01", collars: &[(5, 1)], ..MARKET }, "50010.0005");
    check("below zero", &Case { reference: "-100", collars: &[(5, 50)], ..MARKET }, "50250");
}

#[test]
fn a_market_order_to_sell_is_worth_the_reference() {
    check("a collar", &Case { side: Side::Sell, collars: &[(3, 50)], ..MARKET }, "50000");
    check("below zero", &Case { side: Side::Sell, reference: "-101", ..MARKET }, "50500");
}

#[test]
fn a_stop_is_worth_the_higher_of_reference_and_trigger() {
    for side in [Side::Buy, Side::Sell] {
        check("at its trigger", &Case { side, reference: "99", ..STOP }, "50000");
        check("at the reference", &Case { side, reference: "101", ..STOP }, "50500");
        check(
            "a trigger below zero",
            &Case { side, trigger: Some("-102"), reference: "101", ..STOP },
            "51000",
        );
    }
    let collared = |side| Case { side, collars: &[(5, 50)], ..STOP };
    check("to buy it may be filled above", &collared(Side::Buy), "50250");
    check("to sell it may not", &collared(Side::Sell), "50000");
}

/// An absolute collar has no part in it.
#[test]
fn only_a_relative_collar_marks_up() {
    let mut world = world(&MARKET);
    let value = num("50000").exact().expect("a decimal");
    world.limit(most(value, value).0);
    world.limit(RiskLimit { price_collar_abs: Some(num("5")), ..no_limit("abs") });
    assert_eq!(world.refused(intent(&MARKET)), []);
}

#[test]
fn a_replace_is_worth_its_new_total() {
    let mut world = world(&LIMIT);
    world.accept(buy("k-1", "10", "100"));
    let value = num("50000").exact().expect("a decimal");
    let (limit, refused) = most(value, value);
    world.limit(limit);
    let observed = num("55000").exact().ok();
    assert_eq!(world.refused(replace("k-2", "k-1", "11")), [FailedCheck { observed, ..refused }]);
    let dearer = replace("k-3", "k-1", "10");
    let terms = IntentTerms { price: Some(num("101")), ..dearer.terms };
    let observed = num("50500").exact().ok();
    assert_eq!(world.refused(Intent { terms, ..dearer }), [FailedCheck { observed, ..refused }]);
    assert_eq!(world.refused(replace("k-4", "k-1", "9")), []);
}
