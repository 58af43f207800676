//! Random histories: what a few strategies, a venue and an operator may send, again and again.
//!
//! Names come from small pools, so that retries, conflicts, duplicates and busts of every kind meet.

use onefill::core::amount::Numeral;
use onefill::core::control::{ControlRecord, InstrumentRecord, InstrumentStatus};
use onefill::core::decide::{Arrival, Content};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::settings::Settings;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{World, at, execution, future, id, new_intent, num, order_id};

pub const INSTRUMENTS: [&str; 3] = ["ESZ5.CME", "NQZ5.CME", "NO.CME"];
const ORDERS: [&str; 3] = ["order-1", "order-2", "order-3"];
const KEYS: [&str; 12] =
    ["k-1", "k-2", "k-3", "k-4", "k-5", "k-6", "k-7", "k-8", "k-9", "k-10", "k-11", "k-12"];
const REPORTS: [&str; 10] = ["e-1", "e-2", "e-3", "e-4", "e-5", "e-6", "e-7", "e-8", "e-9", "e-10"];
const QUANTITIES: [&str; 6] = ["1", "2", "4", "7", "10", "100"];
const ODD_QUANTITIES: [&str; 4] = ["0", "2.5", "9223372036854775807", "100000000000000000000"];

/// What is sent, and when it is sent again.
#[derive(Clone, Debug)]
pub struct History {
    intents: Vec<Intent<'static>>,
    reports: Vec<Execution<'static>>,
    pub batches: Vec<BatchPlan>,
}

/// One batch: what is in it, and how often it is discarded before it is settled.
#[derive(Clone, Debug)]
pub struct BatchPlan {
    pub steps: Vec<Step>,
    pub discards: u8,
    pub clock: i64,
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// One of the intents, or a variant of it.
    Intent(usize, Variant),
    /// One of the reports, or a variant of it.
    Report(usize, Variant),
    /// A version of an instrument.
    Instrument(&'static str, i64, InstrumentStatus),
    /// A control record that cannot be read.
    Unreadable,
}

#[derive(Clone, Copy, Debug)]
pub enum Variant {
    AsIs,
    /// Written otherwise, but the same.
    Rewritten,
    /// Another quantity.
    Changed,
    /// Under another record key.
    Misplaced,
    /// Not to be read.
    Malformed,
}

impl History {
    /// The records of a batch, as they arrive.
    pub fn arrivals(&self, world: &mut World, steps: &[Step]) -> Vec<Arrival<'static>> {
        steps.iter().map(|step| self.arrival(world, *step)).collect()
    }

    fn arrival(&self, world: &mut World, step: Step) -> Arrival<'static> {
        match step {
            Step::Intent(index, variant) => {
                let mut intent = self.intents[index % self.intents.len()].clone();
                match variant {
                    Variant::Rewritten => (intent.created_at, intent.correlation_id) = (at(1), Some("again")),
                    Variant::Changed => intent.terms.order_qty = Some(num("3")),
                    Variant::AsIs | Variant::Misplaced | Variant::Malformed => {}
                }
                place(world.arrival_of(intent), variant)
            }
            Step::Report(index, variant) => {
                let mut report = self.reports[index % self.reports.len()].clone();
                if let Variant::Changed = variant {
                    report.transact_time = at(1);
                }
                place(world.arrival_of_report(report), variant)
            }
            Step::Instrument(instrument_id, version, status) => {
                world.arrival_of_control(Ok(unbounded(instrument_id, version, status)))
            }
            Step::Unreadable => world.arrival_of_control(Err("no Avro")),
        }
    }
}

