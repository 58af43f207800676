//! What strategies send.

use onefill::core::intent::{IntentTerms, IntentType, OrderType, Side, TimeInForce};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::plans::{Again, Delivery, FreshIntent, IntentPlan, Target};
use super::pools;
use crate::records::num;

const SECOND: i64 = 1_000_000_000;

pub fn plan(wild: u32) -> impl Strategy<Value = IntentPlan> {
    let how = select(&[Again::AsItWas, Again::Changed, Again::UnderAnotherKey, Again::UnderAnotherKey][..]);
    let again = (0..64_usize, how);
    prop_oneof![
        12 => fresh(wild).prop_map(|fresh| IntentPlan::Fresh(Box::new(fresh))),
        2 => again.prop_map(|(pick, how)| IntentPlan::Again { pick, how }),
    ]
}

fn fresh(wild: u32) -> impl Strategy<Value = FreshIntent> {
    let kind = prop_oneof![
        6 => Just(IntentType::New),
        1 => Just(IntentType::Cancel),
        5 => Just(IntentType::Replace),
    ];
    (kind, pools::instrument_index(), pools::account(), pools::strategy()).prop_flat_map(
        move |(intent_type, instrument, account, strategy)| {
            let terms = match intent_type {
                IntentType::New => new_terms(instrument, wild).boxed(),
                IntentType::Cancel => Just(IntentTerms::default()).boxed(),
                IntentType::Replace => new_prices(instrument, wild).boxed(),
            };
            (target(intent_type), times(), terms, delivery()).prop_map(
                move |(target, (age, expires), terms, delivery)| FreshIntent {
                    intent_type,
                    account,
                    strategy,
                    instrument,
                    target,
                    age,
                    expires,
                    terms,
                    delivery,
                },
            )
        },
    )
}

fn target(intent_type: IntentType) -> impl Strategy<Value = Target> {
    let named = select(&pools::ORDERS[..]).prop_map(Target::Named);
    match intent_type {
        // A name that is free, but for a few.
        IntentType::New => prop_oneof![12 => Just(Target::Nothing), 1 => named].boxed(),
        IntentType::Cancel | IntentType::Replace => prop_oneof![
            16 => (0..16_usize).prop_map(Target::Open),
            2 => (0..16_usize).prop_map(Target::Known),
            1 => named,
        ]
        .boxed(),
    }
}

/// The age at arrival, and how long it may still be routed.
fn times() -> impl Strategy<Value = (i64, Option<i64>)> {
    let edges = [-SECOND, -SECOND - 1, 5 * SECOND, 5 * SECOND + 1, SECOND, i64::MAX / 2, i64::MIN / 2];
    let age = prop_oneof![50 => 0..SECOND / 2, 3 => select(edges.to_vec()), 1 => 0..20 * SECOND];
    let expires = prop_oneof![9 => 1..SECOND, 1 => select(&[0, -1, 1, -SECOND][..])];
    (age, option::weighted(0.1, expires))
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        150 => Just(Delivery::Right),
        1 => Just(Delivery::OtherKey),
        1 => Just(Delivery::OddKey),
        1 => Just(Delivery::NoKey),
        1 => Just(Delivery::Malformed),
    ]
}

fn quantity(index: usize, wild: u32) -> impl Strategy<Value = &'static str> {
    prop_oneof![40 => pools::good_quantity(index), wild + 1 => pools::odd_quantity()]
}

fn tick(index: usize, wild: u32) -> impl Strategy<Value = &'static str> {
    prop_oneof![40 => pools::good_tick(index), wild => pools::odd_tick(), 1 => pools::odd_tick()]
}

fn new_terms(index: usize, wild: u32) -> impl Strategy<Value = IntentTerms<'static>> {
    let order_type = prop_oneof![
        8 => Just(OrderType::Limit),
        3 => Just(OrderType::Market),
        2 => Just(OrderType::Stop),
        2 => Just(OrderType::StopLimit),
    ];
    let life = prop_oneof![4 => Just(TimeInForce::Day), 2 => select(TimeInForce::ALL)];
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.15));
    let numbers = (quantity(index, wild), tick(index, wild), tick(index, wild));
    let side = select(Side::ALL);
    (side, order_type, life, flags, numbers, prop::bool::weighted(0.03)).prop_map(
        |(side, order_type, life, (post_only, reduce_only), (qty, price, trigger), odd)| IntentTerms {
            side: Some(side),
            order_type: Some(order_type),
            order_qty: Some(num(qty)),
            price: (order_type.has_price() != odd).then(|| num(price)),
            trigger_price: order_type.has_trigger().then(|| num(trigger)),
            time_in_force: Some(life),
            expire_time: (life == TimeInForce::Gtd).then(|| crate::records::at(3_600 * SECOND)),
            post_only,
            reduce_only,
        },
    )
}

/// Of a REPLACE: a quantity, prices, or both; seldom what cannot change.
fn new_prices(index: usize, wild: u32) -> impl Strategy<Value = IntentTerms<'static>> {
    let numbers = (
        option::weighted(0.7, quantity(index, wild)),
        option::weighted(0.5, tick(index, wild)),
        option::weighted(0.1, tick(index, wild)),
    );
    let odd = (option::weighted(0.05, select(Side::ALL)), option::weighted(0.03, select(OrderType::ALL)));
    let life = option::weighted(0.02, select(TimeInForce::ALL));
    (numbers, odd, life).prop_map(|((qty, price, trigger), (side, order_type), time_in_force)| {
        let nothing = qty.is_none() && price.is_none() && trigger.is_none();
        IntentTerms {
            side,
            order_type,
            time_in_force,
            order_qty: if nothing { Some(num("3")) } else { qty.map(num) },
            price: price.map(num),
            trigger_price: trigger.map(num),
            ..IntentTerms::default()
        }
    })
}
