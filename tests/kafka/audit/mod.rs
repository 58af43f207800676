//! `onefill audit` and `status`: a good trail is good, and each kind of damage is found and named.

mod damage;
mod limits;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::broker::broker;
use crate::command::Installation;
use crate::reader::{Record, eventually};
use damage::{Copy, append, edit, instrument, origin, relink};

/// The entry of the third order: an opening, limits, an instrument and two orders stand before it.
const THIRD: usize = 5;

fn codes(faults: &[Value]) -> BTreeSet<&str> {
    faults.iter().filter_map(|fault| fault["code"].as_str()).collect()
}

/// The faults of this code, as field, what is there, what should be.
fn of<'f>(faults: &'f [Value], code: &str) -> Vec<(&'f Value, &'f Value, &'f Value)> {
    let found = faults.iter().filter(|fault| fault["code"] == code);
    found.map(|fault| (&fault["seq"], &fault["field"], &fault["is"])).collect()
}

fn audit() -> Vec<Record> {
    origin().audit.clone()
}

#[test]
fn a_trail_is_whole_as_the_router_wrote_it() {
    let called = origin().here.done(&["audit", "verify", "--output", "json"]);
    let report = called.json().remove(0);
    let lane = &report["partitions"][0];
    assert_eq!((&report["faults"], &lane["entries"], &lane["orders"]), (&json!(0), &json!(12), &json!(5)));
    assert_eq!(
        (&lane["accepted"], &lane["rejected"], &lane["duplicates"]),
        (&json!(5), &json!(3), &json!(1))
    );
    // Everything but the opening answers a record, and comes out the same when it is decided anew.
    assert_eq!(lane["decided_anew"], 11);
    assert_eq!(
        lane["compared"],
        json!({"inputs": 11, "inputs_gone": 0, "orders": 5, "orders_gone": 0, "unknown_schemas": 0})
    );
    let copy = Copy::new("as-is", Some(&audit()), Some(&origin().orders));
    assert_eq!(copy.faults(&[]), Vec::<Value>::new());
}

#[test]
fn an_edited_entry_is_found_with_its_field() {
    let mut audit = audit();
    edit(&mut audit[THIRD], "100.25", "900.25");
    let copy = Copy::new("edited", Some(&audit), None);
    let faults = copy.faults(&[]);
    let diverged = of(&faults, "STATE_DIVERGED");
    assert!(diverged.contains(&(&json!(THIRD), &json!("intent.price"), &json!("900.25"))), "{faults:?}");
    assert_eq!(of(&faults, "CHAIN_BROKEN")[0].0, THIRD + 1, "the next entry links to what was there");
    let text = copy.verify(&[]);
    assert!(text.out.contains("onefill explain CHAIN_BROKEN"), "{}", text.out);
}

#[test]
fn a_trail_that_was_rewritten_and_linked_anew_is_found_by_its_input_its_order_and_its_head() {
    let mut audit = audit();
    edit(&mut audit[THIRD], "100.25", "900.25");
    relink(&mut audit);
    let copy = Copy::new("rewritten", Some(&audit), None);
    assert_eq!(codes(&copy.faults(&[])), BTreeSet::from(["STATE_DIVERGED", "OUTPUT_MISMATCH"]));
    let report = origin().here.done(&["audit", "verify", "--output", "json"]).json().remove(0);
    let head = report["partitions"][0]["head"]["note"].as_str().expect("a head");
    assert_eq!(of(&copy.faults(&["--expect", head]), "CHAIN_BROKEN").len(), 1);
    let whole = Copy::new("rewritten-not", None, None);
    let file = whole.file("heads", &format!("# of today\n{head}\n"));
    assert_eq!(whole.faults(&["--head", &file]), Vec::<Value>::new());
}

#[test]
fn a_missing_entry_leaves_a_gap_an_input_without_answer_and_an_order_without_entry() {
    let mut audit = audit();
    audit.remove(THIRD);
    let faults = Copy::new("missing", Some(&audit), None).faults(&[]);
    assert_eq!(codes(&faults), BTreeSet::from(["CHAIN_BROKEN", "INPUT_LOST", "OUTPUT_MISMATCH"]));
    assert_eq!(of(&faults, "CHAIN_BROKEN"), [(&json!(THIRD + 1), &json!("seq"), &json!("6"))]);
    assert_eq!(of(&faults, "OUTPUT_MISMATCH")[0].0, THIRD);
    let unanswered: Vec<_> = faults.iter().filter(|fault| fault["code"] == "INPUT_LOST").collect();
    assert_eq!((unanswered.len(), &unanswered[0]["offset"]), (1, &json!(2)), "the third intent");
}

#[test]
fn two_entries_that_changed_places_are_found() {
    let mut audit = audit();
    audit.swap(THIRD, THIRD + 1);
    let faults = Copy::new("swapped", Some(&audit), None).faults(&[]);
    assert_eq!(of(&faults, "CHAIN_BROKEN")[0], (&json!(THIRD + 1), &json!("seq"), &json!("6")));
}

