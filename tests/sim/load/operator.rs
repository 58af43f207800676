//! Operators: instruments and limits first; then limits that move, halts and resumes, cancels of all, and
//! now and then a record that nobody can read.

use std::rc::Rc;

use onefill::core::control::{
    AnomalyPolicy, Command, CommandType, ControlRecord, InstrumentRecord, InstrumentStatus, LimitScope,
    RiskLimit, Scope,
};
use onefill::core::time::Time;
use onefill::wire;

use super::{INSTRUMENTS, accounts, id, num, payload};
use crate::engine::{MS, SECOND, WORLD};
use crate::kafka::request::Topic;
use crate::router::EPOCH;
use crate::world::World;

const PLACE: (Topic, i32) = (Topic::Control, 0);

/// What stands before anybody trades.
pub fn prelude(world: &World) {
    for instrument_id in INSTRUMENTS {
        publish(world, &instrument(instrument_id));
    }
    for (account, _) in accounts() {
        limit(world, &account, 1, 40);
    }
}

pub fn begin(world: &Rc<World>) {
    let (world, sim) = (Rc::clone(world), world.sim.clone());
    sim.clone().spawn(WORLD, async move {
        let mut version = 1;
        while sim.now() < world.plan.storm {
            let pause = sim.dice().between(300, 3_000) * MS;
            sim.sleep(pause).await;
            version += 1;
            act(&world, version);
        }
        // Nothing stays halted for what comes after.
        let holders = std::mem::take(&mut world.sent.borrow_mut().holders);
        for (holder, account) in holders {
            resume(&world, &holder, &account);
        }
        sim.sleep(SECOND).await;
    });
}

fn act(world: &World, version: i64) {
    let (choice, most) = (world.sim.dice().below(100), world.sim.dice().between(5, 60));
    let account = world.sim.dice().pick(&accounts()).0.clone();
    match choice {
        0..45 => limit(world, &account, version, most),
        45..60 => cancel_all(world, &account),
        60..80 => {
            let kind = if choice < 70 { CommandType::Halt } else { CommandType::Reduce };
            let name = command(world, kind, &account, choice % 2 == 0, None);
            world.sent.borrow_mut().holders.push((name, account));
        }
        80..98 => {
            let held = world.sent.borrow_mut().holders.pop();
            if let Some((holder, account)) = held {
                resume(world, &holder, &account);
            }
        }
        _ => {
            let offset = world.cluster.publish(PLACE, payload("?", b"no record".to_vec()));
            world.sent.borrow_mut().holders.push((format!("control-{offset}"), String::new()));
        }
    }
}

fn cancel_all(world: &World, account: &str) {
    world.sim.count("cancels of all");
    command(world, CommandType::CancelAll, account, false, None);
}

fn resume(world: &World, holder: &str, account: &str) {
    command(world, CommandType::Resume, account, false, Some(holder));
}

fn command(
    world: &World,
    command: CommandType,
    account: &str,
    cancel_open_orders: bool,
    resumes: Option<&str>,
) -> String {
    let name = format!("c{}", world.sent.borrow_mut().number());
    let record = ControlRecord::Command(Command {
        command_id: id(&name),
        command,
        scope_type: if account.is_empty() { Scope::Global } else { Scope::Account },
        scope_id: account,
        cancel_open_orders,
        resumes: resumes.map(id),
        account_id: None,
        order_id: None,
        instrument_id: None,
        qty: None,
        strategy_id: None,
        issued_by: "operator",
        reason: "simulated",
        issued_at: Some(Time(EPOCH + world.sim.now())),
    });
    publish(world, &record);
    name
}

fn limit(world: &World, account: &str, version: i64, most: i64) {
    let (name, most, quantity) = (format!("l-{account}"), most.to_string(), num("9"));
    let record = ControlRecord::RiskLimit(RiskLimit {
        limit_id: id(&name),
        version,
        scope_type: LimitScope::Account,
        scope_id: account,
        instrument_id: "*",
        max_order_qty: Some(quantity),
        max_order_notional: None,
        max_long_qty: Some(num(&most)),
        max_short_qty: Some(num(&most)),
        max_gross_notional: None,
        currency: None,
        max_open_orders: Some(8),
        price_collar_bps: None,
        price_collar_abs: None,
        ref_max_age_ms: None,
        max_orders: Some(40),
        orders_window_ms: Some(2_000),
        dup_window_ms: None,
        max_intent_age_ms: None,
        market_orders: None,
        on_anomaly: Some(AnomalyPolicy::Warn),
        set_by: "risk",
        reason: "simulated",
    });
    publish(world, &record);
}

fn instrument(instrument_id: &'static str) -> ControlRecord<'static> {
    ControlRecord::Instrument(InstrumentRecord {
        instrument_id: id(instrument_id),
        venue: id("X"),
        currency: id("USD"),
        tick_size: num("1"),
        lot_size: num("1"),
        min_qty: None,
        max_qty: None,
        min_notional: None,
        contract_multiplier: num("1"),
        allow_negative_price: false,
        status: InstrumentStatus::Trading,
        version: 1,
    })
}

fn publish(world: &World, record: &ControlRecord<'_>) {
    let mut value = Vec::new();
    wire::control::encode(record, &mut value);
    world.cluster.publish(PLACE, payload("control", value));
}
