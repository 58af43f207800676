//! Both sides of each edge: what equals a bound passes.

use onefill::core::control::ControlRecord;
use onefill::core::intent::{IntentTerms, OrderType, TimeInForce};
use onefill::core::settings::Settings;
use onefill::core::time::Time;
use onefill::core::verdict::Reason;

use crate::ladder::Situation;
use crate::records::{adjust, wide};
use crate::world::{FUTURE, NOW, World, at, future, new_intent, num, opening};

const SECOND: i64 = 1_000_000_000;

/// What a NEW is refused for, with this one change.
fn check(claim: &str, change: impl FnOnce(&mut Situation), due: Option<Reason>) {
    let mut situation = Situation::of(World::new(), new_intent());
    situation.world.price(FUTURE, "100");
    change(&mut situation);
    let reasons: Vec<Reason> = situation.refused().iter().map(|check| check.reason).collect();
    assert_eq!(reasons, Vec::from_iter(due), "{claim}");
}

#[test]
fn times_equal_to_their_bound_pass_but_an_expiry() {
    let created = |claim, offset, due| check(claim, |it| it.intent.created_at = at(offset), due);
    created("as far ahead as the skew allows", SECOND, None);
    created("a nanosecond further", SECOND + 1, Some(Reason::TimestampInFuture));
    created("as old as allowed", -5 * SECOND, None);
    created("a nanosecond older", -5 * SECOND - 1, Some(Reason::IntentTooOld));
    let expires = |claim, offset, due| check(claim, |it| it.intent.expires_at = Some(at(offset)), due);
    expires("a nanosecond left", 1, None);
    expires("no time left", 0, Some(Reason::IntentExpired));
    expires("gone", -1, Some(Reason::IntentExpired));
}

#[test]
fn times_at_the_ends_of_the_range_are_only_early_or_late() {
    for (created_at, expires_at, due) in [
        (Time(i64::MIN), None, Some(Reason::IntentTooOld)),
        (Time(i64::MAX), None, Some(Reason::TimestampInFuture)),
        (NOW, Some(Time(i64::MAX)), None),
        (NOW, Some(Time(i64::MIN)), Some(Reason::IntentExpired)),
    ] {
        check(
            "an end of the range",
            |it| (it.intent.created_at, it.intent.expires_at) = (created_at, expires_at),
            due,
        );
    }
    for clock in [Time(i64::MIN), Time(0), Time(i64::MAX)] {
        let mut world = World::unopened();
        world.clock = clock;
        world.open(opening(Settings::default()));
        world.control(Ok(ControlRecord::Instrument(future())));
        world.limit(wide("A1"));
        let mut situation = Situation::of(world, new_intent());
        situation.intent.created_at = clock;
        assert_eq!(situation.refused(), [], "{clock:?}");
    }
}

#[test]
fn an_age_of_0_is_no_bound() {
    let mut world = World::with_settings(Settings { max_intent_age_ms: 0, ..Settings::default() });
    world.control(Ok(ControlRecord::Instrument(future())));
    let mut situation = Situation::of(world, new_intent());
    situation.intent.created_at = Time(i64::MIN);
    assert_eq!(situation.refused(), []);
}

#[test]
fn a_skew_of_0_allows_none() {
    for (ahead, due) in [(0, None), (1, Some(Reason::TimestampInFuture))] {
        let mut world = World::with_settings(Settings { skew_ms: 0, ..Settings::default() });
        world.control(Ok(ControlRecord::Instrument(future())));
        let mut situation = Situation::of(world, new_intent());
        situation.intent.created_at = at(ahead);
        let reason = situation.refused().first().map(|check| check.reason);
        assert_eq!(reason, due);
    }
}

#[test]
fn amounts_equal_to_their_bound_pass() {
    let quantity = |text, due| check(text, |it| it.terms().order_qty = Some(num(text)), due);
    quantity("2", None);
    quantity("2.000", None);
    quantity("1", Some(Reason::InvalidQuantity));
    quantity("100", None);
    quantity("101", Some(Reason::InvalidQuantity));
    quantity("0.000000000000000001", Some(Reason::InvalidQuantityIncrement));
    quantity("-10", Some(Reason::InvalidQuantity));
    let price = |text, due| check(text, |it| it.terms().price = Some(num(text)), due);
    price("0.25", Some(Reason::MinNotional));
    price("0.2500", Some(Reason::MinNotional));
    price("0.26", Some(Reason::InvalidPriceIncrement));
    price("1.75", Some(Reason::MinNotional));
    price("2", None);
    price("-0.25", Some(Reason::InvalidPrice));
}

#[test]
fn the_smallest_value_is_asked_only_of_orders_with_a_price_that_may_increase() {
    check("cheap", |it| it.terms().price = Some(num("0.25")), Some(Reason::MinNotional));
    let reducing = |it: &mut Situation| {
        it.terms().price = Some(num("0.25"));
        it.terms().reduce_only = true;
        it.world.command(adjust("short", "-10"));
    };
    check("cheap, but reduce-only", reducing, None);
    let beside_an_overflow = |it: &mut Situation| {
        it.terms().price = Some(num("0.25"));
        it.terms().trigger_price = Some(num("99999999999999999999"));
    };
    check("cheap, with a trigger of too many ticks", beside_an_overflow, Some(Reason::MinNotional));
    let stop = |it: &mut Situation| {
        let (order_type, trigger_price) = (Some(OrderType::Stop), Some(num("0.25")));
        *it.terms() = IntentTerms { order_type, trigger_price, price: None, ..*it.terms() };
    };
    check("a STOP has no price", stop, None);
}

#[test]
fn a_new_without_side_type_life_or_quantity_is_refused() {
    let lacks =
        |claim, lack: fn(&mut IntentTerms<'static>), due| check(claim, |it| lack(it.terms()), Some(due));
    lacks("side", |terms| terms.side = None, Reason::UnsupportedOrder);
    lacks("order_type", |terms| terms.order_type = None, Reason::UnsupportedOrder);
    lacks("time_in_force", |terms| terms.time_in_force = None, Reason::UnsupportedOrder);
    lacks("order_qty", |terms| terms.order_qty = None, Reason::InvalidQuantity);
}

/// Price, trigger and end of life, each present or not, of every type and life.
#[test]
fn an_order_has_exactly_the_fields_of_its_type_and_life() {
    for order_type in OrderType::ALL {
        for time_in_force in TimeInForce::ALL {
            for (price, trigger, end) in (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0)) {
                let terms = IntentTerms {
                    order_type: Some(*order_type),
                    time_in_force: Some(*time_in_force),
                    price: price.then(|| num("100")),
                    trigger_price: trigger.then(|| num("99.5")),
                    expire_time: end.then(|| at(SECOND)),
                    ..new_intent().terms
                };
                let fits = price == matches!(order_type, OrderType::Limit | OrderType::StopLimit)
                    && trigger == matches!(order_type, OrderType::Stop | OrderType::StopLimit)
                    && end == (*time_in_force == TimeInForce::Gtd);
                let due = (!fits).then_some(Reason::UnsupportedOrder);
                check(&format!("{terms:?}"), |it| *it.terms() = terms, due);
            }
        }
    }
}
