//! Records of the Confluent format: read by what a schema registry says, waited for when it says nothing, and never
//! in quarantine for that.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::checker::check;
use crate::control::acknowledged;
use crate::http::free;
use crate::loud::{Expected, expect};
use crate::prices::{age, dropped, price};
use crate::reader::{Isolation, eventually};
use crate::records::{ENTRY, Format, INSTRUMENT, INTENT, account_in, confluent, new_intent, wide_limit};
use crate::registry::Registry;
use crate::router::Router;
use crate::world::World;

const WAITS: Expected =
    expect("waiting for the schema registry to say what its schema", "it does not answer");
const SCHEMA: &str = include_str!("../../schemas/OrderIntent.v1.avsc");
const MALFORMED: &str = "REJECTED MALFORMED_INTENT";

fn asking(world: &World, registry: &Registry, more: &str) {
    world.configure(&format!(
        "[decide]\nmax_intent_age_ms = 0\n[schemas]\nregistry = {:?}\n{more}",
        registry.address()
    ));
}

fn intent(account: &str, number: usize) -> Json {
    new_intent(account, &format!("k-{number}"), &format!("o-{number}"))
}

fn verified(world: &World) -> (Option<i32>, Json, Json) {
    let called = world.call(&["audit", "verify", "--output", "json"]);
    let report: Json = serde_json::from_slice(&called.stdout).expect("JSON");
    let lane = &report["partitions"][0];
    (called.status.code(), lane["faults"].clone(), lane["compared"]["unknown_schemas"].clone())
}

/// How many intents have an answer.
fn decisions(world: &World) -> usize {
    let entries = world.read("audit", Isolation::Committed);
    let is_decision = |value: &[u8]| ENTRY.decode(value)["kind"] == "DECISION";
    entries.iter().filter(|entry| entry.value.as_deref().is_some_and(is_decision)).count()
}

/// What `/status` says the lane waits for.
fn waits_for(router: &Router) -> Option<String> {
    let status: Json = serde_json::from_str(&router.ask("/status")?).ok()?;
    status["lanes"][0]["waiting"].as_str().map(str::to_owned)
}

#[test]
fn an_intent_is_read_by_the_schema_that_its_id_stands_for() {
    let (world, registry) = (World::new("registry", 1), Registry::start());
    let account = account_in(0, 1);
    let key = Some(account.as_bytes());
    let mut longer: Json = serde_json::from_str(SCHEMA).expect("JSON");
    longer["fields"]
        .as_array_mut()
        .expect("fields")
        .push(json!({"name": "desk", "type": ["null", "string"], "default": null}));
    let longer = longer.to_string();
    let file = world.dir().join("longer.avsc");
    std::fs::write(&file, &longer).expect("a file");
    let credentials = world.dir().join("credentials");
    std::fs::write(&credentials, "desk:secret\n").expect("a file");
    asking(&world, &registry, &format!("registry_auth_file = {credentials:?}\nextra = [{file:?}]\n"));
    registry.register(7, SCHEMA);
    registry.register(8, &longer);
    registry.register(9, include_str!("../../schemas/Order.v1.avsc"));
    registry.register(10, &longer.replace("desk", "room"));
    let encoded = |id, number| INTENT.encode_by(id, &intent(&account, number));
    let of_longer = Format::parse(&longer).encode_by(8, &intent(&account, 1));
    let cut = encoded(7, 2);
    for value in [
        &encoded(7, 0)[..],
        &INTENT.encode(&intent(&account, 0)),
        &of_longer,
        &encoded(9, 2),
        &encoded(10, 2),
        &encoded(404, 2),
        &cut[..cut.len() - 1],
        &[0, 0, 0, 7],
        &encoded(7, 2),
    ] {
        world.produce("intents", 0, key, Some(value));
    }
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    let due = [
        "ACCEPTED",
        "DUPLICATE",
        "ACCEPTED",
        MALFORMED,
        MALFORMED,
        MALFORMED,
        MALFORMED,
        MALFORMED,
        "ACCEPTED",
    ];
    let found = check(&world).verdicts(0);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), due);
    let asked = registry.asked();
    let for_seven = asked.iter().filter(|head| head.starts_with("GET /schemas/ids/7 ")).count();
    assert_eq!(for_seven, 1, "an id is asked for once: {asked:?}");
    let basic = "authorization: basic zgvzazpzzwnyzxq=";
    assert!(asked.iter().all(|head| head.to_lowercase().contains(basic)), "{asked:?}");
    // What was malformed for the registry's word is not decided anew, all else is.
    assert_eq!(verified(&world), (Some(0), json!([]), json!(4)));
    world.configure("");
    assert_eq!(verified(&world), (Some(0), json!([]), json!(7)), "an auditor without the registry");
}

