//! Checks 15 and 16: not sent twice by mistake, and not too fast.

use onefill::core::control::{ControlRecord, RiskLimit, Scope};
use onefill::core::execution::ExecType;
use onefill::core::intent::{Intent, IntentTerms, OrderType, Side, TimeInForce};
use onefill::core::time::Time;
use onefill::core::verdict::{FailedCheck, Reason};

use crate::records::{
    GROUPS, Group, at_ms, buy, cancel, instrument, no_limit, on, placed, replace, scope_of,
};
use crate::world::{World, at, compared, execution, failed, id, new_intent, num, ruling};

const HOUR_MS: i64 = 3_600_000;

fn window(dup_window_ms: i64) -> RiskLimit<'static> {
    RiskLimit { dup_window_ms: Some(dup_window_ms), ..no_limit("dup") }
}

fn suspected(limit: &'static str, observed: &'static str) -> Vec<FailedCheck> {
    vec![compared(Reason::DuplicateOrderSuspected, limit, observed).by(Scope::Global)]
}

/// An order beside the one of [`new_intent`], with the same terms.
fn alike(key: &'static str) -> Intent<'static> {
    Intent { intent_id: id(key), client_order_id: id(key), ..new_intent() }
}

#[test]
fn an_equal_order_is_suspected_until_its_window_has_passed() {
    for (millis, before, after) in [(1_000, "999.999999", "1000"), (1, "0.999999", "1")] {
        let mut world = World::new();
        world.limit(window(millis));
        world.accept(new_intent());
        assert_eq!(world.refused(alike("k-2")), suspected(after, "0"));
        let edge = at_ms(millis);
        assert_eq!(world.refused_at(Time(edge.0 - 1), alike("k-3")), suspected(after, before));
        assert_eq!(world.refused_at(edge, alike("k-4")), [], "a window old");
        assert_eq!(world.refused(alike("k-5")), suspected(after, "0"), "the last one counts");
    }
}

#[test]
fn acceptances_are_remembered_for_an_hour_for_windows_set_later() {
    for (age, due) in [(HOUR_MS - 1, suspected("3600000", "3599999")), (HOUR_MS, Vec::new())] {
        let mut world = World::new();
        world.accept(new_intent());
        world.clock = at_ms(HOUR_MS - 1);
        world.limit(window(HOUR_MS));
        assert_eq!(world.refused_at(at_ms(age), alike("k-2")), due);
    }
}

#[test]
fn nothing_is_suspected_where_no_window_is_set() {
    for limit in [no_limit("dup"), window(0), RiskLimit { instrument_id: "NQZ5.CME", ..window(1_000) }] {
        let mut world = World::new();
        world.limit(limit);
        world.accept(new_intent());
        assert_eq!(world.refused(alike("k-2")), []);
    }
}

/// What differs, and whether the order is still one like the other.
#[test]
fn an_order_is_equal_by_account_instrument_side_type_quantity_and_prices() {
    type Change = fn(&mut Intent<'static>);
    let changes: [(&str, Change, bool); 13] = [
        ("account", |it| it.account_id = id("A6"), false),
        ("instrument", |it| it.instrument_id = id("NQZ5.CME"), false),
        ("side", |it| it.terms.side = Some(Side::Sell), false),
        ("type", |it| (it.terms.order_type, it.terms.trigger_price) = (Some(OrderType::Limit), None), false),
        ("quantity", |it| it.terms.order_qty = Some(num("11")), false),
        ("price", |it| it.terms.price = Some(num("100.25")), false),
        ("trigger", |it| it.terms.trigger_price = Some(num("99.75")), false),
        ("quantity, written otherwise", |it| it.terms.order_qty = Some(num("10.000")), true),
        ("price, written otherwise", |it| it.terms.price = Some(num("100.0")), true),
        ("strategy", |it| it.strategy_id = id("S2"), true),
        ("life", |it| it.terms.time_in_force = Some(TimeInForce::Gtc), true),
        ("post-only", |it| it.terms.post_only = true, true),
        ("expiry", |it| it.expires_at = Some(at(1)), true),
    ];
    for (claim, change, equal) in changes {
        let mut world = World::new();
        world.control(Ok(ControlRecord::Instrument(instrument("NQZ5.CME"))));
        world.limit(window(1_000));
        world.accept(new_intent());
        let mut other = alike("k-2");
        change(&mut other);
        assert_eq!(world.refused(other), if equal { suspected("1000", "0") } else { Vec::new() }, "{claim}");
    }
}

#[test]
fn only_what_was_accepted_as_a_new_makes_another_suspect() {
    let mut world = World::new();
    world.limit(window(1_000));
    world.intent(Intent { expires_at: Some(at(0)), ..alike("k-1") });
    world.accept(Intent {
        terms: IntentTerms { order_qty: Some(num("11")), ..new_intent().terms },
        ..alike("k-2")
    });
    let terms = IntentTerms { order_qty: Some(num("10")), ..IntentTerms::default() };
    world.accept(Intent { terms, ..replace("k-3", "k-2", "10") });
    assert_eq!(world.refused(alike("k-4")), [], "a rejected one and a replaced one");
    world.accept(cancel("k-5", "k-4"));
    assert_eq!(world.refused(alike("k-6")), suspected("1000", "0"), "a cancel takes nothing back");
}

#[test]
fn a_batch_sees_its_own_orders_and_none_of_a_discarded_one() {
    let mut world = World::new();
    world.limit(window(1_000));
    let refused = world.refused_together(["k-1", "k-2"].map(alike));
    assert_eq!(refused, [vec![], suspected("1000", "0")]);
}

#[test]
fn the_largest_window_wins_and_the_narrowest_that_refuses_is_named() {
    let limits = [("L-1", GROUPS[0], 500), ("L-2", GROUPS[3], 2_000), ("L-3", GROUPS[5], 1_000)];
    for (age, limit, observed, scope) in [
        (499, "500", "499", Scope::Strategy),
        (500, "2000", "500", Scope::Account),
        (1_999, "2000", "1999", Scope::Account),
    ] {
        let mut world = World::new();
        for (limit_id, group, dup_window_ms) in limits {
            let dup_window_ms = Some(dup_window_ms);
            world.limit(placed(group, RiskLimit { dup_window_ms, ..no_limit(limit_id) }));
        }
        world.accept(new_intent());
        let due = compared(Reason::DuplicateOrderSuspected, limit, observed).by(scope);
        assert_eq!(world.refused_at(at_ms(age), alike("k-2")), [due]);
    }
}

#[test]
fn of_two_windows_for_one_scope_the_longer_counts() {
    for windows in [[500, 2_000], [2_000, 500]] {
        let mut world = World::new();
        for (limit_id, millis) in ["L-1", "L-2"].into_iter().zip(windows) {
            world.limit(RiskLimit { limit_id: id(limit_id), ..window(millis) });
        }
        world.accept(new_intent());
        assert_eq!(world.refused_at(at_ms(100), alike("k-2")), suspected("2000", "100"));
        assert_eq!(world.refused_at(at_ms(1_999), alike("k-3")), suspected("2000", "1999"));
    }
}

fn rate(max_orders: i64, orders_window_ms: i64) -> RiskLimit<'static> {
    let (max_orders, orders_window_ms) = (Some(max_orders), Some(orders_window_ms));
    RiskLimit { max_orders, orders_window_ms, ..no_limit("rate") }
}

fn too_fast(limit: &'static str, observed: &'static str) -> Vec<FailedCheck> {
    vec![compared(Reason::RateLimitExceeded, limit, observed).by(Scope::Global)]
}

#[test]
fn an_acceptance_leaves_the_window_when_it_is_one_window_old() {
    for window_ms in [1_000, HOUR_MS] {
        let mut world = World::new();
        world.limit(rate(2, window_ms));
        world.accept(buy("k-1", "10", "100"));
        assert_eq!(world.refused_at(at_ms(400), buy("k-2", "10", "100")), []);
        let edge = at_ms(window_ms);
        assert_eq!(world.refused_at(Time(edge.0 - 1), buy("k-3", "10", "100")), too_fast("2", "3"));
        assert_eq!(world.refused_at(edge, buy("k-4", "10", "100")), [], "the first has left");
        assert_eq!(world.refused_at(edge, buy("k-5", "10", "100")), too_fast("2", "3"), "the second has not");
    }
}

#[test]
fn accepted_new_and_replace_use_tokens_and_nothing_else() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.accept(replace("k-2", "k-1", "11"));
    world.report(on("k-1", execution(ExecType::ReplaceRejected, "e-1")));
    world.intent(buy("k-1", "10", "100"));
    world.intent(buy("k-3", "1", "100"));
    world.accept(cancel("k-4", "k-1"));
    world.accept(cancel("k-5", "k-1"));
    world.accept(buy("k-6", "10", "100"));
    world.accept(replace("k-7", "k-6", "0"));
    for (max_orders, due) in [(4, Vec::new()), (3, too_fast("3", "4"))] {
        world.limit(RiskLimit { version: 10 - max_orders, ..rate(max_orders, 1_000) });
        let arrival = world.arrival_of(buy("k-8", "10", "100"));
        let entries = world.discard(&[arrival]);
        assert_eq!(failed(&ruling(entries[0].clone())), due, "{max_orders}");
    }
}

