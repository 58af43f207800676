//! Each check finds what it is there to find: the story is as it must be, and each test breaks it in one place.

use std::collections::BTreeMap;

use serde_json::json;

use super::{check, sent};
use crate::log::{Log, Role};
use crate::world::{World, violations};

/// Breaks the story, and says what was found.
fn broken(damage: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::story();
    damage(&mut world);
    world.violations()
}

/// Breaks the topics themselves.
fn torn(damage: impl FnOnce(&mut Log)) -> Vec<String> {
    let mut log = World::story().log();
    damage(&mut log);
    violations(&check(&log, &[], &[]))
}

fn found(of: &[String], wanted: &[&str]) {
    for wanted in wanted {
        assert!(of.iter().any(|it| it.starts_with(wanted)), "{wanted}\nin {of:#?}");
    }
    assert!(!of.is_empty() && (!wanted.is_empty()));
}

#[test]
fn the_story_holds_and_is_counted() {
    let report = World::story().report();
    assert_eq!(violations(&report), [""; 0]);
    let of = |name: &str| {
        let (_, section) = report.sections().find(|(guarantee, _)| guarantee.name() == name).unwrap();
        section.counts.clone()
    };
    let counts = |name: &str, wanted: &[(&str, u64)]| {
        for (what, number) in wanted {
            assert_eq!(of(name).get(what), Some(number), "{name}: {what}");
        }
    };
    counts("G1", &[("orders", 3), ("NEW", 1), ("owed cancels", 1), ("orders of intents", 2)]);
    counts(
        "G2",
        &[("keys", 4), ("duplicates", 1), ("conflicts", 1), ("orders that exist", 1), ("malformed", 1)],
    );
    counts("G3", &[("intents answered", 7), ("executions answered", 1), ("control records answered", 4)]);
    counts("TORN", &[("entries with an order", 3), ("quarantined values", 1)]);
    counts("G6", &[("entries", 15)]);
}

#[test]
fn an_order_that_comes_twice_is_found() {
    let twice = broken(|world| world.orders.push(world.orders[0].clone()));
    found(
        &twice,
        &["G1 order_id, order_version: published once", "G1 client_order_id", "G1 audit_seq: one order"],
    );
}

#[test]
fn an_order_of_no_entry_is_found() {
    let forged = broken(|world| {
        let mut order = world.orders[0].clone();
        order["audit_seq"] = json!(99);
        order["client_order_id"] = json!("o-9");
        world.orders.push(order);
    });
    found(
        &forged,
        &["G1 order_id:", "G1 audit_seq: an entry that allows it", "TORN entry: visible with its order"],
    );
}

#[test]
fn an_entry_without_its_order_is_found() {
    let lost = broken(|world| drop(world.orders.remove(1)));
    found(
        &lost,
        &["G1 order: the one that this entry allows", "TORN order: visible", "G1 order_version: 2, not 3"],
    );
}

#[test]
fn an_order_that_differs_from_its_entry_is_found() {
    for (field, value) in
        [("intent_id", "i-7"), ("strategy_id", "S2"), ("origin", "CONTROL"), ("command", "REPLACE")]
    {
        found(&broken(|world| world.orders[0][field] = json!(value)), &[&format!("G1 {field}: ")]);
    }
    found(&broken(|world| world.orders[0]["decided_at"] = json!(7)), &["G1 decided_at"]);
    found(&broken(|world| world.orders[1]["order_version"] = json!(3)), &["G1 order_version: 2, not 3"]);
    found(
        &torn(|log| log.topics[Role::Orders as usize].partitions[0].committed[0].key = None),
        &["G1 key: A1, not null"],
    );
    found(
        &torn(|log| log.topics[Role::Orders as usize].partitions[0].committed[0].value = None),
        &["G1 value"],
    );
}

#[test]
fn a_second_verdict_of_a_key_is_found() {
    let second = broken(|world| {
        world.entries[5]["verdict"] = json!("REJECTED");
        world.entries[5]["reason"] = json!("INTENT_TOO_OLD");
    });
    found(&second, &["G2 verdict: DUPLICATE, not REJECTED", "G2 reason: , not INTENT_TOO_OLD"]);
}

