//! `onefill-checker`, which shares no code with the router, agrees with it, and finds what a stranger forges.

use std::process::{Command, Output};

use serde_json::{Value as Json, json};

use crate::broker::broker;
use crate::reader::Isolation;
use crate::records::{account_in, new_intent, with};
use crate::world::World;

/// Builds the checker, which is a package of its own, and calls it.
fn called(bootstrap: &str, prefix: &str, arguments: &[&str]) -> Output {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--locked", "--package", "onefill-checker", "--"]).current_dir(root);
    command.args(["--bootstrap", bootstrap, "--prefix", prefix, "--output", "json"]).args(arguments);
    command.output().expect("the checker can be run")
}

/// Its exit status, and which guarantees it says are broken.
fn broken(world: &World, arguments: &[&str]) -> (i32, Vec<String>) {
    let output = called(broker(), &world.prefix, &[&["--wait-s", "5"], arguments].concat());
    let status = output.status.code().expect("an exit status");
    let err = String::from_utf8_lossy(&output.stderr);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{status}: {err}"));
    let all = report["guarantees"].as_array().expect("a list").iter();
    let names =
        all.filter(|it| it["verdict"] == "BROKEN").map(|it| it["guarantee"].as_str().unwrap_or_default());
    (status, names.map(str::to_owned).collect())
}

#[test]
fn the_independent_checker_agrees_with_the_router_and_finds_what_is_forged() {
    let world = World::new("independent", 2);
    let account = account_in(0, 2);
    world.allow(&account);
    let first = new_intent(&account, "I1", "C1");
    let cancel = with(&new_intent(&account, "I2", "C1"), &json!({"intent_type": "CANCEL"}));
    let intents = [
        first.clone(),
        first.clone(),
        with(&first, &json!({"order_qty": "3"})),
        cancel,
        with(&new_intent(&account, "I3", "C3"), &json!({"price": "0.001"})),
    ];
    world.send_all(&intents);
    world.produce("intents", 0, Some(account.as_bytes()), Some(b"no intent"));
    let router = world.router(&[]);
    world.wait_answered(&router);
    router.end_cleanly();
    assert_eq!(broken(&world, &[]), (0, vec![]));

    let sent = tempfile::NamedTempFile::new().unwrap();
    let line =
        json!({"topic": "intents", "partition": 0, "offset": 1, "account_id": account, "intent_id": "I1"});
    std::fs::write(&sent, format!("{line}\n")).unwrap();
    let path = sent.path().to_str().unwrap();
    assert_eq!(broken(&world, &["--sent", path]), (0, vec![]));

    world.send(&new_intent(&account, "I4", "C4"));
    assert_eq!(broken(&world, &[]), (5, vec!["G3".to_owned()]), "an intent that nobody answers");
    assert_eq!(broken(&world, &["--expect-halted", "0"]), (0, vec![]));

    let orders = world.read("orders", Isolation::Committed);
    let order = orders.first().expect("an order");
    world.produce("orders", order.partition, order.key.as_deref(), order.value.as_deref());
    let found = broken(&world, &["--expect-halted", "0"]);
    assert_eq!(found, (5, vec!["G1".to_owned()]), "an order that comes twice");
}

#[test]
fn the_independent_checker_says_that_it_could_not_check() {
    let output = called("127.0.0.1:1", "x.", &["--wait-s", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let output = called("127.0.0.1:1", "x.", &["--wait-s", "soon"]);
    assert_eq!(output.status.code(), Some(2));
}
