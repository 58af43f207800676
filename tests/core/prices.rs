//! Check 12: which orders need a price, and which prices can be used.

use onefill::core::amount::Numeral;
use onefill::core::control::{ControlRecord, InstrumentRecord, RiskLimit};
use onefill::core::intent::{Intent, IntentTerms, OrderType};
use onefill::core::price::{PriceQuality, ReferencePrice};
use onefill::core::prices::PriceTaken;
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{
    GROUPS, at_ms, buy, cancel, instrument, no_limit, of_type, placed, quote, replace, scope_of,
};
use crate::world::{FUTURE, World, at, compared, failed, id, num, references};

const NOT_AVAILABLE: FailedCheck = FailedCheck::plain(Reason::ReferencePriceNotAvailable);

/// Limits that make a LIMIT need a price.
fn needy() -> [RiskLimit<'static>; 4] {
    let wide = Some(num("99999999999999999999"));
    [
        RiskLimit { price_collar_bps: Some(i64::MAX), ..no_limit("L") },
        RiskLimit { price_collar_abs: wide, ..no_limit("L") },
        RiskLimit { max_order_notional: wide, ..no_limit("L") },
        RiskLimit { max_gross_notional: wide, currency: Some(id("USD")), ..no_limit("L") },
    ]
}

/// Limits that need no price.
fn frugal() -> [RiskLimit<'static>; 5] {
    let wide = Some(num("99999999999999999999"));
    [
        no_limit("L"),
        RiskLimit { ref_max_age_ms: Some(0), ..no_limit("L") },
        RiskLimit { max_gross_notional: wide, currency: Some(id("EUR")), ..no_limit("L") },
        RiskLimit {
            max_orders: Some(9),
            orders_window_ms: Some(9),
            max_open_orders: Some(9),
            ..no_limit("L")
        },
        RiskLimit { max_long_qty: wide, dup_window_ms: Some(9), max_intent_age_ms: Some(9), ..no_limit("L") },
    ]
}

/// With a price and without: what the order is refused for, and whether the price was looked at.
fn check(limit: RiskLimit<'static>, order_type: OrderType, needs: bool) {
    for held in [false, true] {
        let mut world = World::new();
        world.limit(limit.clone());
        if held {
            world.price(FUTURE, "100");
        }
        let ruling = world.intent(of_type("k-1", order_type));
        let due = if needs && !held { vec![NOT_AVAILABLE] } else { Vec::new() };
        assert_eq!(failed(&ruling), due, "{order_type}, {limit:?}");
        let looked_at = world.prices.find(FUTURE).filter(|_| needs);
        assert_eq!(references(&ruling), Vec::from_iter(looked_at), "{order_type}, {limit:?}");
    }
}

#[test]
fn orders_without_a_price_need_one_always_and_others_where_a_limit_does() {
    for limit in frugal() {
        for order_type in OrderType::ALL {
            let by_type = matches!(order_type, OrderType::Market | OrderType::Stop);
            check(limit.clone(), *order_type, by_type);
        }
    }
    for limit in needy() {
        for group in GROUPS {
            for order_type in OrderType::ALL {
                check(placed(group, limit.clone()), *order_type, true);
            }
        }
        let elsewhere = placed((GROUPS[4].0, "", "NQZ5.CME"), limit);
        check(elsewhere.clone(), OrderType::Limit, false);
        check(elsewhere, OrderType::StopLimit, false);
    }
}

/// What a LIMIT at 100 that needs a price is refused for, with this one held; and that it was noted.
fn judged(mut world: World, price: &ReferencePrice<'static>) -> Vec<FailedCheck> {
    world.limit(needy()[0].clone());
    assert_eq!(world.quote(price), PriceTaken::Held);
    let ruling = world.intent(buy("k-1", "10", "100"));
    assert_eq!(references(&ruling), Vec::from_iter(world.prices.find(FUTURE)), "usable or not, it is noted");
    failed(&ruling)
}

/// A price of this age in nanoseconds.
fn aged(age: i64) -> ReferencePrice<'static> {
    ReferencePrice { as_of: at(-age), ..quote(FUTURE, "100") }
}