#[test]
fn a_registry_that_does_not_answer_pauses_the_lane_and_quarantines_nothing() {
    let (world, registry) = (World::new("registry-ill", 1), Registry::start());
    let account = account_in(0, 1);
    let key = Some(account.as_bytes());
    asking(&world, &registry, "");
    registry.answer_all(Some(503));
    let router = world.router(&[]).saying(&[WAITS]);
    for number in 0..2 {
        world.send(&intent(&account, number));
    }
    world.wait_answered(&router);
    world.produce("intents", 0, key, Some(&INTENT.encode_by(7, &intent(&account, 2))));
    world.send(&intent(&account, 3));
    router.wait_logged("waiting for the schema registry to say what its schema 7 is");
    let waiting = eventually("the status says for whom the lane waits", || waits_for(&router));
    assert!(
        waiting.starts_with("the schema registry to say what its schema 7 is: http://127.0.0.1:"),
        "{waiting}"
    );
    let ready = router.ask("/readyz").expect("an answer");
    assert!(ready.contains("lane 0: RUNNING, waiting for the schema registry to say"), "{ready}");
    assert_eq!(decisions(&world), 2, "nothing behind it is decided");
    let checked = || String::from_utf8_lossy(&world.call(&["check"]).stdout).into_owned();
    let found = checked();
    assert!(found.contains("the schema registry") && found.contains("HTTP status 503"), "{found}");
    registry.register(7, SCHEMA);
    registry.answer_all(None);
    world.wait_answered(&router);
    eventually("the status says no more that it waits", || waits_for(&router).is_none().then_some(()));
    assert!(!checked().contains("the schema registry"), "{}", checked());
    router.end_cleanly();
    assert_eq!(check(&world).verdicts(0), ["ACCEPTED"; 4]);
}

/// What control says may forbid what comes behind it: nothing is decided before it is read.
#[test]
fn a_lane_neither_opens_nor_goes_on_before_it_can_read_control() {
    let (world, registry) = (World::new("registry-control", 1), Registry::start());
    asking(&world, &registry, "");
    let said = |id: u32, account: &str, number| {
        registry.answer_all(Some(401));
        world.produce("control", 0, Some(account.as_bytes()), Some(&confluent(id, &wide_limit(account))));
        world.send(&intent(account, number));
    };
    let answered = |router: &Router, id: u32| {
        router.wait_logged(&format!("waiting for the schema registry to say what its schema {id} is"));
        assert_eq!(decisions(&world), id as usize - 3, "nothing is decided without it");
        registry.register(id, include_str!("../../schemas/ControlRecord.v1.avsc"));
        registry.answer_all(None);
        world.wait_answered(router);
    };
    said(3, "B1", 0);
    let router = world.router(&[]).saying(&[WAITS]);
    answered(&router, 3);
    said(4, "B2", 1);
    answered(&router, 4);
    router.end_cleanly();
    assert_eq!(check(&world).verdicts(0), ["ACCEPTED"; 2]);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)));
}

