//! What open orders and positions are worth in the gross exposure: orders at what was frozen when they
//! were accepted, positions at the price of now.

use onefill::core::amount::Decimal;
use onefill::core::control::{ControlRecord, RiskLimit};
use onefill::core::entry::{After, Ruling};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side};
use onefill::core::verdict::Reason;

use crate::executions::totals;
use crate::gross::world;
use crate::records::{
    adjust, buy, cancel, gross_limit, limit_order, no_limit, of_type, on, release, replace, sell,
};
use crate::world::{FUTURE, World, execution, failed, id, num, ruling, trade};

/// The exposure with one lot more at 100, by a limit that nothing passes. Changes nothing.
fn with_one_more(world: &mut World) -> String {
    with_one_more_on(Side::Buy, world)
}

fn with_one_more_on(side: Side, world: &mut World) -> String {
    let limit = world.arrival_of_control(Ok(ControlRecord::RiskLimit(gross_limit("probe", "0"))));
    let intent =
        world.arrival_of(Intent { created_at: world.clock, ..limit_order("probe", side, "1", "100") });
    let entries = world.discard(&[limit, intent]);
    let failed = failed(&ruling(entries[1].clone()));
    let gross = failed.iter().find(|check| check.reason == Reason::GrossNotionalExceeded);
    gross.and_then(|check| check.observed).expect("one lot more raises it").to_string()
}

/// A world that needs a price of every order, at first 80.
fn needy() -> World {
    let mut world = world();
    world.limit(gross_limit("needs", "99999999"));
    world.price(FUTURE, "80");
    world
}

#[test]
fn an_order_is_worth_what_it_was_when_it_was_accepted() {
    let mut world = needy();
    world.accept(buy("k-1", "10", "100"));
    for reference in ["80", "100", "95"] {
        world.price(FUTURE, reference);
        assert_eq!(with_one_more(&mut world), "55000", "{reference}");
    }
    world.price(FUTURE, "120");
    assert_eq!(with_one_more(&mut world), "56000", "the new order is worth more, the old one is not");
}

#[test]
fn a_position_is_worth_what_the_price_says_now() {
    let mut world = needy();
    world.command(adjust("position", "10"));
    for (reference, due) in [("80", "45000"), ("100", "55000"), ("120", "66000")] {
        world.price(FUTURE, reference);
        assert_eq!(with_one_more(&mut world), due, "{reference}");
    }
}

#[test]
fn a_fill_moves_money_from_the_order_to_the_position() {
    let mut world = needy();
    world.accept(buy("k-1", "10", "100"));
    world.report(on("k-1", trade("e-1", "4")));
    assert_eq!(with_one_more(&mut world), "51000", "4 at 80, 6 at 100, and one");
    let bust = Execution { exec_ref_id: Some("e-1"), ..execution(ExecType::TradeCancel, "e-2") };
    world.report(on("k-1", bust));
    assert_eq!(with_one_more(&mut world), "55000");
    world.report(on("k-1", execution(ExecType::Canceled, "e-3")));
    assert_eq!(with_one_more(&mut world), "5000");
}

/// The price is 80, and so is the trigger of a STOP.
#[test]
fn each_type_is_frozen_at_its_own_valuation() {
    for (order_type, side, collar_bps, due) in [
        (OrderType::Limit, Side::Buy, None, "55000"),
        (OrderType::StopLimit, Side::Buy, None, "55000"),
        (OrderType::Stop, Side::Buy, None, "55000"),
        (OrderType::Market, Side::Buy, None, "45000"),
        (OrderType::Market, Side::Buy, Some(5_000), "65000"),
        (OrderType::Market, Side::Sell, Some(5_000), "45000"),
    ] {
        let mut world = needy();
        world.limit(RiskLimit { price_collar_bps: collar_bps, ..no_limit("collar") });
        let order = of_type("k-1", order_type);
        world.accept(Intent { terms: IntentTerms { side: Some(side), ..order.terms }, ..order });
        world.limit(RiskLimit { version: 2, ..no_limit("collar") });
        let found = with_one_more_on(side, &mut world);
        assert_eq!(found, due, "{order_type} {side}, the collar lifted since");
    }
}

/// No limit needed a price when the order was accepted: none was looked at, and none is guessed.
#[test]
fn an_order_that_needed_no_price_is_worth_its_own() {
    let mut world = world();
    world.price(FUTURE, "120");
    world.accept(buy("k-1", "10", "100"));
    assert_eq!(with_one_more(&mut world), "56000");
    let mut looked_at = needy();
    looked_at.price(FUTURE, "120");
    looked_at.accept(buy("k-1", "10", "100"));
    assert_eq!(with_one_more(&mut looked_at), "66000");
}

