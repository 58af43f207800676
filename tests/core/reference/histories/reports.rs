//! What venues send.

use onefill::core::execution::ExecType;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::plans::{Delivery, FreshReport, Quantity, Refers, ReportPlan, Resent, Target};
use super::pools;

pub fn plan(wild: u32) -> impl Strategy<Value = ReportPlan> {
    let how = prop_oneof![8 => Just(Resent::AsItWas), 1 => Just(Resent::Later), 1 => Just(Resent::Reworded)];
    let again = (0..64_usize, how);
    prop_oneof![
        16 => fresh(wild).prop_map(|fresh| ReportPlan::Fresh(Box::new(fresh))),
        1 => again.prop_map(|(pick, how)| ReportPlan::Again { pick, how }),
    ]
}

fn fresh(wild: u32) -> impl Strategy<Value = FreshReport> {
    let kind = prop_oneof![
        8 => Just(ExecType::Trade),
        2 => Just(ExecType::TradeCancel),
        2 => Just(ExecType::TradeCorrect),
        4 => Just(ExecType::Replaced),
        3 => select(&[ExecType::CancelRejected, ExecType::ReplaceRejected][..]),
        7 => select(ExecType::ALL),
    ];
    let target = prop_oneof![
        20 => (0..16_usize).prop_map(Target::Open),
        4 => (0..16_usize).prop_map(Target::Known),
        1 => select(&pools::ORDERS[..]).prop_map(Target::Named),
        1 => Just(Target::Nothing),
    ];
    let whose = (prop::bool::weighted(0.97), pools::account(), pools::instrument_index(), any::<bool>());
    let exec_id = option::weighted(0.15, select(&pools::REPORTS[..]));
    let refers = prop_oneof![
        10 => (0..64_usize).prop_map(Refers::Trade),
        2 => (0..64_usize).prop_map(Refers::Sent),
        1 => select(&pools::REPORTS[..]).prop_map(Refers::Named),
    ];
    let quantities = (quantity(wild), total(wild), option::weighted(0.3, total(wild)));
    let code = select(&[None, Some(0), Some(0), Some(1)][..]);
    let spoken = option::weighted(0.1, quantity(1));
    let lacks = prop::bool::weighted(0.01);
    let venue = prop_oneof![12 => Just("CME"), 1 => Just("ICE")];
    ((venue, kind), target, whose, exec_id, refers, quantities, (code, spoken, lacks, delivery())).prop_map(
        |(
            (venue, exec_type),
            target,
            whose,
            exec_id,
            refers,
            quantities,
            (reject_code, cum_qty, lacks, delivery),
        )| {
            let (true_to_order, account, instrument, sells) = whose;
            let (last_qty, total, leaves) = quantities;
            FreshReport {
                venue,
                exec_type,
                target,
                true_to_order,
                account,
                instrument,
                sells,
                exec_id,
                refers,
                last_qty,
                total,
                leaves,
                reject_code,
                cum_qty,
                lacks,
                delivery,
            }
        },
    )
}

fn quantity(wild: u32) -> impl Strategy<Value = Quantity> {
    prop_oneof![
        20 => (1..5_i64).prop_map(Quantity::Lots),
        15 => Just(Quantity::Reserved),
        3 => (0..50_i64).prop_map(Quantity::Lots),
        wild => pools::odd_quantity().prop_map(Quantity::Text),
        1 => Just(Quantity::Text("0.5")),
    ]
}

fn total(wild: u32) -> impl Strategy<Value = Quantity> {
    prop_oneof![
        20 => Just(Quantity::Total),
        10 => (0..20_i64).prop_map(Quantity::Lots),
        wild => pools::odd_quantity().prop_map(Quantity::Text),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        300 => Just(Delivery::Right),
        1 => Just(Delivery::OtherKey),
        1 => Just(Delivery::OddKey),
        1 => Just(Delivery::NoKey),
        1 => Just(Delivery::Malformed),
    ]
}
