//! Numbers at the ends of their ranges: a rejection or an anomaly, never a panic, and the next
//! record is answered.

use onefill::core::control::{ControlRecord, ControlResult, InstrumentRecord};
use onefill::core::entry::{Anomaly, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side};
use onefill::core::verdict::{FailedCheck, Reason};

use crate::world::{
    World, execution, failed, future, id, new_intent, num, order_id, replace_intent, result_of, trade,
};

/// Lots of 1, ticks of 1, no bounds.
fn plain() -> InstrumentRecord<'static> {
    let one = num("1");
    let (min_qty, max_qty, min_notional) = (None, None, None);
    InstrumentRecord {
        tick_size: one,
        lot_size: one,
        contract_multiplier: one,
        min_qty,
        max_qty,
        min_notional,
        ..future()
    }
}

fn world(instrument: InstrumentRecord<'static>) -> World {
    let mut world = World::with_settings(onefill::core::settings::Settings::default());
    world.control(Ok(ControlRecord::Instrument(instrument)));
    world
}

fn limit(key: &'static str, order_qty: &'static str, price: &'static str) -> Intent<'static> {
    let terms = IntentTerms {
        side: Some(Side::Buy),
        order_type: Some(OrderType::Limit),
        order_qty: Some(num(order_qty)),
        price: Some(num(price)),
        trigger_price: None,
        ..new_intent().terms
    };
    Intent { intent_id: id(key), client_order_id: id(key), terms, ..new_intent() }
}

/// What a LIMIT of this instrument is refused for; and that the next record is answered.
fn check(
    instrument: InstrumentRecord<'static>,
    quantity: &'static str,
    price: &'static str,
    due: Option<Reason>,
) {
    let mut world = world(instrument);
    let reasons: Vec<Reason> =
        failed(&world.intent(limit("k-1", quantity, price))).iter().map(|check| check.reason).collect();
    assert_eq!(reasons, Vec::from_iter(due), "{quantity} at {price}");
    assert!(matches!(world.intent(limit("k-1", quantity, price)), Ruling::Duplicate { .. }));
}

const MOST_LOTS: &str = "9223372036854775807";

#[test]
fn as_many_lots_as_can_be_counted_pass_and_one_more_overflows() {
    let overflow = Some(Reason::NumericOverflow);
    check(plain(), MOST_LOTS, "1", None);
    check(plain(), "9223372036854775808", "1", overflow);
    check(plain(), "1", MOST_LOTS, None);
    check(plain(), "1", "9223372036854775808", overflow);
    check(plain(), "99999999999999999999", "99999999999999999999", overflow);
}

#[test]
fn thirty_eight_digits_are_read_exactly() {
    let smallest = InstrumentRecord { lot_size: num("0.000000000000000001"), ..plain() };
    check(smallest.clone(), "9.223372036854775807", "1", None);
    check(smallest.clone(), "9.223372036854775808", "1", Some(Reason::NumericOverflow));
    check(smallest, "99999999999999999999.999999999999999999", "1", Some(Reason::NumericOverflow));
    let widest = InstrumentRecord { lot_size: num("99999999999999999999.999999999999999999"), ..plain() };
    check(widest.clone(), "99999999999999999999.999999999999999999", "1", None);
    check(widest, "99999999999999999999.999999999999999998", "1", Some(Reason::InvalidQuantityIncrement));
}

#[test]
fn a_trillion_of_a_coin_at_a_hundred_millionth_is_an_ordinary_order() {
    let coin = InstrumentRecord { tick_size: num("0.00000001"), min_notional: Some(num("10000")), ..plain() };
    check(coin.clone(), "1000000000000", "0.00000001", None);
    check(coin.clone(), "999999999999", "0.00000001", Some(Reason::MinNotional));
    check(coin, "1000000000000", "0.000000001", Some(Reason::InvalidPriceIncrement));
}

#[test]
fn money_without_decimals_and_large_prices_is_ordinary() {
    let yen = InstrumentRecord {
        tick_size: num("5"),
        lot_size: num("100"),
        min_notional: Some(num("100000")),
        ..plain()
    };
    check(yen.clone(), "100", "1000", None);
    check(yen.clone(), "100", "995", Some(Reason::MinNotional));
    check(yen.clone(), "150", "1000", Some(Reason::InvalidQuantityIncrement));
    check(yen, "100", "1001", Some(Reason::InvalidPriceIncrement));
}

#[test]
fn a_multiplier_counts_in_the_smallest_value() {
    let quarter = InstrumentRecord { tick_size: num("0.25"), contract_multiplier: num("50"), ..plain() };
    let with = |least| InstrumentRecord { min_notional: Some(num(least)), ..quarter.clone() };
    check(with("225012.5"), "1", "4500.25", None);
    check(with("225012.500000000000000001"), "1", "4500.25", Some(Reason::MinNotional));
    check(with("0"), "1", "0.25", None);
}

#[test]
fn prices_at_and_below_zero_pass_where_the_instrument_allows_them() {
    let spread = InstrumentRecord { allow_negative_price: true, ..plain() };
    for price in ["0", "-1", "-9223372036854775808"] {
        check(spread.clone(), "1", price, None);
        check(plain(), "1", price, Some(Reason::InvalidPrice));
    }
    check(spread.clone(), "1", "-9223372036854775809", Some(Reason::NumericOverflow));
    let valued = InstrumentRecord { min_notional: Some(num("10")), ..spread };
    check(valued.clone(), "2", "-5", None);
    check(valued.clone(), "2", "-4", Some(Reason::MinNotional));
    check(valued, "2", "0", Some(Reason::MinNotional));
}

#[test]
fn a_value_that_does_not_fit_overflows_only_where_it_is_compared() {
    let times = |contract_multiplier| InstrumentRecord { contract_multiplier, ..plain() };
    let valued = |instrument| InstrumentRecord { min_notional: Some(num("1")), ..instrument };
    let (large, too_large) = (times(num("10000000000000000")), times(num("100000000000000000")));
    check(valued(large), MOST_LOTS, MOST_LOTS, None);
    check(too_large.clone(), MOST_LOTS, MOST_LOTS, None);
    check(valued(too_large), MOST_LOTS, MOST_LOTS, Some(Reason::NumericOverflow));
}

#[test]
fn the_smallest_steps_are_compared_exactly() {
    let fine = InstrumentRecord {
        tick_size: num("0.000000000000000001"),
        lot_size: num("0.000000000000000001"),
        contract_multiplier: num("0.000000000000000001"),
        min_notional: Some(num("99999999999999999999")),
        ..plain()
    };
    check(fine.clone(), "1", "1", Some(Reason::MinNotional));
    let least = InstrumentRecord { min_notional: Some(num("0.000000000000000001")), ..fine };
    check(least.clone(), "1", "1", None);
    check(least, "0.999999999999999999", "1", Some(Reason::MinNotional));
}

#[test]
fn reservations_that_do_not_fit_refuse_the_order_that_brings_them() {
    let mut world = world(plain());
    let overflow = [FailedCheck::plain(Reason::NumericOverflow)];
    assert_eq!(failed(&world.intent(limit("k-1", "9223372036854775806", "1"))), []);
    assert_eq!(failed(&world.intent(limit("k-2", "2", "1"))), overflow);
    assert_eq!(failed(&world.intent(limit("k-3", "1", "1"))), []);
    let more = Intent { intent_id: id("k-4"), client_order_id: id("k-3"), ..replace_intent() };
    let terms = IntentTerms { order_qty: Some(num("2")), ..IntentTerms::default() };
    assert_eq!(failed(&world.intent(Intent { terms, ..more })), overflow);
    let sell = IntentTerms { side: Some(Side::Sell), ..limit("k-5", MOST_LOTS, "1").terms };
    assert_eq!(failed(&world.intent(Intent { terms: sell, ..limit("k-5", MOST_LOTS, "1") })), []);
}

/// A report on the order of this key.
fn on(key: &'static str, report: Execution<'static>) -> Execution<'static> {
    Execution { order_id: order_id("A1", key), ..report }
}

