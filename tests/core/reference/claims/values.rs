//! Checks 12 to 14: reference prices, collars, and what an order is worth.

use onefill::core::control::{InstrumentRecord, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side};
use onefill::core::price::{PriceQuality, ReferencePrice};
use onefill::core::time::Time;
use onefill::core::verdict::Reason;

use super::stage::{Stage, check, failed};
use crate::records::{FUTURE, NOW, at, buy, instrument, no_limit, num, of_type, quote, sell};

const MS: i64 = 1_000_000;

fn market(side: Side, qty: &'static str) -> Intent<'static> {
    let intent = of_type("k-1", OrderType::Market);
    let (side, order_qty) = (Some(side), Some(num(qty)));
    Intent { terms: IntentTerms { side, order_qty, ..intent.terms }, ..intent }
}

fn stopped(order_type: OrderType, price: &'static str, trigger: &'static str) -> Intent<'static> {
    let intent = of_type("k-1", order_type);
    let price = (order_type == OrderType::StopLimit).then(|| num(price));
    Intent { terms: IntentTerms { price, trigger_price: Some(num(trigger)), ..intent.terms }, ..intent }
}

#[test]
fn the_newest_price_is_held() {
    let mut stage = Stage::new();
    let later = |price, ms: i64| ReferencePrice { as_of: Time(NOW.0 + ms * MS), ..quote(FUTURE, price) };
    let held = |stage: &Stage| stage.model.seen(FUTURE).expect("there is one").price;
    stage.price(later("101", -1));
    assert_eq!(held(&stage), "100", "an older one is ignored");
    stage.price(later("102", 0));
    assert_eq!(held(&stage), "102", "one of the same time replaces");
    stage.price(later("103", 1000));
    assert_eq!(held(&stage), "103", "a second ahead is taken");
    stage.price(ReferencePrice { as_of: at(1_000_000_001), ..quote(FUTURE, "104") });
    stage.price(ReferencePrice { as_of: at(1_000_000_000), ..quote(FUTURE, "100000000000000000000") });
    assert_eq!(held(&stage), "103", "further ahead, or overlong, is dropped");
}

#[test]
fn a_price_that_is_needed_must_be_there_fresh_and_good() {
    for (claim, order, change, due) in [
        ("fresh", market(Side::Buy, "1"), (|_| {}) as fn(&mut Stage), None),
        (
            "missing",
            Intent { instrument_id: crate::records::id("NQZ5.CME"), ..market(Side::Buy, "1") },
            |stage| {
                stage.instrument(instrument("NQZ5.CME"));
            },
            Some(failed(Reason::ReferencePriceNotAvailable, None, "", "")),
        ),
        ("as old as allowed", market(Side::Buy, "1"), |stage| stage.clock = at(2_000 * MS), None),
        (
            "older",
            market(Side::Buy, "1"),
            |stage| stage.clock = at(2_000 * MS + 1),
            Some(failed(Reason::ReferencePriceStale, None, "2000", "2000.000001")),
        ),
        ("older, but not needed", buy("k-1", "1", "100"), |stage| stage.clock = at(3_000 * MS), None),
        (
            "older than a limit allows",
            market(Side::Buy, "1"),
            |stage| {
                stage.limit(RiskLimit { ref_max_age_ms: Some(0), ..no_limit("age") });
                stage.clock = at(1);
            },
            Some(failed(Reason::ReferencePriceStale, Some(Scope::Global), "0", "0.000001")),
        ),
        (
            "nobody deals at it",
            market(Side::Buy, "1"),
            |stage| {
                let quality = PriceQuality::Indicative;
                stage.price(ReferencePrice { quality, ..quote(FUTURE, "100") });
            },
            Some(failed(Reason::ReferencePriceInvalid, None, "", "100")),
        ),
        (
            "nothing",
            stopped(OrderType::Stop, "", "100"),
            |stage| stage.price(quote(FUTURE, "0")),
            Some(failed(Reason::ReferencePriceInvalid, None, "", "0")),
        ),
    ] {
        let mut stage = Stage::new();
        change(&mut stage);
        assert_eq!(stage.intent(order).failed_checks, Vec::from_iter(due), "{claim}");
    }
}