#[test]
fn a_duplicate_that_names_another_entry_is_found() {
    found(&broken(|world| world.entries[5]["duplicate_of"] = json!(3)), &["G2 duplicate_of: 4, not 3"]);
    found(&broken(|world| world.entries[5]["first_verdict"] = json!("REJECTED")), &["G2 first_verdict"]);
    found(&broken(|world| world.entries[5]["order_id"] = json!(null)), &["G2 order_id"]);
    found(&broken(|world| world.entries[6]["first_reason"] = json!("INTENT_TOO_OLD")), &["G2 first_reason"]);
}

#[test]
fn a_conflict_that_passes_for_a_duplicate_is_found() {
    let bytes = World::story().intents[0].1.clone();
    found(
        &broken(|world| world.intents[2].1 = bytes),
        &["G2 verdict: DUPLICATE, not REJECTED", "G2 fingerprint"],
    );
    found(
        &broken(|world| world.entries[6]["verdict"] = json!("DUPLICATE")),
        &["G2 verdict: REJECTED, not DUPLICATE"],
    );
}

#[test]
fn an_order_identity_that_is_taken_twice_is_found() {
    let taken = broken(|world| {
        world.entries[14]["reason"] = json!("INTENT_TOO_OLD");
        world.entries[14]["duplicate_of"] = json!(null);
    });
    found(&taken, &["G2 reason: IDEMPOTENCY_KEY_CONFLICT, not INTENT_TOO_OLD", "G2 duplicate_of: 4, not -1"]);
    found(
        &broken(|world| world.entries[8]["reason"] = json!("IDEMPOTENCY_KEY_CONFLICT")),
        &["G2 reason: another"],
    );
}

#[test]
fn what_is_malformed_or_misplaced_binds_nothing() {
    found(
        &broken(|world| world.intents[5].1 = world.intents[0].1.clone()),
        &["G2 reason: another, for a whole intent"],
    );
    found(&broken(|world| world.intents[0].1 = b"no intent".to_vec()), &["G2 reason: MALFORMED_INTENT"]);
    found(&broken(|world| world.intents[0].0 = "B1".to_owned()), &["G2 reason: WRONG_PARTITION"]);
    found(&broken(|world| world.entries[10]["order_id"] = json!("x")), &["G2 order_id: null"]);
}

#[test]
fn an_entry_that_holds_another_intent_is_found() {
    found(
        &broken(|world| world.entries[4]["intent"]["price"] = json!("101")),
        &["G2 intent.price: 100, not 101"],
    );
    assert_eq!(broken(|world| world.entries[4]["intent"]["price"] = json!("100.00")), [""; 0]);
    found(&broken(|world| world.entries[4]["strategy_id"] = json!("S9")), &["G2 strategy_id: S1, not S9"]);
}

#[test]
fn an_input_without_answer_is_found() {
    let unread = broken(|world| world.intents.push(world.intents[0].clone()));
    found(
        &unread,
        &["G3 entry: one that answers this record, not none in audit/0, up to the high watermark"],
    );
    let passed_over = broken(|world| {
        let at = world.entries[14]["input"]["offset"].as_i64().unwrap();
        world.entries[14]["input"]["offset"] = json!(at + 2);
        world.intents.insert(6, world.intents[0].clone());
    });
    found(
        &passed_over,
        &["G3 entry: one that answers this record, not none in audit/0, and was passed over"],
    );
    let opened_past = broken(|world| world.entries[11]["as_of"]["control"] = json!(99));
    found(&opened_past, &["G3 as_of.control"]);
}

#[test]
fn an_input_that_is_answered_twice_is_found() {
    let twice = broken(|world| {
        let again = world.entries[4].clone();
        world.entries[5]["input"] = again["input"].clone();
    });
    found(&twice, &["G3 input.offset: 1 or more, as it was answered before, not 0"]);
}

