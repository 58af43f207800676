//! Limits: in which scopes they hold, to which edge, and which of several.

use onefill::core::control::{ControlResult, MarketOrders, RiskLimit};
use onefill::core::intent::{Intent, IntentTerms, OrderType};
use onefill::core::price::ReferencePrice;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{GROUPS, Group, at_ms, buy, no_limit, placed, quote, scope_of, wide};
use crate::world::{FUTURE, World, compared, id, new_intent, num};

/// A lane with a price of 99, a millisecond old.
fn world() -> World {
    let mut world = World::new();
    world.quote(&ReferencePrice { as_of: at_ms(-1), ..quote(FUTURE, "99") });
    world
}

/// The order that all is about: 10 at 100, a millisecond old.
fn order() -> Intent<'static> {
    Intent { created_at: at_ms(-1), ..buy("k-1", "10", "100") }
}

/// What the order is refused for under these limits.
fn check(claim: &str, limits: &[RiskLimit<'static>], intent: Intent<'static>, due: &[FailedCheck]) {
    let mut world = world();
    for limit in limits {
        assert_eq!(world.limit(limit.clone()), ControlResult::Applied, "{claim}");
    }
    assert_eq!(world.refused(intent), due, "{claim}");
}

/// A limit that the order equals, one that it passes by the smallest step, and what that says.
type Edge = (RiskLimit<'static>, RiskLimit<'static>, FailedCheck);

fn quantities() -> [Edge; 5] {
    let none = || no_limit("L");
    let usd = Some(id("USD"));
    [
        (
            RiskLimit { max_order_qty: Some(num("10")), ..none() },
            RiskLimit { max_order_qty: Some(num("9.999999999999999999")), ..none() },
            compared(Reason::MaxOrderQtyExceeded, "9.999999999999999999", "10"),
        ),
        (
            RiskLimit { max_order_notional: Some(num("50000")), ..none() },
            RiskLimit { max_order_notional: Some(num("49999.999999999999999999")), ..none() },
            compared(Reason::MaxOrderNotionalExceeded, "49999.999999999999999999", "50000"),
        ),
        (
            RiskLimit { max_long_qty: Some(num("10")), max_short_qty: Some(num("0")), ..none() },
            RiskLimit { max_long_qty: Some(num("9.999999999999999999")), ..none() },
            compared(Reason::PositionLimitExceeded, "9.999999999999999999", "10"),
        ),
        (
            RiskLimit { max_gross_notional: Some(num("50000")), currency: usd, ..none() },
            RiskLimit { max_gross_notional: Some(num("49999.999999999999999999")), currency: usd, ..none() },
            compared(Reason::GrossNotionalExceeded, "49999.999999999999999999", "50000"),
        ),
        (
            RiskLimit { max_open_orders: Some(1), ..none() },
            RiskLimit { max_open_orders: Some(0), ..none() },
            compared(Reason::MaxOpenOrdersExceeded, "0", "1"),
        ),
    ]
}

fn distances_and_times() -> [Edge; 5] {
    let none = || no_limit("L");
    let needs_a_price = || RiskLimit { price_collar_abs: Some(num("1")), ..none() };
    let rate =
        |max_orders| RiskLimit { max_orders: Some(max_orders), orders_window_ms: Some(1_000), ..none() };
    let bps = compared(Reason::PriceCollarBreached, "101", "0");
    [
        (
            RiskLimit { price_collar_bps: Some(102), ..none() },
            RiskLimit { price_collar_bps: Some(101), ..none() },
            FailedCheck { observed: None, ..bps },
        ),
        (
            needs_a_price(),
            RiskLimit { price_collar_abs: Some(num("0.999999999999999999")), ..none() },
            compared(Reason::PriceCollarBreached, "0.999999999999999999", "1"),
        ),
        (
            RiskLimit { ref_max_age_ms: Some(1), ..needs_a_price() },
            RiskLimit { ref_max_age_ms: Some(0), ..needs_a_price() },
            compared(Reason::ReferencePriceStale, "0", "1"),
        ),
        (
            RiskLimit { max_intent_age_ms: Some(1), ..none() },
            RiskLimit { max_intent_age_ms: Some(0), ..none() },
            compared(Reason::IntentTooOld, "0", "1"),
        ),
        (rate(1), rate(0), compared(Reason::RateLimitExceeded, "0", "1")),
    ]
}

fn edges() -> impl Iterator<Item = Edge> {
    quantities().into_iter().chain(distances_and_times())
}

#[test]
fn each_limit_holds_to_its_edge_wherever_it_is_set() {
    for (equal, passed, due) in edges() {
        for group in GROUPS {
            let claim = format!("{} by {group:?}", due.reason);
            check(&claim, &[placed(group, equal.clone())], order(), &[]);
            check(&claim, &[placed(group, passed.clone())], order(), &[due.by(scope_of(group))]);
        }
    }
}

#[test]
fn no_limit_holds_for_another_account_strategy_or_instrument() {
    use onefill::core::control::LimitScope::{Account, Global, Strategy};
    let elsewhere: [Group; 7] = [
        (Strategy, "A1/S2", "*"),
        (Strategy, "A6/S1", "*"),
        (Strategy, "A1/S1", "NQZ5.CME"),
        (Account, "A6", "*"),
        (Account, "A6", FUTURE),
        (Account, "A1", "NQZ5.CME"),
        (Global, "", "NQZ5.CME"),
    ];
    for (_, passed, due) in edges() {
        for group in elsewhere {
            check(&format!("{} by {group:?}", due.reason), &[placed(group, passed.clone())], order(), &[]);
        }
    }
}

#[test]
fn the_narrowest_limit_that_refuses_is_named() {
    let names = ["L-0", "L-1", "L-2", "L-3", "L-4", "L-5"];
    let numbers = ["9", "8", "7", "6", "5", "4"];
    for narrowest in 0..GROUPS.len() {
        let limits: Vec<_> = (0..GROUPS.len())
            .map(|place| {
                let most = if place < narrowest { "10" } else { numbers[place] };
                placed(GROUPS[place], RiskLimit { max_order_qty: Some(num(most)), ..no_limit(names[place]) })
            })
            .collect();
        let refused = compared(Reason::MaxOrderQtyExceeded, numbers[narrowest], "10");
        check("a walk", &limits, order(), &[refused.by(scope_of(GROUPS[narrowest]))]);
    }
}

#[test]
fn of_several_records_for_one_scope_the_strictest_number_each_counts() {
    for group in GROUPS {
        let limit = |name, quantity, value| {
            let (max_order_qty, max_order_notional) = (Some(num(quantity)), Some(num(value)));
            placed(group, RiskLimit { max_order_qty, max_order_notional, ..no_limit(name) })
        };
        let due = [
            compared(Reason::MaxOrderQtyExceeded, "8", "10").by(scope_of(group)),
            compared(Reason::MaxOrderNotionalExceeded, "100", "50000").by(scope_of(group)),
        ];
        let two = [limit("L-1", "8", "200"), limit("L-2", "9", "100")];
        check("two", &two, order(), &due);
        let [first, second] = two;
        check("two, the other way round", &[second.clone(), first.clone()], order(), &due);
        let lifted = RiskLimit { version: 2, ..placed(group, no_limit("L-1")) };
        let rest = [
            compared(Reason::MaxOrderQtyExceeded, "9", "10").by(scope_of(group)),
            compared(Reason::MaxOrderNotionalExceeded, "100", "50000").by(scope_of(group)),
        ];
        check("one of two is lifted", &[first, second, lifted], order(), &rest);
    }
}

#[test]
fn beside_a_looser_record_for_one_scope_the_stricter_refuses() {
    for (equal, passed, due) in edges() {
        let [loose, strict] = [(equal, "L-1"), (passed, "L-2")]
            .map(|(limit, name)| RiskLimit { limit_id: id(name), ..placed(GROUPS[3], limit) });
        let due = [due.by(scope_of(GROUPS[3]))];
        check("looser first", &[loose.clone(), strict.clone()], order(), &due);
        check("stricter first", &[strict, loose], order(), &due);
    }
    let [reject, allow] = [("L-1", MarketOrders::Reject), ("L-2", MarketOrders::Allow)]
        .map(|(name, says)| RiskLimit { market_orders: Some(says), ..no_limit(name) });
    let market = IntentTerms { order_type: Some(OrderType::Market), price: None, ..order().terms };
    let due = [FailedCheck::plain(Reason::UnsupportedOrder).by(scope_of(GROUPS[5]))];
    for limits in [[reject.clone(), allow.clone()], [allow, reject]] {
        check("REJECT wins", &limits, Intent { terms: market, ..order() }, &due);
    }
}

#[test]
fn a_record_replaces_the_former_one_of_its_name_whole() {
    let narrow = RiskLimit { max_order_qty: Some(num("9")), max_open_orders: Some(0), ..no_limit("L") };
    let next = RiskLimit { version: 2, max_order_qty: None, ..narrow.clone() };
    let few = compared(Reason::MaxOpenOrdersExceeded, "0", "1").by(scope_of(GROUPS[5]));
    check("what the next one does not set is not set", &[narrow.clone(), next], order(), &[few]);
    let elsewhere = RiskLimit { version: 2, ..placed(GROUPS[2], narrow.clone()) };
    let moved = [
        compared(Reason::MaxOrderQtyExceeded, "9", "10").by(scope_of(GROUPS[2])),
        compared(Reason::MaxOpenOrdersExceeded, "0", "1").by(scope_of(GROUPS[2])),
    ];
    check("moved to another scope", &[narrow.clone(), elsewhere], order(), &moved);
    let gone = RiskLimit { version: 2, instrument_id: "NQZ5.CME", ..narrow.clone() };
    check("moved to another instrument", &[narrow, gone], order(), &[]);
}

#[test]
fn a_version_that_is_not_above_changes_nothing() {
    for version in [5, 4, 0, -1, i64::MIN] {
        let mut world = world();
        let held = RiskLimit { version: 5, max_order_qty: Some(num("9")), ..no_limit("L") };
        assert_eq!(world.limit(held), ControlResult::Applied);
        let before = world.ledger.head().limits_version;
        let stale = world.limit(RiskLimit { version, ..no_limit("L") });
        assert_eq!(stale, ControlResult::StaleVersion, "{version}");
        assert_eq!(world.ledger.head().limits_version, before);
        let due = [compared(Reason::MaxOrderQtyExceeded, "9", "10").by(scope_of(GROUPS[5]))];
        assert_eq!(world.refused(order()), due, "{version}");
        assert_eq!(world.limit(RiskLimit { version: 6, ..no_limit("L") }), ControlResult::Applied);
        assert_eq!(world.refused(buy("k-2", "10", "100")), []);
    }
}

#[test]
fn an_account_is_known_while_a_record_of_its_own_names_it() {
    let unknown = [FailedCheck::plain(Reason::UnknownAccount)];
    let template = RiskLimit { limit_id: id("T"), ..placed(GROUPS[5], wide("A1")) };
    let of_strategy = RiskLimit { limit_id: id("S"), ..placed(GROUPS[1], wide("A1")) };
    let moved = |scope_id| RiskLimit { version: 2, scope_id, ..wide("A1") };
    check("moved away", &[moved("A6")], order(), &unknown);
    check("a template alone", &[template.clone(), moved("A6")], order(), &unknown);
    check("a strategy's alone", &[template.clone(), of_strategy, moved("A6")], order(), &unknown);
    let own = RiskLimit { limit_id: id("B"), ..placed(GROUPS[3], no_limit("B")) };
    check("a record that sets nothing", &[template.clone(), own.clone(), moved("A6")], order(), &[]);
    let elsewhere = RiskLimit { instrument_id: "NQZ5.CME", ..own };
    check("a record for another instrument", &[template, elsewhere, moved("A6")], order(), &[]);
    let back = RiskLimit { version: 3, ..wide("A1") };
    check("moved back", &[moved("A6"), back], order(), &[]);
}

/// The limits without which nothing is traded, missing from the account and set elsewhere.
#[test]
fn positions_are_bounded_by_the_account_or_the_template_and_orders_by_anybody() {
    let missing = FailedCheck::plain(Reason::LimitNotConfigured);
    type Lack = fn(&mut RiskLimit<'static>);
    let lacks: [(&str, Lack); 3] = [
        ("max_order_qty", |limit| limit.max_order_qty = None),
        ("max_long_qty", |limit| limit.max_long_qty = None),
        ("max_short_qty", |limit| limit.max_short_qty = None),
    ];
    for (field, lack) in lacks {
        let mut lacking = RiskLimit { version: 2, ..wide("A1") };
        lack(&mut lacking);
        check(field, std::slice::from_ref(&lacking), order(), &[missing]);
        for (place, group) in GROUPS.into_iter().enumerate() {
            let set = RiskLimit { limit_id: id("L"), ..placed(group, wide("A1")) };
            let due = if place < 2 && field != "max_order_qty" { vec![missing] } else { Vec::new() };
            check(&format!("{field} set by {group:?}"), &[lacking.clone(), set], order(), &due);
        }
        let elsewhere = RiskLimit { instrument_id: "NQZ5.CME", limit_id: id("L"), ..wide("A1") };
        check(&format!("{field} of another instrument"), &[lacking, elsewhere], order(), &[missing]);
    }
}

#[test]
fn market_orders_are_refused_where_any_scope_refuses_them() {
    let market = IntentTerms { order_type: Some(OrderType::Market), price: None, ..order().terms };
    let says =
        |limit_id, market_orders| RiskLimit { market_orders: Some(market_orders), ..no_limit(limit_id) };
    for group in GROUPS {
        let refused = [FailedCheck::plain(Reason::UnsupportedOrder).by(scope_of(group))];
        let reject = placed(group, says("L-1", MarketOrders::Reject));
        let market = || Intent { terms: market, ..order() };
        check("refused", std::slice::from_ref(&reject), market(), &refused);
        let allows = GROUPS.map(|group| placed(group, says("L-2", MarketOrders::Allow)));
        for allow in allows {
            check("refused, allowed elsewhere", &[reject.clone(), allow.clone()], market(), &refused);
            check("allowed", &[allow], market(), &[]);
        }
        check("a LIMIT", std::slice::from_ref(&reject), order(), &[]);
        check("a STOP_LIMIT", std::slice::from_ref(&reject), new_intent(), &[]);
        let stop = IntentTerms { order_type: Some(OrderType::Stop), price: None, ..new_intent().terms };
        check("a STOP", &[reject], Intent { terms: stop, ..new_intent() }, &[]);
    }
}
