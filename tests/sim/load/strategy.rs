//! Strategies: new keys, retries of old ones, conflicts, cancels and replaces, poison, and transactions of
//! their own that commit or abort.

use std::rc::Rc;

use onefill::core::intent::{Intent, IntentTerms, IntentType, OrderType, Side, TimeInForce};
use onefill::core::time::Time;
use onefill::wire;

use super::{INSTRUMENTS, accounts, id, lane_of, num, payload};
use crate::engine::{MS, SECOND, WORLD};
use crate::kafka::log::Payload;
use crate::kafka::request::{Place, Stamp, Topic};
use crate::router::EPOCH;
use crate::world::World;

pub fn begin(world: &Rc<World>) {
    let (world, sim) = (Rc::clone(world), world.sim.clone());
    sim.clone().spawn(WORLD, async move {
        sim.sleep(300 * MS).await;
        while sim.now() < world.plan.storm - SECOND {
            publish(&world);
            let pause = sim.dice().between(1, world.plan.intent_pause) * MS;
            sim.sleep(pause).await;
        }
    });
}

/// One record, or a few in a transaction.
pub fn publish(world: &Rc<World>) {
    let (place, payload) = next(world);
    let in_transaction = world.sim.dice().chance(40);
    if !in_transaction {
        world.cluster.publish(place, payload);
        return;
    }
    let stamp = Stamp { id: world.sim.next_serial(), epoch: 0 };
    let timestamp_ms = world.sim.now() / MS;
    let records = vec![payload];
    let appended = world.cluster.log_mut(place).append_open(stamp, 0, records, timestamp_ms);
    appended.expect("nobody else has this stamp");
    let (wait, commits) = (world.sim.dice().between(0, 1_500) * MS, world.sim.dice().chance(600));
    world.sim.count(if commits { "strategies' commits" } else { "strategies' aborts" });
    let world = Rc::clone(world);
    world.sim.clone().after(wait, move || world.cluster.log_mut(place).mark(stamp, commits));
}

fn next(world: &World) -> (Place, Payload) {
    let mut sent = world.sent.borrow_mut();
    let dice = world.sim.dice();
    if dice.chance(world.plan.poison) {
        drop(sent);
        return poison(world);
    }
    if !sent.intents.is_empty() && dice.chance(250) {
        // Retries come soon, or much later.
        let last = sent.intents.len() as u64;
        let reach = if dice.chance(700) { last.min(6) } else { last };
        return sent.intents[(last - 1 - dice.below(reach)) as usize].clone();
    }
    let number = sent.number();
    drop(sent);
    let (place, payload) = intent(world, number);
    world.sent.borrow_mut().intents.push((place, payload.clone()));
    (place, payload)
}

/// A new wish; now and then under a key that is taken.
fn intent(world: &World, number: u64) -> (Place, Payload) {
    let dice = world.sim.dice();
    let mut sent = world.sent.borrow_mut();
    let accounts = accounts();
    let kind = match dice.below(100) {
        _ if sent.orders.is_empty() => IntentType::New,
        0..60 => IntentType::New,
        60..78 => IntentType::Cancel,
        _ => IntentType::Replace,
    };
    let (account, order, instrument) = match kind {
        IntentType::New => {
            let account = dice.pick(&accounts).0.clone();
            (account, format!("o{number}"), *dice.pick(&INSTRUMENTS))
        }
        IntentType::Cancel | IntentType::Replace => {
            let recent = sent.orders.len().min(12);
            sent.orders[sent.orders.len() - 1 - dice.below(recent as u64) as usize].clone()
        }
    };
    let key = if dice.chance(50) { format!("k{}", dice.below(number) + 1) } else { format!("k{number}") };
    let qty = dice.between(1, 10).to_string();
    let side = if dice.chance(600) { Side::Buy } else { Side::Sell };
    let terms = IntentTerms {
        side: (kind == IntentType::New).then_some(side),
        order_type: (kind == IntentType::New).then_some(OrderType::Limit),
        order_qty: (kind != IntentType::Cancel).then(|| num(&qty)),
        price: (kind == IntentType::New).then(|| num("100")),
        time_in_force: (kind == IntentType::New).then_some(TimeInForce::Gtc),
        ..IntentTerms::default()
    };
    let intent = Intent {
        intent_type: kind,
        intent_id: id(&key),
        account_id: id(&account),
        strategy_id: id("S1"),
        client_order_id: id(&order),
        instrument_id: id(instrument),
        created_at: Time(EPOCH + world.sim.now()),
        expires_at: None,
        terms,
        correlation_id: None,
        tags: Vec::new(),
    };
    let mut value = Vec::new();
    wire::intent::encode(&intent, &mut value);
    if kind == IntentType::New {
        sent.orders.push((account.clone(), order, instrument));
    }
    ((Topic::Intents, lane_of(&account)), payload(&account, value))
}

/// A record that is no intent, or one that lies where it does not belong.
fn poison(world: &World) -> (Place, Payload) {
    let dice = world.sim.dice();
    let accounts = accounts();
    let (account, lane) = dice.pick(&accounts).clone();
    let place = (Topic::Intents, lane);
    match dice.below(4) {
        0 => (place, payload(&account, b"no Avro".to_vec())),
        1 => (place, Payload { key: Some(Rc::from(account.as_bytes())), value: None }),
        kind => {
            let number = world.sent.borrow_mut().number();
            let ((topic, lane), whole) = intent(world, number);
            let misplaced = if kind == 2 { Payload { key: None, ..whole.clone() } } else { whole };
            ((topic, if kind == 2 { lane } else { 1 - lane }), misplaced)
        }
    }
}
