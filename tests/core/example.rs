//! The example of docs/RISK.md, played.

use onefill::core::control::{ControlRecord, ControlResult, InstrumentRecord, LimitScope, RiskLimit, Scope};
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side, TimeInForce};
use onefill::core::verdict::Reason;

use crate::records::{FUTURE, adjust, at, future, id, new_intent, no_limit, num};
use crate::world::{World, failed};

const SECOND: i64 = 1_000_000_000;

/// A1 is 12 long, with an open buy of 4; the price is so old.
fn world(age: i64) -> World {
    let mut world = World::new();
    let account =
        |limit_id| RiskLimit { scope_type: LimitScope::Account, scope_id: "A1", ..no_limit(limit_id) };
    let most = |most| Some(num(most));
    for limit in [
        RiskLimit { max_open_orders: Some(50), price_collar_bps: Some(500), ..no_limit("ALL") },
        RiskLimit {
            version: 2,
            max_order_qty: most("10"),
            max_long_qty: most("20"),
            max_short_qty: most("20"),
            ..account("A1")
        },
        RiskLimit { instrument_id: FUTURE, max_order_notional: most("2600000"), ..account("WORTH") },
        RiskLimit {
            scope_type: LimitScope::Strategy,
            scope_id: "A1/S1",
            max_order_qty: most("5"),
            ..no_limit("S1")
        },
    ] {
        assert_eq!(world.limit(limit), ControlResult::Applied);
    }
    let open = InstrumentRecord { version: 2, min_qty: None, min_notional: None, ..future() };
    world.control(Ok(ControlRecord::Instrument(open)));
    assert_eq!(world.command(adjust("adjust", "12")), ControlResult::Applied);
    world.price(FUTURE, "5000");
    assert_eq!(failed(&world.intent(order("S2", "k0", Side::Buy, "4", "5000"))), []);
    world.clock = at(age);
    world
}

fn order(
    strategy: &'static str,
    key: &'static str,
    side: Side,
    quantity: &'static str,
    price: &'static str,
) -> Intent<'static> {
    let terms = IntentTerms {
        side: Some(side),
        order_type: Some(OrderType::Limit),
        order_qty: Some(num(quantity)),
        price: Some(num(price)),
        time_in_force: Some(TimeInForce::Day),
        ..IntentTerms::default()
    };
    Intent { terms, strategy_id: id(strategy), intent_id: id(key), client_order_id: id(key), ..new_intent() }
}

/// What refuses: reason, scope, limit and observed, as the page writes them.
fn refused(age: i64, intent: Intent<'static>) -> Vec<(Reason, String)> {
    let told =
        |number: Option<onefill::core::amount::Decimal>| number.map_or("-".to_owned(), |it| it.to_string());
    let checks = failed(&world(age).intent(intent)).into_iter();
    checks
        .map(|check| {
            let scope = check.scope.map_or("-", Scope::name);
            (check.reason, format!("{scope} {} {}", told(check.limit), told(check.observed)))
        })
        .collect()
}

#[test]
fn the_example_of_the_risk_page_is_true() {
    let s1 = |side, quantity, price| refused(SECOND, order("S1", "k1", side, quantity, price));
    let due = |reason, numbers: &str| vec![(reason, numbers.to_owned())];
    assert_eq!(s1(Side::Buy, "4", "5000"), []);
    assert_eq!(s1(Side::Buy, "5", "5000"), due(Reason::PositionLimitExceeded, "ACCOUNT 20 21"));
    let six =
        [(Reason::MaxOrderQtyExceeded, "STRATEGY 5 6"), (Reason::PositionLimitExceeded, "ACCOUNT 20 22")];
    assert_eq!(s1(Side::Buy, "6", "5000"), six.map(|(reason, numbers)| (reason, numbers.to_owned())));
    assert_eq!(s1(Side::Sell, "5", "4700"), due(Reason::PriceCollarBreached, "GLOBAL 500 -"));
    assert_eq!(s1(Side::Sell, "5", "5250"), []);
    let stale = refused(3 * SECOND, order("S1", "k1", Side::Buy, "4", "5000"));
    assert_eq!(stale, due(Reason::ReferencePriceStale, "- 2000 3000"));
    let s2 = |quantity| refused(SECOND, order("S2", "k1", Side::Sell, quantity, "5250"));
    assert_eq!(s2("10"), due(Reason::MaxOrderNotionalExceeded, "ACCOUNT 2600000 2625000"));
    assert_eq!(s2("9"), []);
}