fn at_price(price: &'static str, intent: Intent<'static>) -> Intent<'static> {
    Intent { terms: IntentTerms { price: Some(num(price)), ..intent.terms }, ..intent }
}

#[test]
fn while_a_replace_is_pending_the_dearer_valuation_counts() {
    for (price, pending, replaced, rejected) in
        [("90", "55000", "50000", "55000"), ("110", "60000", "60000", "55000")]
    {
        let mut world = needy();
        world.accept(buy("k-1", "10", "100"));
        world.accept(at_price(price, replace("k-2", "k-1", "10")));
        assert_eq!(with_one_more(&mut world), pending, "{price}, pending");
        world.report(on("k-1", totals(ExecType::Replaced, "10", "10")));
        assert_eq!(with_one_more(&mut world), replaced, "{price}, replaced");
        let mut world = needy();
        world.accept(buy("k-1", "10", "100"));
        world.accept(at_price(price, replace("k-2", "k-1", "10")));
        world.report(on("k-1", execution(ExecType::ReplaceRejected, "e-1")));
        assert_eq!(with_one_more(&mut world), rejected, "{price}, refused");
    }
}

#[test]
fn a_pending_replace_of_more_at_a_lower_price_counts_the_larger_of_both() {
    let mut world = needy();
    world.accept(buy("k-1", "10", "100"));
    world.accept(at_price("90", replace("k-2", "k-1", "12")));
    assert_eq!(with_one_more(&mut world), "65000", "12 at 100, and one");
    world.report(on("k-1", totals(ExecType::Replaced, "12", "12")));
    assert_eq!(with_one_more(&mut world), "59000", "12 at 90, and one");
}

#[test]
fn a_cancel_frees_no_money_before_it_is_confirmed_and_a_release_does() {
    let mut world = needy();
    world.accept(buy("k-1", "10", "100"));
    world.accept(cancel("k-2", "k-1"));
    assert_eq!(with_one_more(&mut world), "55000");
    world.command(release("release", "k-1"));
    assert_eq!(with_one_more(&mut world), "5000");
}

#[test]
fn what_the_venue_restates_keeps_its_valuation() {
    let mut world = needy();
    world.accept(buy("k-1", "10", "100"));
    world.price(FUTURE, "120");
    world.report(on("k-1", totals(ExecType::Restated, "20", "20")));
    assert_eq!(with_one_more(&mut world), "106000", "20 at 100, and one at 120");
}

/// What the entry of an accepted order says of the account.
fn after(world: &mut World, intent: Intent<'static>) -> After {
    match world.intent(intent) {
        Ruling::Accepted { after, .. } => after.expect("account and instrument are known"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_says_how_the_account_stands_after_it() {
    let decimal = |text| num(text).exact().expect("a decimal");
    let mut world = needy();
    world.command(adjust("position", "3"));
    let first = After {
        position: decimal("3"),
        reserved_buy_qty: decimal("10"),
        reserved_sell_qty: Decimal::ZERO,
        gross_notional: Some(decimal("62000")),
        open_orders: 1,
    };
    assert_eq!(after(&mut world, buy("k-1", "10", "100")), first);
    let reserved_sell_qty = decimal("4");
    let second = After { reserved_sell_qty, open_orders: 2, ..first };
    assert_eq!(after(&mut world, sell("k-2", "4", "100")), second);
    let (reserved_buy_qty, gross_notional) = (decimal("12"), Some(decimal("72000")));
    let third = After { reserved_buy_qty, gross_notional, ..second };
    assert_eq!(after(&mut world, replace("k-3", "k-1", "12")), third);
    assert_eq!(after(&mut world, cancel("k-4", "k-2")), After { gross_notional: None, ..third });
}

#[test]
fn no_exposure_is_said_where_a_price_was_not_looked_at() {
    let mut world = world();
    assert_eq!(after(&mut world, buy("k-1", "10", "100")).gross_notional, None);
    let named = RiskLimit { instrument_id: FUTURE, ..gross_limit("L", "99999999") };
    world.limit(named);
    world.accept(Intent { instrument_id: id("NQZ5.CME"), ..buy("k-2", "1", "100") });
    assert_eq!(
        after(&mut world, buy("k-3", "1", "100")).gross_notional,
        None,
        "of half of it nothing is said"
    );
}
