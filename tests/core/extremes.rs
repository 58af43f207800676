//! Money and limits at the ends of their ranges: exact to the last digit, or a rejection, and never a
//! panic. After each order the next record is answered.

use onefill::core::control::{Command, ControlRecord, ControlResult, InstrumentRecord, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms, OrderType};
use onefill::core::settings::Settings;
use onefill::core::verdict::{FailedCheck, Reason, Verdict};

use crate::records::{adjust, buy, gross_limit, instrument, no_limit, sell};
use crate::world::{FUTURE, World, at, compared, id, num};

const MOST: &str = "99999999999999999999.999999999999999999";
const LEAST: &str = "0.000000000000000001";
const MOST_LOTS: &str = "9223372036854775807";

/// An instrument of this tick, lot and multiplier.
fn steps(tick: &'static str, lot: &'static str, multiplier: &'static str) -> InstrumentRecord<'static> {
    let [tick_size, lot_size, contract_multiplier] = [tick, lot, multiplier].map(num);
    InstrumentRecord { tick_size, lot_size, contract_multiplier, ..instrument(FUTURE) }
}

fn world(instrument: InstrumentRecord<'static>, reference: &'static str) -> World {
    let mut world = World::with_settings(Settings::default());
    world.control(Ok(ControlRecord::Instrument(instrument)));
    world.price(FUTURE, reference);
    world
}

fn most_value(limit: &'static str) -> RiskLimit<'static> {
    RiskLimit { max_order_notional: Some(num(limit)), ..no_limit("L") }
}

/// What an order is refused for, and that its key is bound.
fn refused(mut world: World, limit: RiskLimit<'static>, intent: Intent<'static>) -> Vec<FailedCheck> {
    assert_eq!(world.limit(limit), ControlResult::Applied);
    let refused = world.refused(intent.clone());
    let verdict = world.intent(intent).verdict();
    assert_eq!(verdict, Verdict::Duplicate, "the next record is answered");
    refused
}

fn reasons(world: World, limit: RiskLimit<'static>, intent: Intent<'static>) -> Vec<Reason> {
    refused(world, limit, intent).iter().map(|check| check.reason).collect()
}

/// An order is worth this to the last digit: at that limit it passes, at the next smaller one not. As
/// one order, and as the account's exposure.
fn check(
    steps: &InstrumentRecord<'static>,
    reference: &'static str,
    [quantity, price]: [&'static str; 2],
    [value, less]: [&'static str; 2],
) {
    let order = || buy("k", quantity, price);
    let world = || world(steps.clone(), reference);
    let claim = format!("{quantity} at {price}");
    assert_eq!(refused(world(), most_value(value), order()), [], "{claim}");
    let notional = compared(Reason::MaxOrderNotionalExceeded, less, value).by(Scope::Global);
    assert_eq!(refused(world(), most_value(less), order()), [notional], "{claim}");
    assert_eq!(refused(world(), gross_limit("L", value), order()), [], "{claim}");
    let gross = compared(Reason::GrossNotionalExceeded, less, value).by(Scope::Global);
    assert_eq!(refused(world(), gross_limit("L", less), order()), [gross], "{claim}");
}

#[test]
fn values_of_every_market_are_exact_to_the_last_digit() {
    let coin = steps("0.00000001", "1", "1");
    check(&coin, "0.00001", ["1000000000000", "0.00001234"], ["12340000", "12339999.999999999999999999"]);
    check(&coin, "0.00000001", ["999999999999", "0.00000001"], ["9999.99999999", "9999.999999989999999999"]);
    let fine_coin = steps("0.00000001", "0.00000001", "1");
    check(&fine_coin, "0.00000001", ["90000000000", "0.00000001"], ["900", "899.999999999999999999"]);
    let yen = steps("1", "0.0001", "1");
    check(&yen, "15000000", ["0.0001", "15000001"], ["1500.0001", "1500.000099999999999999"]);
    let future = steps("0.25", "1", "50");
    check(&future, "4500", ["3", "4500.25"], ["675037.5", "675037.499999999999999999"]);
    let option = steps("0.01", "1", "0.1");
    check(&option, "0.01", ["7", "0.03"], ["0.021", "0.020999999999999999"]);
    let whole = steps("1", "1", "1");
    check(
        &whole,
        "1",
        [MOST_LOTS, "10"],
        ["92233720368547758070", "92233720368547758069.999999999999999999"],
    );
}

/// At a price of 18 decimals.
#[test]
fn a_reference_finer_than_any_tick_counts_exactly() {
    let future = steps("0.25", "1", "50");
    check(
        &future,
        "100.000000000000000001",
        ["2", "100"],
        ["10000.0000000000000001", "10000.000000000000000099"],
    );
}

#[test]
fn a_value_that_no_decimal_can_hold_is_compared_and_not_written() {
    let unwritten = |reason, limit: &'static str| {
        let plain = FailedCheck { limit: num(limit).exact().ok(), ..FailedCheck::plain(reason) };
        [plain.by(Scope::Global)]
    };
    let notional = Reason::MaxOrderNotionalExceeded;
    let wide = || world(steps("99999999999999999999", "99999999999999999999", "1"), "1");
    let one = || buy("k", "99999999999999999999", "99999999999999999999");
    assert_eq!(refused(wide(), most_value(MOST), one()), unwritten(notional, MOST));
    assert_eq!(
        refused(wide(), gross_limit("L", MOST), one()),
        unwritten(Reason::GrossNotionalExceeded, MOST)
    );
    let fine = || world(steps(LEAST, LEAST, LEAST), LEAST);
    let least = || buy("k", LEAST, LEAST);
    assert_eq!(refused(fine(), most_value("0"), least()), unwritten(notional, "0"));
    assert_eq!(refused(fine(), most_value(LEAST), least()), []);
    assert_eq!(
        refused(fine(), gross_limit("L", "0"), least()),
        unwritten(Reason::GrossNotionalExceeded, "0")
    );
    assert_eq!(refused(fine(), gross_limit("L", LEAST), least()), []);
}

#[test]
fn a_product_that_does_not_fit_is_an_overflow_where_it_is_compared() {
    let wide = || world(steps(MOST, MOST, MOST), MOST);
    let order = || buy("k", MOST, MOST);
    assert_eq!(reasons(wide(), no_limit("L"), order()), []);
    assert_eq!(reasons(wide(), most_value(MOST), order()), [Reason::NumericOverflow]);
    assert_eq!(reasons(wide(), gross_limit("L", MOST), order()), [Reason::NumericOverflow]);
}

#[test]
fn an_overflow_in_another_instrument_refuses_only_what_raises_the_exposure() {
    let held = || {
        let mut world = world(steps("0.25", "1", "50"), "100");
        let other =
            InstrumentRecord { instrument_id: id("NQZ5.CME"), ..steps("1", "1", "100000000000000000") };
        world.control(Ok(ControlRecord::Instrument(other)));
        world.price("NQZ5.CME", MOST_LOTS);
        world.command(Command { instrument_id: Some(id("NQZ5.CME")), ..adjust("c-1", MOST_LOTS) });
        world.command(adjust("c-2", "10"));
        world
    };
    assert_eq!(reasons(held(), gross_limit("L", MOST), buy("k", "1", "100")), [Reason::NumericOverflow]);
    assert_eq!(reasons(held(), gross_limit("L", "0"), sell("k", "10", "100")), []);
}

/// As far apart as two prices can be: further than 128 bits hold.
#[test]
fn prices_at_both_ends_of_their_range_are_compared_exactly() {
    let spread = || {
        let coarse = steps("10000000000", "1", "1");
        world(InstrumentRecord { allow_negative_price: true, ..coarse }, "90000000000000000000")
    };
    let order = || buy("k", "1", "-90000000000000000000");
    let bps = |bps| RiskLimit { price_collar_bps: Some(bps), ..no_limit("L") };
    let breached = FailedCheck::plain(Reason::PriceCollarBreached).by(Scope::Global);
    let limit = |text| num(text).exact().ok();
    assert_eq!(refused(spread(), bps(20_000), order()), []);
    assert_eq!(refused(spread(), bps(19_999), order()), [FailedCheck { limit: limit("19999"), ..breached }]);
    let most = RiskLimit { price_collar_abs: Some(num(MOST)), ..no_limit("L") };
    assert_eq!(refused(spread(), most, order()), [FailedCheck { limit: limit(MOST), ..breached }]);
}

#[test]
fn the_largest_collar_marks_up_exactly() {
    let market = || {
        let terms =
            IntentTerms { order_type: Some(OrderType::Market), price: None, ..buy("k", "10", "1").terms };
        Intent { terms, ..buy("k", "10", "1") }
    };
    let limit = |most| RiskLimit { price_collar_bps: Some(i64::MAX), ..most_value(most) };
    let (value, less) = ("46116860184273929035", "46116860184273929034.999999999999999999");
    let future = || world(steps("0.25", "1", "50"), "100");
    assert_eq!(refused(future(), limit(value), market()), []);
    let due = compared(Reason::MaxOrderNotionalExceeded, less, value).by(Scope::Global);
    assert_eq!(refused(future(), limit(less), market()), [due]);
}

#[test]
fn positions_at_the_end_of_the_range_are_compared_with_more_than_it_holds() {
    for (position, order, limit, observed) in [
        (MOST_LOTS, buy("k", "1", "100"), MOST_LOTS, "9223372036854775808"),
        ("-9223372036854775808", sell("k", MOST_LOTS, "100"), MOST_LOTS, "18446744073709551615"),
    ] {
        let mut world = world(steps("0.25", "1", "50"), "100");
        assert_eq!(world.command(adjust("c-1", position)), ControlResult::Applied);
        let bounds =
            RiskLimit { max_long_qty: Some(num(limit)), max_short_qty: Some(num(limit)), ..no_limit("L") };
        let due = compared(Reason::PositionLimitExceeded, limit, observed).by(Scope::Global);
        assert_eq!(refused(world, bounds, order), [due]);
    }
}

/// Both ways out of the largest short position there can be.
#[test]
fn the_largest_position_can_be_closed() {
    let mut short = world(steps("0.25", "1", "50"), "100");
    short.command(adjust("c-1", "-9223372036854775808"));
    let mut order = buy("k-1", MOST_LOTS, "100");
    order.terms.reduce_only = true;
    short.accept(order);
    let mut more = buy("k-2", "2", "100");
    more.terms.reduce_only = true;
    let overflow = [FailedCheck::plain(Reason::NumericOverflow)];
    assert_eq!(short.refused(more), overflow, "the sum of reservations does not fit");
    let mut rest = sell("k-3", "1", "100");
    rest.terms.reduce_only = true;
    assert_eq!(short.refused(rest), [compared(Reason::ReduceOnlyViolation, "0", "1")]);
}

#[test]
fn counts_and_ages_of_any_size_are_compared() {
    let order = || Intent { created_at: at(i64::MIN / 4), ..buy("k", "10", "100") };
    let limit = RiskLimit {
        max_open_orders: Some(i64::MAX),
        max_orders: Some(i64::MAX),
        orders_window_ms: Some(3_600_000),
        max_intent_age_ms: Some(i64::MAX),
        ref_max_age_ms: Some(i64::MAX),
        price_collar_bps: Some(i64::MAX),
        ..no_limit("L")
    };
    assert_eq!(refused(world(steps("0.25", "1", "50"), "100"), limit, order()), []);
}
