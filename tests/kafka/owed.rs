//! Cancels that commands owe go out before any intent is decided, in as many transactions as they need, and with
//! nothing else to do.

use serde_json::Value as Json;

use crate::reader::{Isolation, eventually};
use crate::records::{ENTRY, ORDER, new_intent};
use crate::world::World;

/// More than one transaction takes.
const ORDERS: usize = 40;

fn operate(world: &World, arguments: &[&str]) {
    let done = world.call(&[&["control"], arguments, &["--reason", "a test"]].concat());
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn send(world: &World, numbers: std::ops::Range<usize>) {
    let named = |number| new_intent("A1", &format!("I{number}"), &format!("C{number}"));
    world.send_all(&numbers.map(named).collect::<Vec<_>>());
}

/// Commands of the orders that were published, with what made them.
fn orders(world: &World) -> Vec<Json> {
    let records = world.read("orders", Isolation::Committed);
    records.iter().map(|record| ORDER.decode(record.value.as_ref().expect("an order"))).collect()
}

/// What the trail has, each run of one kind once: `40 DECISION`.
fn runs(world: &World) -> Vec<String> {
    let mut runs = Vec::<(String, usize)>::new();
    for record in world.read("audit", Isolation::Committed) {
        let entry = ENTRY.decode(record.value.as_ref().expect("an entry"));
        let kind = entry["kind"].as_str().expect("a kind").to_owned();
        match runs.last_mut().filter(|(last, _)| *last == kind) {
            Some((_, count)) => *count += 1,
            None => runs.push((kind, 1)),
        }
    }
    runs.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect()
}

#[test]
fn owed_cancels_go_out_with_nothing_else_to_do_and_before_intents_that_wait() {
    let world = World::new("owed", 1);
    world.configure("[decide]\nmax_intent_age_ms = 0\n[batch]\nrecords = 7\n");
    let router = world.router(&[]);
    send(&world, 0..ORDERS);
    world.wait_answered(&router);
    operate(&world, &["cancel-all", "--account", "A1", "--command-id", "first", "--wait"]);
    eventually("each order is cancelled", || (orders(&world).len() == 2 * ORDERS).then_some(()));
    router.end_cleanly();

    // An order that is being cancelled is open until its venue says so.
    operate(&world, &["cancel-all", "--account", "A1", "--command-id", "second"]);
    send(&world, ORDERS..ORDERS + 10);
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();

    let due = [
        "40 DECISION",
        "1 CONTROL",
        "40 OWED_CANCEL",
        "1 LANE_OPENED",
        "1 CONTROL",
        "40 OWED_CANCEL",
        "10 DECISION",
    ];
    assert_eq!(runs(&world)[2..], due, "after GENESIS and the first control records");
    let cancels: Vec<Json> =
        orders(&world).into_iter().filter(|order| order["origin"] == "CONTROL").collect();
    let of = |command: &str| {
        let of_it =
            cancels.iter().filter(|order| order["intent_id"] == command && order["command"] == "CANCEL");
        of_it.map(|order| order["client_order_id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let in_order: Vec<String> = (0..ORDERS).map(|number| format!("C{number}")).collect();
    assert_eq!(
        (of("first"), of("second")),
        (in_order.clone(), in_order),
        "each once, in order of acceptance"
    );
    let verified = world.call(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