#[test]
fn an_entry_that_is_appended_once_more_answers_its_input_twice() {
    let again = torn(|log| {
        let audit = &mut log.topics[Role::Audit as usize].partitions[0];
        let mut record = audit.committed.last().unwrap().clone();
        record.offset += 1;
        audit.committed.push(record);
    });
    let due =
        ["G3 as_of.intents: 13, not 11", "G3 input.offset: 13 or more", "G6 seq: 15, not 14", "G2 verdict"];
    found(&again, &due);
}

#[test]
fn an_answer_to_no_record_is_found() {
    found(
        &broken(|world| world.entries[14]["input"]["offset"] = json!(1013)),
        &["G3 input.offset: a committed record"],
    );
    found(&broken(|world| world.entries[14]["input"]["timestamp"] = json!(1)), &["G3 input.timestamp"]);
    found(
        &broken(|world| world.entries[14]["input"] = json!(null)),
        &["G3 input: of intents, for a DECISION, not null"],
    );
    found(&broken(|world| world.entries[13]["input"]["offset"] = json!(999)), &["G3 input.offset: below"]);
}

#[test]
fn the_groups_offsets_are_the_trails_cursors() {
    let offsets = |intents, executions| {
        BTreeMap::from([((Role::Intents, 0), intents), ((Role::Executions, 0), executions)])
    };
    let behind = torn(|log| log.group = offsets(2, 1));
    assert_eq!(behind, ["G3 offset of the group: 13, not 2"]);
    let beyond = torn(|log| log.group = offsets(13, 2));
    assert_eq!(
        beyond,
        ["G3 offset of the group: 1, not 2", "TORN entries: up to the group's offset 2, not none"]
    );
    found(&torn(|log| log.group.clear()), &["G3 offset of the group: 13, not none"]);
}

#[test]
fn a_halted_lane_may_leave_inputs_and_nothing_else() {
    let mut world = World::story();
    world.intents.push(world.intents[0].clone());
    let mut log = world.log();
    log.group.clear();
    assert_eq!(violations(&check(&log, &[0], &[])), [""; 0]);
    world.orders.pop();
    found(&violations(&check(&world.log(), &[0], &[])), &["TORN order: visible with its entry"]);
}

#[test]
fn an_input_that_was_made_anew_is_no_fault_of_a_halted_lane() {
    let mut log = World::story().log();
    let intents = &mut log.topics[Role::Intents as usize].partitions[0];
    intents.committed.iter_mut().for_each(|record| record.timestamp_ms += 1);
    intents.committed.remove(0);
    found(
        &violations(&check(&log, &[], &[])),
        &["G3 input.timestamp", "G3 input.offset: a committed record"],
    );
    // The quarantined value cannot be compared any more; it is there.
    assert_eq!(violations(&check(&log, &[0], &[])), [""; 0]);
}

#[test]
fn a_partition_that_was_added_has_no_lane() {
    let mut log = World::story().log();
    let intents = &mut log.topics[Role::Intents as usize].partitions;
    intents.push(intents[0].clone());
    found(
        &violations(&check(&log, &[], &[])),
        &["G3 entry: one that answers this record, not no lane, and none"],
    );
    assert_eq!(violations(&check(&log, &[1], &[])), [""; 0]);
}

#[test]
fn what_was_sent_is_there_and_answered() {
    let log = World::story().log();
    let sent = |line: &str| violations(&check(&log, &[], &sent::parse(line).unwrap()));
    let line = |topic: &str, offset: i64, intent: &str| {
        format!(
            r#"{{"topic":"{topic}","partition":0,"offset":{offset},"account_id":"A1","intent_id":"{intent}","x":1}}"#
        )
    };
    assert_eq!(sent(&format!("{}\n\n{}\n", line("intents", 0, "i-1"), line("control", 0, ""))), [""; 0]);
    assert_eq!(sent(&line("intents", 0, "i-9")), ["G3 sent intent_id: i-9, not i-1"]);
    assert_eq!(sent(&line("intents", 1, "i-1")), ["G3 sent: the record that was acknowledged, not none"]);
    found(&sent(&line("executions", 4, "")), &["G3 sent: the record", "G3 sent: answered, not no entry"]);
    assert!(sent::parse("{}").is_err() && sent::parse("x").unwrap_err().starts_with("line 1"));
}