#[test]
fn a_replace_is_throttled_and_no_cancel_is() {
    let mut world = World::new();
    world.accept(buy("k-1", "10", "100"));
    world.limit(rate(0, HOUR_MS));
    assert_eq!(world.refused(replace("k-2", "k-1", "9")), too_fast("0", "2"));
    assert_eq!(world.refused(cancel("k-3", "k-1")), []);
}

#[test]
fn each_pair_is_checked_for_itself() {
    let pair = |limit_id, group, max, window| {
        placed(group, RiskLimit { limit_id: id(limit_id), ..rate(max, window) })
    };
    for groups in [[GROUPS[3], GROUPS[3]], [GROUPS[0], GROUPS[5]], [GROUPS[5], GROUPS[0]]] {
        let mut world = World::new();
        world.limit(pair("burst", groups[0], 1, 10));
        world.limit(pair("steady", groups[1], 2, 1_000));
        let by = |group: Group, limit, observed| {
            [compared(Reason::RateLimitExceeded, limit, observed).by(scope_of(group))]
        };
        assert_eq!(world.refused(buy("k-1", "10", "100")), []);
        assert_eq!(world.refused(buy("k-2", "10", "100")), by(groups[0], "1", "2"));
        assert_eq!(world.refused_at(at_ms(10), buy("k-3", "10", "100")), []);
        assert_eq!(world.refused_at(at_ms(20), buy("k-4", "10", "100")), by(groups[1], "2", "3"));
        assert_eq!(world.refused_at(at_ms(1_000), buy("k-5", "10", "100")), []);
    }
}

#[test]
fn a_batch_counts_its_own_acceptances() {
    let mut world = World::new();
    world.limit(rate(2, 1_000));
    let refused = world.refused_together(["k-1", "k-2", "k-3"].map(|key| buy(key, "10", "100")));
    assert_eq!(refused, [vec![], vec![], too_fast("2", "3")]);
}
