//! Random histories: what a few strategies, a venue, a feed and an operator may send, again and again.
//!
//! A history is a list of [plans](plans). A plan says "a fill of the third open order"; which one that
//! is, and who holds the state that a RESUME names, is looked up in the model when its turn comes, so
//! that most of what is sent has an effect. [`happen`] does that.

mod control;
mod intents;
mod limits;
mod plans;
mod play;
mod pools;
mod reports;

use onefill::core::settings::Settings;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use plans::{PricePlan, Round};

pub use plans::History;
pub use play::{Act, Turn, happen};

/// Histories of a few dozen records.
pub fn histories() -> impl Strategy<Value = History> {
    let wildness = prop_oneof![4 => Just(0_u32), 4 => Just(1_u32), 1 => Just(8_u32)];
    wildness.prop_flat_map(|wild| {
        (settings(), control::setup(), vec(round(wild), 4..24)).prop_map(|(settings, setup, rounds)| {
            let first = Round { opens: Some(settings), control: setup, ..Round::default() };
            History { rounds: [first].into_iter().chain(rounds).collect() }
        })
    })
}

/// Mostly as they are by default; 0 is no bound for an age.
fn settings() -> impl Strategy<Value = Settings> {
    let age = || prop::sample::select(&[0, 1, 1_000, 60_000][..]);
    let other = (age(), age(), age()).prop_map(|(max_intent_age_ms, skew_ms, ref_max_age_ms)| Settings {
        max_intent_age_ms,
        skew_ms,
        ref_max_age_ms,
    });
    prop_oneof![4 => Just(Settings::default()), 1 => other]
}

/// One batch, after some time.
fn round(wild: u32) -> impl Strategy<Value = Round> {
    let (discarded, opens) = (prop::bool::weighted(0.1), option::weighted(0.03, settings()));
    let owed_max = prop_oneof![1 => Just(0_usize), 2 => Just(1_usize), 6 => Just(100_usize)];
    (
        (advance(), prices(), discarded, owed_max, opens),
        vec(control::plan(wild), 0..3),
        prop::bool::weighted(0.7),
        vec(reports::plan(wild), 0..4),
        vec(intents::plan(wild), 0..8),
    )
        .prop_map(|((advance, prices, discarded, owed_max, opens), control, calm, reports, intents)| {
            Round { opens, advance, prices, control, calm, reports, owed_max, intents, discarded }
        })
}

/// Nanoseconds: none, some milliseconds, seconds, hours; and back.
fn advance() -> impl Strategy<Value = i64> {
    const MS: i64 = 1_000_000;
    prop_oneof![
        2 => Just(0_i64),
        4 => 0..50 * MS,
        3 => (0..6_i64).prop_map(|tens| tens * 10 * MS),
        2 => (0..50_i64).prop_map(|tenths| tenths * 100 * MS),
        1 => 2_000 * MS..9_000 * MS,
        1 => (1..8_i64).prop_map(|quarters| quarters * 900_000 * MS),
        1 => -2_000 * MS..0_i64,
    ]
}

/// All of them fresh, or some of any kind.
fn prices() -> impl Strategy<Value = Vec<PricePlan>> {
    let fresh = |index: usize| {
        pools::good_price(index).prop_map(move |price| PricePlan { price, ..PricePlan::fresh(index) })
    };
    prop_oneof![
        6 => [fresh(0), fresh(1), fresh(2), fresh(3), fresh(4)].prop_map(Vec::from),
        3 => vec(price(), 0..3),
    ]
}

fn price() -> impl Strategy<Value = PricePlan> {
    const MS: i64 = 1_000_000;
    let age = prop_oneof![
        5 => 0..1_000 * MS,
        2 => prop::sample::select(&[2_000 * MS, 2_000 * MS + 1, 500 * MS, 0, 3_600_000 * MS][..]),
        2 => prop::sample::select(&[-1_000 * MS, -1_000 * MS - 1, -1][..]),
    ];
    (0..pools::INSTRUMENTS.len(), age).prop_flat_map(|(index, age)| {
        let price = prop_oneof![3 => pools::good_price(index), 1 => pools::odd_price(index)];
        (price, pools::quality()).prop_map(move |(price, quality)| PricePlan { index, price, age, quality })
    })
}