/// Whole lots, and any number of them.
fn unbounded(instrument_id: &'static str, version: i64, status: InstrumentStatus) -> ControlRecord<'static> {
    let instrument_id = id(instrument_id);
    let (min_qty, max_qty) = (None, None);
    ControlRecord::Instrument(InstrumentRecord {
        instrument_id,
        version,
        status,
        min_qty,
        max_qty,
        ..future()
    })
}

/// A lane with the two instruments that histories trade in.
pub fn stage() -> World {
    let mut world = World::with_settings(Settings::default());
    for instrument_id in &INSTRUMENTS[..2] {
        world.control(Ok(unbounded(instrument_id, 1, InstrumentStatus::Trading)));
    }
    world
}

fn place(arrival: Arrival<'static>, variant: Variant) -> Arrival<'static> {
    match (variant, &arrival.content) {
        (Variant::Misplaced, _) => Arrival { key: Some(b"another"), ..arrival },
        (Variant::Malformed, Content::Intent(_)) => {
            Arrival { content: Content::Intent(Err("no Avro".into())), ..arrival }
        }
        (Variant::Malformed, Content::Execution(_)) => {
            Arrival { content: Content::Execution(Err("no Avro".into())), ..arrival }
        }
        _ => arrival,
    }
}

/// Histories of a few dozen records.
pub fn histories() -> impl Strategy<Value = History> {
    (vec(intent(), 12), vec(report(), 14), vec(batch(), 1..16))
        .prop_map(|(intents, reports, batches)| History { intents, reports, batches })
}

fn batch() -> impl Strategy<Value = BatchPlan> {
    let clock = prop_oneof![4 => Just(0_i64), 1 => -2_000_000_000..4_000_000_000_i64];
    (vec(step(), 1..8), prop_oneof![3 => Just(0_u8), 1 => 1..3_u8], clock)
        .prop_map(|(steps, discards, clock)| BatchPlan { steps, discards, clock })
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![5 => Just(InstrumentStatus::Trading), 1 => select(InstrumentStatus::ALL)];
    prop_oneof![
        100 => (0..12_usize, variant()).prop_map(|(index, variant)| Step::Intent(index, variant)),
        100 => (0..14_usize, variant()).prop_map(|(index, variant)| Step::Report(index, variant)),
        6 => (select(&INSTRUMENTS[..2]), 0..4_i64, status)
            .prop_map(|(instrument_id, version, status)| Step::Instrument(instrument_id, version, status)),
        1 => Just(Step::Unreadable),
    ]
}

fn variant() -> impl Strategy<Value = Variant> {
    prop_oneof![
        20 => Just(Variant::AsIs),
        3 => Just(Variant::Rewritten),
        3 => Just(Variant::Changed),
        1 => Just(Variant::Misplaced),
        1 => Just(Variant::Malformed),
    ]
}

fn quantity() -> impl Strategy<Value = Numeral<'static>> {
    prop_oneof![15 => select(&QUANTITIES[..]), 1 => select(&ODD_QUANTITIES[..])].prop_map(num)
}

/// `A1`, its neighbour, and one of another partition.
fn account() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => Just("A1"), 6 => Just("A6"), 1 => Just("A2")]
}

fn instrument() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => Just(INSTRUMENTS[0]), 4 => Just(INSTRUMENTS[1]), 1 => Just(INSTRUMENTS[2])]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![4 => Just(Side::Buy), 1 => Just(Side::Sell)]
}

fn intent() -> impl Strategy<Value = Intent<'static>> {
    let kind = prop_oneof![4 => Just(IntentType::New), 1 => Just(IntentType::Cancel), 2 => Just(IntentType::Replace)];
    let life = select(&[TimeInForce::Day, TimeInForce::Gtc][..]);
    let names = (select(&KEYS[..]), account(), select(&ORDERS[..]), instrument());
    let created = prop_oneof![9 => Just(0_i64), 1 => -6_000_000_000..2_000_000_000_i64];
    let times = (created, option::weighted(0.1, 0..2_000_000_000_i64));
    (kind, names, times, side(), option::weighted(0.9, quantity()), life).prop_map(
        |(intent_type, (key, account, order, instrument), (created, expires), side, order_qty, life)| {
            let new = intent_type == IntentType::New;
            let price = (intent_type != IntentType::Cancel).then(|| num("100"));
            let terms = IntentTerms {
                side: new.then_some(side),
                order_type: new.then_some(OrderType::Limit),
                order_qty: order_qty.filter(|_| intent_type != IntentType::Cancel),
                price,
                time_in_force: new.then_some(life),
                ..IntentTerms::default()
            };
            Intent {
                intent_type,
                intent_id: id(key),
                account_id: id(account),
                client_order_id: id(order),
                instrument_id: id(instrument),
                created_at: at(created),
                expires_at: expires.map(at),
                terms,
                ..new_intent()
            }
        },
    )
}

fn report() -> impl Strategy<Value = Execution<'static>> {
    let fills =
        select(&[ExecType::Trade, ExecType::Trade, ExecType::TradeCancel, ExecType::TradeCorrect][..]);
    let kind = prop_oneof![3 => fills, 2 => select(ExecType::ALL)];
    let names = (select(&REPORTS[..]), account(), select(&ORDERS[..]), instrument());
    let order = prop_oneof![12 => Just(None), 1 => Just(Some("A1")), 1 => Just(Some(""))];
    let quantities = (quantity(), quantity(), option::of(quantity()), select(&REPORTS[..]));
    let code = select(&[None, Some(0), Some(1)][..]);
    (kind, names, order, side(), quantities, code).prop_map(
        |(exec_type, (exec_id, account, order, instrument), owner, side, quantities, reject_code)| {
            let (last, total, leaves, referred) = quantities;
            let fill = matches!(exec_type, ExecType::Trade | ExecType::TradeCorrect);
            let about = matches!(exec_type, ExecType::TradeCancel | ExecType::TradeCorrect);
            let restated = exec_type == ExecType::Restated;
            Execution {
                account_id: id(account),
                instrument_id: id(instrument),
                order_id: match owner {
                    Some("") => "",
                    owner => order_id(owner.unwrap_or(account), order),
                },
                side,
                last_qty: fill.then_some(last),
                last_px: fill.then(|| num("100")),
                order_qty: matches!(exec_type, ExecType::Replaced | ExecType::Restated).then_some(total),
                leaves_qty: if restated { Some(total) } else { leaves.filter(|_| about) },
                exec_ref_id: about.then_some(referred),
                reject_code,
                ..execution(exec_type, exec_id)
            }
        },
    )
}