#[test]
fn what_a_stranger_appended_is_found() {
    let copy = Copy::new("appended", Some(&audit()), None);
    append(&copy.audit(), &audit()[11..]);
    let faults = copy.faults(&[]);
    assert_eq!(of(&faults, "CHAIN_BROKEN"), [(&json!(11), &json!("seq"), &json!("11"))]);
    append(&copy.audit(), &[Record { value: Some(b"hello".to_vec()), ..audit()[0].clone() }]);
    assert!(codes(&copy.faults(&[])).contains("AUDIT_UNREADABLE"));
}

#[test]
fn a_key_that_is_not_its_number_is_found() {
    let mut audit = audit();
    audit[THIRD].key = Some(b"4".to_vec());
    let faults = Copy::new("key", Some(&audit), None).faults(&[]);
    assert_eq!(of(&faults, "AUDIT_UNREADABLE")[0].1, "key");
}

#[test]
fn a_trail_that_lost_its_beginning_is_found() {
    let copy = Copy::new("beginning", Some(&audit()), None);
    delete_before(&copy.audit(), 3);
    let faults = copy.faults(&[]);
    assert_eq!(of(&faults, "CHAIN_BROKEN")[0], (&json!(3), &json!("seq"), &json!("3")));
}

#[test]
fn a_trail_that_lost_its_end_is_found_by_its_head() {
    let lost = &audit()[..11];
    let copy = Copy::new("end", Some(lost), None);
    // It is consistent in itself; but the group has gone further, which counts once the killed router is no member.
    eventually("the group has gone further", || {
        let faults = copy.faults(&[]);
        assert!(codes(&faults).iter().all(|code| *code == "CURSOR_MISMATCH"), "{faults:?}");
        (!faults.is_empty()).then_some(())
    });
    let report = origin().here.done(&["audit", "verify", "--output", "json"]).json().remove(0);
    let head = report["partitions"][0]["head"]["note"].as_str().expect("a head");
    let faults = copy.faults(&["--expect", head]);
    assert_eq!(
        of(&faults, "CHAIN_BROKEN"),
        [(&json!(11), &Value::Null, &json!("the trail does not have it, and ends at entry 10"))]
    );
}

#[test]
fn a_head_of_a_partition_that_is_not_there_is_no_head_of_this_trail() {
    let elsewhere = format!("7:40:{}", "0".repeat(64));
    for more in [&["--expect", &elsewhere][..], &["--expect", &elsewhere, "--recompute"]] {
        let called = origin().here.call(&[&["audit", "verify"], more].concat());
        assert_eq!(called.status, 5, "{}", called.out);
        assert!(
            called.err.contains("a head of partition 7 was noted") && called.err.contains("1 partition"),
            "{}",
            called.err
        );
    }
}

#[test]
fn offsets_that_differ_are_a_fault_where_nobody_commits() {
    let here = Installation::new(broker(), "audit-offsets");
    here.done(&["init", "--partitions", "1"]);
    let router = here.router();
    here.allow("A1");
    here.done(&["control", "cancel-all", "--account", "A1", "--reason", "test", "--wait"]);
    router.end_cleanly();
    here.done(&["audit", "verify"]);
    let commit = |offset: i64| {
        let group = format!("{}router", here.prefix);
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", broker())
            .set("group.id", &group)
            .create()
            .expect("a consumer");
        let mut offsets = TopicPartitionList::new();
        let at = Offset::Offset(offset);
        offsets.add_partition_offset(&format!("{}intents", here.prefix), 0, at).expect("an offset");
        client.commit(&offsets, CommitMode::Sync).expect("it is committed");
    };
    commit(1);
    let called = here.call(&["audit", "verify", "--output", "json"]);
    let faults = called.json().remove(0)["partitions"][0]["faults"].clone();
    assert_eq!((called.status, faults.as_array().map(Vec::len)), (5, Some(1)), "{faults}");
    assert_eq!((&faults[0]["code"], &faults[0]["is"]), (&json!("CURSOR_MISMATCH"), &json!("1")));
    commit(0);
    here.done(&["audit", "verify"]);
}

#[test]
fn an_order_without_entry_is_found() {
    let orders = &origin().orders;
    let twice = [&orders[..3], &orders[2..]].concat();
    let faults = Copy::new("order-twice", None, Some(&twice)).faults(&[]);
    assert_eq!((faults.len(), &faults[0]["offset"]), (1, &json!(3)));
    assert_eq!((&faults[0]["code"], &faults[0]["seq"]), (&json!("OUTPUT_MISMATCH"), &json!(THIRD)));
    let garbage = Record { value: Some(b"hello".to_vec()), ..orders[0].clone() };
    let foreign = [&orders[..], &[garbage]].concat();
    let faults = Copy::new("order-foreign", None, Some(&foreign)).faults(&[]);
    assert_eq!((faults.len(), &faults[0]["offset"]), (1, &json!(5)));
}

#[test]
fn an_entry_without_order_is_found() {
    let mut orders = origin().orders.clone();
    orders.remove(2);
    let faults = Copy::new("order-missing", None, Some(&orders)).faults(&[]);
    assert_eq!(of(&faults, "OUTPUT_MISMATCH"), [(&json!(THIRD), &Value::Null, &json!("no order is there"))]);
}

