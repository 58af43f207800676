//! Check 13: how far a price may be from its reference.

use onefill::core::control::{ControlRecord, InstrumentRecord, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{GROUPS, buy, instrument, limit_order, no_limit, of_type, placed, replace};
use crate::world::{FUTURE, World, compared, num};

/// A lane where prices may be below zero, with this price and these limits.
fn world(reference: &'static str, limits: &[RiskLimit<'static>]) -> World {
    let mut world = World::with_settings(Settings::default());
    let record = InstrumentRecord { allow_negative_price: true, ..instrument(FUTURE) };
    world.control(Ok(ControlRecord::Instrument(record)));
    world.price(FUTURE, reference);
    for limit in limits {
        world.limit(limit.clone());
    }
    world
}

fn bps(bps: i64) -> RiskLimit<'static> {
    RiskLimit { price_collar_bps: Some(bps), ..no_limit("bps") }
}

fn absolute(distance: &'static str) -> RiskLimit<'static> {
    RiskLimit { price_collar_abs: Some(num(distance)), ..no_limit("abs") }
}

/// Further than so many hundredths of a percent.
fn beyond_bps(limit: &'static str) -> FailedCheck {
    let breached = compared(Reason::PriceCollarBreached, limit, "0").by(Scope::Global);
    FailedCheck { observed: None, ..breached }
}

/// Further than this, namely so far.
fn beyond(limit: &'static str, distance: &'static str) -> FailedCheck {
    compared(Reason::PriceCollarBreached, limit, distance).by(Scope::Global)
}

/// What a LIMIT at this price is refused for, to buy or to sell.
fn check(
    reference: &'static str,
    price: &'static str,
    limits: &[RiskLimit<'static>],
    due: Option<FailedCheck>,
) {
    for side in [Side::Buy, Side::Sell] {
        let refused = world(reference, limits).refused(limit_order("k-1", side, "10", price));
        assert_eq!(refused, Vec::from_iter(due), "{side} at {price}, reference {reference}, {limits:?}");
    }
}

#[test]
fn a_price_may_be_as_far_from_its_reference_as_the_collar_says_on_both_sides() {
    for inside in ["101", "100", "99"] {
        check("100", inside, &[bps(100)], None);
        check("100", inside, &[absolute("1")], None);
    }
    for outside in ["101.25", "98.75"] {
        check("100", outside, &[bps(124)], Some(beyond_bps("124")));
        check("100", outside, &[bps(125)], None);
        check(
            "100",
            outside,
            &[absolute("1.249999999999999999")],
            Some(beyond("1.249999999999999999", "1.25")),
        );
        check("100", outside, &[absolute("1.25")], None);
    }
    check("99.999999999999999999", "100", &[bps(0)], Some(beyond_bps("0")));
    check("100", "100.25", &[absolute("0")], Some(beyond("0", "0.25")));
    check("100", "100", &[bps(0), absolute("0")], None);
}

#[test]
fn below_zero_the_distance_counts_and_not_the_sign() {
    check("-100", "-101", &[bps(100)], None);
    check("-100", "-101.25", &[bps(100)], Some(beyond_bps("100")));
    check("-100", "-98.75", &[bps(100)], Some(beyond_bps("100")));
    check("-100", "100", &[bps(10_000)], Some(beyond_bps("10000")));
    check("-100", "100", &[bps(20_000)], None);
    check("-1", "1", &[absolute("1.75")], Some(beyond("1.75", "2")));
    check("-1", "1", &[absolute("2")], None);
    check("0", "0", &[bps(0)], None);
    check("0", "0.25", &[bps(i64::MAX)], Some(beyond_bps("9223372036854775807")));
    check("0", "-0.25", &[absolute("0.25")], None);
}

#[test]
fn both_collars_hold_and_one_breach_is_named() {
    check("100", "101", &[bps(100), absolute("0.5")], Some(beyond("0.5", "1")));
    check("100", "101", &[bps(99), absolute("1")], Some(beyond_bps("99")));
    check("100", "101", &[bps(99), absolute("0.5")], Some(beyond_bps("99")));
    check("100", "101", &[bps(100), absolute("1")], None);
    let one_record = RiskLimit { price_collar_abs: Some(num("0.5")), ..bps(100) };
    check("100", "101", &[one_record], Some(beyond("0.5", "1")));
}

#[test]
fn the_narrowest_scope_that_refuses_is_named_whichever_collar_it_set() {
    let by_account = placed(GROUPS[3], absolute("0.5"));
    check("100", "101", &[bps(99), by_account.clone()], Some(beyond("0.5", "1").by(Scope::Account)));
    let by_strategy = placed(GROUPS[1], bps(100));
    check("100", "101", &[by_strategy, by_account], Some(beyond("0.5", "1").by(Scope::Account)));
}

/// The market is at 200, the trigger at 100.
#[test]
fn a_stop_limit_is_held_to_its_trigger() {
    for (price, due) in [("101", None), ("99", None), ("101.25", Some(())), ("98.75", Some(()))] {
        for (limit, breached) in [(bps(100), beyond_bps("100")), (absolute("1"), beyond("1", "1.25"))] {
            let stop = of_type("k-1", OrderType::StopLimit);
            let terms = IntentTerms { price: Some(num(price)), ..stop.terms };
            let refused = world("200", &[limit]).refused(Intent { terms, ..stop });
            assert_eq!(refused, Vec::from_iter(due.map(|()| breached)), "{price}");
        }
    }
}

#[test]
fn an_order_without_a_price_has_no_collar() {
    for order_type in [OrderType::Market, OrderType::Stop] {
        let refused = world("200", &[bps(0), absolute("0")]).refused(of_type("k-1", order_type));
        assert_eq!(refused, [], "{order_type}");
    }
}

#[test]
fn a_replace_is_held_to_the_price_that_it_asks_for_or_that_its_order_has() {
    let mut world = world("100", &[]);
    world.accept(buy("k-1", "10", "102"));
    world.limit(bps(100));
    assert_eq!(world.refused(replace("k-2", "k-1", "9")), [beyond_bps("100")], "its order's");
    let at = |key, price| {
        let replace = replace(key, "k-1", "9");
        Intent { terms: IntentTerms { price: Some(num(price)), ..replace.terms }, ..replace }
    };
    assert_eq!(world.refused(at("k-3", "101.25")), [beyond_bps("100")], "its own");
    assert_eq!(world.refused(at("k-4", "101")), []);
}

#[test]
fn a_collar_for_another_instrument_is_none() {
    check("100", "200", &[RiskLimit { instrument_id: "NQZ5.CME", ..bps(0) }], None);
}
