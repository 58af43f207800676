//! Check 20: gross exposure of the instruments of one currency.

use onefill::core::control::{Command, InstrumentRecord, LimitScope, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms};
use onefill::core::price::ReferencePrice;
use onefill::core::verdict::Reason;

use super::stage::{Stage, failed};
use crate::records::{
    FUTURE, adjust, adjust_strategy, at, buy, gross_limit, id, instrument, num, quote, replace, sell,
};
use crate::reference::expected::Failed;

const OTHER: &str = "NQZ5.CME";

/// Two futures in USD at 100, multiplier 50, and one in EUR; of the other one a short position of 2.
fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.instrument(instrument(OTHER));
    stage.instrument(InstrumentRecord { currency: id("EUR"), ..instrument("FDAX.EUX") });
    stage.price(quote(OTHER, "100"));
    stage.command(Command { instrument_id: Some(id(OTHER)), ..adjust("c-1", "-2") });
    stage.command(Command { instrument_id: Some(id("FDAX.EUX")), ..adjust("c-2", "9") });
    stage
}

fn over(limit: &str, observed: &str) -> Vec<Failed> {
    vec![failed(Reason::GrossNotionalExceeded, Some(Scope::Global), limit, observed)]
}

#[test]
fn the_instruments_of_a_currency_are_added_up() {
    for (most, due) in [("25000", vec![]), ("24999", over("24999", "25000"))] {
        let mut stage = stage();
        stage.limit(gross_limit("gross", most));
        let entry = stage.intent(buy("k-1", "3", "100"));
        assert_eq!(entry.failed_checks, due, "3 and 2, at 5000 each");
        let seen: Vec<&str> = entry.references.iter().map(|seen| seen.instrument.as_str()).collect();
        assert_eq!(seen, [FUTURE, OTHER], "the EUR is not looked at");
    }
}

#[test]
fn an_instrument_counts_the_larger_side_at_its_orders_own_prices() {
    let mut stage = stage();
    stage.limit(gross_limit("gross", "30000"));
    stage.command(adjust("c-3", "1"));
    // 5000 + 2 * 5500 against 3 * 5000 - 5000.
    stage.accept(buy("k-1", "2", "110"));
    stage.accept(sell("k-2", "3", "100"));
    let below = buy("k-3", "1", "80.5");
    assert_eq!(stage.intent(below).failed_checks, over("30000", "31000"), "never below the reference");
    // The sells come to 21000 - 5000, as much as the buys: nothing is raised.
    stage.accept(sell("k-4", "1", "120"));
    assert_eq!(stage.intent(sell("k-5", "1", "100.5")).failed_checks, over("30000", "31025"));
}

#[test]
fn only_an_order_that_raises_it_is_refused_and_looks_further() {
    let mut stage = stage();
    stage.limit(gross_limit("gross", "0"));
    stage.command(adjust("c-3", "5"));
    let entry = stage.intent(sell("k-1", "10", "100"));
    assert_eq!(entry.failed_checks, Vec::new(), "from 5 long to 5 short");
    assert_eq!(entry.references.len(), 1, "the other price is not needed");
    assert_eq!(stage.intent(sell("k-2", "1", "100")).failed_checks, over("0", "40000"));
}

#[test]
fn a_price_that_is_missing_stale_or_invalid_refuses_what_raises_it() {
    let by = |reason, limit, observed| vec![failed(reason, Some(Scope::Global), limit, observed)];
    let mut stage = stage();
    stage.limit(gross_limit("gross", "99999999"));
    stage.price(ReferencePrice { as_of: at(1), ..quote(OTHER, "-1") });
    let invalid = by(Reason::ReferencePriceInvalid, "", "-1");
    assert_eq!(stage.intent(buy("k-1", "1", "100")).failed_checks, invalid);
    stage.clock = at(2_000_000_002);
    stage.price(ReferencePrice { as_of: stage.clock, ..quote(FUTURE, "100") });
    let stale = by(Reason::ReferencePriceStale, "2000", "2000.000001");
    assert_eq!(stage.intent(buy("k-2", "1", "100")).failed_checks, stale);
    let mut bare = Stage::new();
    bare.instrument(instrument(OTHER));
    bare.limit(gross_limit("gross", "99999999"));
    bare.accept(buy("k-1", "1", "100"));
    bare.command(Command { instrument_id: Some(id(OTHER)), ..adjust("c-1", "1") });
    let missing = by(Reason::ReferencePriceNotAvailable, "", "");
    assert_eq!(bare.intent(buy("k-2", "1", "100")).failed_checks, missing);
}

#[test]
fn a_limit_counts_for_its_currency_its_instrument_and_its_measure() {
    let gross = gross_limit("gross", "5000");
    let strategy = |limit| RiskLimit { scope_type: LimitScope::Strategy, scope_id: "A1/S1", ..limit };
    for (claim, limit, observed) in [
        ("another currency", RiskLimit { currency: Some(id("EUR")), ..gross.clone() }, None),
        ("another instrument", RiskLimit { instrument_id: OTHER, ..gross.clone() }, None),
        ("this instrument alone", RiskLimit { instrument_id: FUTURE, ..gross.clone() }, Some("20000")),
        ("everything", gross.clone(), Some("30000")),
        ("a strategy's own", strategy(gross), Some("10000")),
    ] {
        let mut stage = stage();
        stage.limit(limit);
        stage.command(adjust_strategy("c-3", "S2", "2"));
        stage.command(adjust_strategy("c-4", "S1", "1"));
        let found = stage.intent(buy("k-1", "1", "100")).failed_checks.first().cloned();
        assert_eq!(found.and_then(|failed| failed.observed).as_deref(), observed, "{claim}");
    }
}

#[test]
fn a_replace_adds_the_dearer_of_both_prices() {
    let mut stage = Stage::new();
    stage.limit(gross_limit("gross", "55000"));
    stage.accept(buy("k-1", "10", "100"));
    let with_price = |key, price| {
        let intent = replace(key, "k-1", "10");
        let terms = IntentTerms { price: Some(num(price)), ..intent.terms };
        Intent { terms, ..intent }
    };
    assert_eq!(stage.intent(with_price("k-2", "110.25")).failed_checks, over("55000", "55125"));
    stage.accept(with_price("k-3", "110"));
    assert_eq!(stage.intent(buy("k-4", "1", "100")).failed_checks, over("55000", "60000"));
}