#[test]
fn an_order_that_differs_is_found_with_its_field() {
    let mut orders = origin().orders.clone();
    edit(&mut orders[2], "100.25", "100.26");
    let faults = Copy::new("order-edited", None, Some(&orders)).faults(&[]);
    assert_eq!(of(&faults, "OUTPUT_MISMATCH"), [(&json!(THIRD), &json!("price"), &json!("100.26"))]);
}

#[test]
fn what_an_operator_accepted_on_the_record_is_no_fault() {
    let here = Installation::new(broker(), "audit-recovered");
    here.done(&["init", "--partitions", "1"]);
    let order = |key: &str| {
        let named = ["submit", "--account", "A1", "--strategy", "S1", "--intent-id", key, "--wait"];
        let terms = ["--instrument", "BTC-USD.SIM", "--side", "BUY", "--order-type", "LIMIT", "--qty", "2"];
        here.done(&[&named[..], &terms, &["--price", "100.25"]].concat());
    };
    {
        let _router = here.router();
        here.allow("A1");
        here.done(&instrument());
        order("k1");
    }
    let orders = format!("{}orders", here.prefix);
    append(&orders, &origin().orders[4..]);
    let verify = || here.call(&["audit", "verify", "--output", "json"]);
    let found = verify();
    assert_eq!((found.status, &found.json()[0]["faults"]), (5, &json!(1)));
    // Refused while the killed router still counts as a member.
    let recover =
        ["recover", "--partition", "0", "--accept", "OUTPUT_MISMATCH", "--reason", "a stranger's order"];
    eventually("the stranger's order is accepted", || (here.call(&recover).status == 0).then_some(()));
    {
        let _router = here.router();
        order("k2");
    }
    let accepted = verify().json().remove(0);
    let lane = &accepted["partitions"][0];
    assert_eq!((&accepted["faults"], &lane["accepted_by_recovery"]), (&json!(0), &json!(1)));
    assert_eq!((&lane["orders"], &lane["compared"]["orders"]), (&json!(2), &json!(2)));
}

#[test]
fn a_key_is_explained_with_its_conflict_and_its_order() {
    let explain = |key: &str| origin().here.call(&["audit", "explain", key, "--output", "json"]);
    let conflict = explain("A1/k1").json().remove(0);
    assert_eq!(
        (&conflict["deciding"]["verdict"], &conflict["order"]["audit_seq"]),
        (&json!("ACCEPTED"), &json!(3))
    );
    let differences = json!([{"field": "order_qty", "first": "2", "second": "3"}]);
    assert_eq!(conflict["others"][0]["differences"], differences);
    let retry = explain("A1/k2").json().remove(0);
    assert_eq!(
        (&retry["others"][0]["verdict"], &retry["others"][0]["differences"]),
        (&json!("DUPLICATE"), &json!([]))
    );

    let refused = explain("A1/k6").json().remove(0);
    let failed: Vec<_> =
        refused["checks"].as_array().expect("checks").iter().filter(|it| it["result"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["check"]), (1, &json!(8)));
    assert_eq!(failed[0]["with"], "INVALID_PRICE_INCREMENT, 100.251 against 0.01");

    let unknown = explain("A1/k99");
    assert_eq!(unknown.status, 1);
    assert!(unknown.err.contains("its last entry is 11"), "{}", unknown.err);
    assert_eq!(origin().here.call(&["audit", "explain", "A1"]).status, 2);
}

#[test]
fn entries_are_shown_and_exported() {
    let here = &origin().here;
    let shown = here.done(&["audit", "show", "--verdict", "rejected", "--output", "json"]).json();
    let reasons: Vec<_> = shown.iter().map(|entry| entry["reason"].as_str().expect("a reason")).collect();
    assert_eq!(reasons, ["INVALID_PRICE_INCREMENT", "UNKNOWN_INSTRUMENT", "IDEMPOTENCY_KEY_CONFLICT"]);
    let last = here.done(&["audit", "show", "--last", "2"]);
    assert_eq!(last.out.lines().count(), 3, "a header and two entries: {}", last.out);

    let lines = here.done(&["audit", "export", "--from", "1"]).json();
    assert_eq!(lines.len(), 11);
    for pair in lines.windows(2) {
        assert_eq!(pair[1]["prev"], pair[0]["leaf_hash"], "each entry links to the one before");
    }
}

#[test]
fn status_tells_where_the_lanes_stand() {
    let status = origin().here.done(&["status", "--output", "json"]).json().remove(0);
    let lane = &status["lanes"][0];
    assert_eq!((&lane["seq"], &lane["cursors"]["intents"]), (&json!(11), &json!(9)));
    assert_eq!(lane["committed"], json!({"intents": 9, "executions": 0}));
    assert_eq!(lane["lag"], json!({"intents": 0, "executions": 0}));
    assert_eq!(lane["stage"], Value::Null, "nobody was asked");
}

fn delete_before(topic: &str, offset: i64) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().expect("an admin client");
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(topic, 0, Offset::Offset(offset)).expect("an offset");
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(admin.delete_records(&before, &options)).expect("records are deleted");
}