/// Cancels need nobody's schema: what a command owes goes out while the lane waits.
#[test]
fn owed_cancels_do_not_wait_for_the_registry() {
    let (world, registry) = (World::new("registry-owed", 1), Registry::start());
    asking(&world, &registry, "[batch]\nrecords = 3\n");
    registry.answer_all(Some(503));
    let router = world.router(&[]);
    (0..10).for_each(|number| world.send(&intent("A1", number)));
    world.wait_answered(&router);
    router.end_cleanly();
    let said = world.call(&["control", "cancel-all", "--account", "A1", "--reason", "a test"]);
    assert!(said.status.success(), "{said:?}");
    let report = confluent(6, &acknowledged("E1", "o-1"));
    world.produce("executions", 0, Some(b"A1"), Some(&report));
    let router = world.router(&[]).saying(&[WAITS]);
    router.wait_logged("waiting for the schema registry to say what its schema 6 is");
    assert_eq!(world.read("orders", Isolation::Committed).len(), 20, "each order, and its cancel");
    registry.register(6, include_str!("../../schemas/Execution.v1.avsc"));
    registry.answer_all(None);
    let taken = || {
        let entries = world.read("audit", Isolation::Committed);
        let last = ENTRY.decode(entries.last()?.value.as_deref()?);
        (last["kind"] == "EXECUTION" && last["execution"]["exec_id"] == "E1").then_some(())
    };
    eventually("the report is taken", taken);
    router.end_cleanly();
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)));
}

#[test]
fn orders_are_written_in_the_format_that_is_configured() {
    let (world, registry) = (World::new("registry-orders", 1), Registry::start());
    let account = account_in(0, 1);
    let decide = |number, says: &[Expected]| {
        world.send(&intent(&account, number));
        let router = world.router(&[]).saying(says);
        if !says.is_empty() {
            let subject = format!("{}-value", world.topic("orders"));
            router.wait_logged(&format!("waiting for the schema registry to register Order as {subject}"));
            assert_eq!(decisions(&world), 0, "nothing is decided that could not be written");
            registry.answer_all(None);
        }
        world.wait_answered(&router);
        router.end_cleanly();
        check(&world);
        let orders = world.read("orders", Isolation::Committed);
        orders.last().and_then(|order| order.value.clone()).expect("an order")[..5].to_vec()
    };
    registry.answer_all(Some(503));
    asking(&world, &registry, "output = \"confluent\"\n");
    let unasked = expect("waiting for the schema registry to register Order as ", "it does not answer");
    assert_eq!(decide(0, &[unasked]), [0, 0, 0, 0, 100]);
    // The last order is read back before the next one is decided, whatever it is written in.
    assert_eq!(decide(1, &[]), [0, 0, 0, 0, 100]);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)));
    registry.answer_all(Some(500));
    let called = world.call(&["audit", "verify"]);
    let said = String::from_utf8_lossy(&called.stderr).into_owned();
    assert!(said.contains("the schema registry did not answer: http://127.0.0.1:"), "{said}");
    assert_eq!((called.status.code(), called.stdout.len()), (Some(1), 0));
    registry.answer_all(None);
    asking(&world, &registry, "");
    assert_eq!(decide(2, &[])[..2], [0xC3, 0x01]);
    assert_eq!(verified(&world), (Some(0), json!([]), json!(0)));
}

#[test]
fn a_price_is_read_by_the_schema_that_its_id_stands_for() {
    let (world, registry, address) = (World::new("registry-prices", 1), Registry::start(), free());
    asking(&world, &registry, "");
    registry.answer_all(Some(503));
    let value = confluent(5, &price(INSTRUMENT, "100", 0));
    world.produce("prices", 0, Some(INSTRUMENT.as_bytes()), Some(&value));
    let other = "OTHER.XTST";
    let waits = expect("prices wait for the schema registry", "it does not answer");
    let ahead = expect("prices dropped", "one is from the future");
    let router = world.router_at(&address, &[]).saying(&[waits, ahead]);
    router.wait_logged("prices wait for the schema registry: http://127.0.0.1:");
    assert_eq!(age(&address), None, "none is held yet");
    world.produce("prices", 0, Some(other.as_bytes()), Some(&price(other, "7", 90_000)));
    eventually("others are held", || age(&address).filter(|age| *age >= 90.0));
    world.produce(
        "prices",
        0,
        Some(INSTRUMENT.as_bytes()),
        Some(&confluent(5, &price(INSTRUMENT, "101", -600_000))),
    );
    registry.register(5, include_str!("../../schemas/ReferencePrice.v1.avsc"));
    registry.answer_all(None);
    // Only the newest of its key was kept, and that is from the future: it has been read.
    let ahead = BTreeMap::from([("ahead".to_owned(), 1)]);
    eventually("the price is read", || (dropped(&address) == ahead).then_some(()));
    router.end_cleanly();
}
