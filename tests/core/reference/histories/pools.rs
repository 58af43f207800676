//! Small pools of names and numbers, so that things meet.

use onefill::core::control::{InstrumentRecord, InstrumentStatus};
use onefill::core::price::PriceQuality;
use proptest::prelude::*;
use proptest::sample::select;

use crate::records::{id, num};

/// Two of this partition; the third belongs elsewhere.
pub const ACCOUNTS: [&str; 3] = ["A1", "A6", "A2"];
pub const STRATEGIES: [&str; 2] = ["S1", "S2"];
pub const ORDERS: [&str; 8] = ["o-1", "o-2", "o-3", "o-4", "o-5", "o-6", "o-7", "o-8"];
pub const REPORTS: [&str; 8] = ["e-1", "e-2", "e-3", "e-4", "e-5", "e-6", "e-7", "e-8"];
pub const COMMANDS: [&str; 3] = ["c-a", "c-b", "c-c"];
/// The last one has no record.
pub const INSTRUMENTS: [&str; 6] = ["ESZ5.CME", "SHIB.CB", "JPX.OSE", "BTC.CB", "FINE.X", "NO.CME"];
/// How many of them are traded.
pub const TRADED: usize = 5;

/// As it is first recorded.
pub fn instrument(index: usize) -> InstrumentRecord<'static> {
    let (venue, currency, tick, lot, multiplier) = match index {
        0 => ("CME", "USD", "0.25", "1", "50"),
        1 => ("CB", "USD", "0.00000001", "1", "1"),
        2 => ("OSE", "JPY", "5", "100", "0.1"),
        3 => ("CB", "USD", "0.01", "0.00000001", "1"),
        // In money of its own: its decimals beside large prices are more than the router counts.
        4 => ("X", "XTS", "0.000000000000000001", "0.000000000000000001", "0.000000000000000001"),
        _ => ("CME", "USD", "1", "1", "1"),
    };
    InstrumentRecord {
        instrument_id: id(INSTRUMENTS[index]),
        venue: id(venue),
        currency: id(currency),
        tick_size: num(tick),
        lot_size: num(lot),
        min_qty: None,
        max_qty: None,
        min_notional: None,
        contract_multiplier: num(multiplier),
        allow_negative_price: index == 2,
        status: InstrumentStatus::Trading,
        version: 1,
    }
}

/// Whole lots, as an order of the instrument may have.
pub fn good_quantity(index: usize) -> impl Strategy<Value = &'static str> {
    select(match index {
        1 => &["1", "1000000", "2000000000.000", "500000000000", "1000000000000"][..],
        2 => &["100", "200", "300", "1000"][..],
        3 => &["0.00000001", "0.5", "1.25", "2", "92233720368.54775807"][..],
        4 => &["0.000000000000000001", "0.5", "1", "9.223372036854775807"][..],
        _ => &["1", "2", "3", "5", "10", "40"][..],
    })
}

pub fn odd_quantity() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "0",
            "-1",
            "0.5",
            "9223372036854775807",
            "9223372036854775800",
            "4611686018427387904",
            "9223372036854775808",
            "922337203685477580700",
            "922337203685477580800",
            "99999999999999999999",
            "100000000000000000000",
            "0.000000000000000001",
            "1.0000000000000000001",
            "-100000000000000000000",
        ][..],
    )
}

/// On a tick, near the reference prices.
pub fn good_tick(index: usize) -> impl Strategy<Value = &'static str> {
    select(match index {
        1 => &["0.00001", "0.00001001", "0.0000099", "0.00001100", "0.00002"][..],
        2 => &["1000", "1005", "1010", "990", "-5", "0"][..],
        3 => &["60000", "60000.01", "59999.99", "66000", "0.01"][..],
        4 => &["0.000000000000000001", "1", "1.000000000000000001", "9.223372036854775807"][..],
        _ => &["100", "100.25", "99.75", "101", "102.50", "110"][..],
    })
}

pub fn odd_tick() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "100.1",
            "0.000000001",
            "0",
            "-1",
            "-5",
            "0.25",
            "2305843009213693951.75",
            "2305843009213693952",
            "92233720368.54775807",
            "92233720368.54775808",
            "99999999999999999999.999999999999999999",
            "100000000000000000000",
        ][..],
    )
}

pub fn good_price(index: usize) -> impl Strategy<Value = &'static str> {
    select(match index {
        1 => &["0.00001", "0.0000100123", "0.0000101"][..],
        2 => &["1000", "1002.5", "995", "-20", "0"][..],
        3 => &["60000", "60000.000000000000000001", "59990.5"][..],
        4 => &["1", "0.999999999999999999", "1.01"][..],
        _ => &["100", "100.1", "99.123456789012345678", "101"][..],
    })
}

pub fn odd_price(_: usize) -> impl Strategy<Value = &'static str> {
    select(
        &[
            "0",
            "-5",
            "0.000000000000000001",
            "100000000000000000000",
            "99999999999999999999.999999999999999999",
        ][..],
    )
}

pub fn quality() -> impl Strategy<Value = PriceQuality> {
    prop_oneof![4 => Just(PriceQuality::Good), 1 => select(PriceQuality::ALL)]
}

/// Of this partition, but for a few.
pub fn account() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => Just(ACCOUNTS[0]), 12 => Just(ACCOUNTS[1]), 1 => Just(ACCOUNTS[2])]
}

pub fn strategy() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(STRATEGIES[0]), 1 => Just(STRATEGIES[1])]
}

pub fn instrument_index() -> impl Strategy<Value = usize> {
    prop_oneof![30 => Just(0_usize), 12 => Just(1_usize), 12 => Just(2_usize), 8 => Just(3_usize), 4 => Just(4_usize), 1 => Just(5_usize)]
}
