//! A venue: it reads `orders` committed, as a gateway must, and reports. Some of its reports come twice,
//! some too late, some are rubbish.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use onefill::core::execution::{ExecType, Execution};
use onefill::core::intent::{IntentType, Side};
use onefill::core::time::Time;
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};

use super::{id, lane_of, num, payload};
use crate::engine::{MS, SECOND, WORLD};
use crate::kafka::LANES;
use crate::kafka::request::Topic;
use crate::router::EPOCH;
use crate::world::World;

/// An order as the venue has it.
#[derive(Clone)]
struct Held {
    account: String,
    instrument: String,
    side: Side,
    total: i64,
    filled: i64,
    alive: bool,
}

#[derive(Default)]
struct Book {
    next: BTreeMap<i32, i64>,
    held: BTreeMap<String, Held>,
    reports: u64,
}

pub fn begin(world: &Rc<World>) {
    let (world, sim) = (Rc::clone(world), world.sim.clone());
    sim.clone().spawn(WORLD, async move {
        let book = Rc::new(RefCell::new(Book::default()));
        while sim.now() < world.plan.storm {
            let pause = sim.dice().between(20, 150) * MS;
            sim.sleep(pause).await;
            for partition in 0..LANES {
                read(&world, &book, partition);
            }
        }
    });
}

fn read(world: &Rc<World>, book: &Rc<RefCell<Book>>, partition: i32) {
    let from = book.borrow().next.get(&partition).copied().unwrap_or_default();
    let records = world.cluster.log((Topic::Orders, partition)).committed_from(from);
    let schemas = Schemas::compiled();
    for record in records {
        book.borrow_mut().next.insert(partition, record.offset + 1);
        let value = record.payload.value.expect("an order has a value");
        let body = schemas.open(RecordType::Order, &value).expect("an order");
        let order = wire::order::decode(&body).expect("an order");
        let key = order.order_id.to_string();
        let total = order.terms.order_qty.to_string().parse().expect("whole lots");
        let held = Held {
            account: order.account_id.to_string(),
            instrument: order.instrument_id.to_string(),
            side: order.terms.side,
            total,
            filled: 0,
            alive: true,
        };
        book.borrow_mut().held.entry(key.clone()).or_insert(held);
        answer(world, book, &key, order.command, total);
    }
}

/// What the venue says of a command, over the next seconds.
fn answer(world: &Rc<World>, book: &Rc<RefCell<Book>>, key: &str, command: IntentType, total: i64) {
    let plans: Vec<ExecType> = match (command, world.sim.dice().below(100)) {
        (IntentType::New, 0..8) => vec![ExecType::Rejected],
        (IntentType::New, 8..20) => vec![ExecType::New],
        (IntentType::New, 20..60) => vec![ExecType::New, ExecType::Trade],
        (IntentType::New, _) => vec![ExecType::New, ExecType::Trade, ExecType::Trade],
        (IntentType::Cancel, 0..15) => vec![ExecType::CancelRejected],
        (IntentType::Cancel, _) => vec![ExecType::PendingCancel, ExecType::Canceled],
        (IntentType::Replace, 0..20) => vec![ExecType::ReplaceRejected],
        (IntentType::Replace, _) => vec![ExecType::Replaced],
    };
    let mut wait = 0;
    for kind in plans {
        wait += world.sim.dice().between(5 * MS, 2 * SECOND);
        let (world, book, key) = (Rc::clone(world), Rc::clone(book), key.to_owned());
        world.sim.clone().after(wait, move || report(&world, &mut book.borrow_mut(), &key, kind, total));
    }
}

fn report(world: &World, book: &mut Book, key: &str, kind: ExecType, total: i64) {
    if world.sim.now() > world.plan.storm {
        return;
    }
    book.reports += 1;
    let number = book.reports;
    let held = book.held.get_mut(key).expect("a venue reports what it holds");
    let mut traded = 0;
    match kind {
        ExecType::Trade => {
            let left = held.total - held.filled;
            if left <= 0 || !held.alive {
                return;
            }
            traded = world.sim.dice().between(1, left);
            held.filled += traded;
        }
        ExecType::Canceled | ExecType::Rejected => held.alive = false,
        ExecType::Replaced => held.total = total.max(held.filled),
        _ => {}
    }
    let value = encode(world, held, key, kind, (number, traded));
    let place = (Topic::Executions, lane_of(&held.account));
    let (again, rubbish) = (world.sim.dice().chance(120), world.sim.dice().chance(8));
    let record = payload(&held.account, value);
    world.cluster.publish(place, record.clone());
    if again {
        world.cluster.publish(place, record);
    }
    if rubbish {
        world.cluster.publish(place, payload(&held.account, b"no report".to_vec()));
    }
}

fn encode(world: &World, held: &Held, key: &str, kind: ExecType, (number, traded): (u64, i64)) -> Vec<u8> {
    let (exec_id, qty, total) = (format!("e{number}"), traded.to_string(), held.total.to_string());
    let is_trade = kind == ExecType::Trade;
    let execution = Execution {
        venue: id("X"),
        exec_id: &exec_id,
        exec_type: kind,
        order_id: key,
        client_order_id: None,
        venue_order_id: None,
        account_id: id(&held.account),
        instrument_id: id(&held.instrument),
        side: held.side,
        last_qty: is_trade.then(|| num(&qty)),
        last_px: is_trade.then(|| num("100")),
        order_qty: (kind == ExecType::Replaced).then(|| num(&total)),
        cum_qty: None,
        leaves_qty: None,
        exec_ref_id: None,
        reject_code: None,
        text: None,
        transact_time: Time(EPOCH + world.sim.now()),
    };
    let mut value = Vec::new();
    wire::execution::encode(&execution, &mut value);
    value
}