const MILLIS: i64 = 1_000_000;

#[test]
fn a_price_as_old_as_allowed_can_be_used() {
    let stale = |limit, observed| vec![compared(Reason::ReferencePriceStale, limit, observed)];
    assert_eq!(judged(World::new(), &aged(2_000 * MILLIS)), []);
    assert_eq!(judged(World::new(), &aged(2_000 * MILLIS + 1)), stale("2000", "2000.000001"));
    assert_eq!(judged(World::new(), &aged(-1_000 * MILLIS)), [], "of a clock that is ahead");
    let settings = |ref_max_age_ms| {
        let settings = Settings { ref_max_age_ms, ..Settings::default() };
        let mut world = World::with_settings(settings);
        world.control(Ok(ControlRecord::Instrument(instrument(FUTURE))));
        world
    };
    assert_eq!(judged(settings(7), &aged(7 * MILLIS)), []);
    assert_eq!(judged(settings(7), &aged(7 * MILLIS + 1)), stale("7", "7.000001"));
    assert_eq!(judged(settings(0), &aged(i64::MAX)), [], "0 in the settings is no bound");
}

#[test]
fn the_age_that_a_limit_sets_stands_in_place_of_the_settings() {
    let limited = |limits: &[(usize, i64)]| {
        let mut world = World::new();
        for (group, ref_max_age_ms) in limits {
            let name = ["L-0", "L-1", "L-2", "L-3", "L-4", "L-5"][*group];
            let limit = RiskLimit { ref_max_age_ms: Some(*ref_max_age_ms), ..no_limit(name) };
            world.limit(placed(GROUPS[*group], limit));
        }
        world
    };
    let stale = |limit, observed, group| {
        vec![compared(Reason::ReferencePriceStale, limit, observed).by(scope_of(GROUPS[group]))]
    };
    for group in 0..GROUPS.len() {
        assert_eq!(judged(limited(&[(group, 5_000)]), &aged(5_000 * MILLIS)), [], "longer than the default");
        let late = judged(limited(&[(group, 5_000)]), &aged(5_000 * MILLIS + 1));
        assert_eq!(late, stale("5000", "5000.000001", group));
        assert_eq!(judged(limited(&[(group, 0)]), &aged(0)), [], "0 in a limit is zero");
        assert_eq!(judged(limited(&[(group, 0)]), &aged(1)), stale("0", "0.000001", group));
    }
    assert_eq!(judged(limited(&[(0, 9), (5, 8)]), &aged(9 * MILLIS)), stale("8", "9", 5), "the strictest");
    assert_eq!(judged(limited(&[(0, 7), (5, 8)]), &aged(9 * MILLIS)), stale("7", "9", 0), "the narrowest");
}

#[test]
fn only_a_good_price_above_zero_can_be_used() {
    for quality in PriceQuality::ALL {
        for (price, above_zero) in
            [("100", true), ("0.000000000000000001", true), ("0", false), ("-1", false)]
        {
            for allow_negative_price in [false, true] {
                let mut world = World::with_settings(Settings::default());
                let record = InstrumentRecord { allow_negative_price, ..instrument(FUTURE) };
                world.control(Ok(ControlRecord::Instrument(record)));
                let usable = *quality == PriceQuality::Good && (above_zero || allow_negative_price);
                let observed = num(price).exact().ok();
                let invalid = FailedCheck { observed, ..FailedCheck::plain(Reason::ReferencePriceInvalid) };
                let found = judged(world, &ReferencePrice { quality: *quality, ..quote(FUTURE, price) });
                let found = found.into_iter().filter(|it| it.reason != Reason::PriceCollarBreached);
                let due = (!usable).then_some(invalid);
                assert!(found.eq(due), "{price}, {quality}, below zero allowed: {allow_negative_price}");
            }
        }
    }
}

#[test]
fn a_price_that_is_old_and_odd_is_old() {
    let price = ReferencePrice { quality: PriceQuality::Halted, price: num("-1"), ..aged(2_001 * MILLIS) };
    assert_eq!(judged(World::new(), &price), [compared(Reason::ReferencePriceStale, "2000", "2001")]);
}

