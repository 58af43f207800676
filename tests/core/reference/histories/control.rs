//! What operators send.

use onefill::core::control::{CommandType, InstrumentStatus, Scope};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::limits::{base, limit};
use super::plans::{CommandPlan, ControlPlan, InstrumentChange, Quantity, Target};
use super::pools;

/// Instruments and limits, most of what is needed to trade, and some more limits.
pub fn setup() -> impl Strategy<Value = Vec<ControlPlan>> {
    let there = || prop::bool::weighted(0.97);
    let change = || prop_oneof![8 => Just(InstrumentChange::None), 1 => Just(InstrumentChange::Bounded)];
    let instruments = ([there(), there(), there(), there(), there()], change());
    let bases = ((there(), base("A1")), (there(), base("A6")));
    (instruments, bases, vec(limit(), 0..4)).prop_map(|(instruments, (one, other), limits)| {
        let (known, change) = instruments;
        let status = InstrumentStatus::Trading;
        let known = known.into_iter().enumerate().filter(|(_, there)| *there);
        let mut plans: Vec<ControlPlan> =
            known.map(|(index, _)| ControlPlan::Instrument { index, newer: true, status, change }).collect();
        let bases = [one, other].into_iter().filter(|(there, _)| *there).map(|(_, limit)| limit);
        plans.extend(
            bases.chain(limits).map(|limit| ControlPlan::Limit { newer: true, limit: Box::new(limit) }),
        );
        plans
    })
}

pub fn plan(wild: u32) -> impl Strategy<Value = ControlPlan> {
    let newer = || prop::bool::weighted(0.9);
    let loosen = prop_oneof![3 => Just(CommandType::Resume), 2 => Just(CommandType::Reduce)];
    prop_oneof![
        3 => (newer(), limit()).prop_map(|(newer, limit)| ControlPlan::Limit { newer, limit: Box::new(limit) }),
        1 => prop_oneof![base("A1"), base("A6")]
            .prop_map(|limit| ControlPlan::Limit { newer: true, limit: Box::new(limit) }),
        1 => instrument(newer()),
        4 => command(wild).prop_map(|command| ControlPlan::Command(Box::new(command))),
        2 => (0..8_usize, loosen, any::<bool>())
            .prop_map(|(pick, command, cancels)| ControlPlan::Loosen { pick, command, cancels }),
        wild / 8 => Just(ControlPlan::Unreadable),
    ]
}

fn instrument(newer: impl Strategy<Value = bool>) -> impl Strategy<Value = ControlPlan> {
    let status = prop_oneof![8 => Just(InstrumentStatus::Trading), 1 => select(InstrumentStatus::ALL)];
    let change = prop_oneof![
        6 => Just(InstrumentChange::None),
        1 => Just(InstrumentChange::Immutable),
        1 => Just(InstrumentChange::Impossible),
        2 => Just(InstrumentChange::Bounded),
        1 => Just(InstrumentChange::Negative),
    ];
    (0..pools::TRADED, newer, status, change)
        .prop_map(|(index, newer, status, change)| ControlPlan::Instrument { index, newer, status, change })
}

fn scope() -> impl Strategy<Value = (Scope, &'static str)> {
    prop_oneof![
        12 => select(
            &[
                (Scope::Global, ""),
                (Scope::Account, "A1"),
                (Scope::Account, "A6"),
                (Scope::Account, "A2"),
                (Scope::Strategy, "A1/S1"),
                (Scope::Strategy, "A1/S1"),
                (Scope::Strategy, "A1/S2"),
                (Scope::Instrument, "ESZ5.CME"),
                (Scope::Instrument, "SHIB.CB"),
                (Scope::Instrument, "NO.CME"),
                (Scope::Lane, "3"),
                (Scope::Lane, "4"),
            ][..]
        ),
        1 => select(
            &[
                (Scope::Global, "A1"),
                (Scope::Account, ""),
                (Scope::Strategy, "A1"),
                (Scope::Lane, "12"),
                (Scope::Lane, "-1"),
                (Scope::Lane, "03"),
                (Scope::Lane, "+3"),
                (Scope::Instrument, "a b"),
            ][..]
        ),
    ]
}

fn command(wild: u32) -> impl Strategy<Value = CommandPlan> {
    let kind = prop_oneof![
        2 => Just(CommandType::Halt),
        4 => Just(CommandType::Reduce),
        1 => Just(CommandType::Resume),
        2 => Just(CommandType::CancelAll),
        2 => Just(CommandType::ForceRelease),
        3 => Just(CommandType::PositionAdjust),
    ];
    let target = prop_oneof![
        8 => (0..16_usize).prop_map(Target::Open),
        2 => (0..16_usize).prop_map(Target::Known),
        1 => select(&pools::ORDERS[..]).prop_map(Target::Named),
    ];
    let qty = prop_oneof![
        20 => (1..30_i64).prop_map(Quantity::Lots),
        1 => Just(Quantity::Text("0.5")),
        wild => pools::odd_quantity().prop_map(Quantity::Text),
    ];
    let ids = (
        option::weighted(0.1, select(&pools::COMMANDS[..])),
        option::weighted(0.1, select(&["c-a", "c-1", "control-0"][..])),
    );
    let adjusted = (
        option::weighted(0.97, pools::account()),
        option::weighted(0.98, pools::instrument_index()),
        option::weighted(0.98, qty),
        any::<bool>(),
        option::of(pools::strategy()),
    );
    (kind, scope(), ids, any::<bool>(), target, adjusted).prop_map(
        |(command, scope, (command_id, resumes), cancels, target, adjusted)| {
            let (account, instrument, qty, sells, strategy) = adjusted;
            let adjusts = command == CommandType::PositionAdjust;
            CommandPlan {
                command_id,
                command,
                scope,
                cancels,
                resumes,
                account,
                target,
                instrument,
                qty: qty.filter(|_| adjusts),
                sells,
                strategy,
            }
        },
    )
}