#[test]
fn quarantine_has_each_bad_value_once_as_it_came() {
    found(
        &broken(|world| world.quarantine.clear()),
        &["TORN quarantine: the value of t.intents/0/10, not none"],
    );
    let again = broken(|world| {
        let mut again = world.quarantine[0].clone();
        again.offset = 2;
        world.quarantine.push(again);
    });
    found(&again, &["TORN key: each input once"]);
    found(
        &broken(|world| world.quarantine[0].key = Some(b"t.intents/0/0"[..].into())),
        &["TORN key: an input that"],
    );
    found(&broken(|world| world.quarantine[0].value = Some(b"x"[..].into())), &["TORN value"]);
    for (index, name) in ["reason", "detail", "sha256", "length", "key"].into_iter().enumerate() {
        let changed = broken(|world| world.quarantine[0].headers[index].1 = Vec::new());
        found(&changed, &[&format!("TORN header {name}")]);
    }
    found(&broken(|world| world.entries[10]["raw_sha256"] = json!("00".repeat(32))), &["G7 raw_sha256"]);
}

#[test]
fn a_report_that_passes_for_unreadable_is_found() {
    let hidden = broken(|world| {
        world.entries[7]["execution"] = json!(null);
        world.entries[7]["anomaly"] = json!("EXECUTION_UNAPPLIED");
    });
    found(&hidden, &["G7 execution: the report, as it can be decoded, not null", "TORN quarantine"]);
}

#[test]
fn an_edited_entry_a_gap_and_a_fork_are_found() {
    let entries = |log: &mut Log| log.topics[Role::Audit as usize].partitions[0].committed.clone();
    let put = |log: &mut Log, all| log.topics[Role::Audit as usize].partitions[0].committed = all;
    let edited = torn(|log| {
        let mut all = entries(log);
        let mut bytes = all[8].value.clone().unwrap();
        let at = bytes.windows(2).position(|pair| pair == b"11").unwrap();
        bytes[at] = b'9';
        all[8].value = Some(bytes);
        put(log, all);
    });
    found(&edited, &["G6 prev", "G2 intent.order_qty: 11, not 91"]);
    let gap = torn(|log| {
        let mut all = entries(log);
        all.remove(5);
        put(log, all);
    });
    found(&gap, &["G6 seq: 5, not 6", "G6 prev", "G6 key", "G3 entry: one that answers"]);
    let unreadable = torn(|log| {
        let mut all = entries(log);
        all[5].value = Some(b"x"[..].into());
        put(log, all);
    });
    found(&unreadable, &["G6 value: a record of the published schema", "G6 seq: 5, not 6"]);
    found(&torn(|log| log.topics[Role::Audit as usize].partitions[0].start = 2), &["G6 log start: 0, not 2"]);
    found(&broken(|world| world.entries[11]["kind"] = json!("GENESIS")), &["G6 kind: another kind"]);
}

#[test]
fn an_aborted_entry_upon_another_trail_is_found() {
    let aborted = |seq: i64, is_linked: bool| {
        torn(|log| {
            let audit = &mut log.topics[Role::Audit as usize].partitions[0];
            let mut record = audit.committed[usize::try_from(seq).unwrap()].clone();
            if !is_linked {
                // The link stands behind the header and the number.
                let mut bytes = record.value.clone().unwrap();
                bytes[12] ^= 1;
                record.value = Some(bytes);
            }
            record.offset += 1;
            audit.aborted.push(record);
        })
    };
    assert_eq!(aborted(5, true), [""; 0]);
    found(&aborted(5, false), &["G6 prev of an aborted entry: the leaf of an entry 4"]);
}

#[test]
fn readers_that_saw_different_records_are_found() {
    let different = torn(|log| log.topics[Role::Orders as usize].partitions[0].contradictory.push(2));
    assert_eq!(different, ["READ record: the same to both readers, not another, or none"]);
}

#[test]
fn a_lane_that_never_opened_answers_nothing() {
    let mut world = World::default();
    world.intents = World::story().intents;
    found(&world.violations(), &["G3 entry: one that answers this record, not none in audit/0, by a lane"]);
    world.intents.clear();
    assert_eq!(world.violations(), [""; 0]);
}