/// Everything is broken; what needs the price is left out, and the rest is named.
#[test]
fn without_a_price_only_what_needs_none_is_judged() {
    for order_type in OrderType::ALL {
        let mut world = World::new();
        let (nothing, none) = (Some(num("0")), Some(0));
        let (max_order_qty, max_order_notional, max_gross_notional) = (nothing, nothing, nothing);
        let (price_collar_bps, max_open_orders, currency) = (none, none, Some(id("USD")));
        let amounts = RiskLimit { max_order_qty, max_order_notional, max_gross_notional, ..no_limit("L") };
        world.limit(RiskLimit { price_collar_bps, max_open_orders, currency, ..amounts });
        let mut intent = of_type("k-1", *order_type);
        if order_type.has_trigger() {
            intent.terms.trigger_price = Some(num("99"));
        }
        let reasons: Vec<Reason> = world.refused(intent).iter().map(|check| check.reason).collect();
        let collar = (*order_type == OrderType::StopLimit).then_some(Reason::PriceCollarBreached);
        let before = [Reason::MaxOrderQtyExceeded, Reason::ReferencePriceNotAvailable];
        let due = before.into_iter().chain(collar).chain([Reason::MaxOpenOrdersExceeded]);
        assert_eq!(reasons, Vec::from_iter(due), "{order_type}");
    }
}

#[test]
fn a_replace_needs_the_price_that_its_order_needs() {
    for order_type in OrderType::ALL {
        let mut world = World::new();
        world.price(FUTURE, "100");
        world.accept(of_type("k-1", *order_type));
        world.forget_prices();
        let needs = matches!(order_type, OrderType::Market | OrderType::Stop);
        let due = if needs { vec![NOT_AVAILABLE] } else { Vec::new() };
        assert_eq!(world.refused(replace("k-2", "k-1", "11")), due, "{order_type}");
    }
}

#[test]
fn a_converted_replace_and_a_cancel_look_at_no_price() {
    let mut world = World::new();
    world.limit(needy()[2].clone());
    world.price(FUTURE, "100");
    world.accept(buy("k-1", "10", "100"));
    for intent in [replace("k-2", "k-1", "0"), cancel("k-3", "k-1")] {
        assert_eq!(references(&world.intent(intent)), []);
    }
}

/// What becomes of a price record while one of now is held, and which price is held then.
#[test]
fn the_newest_price_is_held() {
    let next = |as_of| ReferencePrice { as_of, ..quote(FUTURE, "101") };
    for (claim, record, due) in [
        ("newer", next(at(1)), PriceTaken::Held),
        ("as new: the later record", next(at(0)), PriceTaken::Held),
        ("older", next(at(-1)), PriceTaken::Older),
        ("a second ahead", next(at_ms(1_000)), PriceTaken::Held),
        ("further ahead", next(at(1_000 * MILLIS + 1)), PriceTaken::Ahead),
        ("far ahead", next(Time(i64::MAX)), PriceTaken::Ahead),
        (
            "too many digits",
            ReferencePrice { price: Numeral::Overlong("100000000000000000000"), ..next(at(1)) },
            PriceTaken::Overlong,
        ),
    ] {
        let mut world = World::new();
        world.price(FUTURE, "100");
        assert_eq!(world.quote(&record), due, "{claim}");
        let held = world.prices.find(FUTURE).expect("one is held");
        let price = if due == PriceTaken::Held { "101" } else { "100" };
        assert_eq!((held.price.to_string().as_str(), world.prices.len()), (price, 1), "{claim}");
    }
}

#[test]
fn the_price_of_another_instrument_is_of_no_use() {
    let mut world = World::new();
    world.price("NQZ5.CME", "100");
    let terms = IntentTerms { order_type: Some(OrderType::Market), price: None, ..buy("k", "10", "1").terms };
    assert_eq!(world.refused(Intent { terms, ..buy("k", "10", "1") }), [NOT_AVAILABLE]);
}