fn restated(key: &'static str, exec_id: &'static str, total: &'static str) -> Execution<'static> {
    let (order_qty, leaves_qty) = (Some(num(total)), Some(num(total)));
    on(key, Execution { order_qty, leaves_qty, ..execution(ExecType::Restated, exec_id) })
}

#[test]
fn reports_whose_sums_do_not_fit_are_not_applied() {
    let mut world = world(plain());
    world.intent(limit("k-1", "1", "1"));
    world.intent(limit("k-2", "1", "1"));
    let replaced = Execution { order_qty: Some(num(MOST_LOTS)), ..execution(ExecType::Replaced, "e-4") };
    let unapplied = Some(Anomaly::ExecutionUnapplied);
    for (report, due) in [
        (restated("k-1", "e-1", "9223372036854775806"), None),
        (restated("k-2", "e-2", "2"), unapplied),
        (restated("k-2", "e-3", "1"), None),
        (on("k-2", replaced), unapplied),
        (on("k-1", trade("e-5", MOST_LOTS)), Some(Anomaly::Overfill)),
        (on("k-1", trade("e-6", "1")), unapplied),
        (on("none", trade("e-7", "1")), unapplied),
        (on("k-1", Execution { side: Side::Sell, ..trade("e-8", "1") }), unapplied),
        (on("none", Execution { side: Side::Sell, ..trade("e-9", "1") }), Some(Anomaly::UnknownOrderFill)),
    ] {
        let exec_id = report.exec_id;
        assert_eq!(world.report(report), due, "{exec_id}");
    }
}

#[test]
fn a_total_is_compared_with_fills_of_more_digits_than_a_decimal_has() {
    let hundreds = InstrumentRecord { lot_size: num("100"), ..plain() };
    let mut world = world(hundreds);
    world.intent(limit("k-1", "100", "1"));
    world.report(on("k-1", trade("e-1", "99999999999999999900")));
    world.report(on("k-1", trade("e-2", "99999999999999999900")));
    world.report(restated("k-1", "e-3", "100"));
    let terms = IntentTerms { order_qty: Some(num("99999999999999999900")), ..IntentTerms::default() };
    let replace = Intent { client_order_id: id("k-1"), terms, ..replace_intent() };
    assert!(matches!(world.intent(replace), Ruling::Accepted { converted_to_cancel: true, .. }));
}

#[test]
fn instruments_whose_steps_cannot_be_counted_with_are_invalid() {
    for instrument in [
        InstrumentRecord { tick_size: num("0"), ..plain() },
        InstrumentRecord { lot_size: num("-1"), ..plain() },
        InstrumentRecord { contract_multiplier: num("0"), ..plain() },
        InstrumentRecord { tick_size: num("100000000000000000000"), ..plain() },
        InstrumentRecord { min_qty: Some(num("100000000000000000000")), ..plain() },
    ] {
        let entry = world(plain()).control(Ok(ControlRecord::Instrument(instrument)));
        assert_eq!(result_of(&entry), ControlResult::Invalid);
    }
}

#[test]
fn the_largest_steps_that_can_be_written_are_valid() {
    let widest = num("99999999999999999999.999999999999999999");
    let (tick_size, lot_size, contract_multiplier) = (widest, widest, widest);
    let instrument = InstrumentRecord { tick_size, lot_size, contract_multiplier, ..plain() };
    let most = "99999999999999999999.999999999999999999";
    check(instrument.clone(), most, most, None);
    check(
        InstrumentRecord { min_notional: Some(num("1")), ..instrument },
        most,
        most,
        Some(Reason::NumericOverflow),
    );
}