#[test]
fn a_collar_is_measured_from_the_reference_or_the_trigger() {
    let bps = |stage: &mut Stage| {
        stage.limit(RiskLimit { price_collar_bps: Some(100), ..no_limit("bps") });
    };
    let abs = |stage: &mut Stage| {
        stage.limit(RiskLimit { price_collar_abs: Some(num("0.5")), ..no_limit("abs") });
    };
    let by_bps = failed(Reason::PriceCollarBreached, Some(Scope::Global), "100", "");
    let by_abs = |observed| failed(Reason::PriceCollarBreached, Some(Scope::Global), "0.5", observed);
    check(&[
        ("one percent above", bps, buy("k-1", "1", "101"), &[]),
        ("a tick more", bps, buy("k-1", "1", "101.25"), std::slice::from_ref(&by_bps)),
        ("one percent below", bps, sell("k-1", "1", "99"), &[]),
        ("a tick less", bps, sell("k-1", "1", "98.75"), std::slice::from_ref(&by_bps)),
        ("half a point", abs, buy("k-1", "1", "100.5"), &[]),
        ("a tick beyond", abs, buy("k-1", "1", "100.75"), &[by_abs("0.75")]),
        ("a STOP_LIMIT near its trigger", bps, stopped(OrderType::StopLimit, "202", "200"), &[]),
        (
            "a STOP_LIMIT away from it",
            bps,
            stopped(OrderType::StopLimit, "202.25", "200"),
            std::slice::from_ref(&by_bps),
        ),
        ("a STOP has no price", bps, stopped(OrderType::Stop, "", "200"), &[]),
        ("nor has a MARKET", abs, market(Side::Buy, "1"), &[]),
        (
            "of a price of nothing everything is far",
            |stage| {
                let negative =
                    InstrumentRecord { version: 2, allow_negative_price: true, ..instrument(FUTURE) };
                stage.instrument(negative);
                stage.price(quote(FUTURE, "0"));
                stage.limit(RiskLimit { price_collar_bps: Some(10_000), ..no_limit("bps") });
            },
            buy("k-1", "1", "-0.25"),
            &[failed(Reason::PriceCollarBreached, Some(Scope::Global), "10000", "")],
        ),
    ]);
}

/// An order of this value, exactly: allowed so much, and one unit of money less.
fn is_worth(
    claim: &str,
    intent: &Intent<'static>,
    value: &'static str,
    less: &'static str,
    bps: Option<i64>,
) {
    for (most, passes) in [(value, true), (less, false)] {
        let mut stage = Stage::new();
        let max_order_notional = Some(num(most));
        stage.limit(RiskLimit { max_order_notional, price_collar_bps: bps, ..no_limit("value") });
        let due = failed(Reason::MaxOrderNotionalExceeded, Some(Scope::Global), most, value);
        let refused = if passes { vec![] } else { vec![due] };
        assert_eq!(stage.intent(intent.clone()).failed_checks, refused, "{claim}");
    }
}

#[test]
fn an_order_is_worth_the_dearer_of_its_prices() {
    is_worth("a LIMIT above the market", &buy("k-1", "2", "110"), "11000", "10999.999999999999999999", None);
    is_worth("a LIMIT below the market", &buy("k-1", "2", "90"), "10000", "9999.999999999999999999", None);
    is_worth("a MARKET to buy", &market(Side::Buy, "2"), "10000", "9999", None);
    is_worth("a MARKET to buy, with a collar", &market(Side::Buy, "2"), "10025", "10024", Some(25));
    is_worth("a MARKET to sell, with a collar", &market(Side::Sell, "2"), "10000", "9999", Some(25));
    let above = stopped(OrderType::Stop, "", "120");
    is_worth("a STOP above the market", &above, "60000", "59999", None);
    is_worth("a STOP to buy, with a collar", &above, "60150", "60149", Some(25));
    is_worth("a STOP below the market", &stopped(OrderType::Stop, "", "80"), "50000", "49999", None);
    let stop_limit = stopped(OrderType::StopLimit, "90", "120");
    is_worth("a STOP_LIMIT: its trigger is no price", &stop_limit, "50000", "49999", None);
}

#[test]
fn a_price_that_cannot_be_used_leaves_out_what_needs_it() {
    let mut stage = Stage::new();
    stage.limit(RiskLimit {
        max_order_notional: Some(num("0")),
        price_collar_bps: Some(0),
        max_order_qty: Some(num("5")),
        ..no_limit("tight")
    });
    stage.clock = at(2_001 * MS);
    let stale = failed(Reason::ReferencePriceStale, None, "2000", "2001");
    let size = failed(Reason::MaxOrderQtyExceeded, Some(Scope::Global), "5", "10");
    let collar = failed(Reason::PriceCollarBreached, Some(Scope::Global), "0", "");
    let created = |intent| Intent { created_at: at(2_000 * MS), ..intent };
    let refused = |stage: &mut Stage, intent| stage.intent(created(intent)).failed_checks;
    assert_eq!(refused(&mut stage, buy("k-1", "10", "110")), [size.clone(), stale.clone()]);
    let stop_limit =
        Intent { intent_id: crate::records::id("k-2"), ..stopped(OrderType::StopLimit, "110", "100") };
    assert_eq!(refused(&mut stage, stop_limit), [size, stale, collar], "its collar needs no reference");
}
