//! An entry that onefill cannot have written is refused, never guessed at.

use apache_avro::types::Value;
use onefill::core::entry::{Body, Ruling};
use onefill::core::verdict::Reason;
use onefill::wire::{RecordType, entry};

use crate::{golden, reference};

const ENTRY: RecordType = RecordType::Entry;

fn fields(case: &str) -> Vec<(String, Value)> {
    let golden = golden::one(case);
    match reference::read(ENTRY, golden.body()) {
        Some(Value::Record(fields)) => fields,
        other => panic!("{case} is {other:?}"),
    }
}

/// Every value that any golden entry has in this field.
fn donors(at: usize) -> Vec<Value> {
    let golden = golden::all();
    let cases = golden.values().filter(|golden| golden.record == ENTRY);
    let mut donors: Vec<Value> = Vec::new();
    for case in cases {
        let value = fields(&case.case).swap_remove(at).1;
        if !donors.contains(&value) {
            donors.push(value);
        }
    }
    donors
}

#[test]
fn an_entry_with_one_field_of_another_is_refused_or_reads_back_exactly() {
    let donors: Vec<_> = (0..fields("Entry.v1.genesis").len()).map(donors).collect();
    let (mut refused, mut taken) = (0, 0);
    for golden in golden::all().values().filter(|golden| golden.record == ENTRY) {
        let fields = fields(&golden.case);
        for (at, donors) in donors.iter().enumerate() {
            for donor in donors.iter().filter(|donor| **donor != fields[at].1) {
                let mut changed = fields.clone();
                changed[at].1 = donor.clone();
                let body = reference::write(ENTRY, &Value::Record(changed)).unwrap();
                match crate::typed::body_again(ENTRY, &body) {
                    Err(_) => refused += 1,
                    Ok(again) => {
                        assert_eq!(again, body, "{}.{}", golden.case, fields[at].0);
                        taken += 1;
                    }
                }
            }
        }
    }
    // Of both there are many: the test would otherwise show nothing.
    assert!(refused > 200 && taken > 50, "{refused} refused, {taken} taken");
}

#[test]
fn a_refusal_names_the_field() {
    let refusal = |case: &str, field: &str, value: Value| {
        let mut fields = fields(case);
        let at = fields.iter().position(|(name, _)| name == field).unwrap();
        fields[at].1 = value;
        let body = reference::write(ENTRY, &Value::Record(fields)).unwrap();
        entry::decode(&body).unwrap_err().to_string()
    };
    let null = || Value::Union(0, Box::new(Value::Null));
    let some = |value: Value| Value::Union(1, Box::new(value));
    let text = |text: &str| some(Value::String(text.to_owned()));
    for (case, field, value, said) in [
        ("accepted", "fingerprint", null(), "fingerprint is missing: an entry of this kind needs it"),
        ("accepted", "duplicate_of", some(Value::Long(1)), "duplicate_of is present, but no entry"),
        ("accepted", "account_id", text("A2"), "intent has other ids than the entry"),
        ("accepted", "order_id", text(&"0".repeat(32)), "order_id disagrees with the rest"),
        ("rejected", "fix_reason", some(Value::Int(0)), "fix_reason disagrees with the rest"),
        ("rejected", "scope", null(), "scope disagrees with the rest"),
        ("malformed", "raw_sha256", null(), "raw_sha256 is missing"),
        ("duplicate", "first_verdict", null(), "first_verdict disagrees with the rest"),
        ("execution", "instrument_id", null(), "instrument_id disagrees with the rest"),
        ("recovery", "detail", null(), "detail is missing"),
        ("genesis", "lane", null(), "lane is missing"),
        ("genesis", "seq", Value::Long(-1), "seq is -1, below zero"),
    ] {
        let refusal = refusal(&format!("Entry.v1.{case}"), field, value);
        assert!(refusal.starts_with(said), "{case}: {refusal}");
    }
}

#[test]
fn an_order_that_exists_is_told_from_a_conflict_of_keys_by_its_scope() {
    let ruling = |case: &str| {
        let golden = golden::one(case);
        match entry::decode(golden.body()).unwrap().body {
            Body::Decision(decision) => format!("{:?}", decision.ruling),
            other => panic!("{case} is {other:?}"),
        }
    };
    assert!(ruling("Entry.v1.order_exists").starts_with("Rejected"));
    assert!(ruling("Entry.v1.conflict").starts_with("Conflict"));
}

#[test]
fn golden_entries_mean_what_their_names_say() {
    let decision = |case: &str, check: &dyn Fn(&Ruling<'_>)| {
        let golden = golden::one(case);
        match entry::decode(golden.body()).unwrap().body {
            Body::Decision(decision) => {
                assert_eq!((decision.input.topic, decision.input.offset), ("onefill.intents", 5));
                check(&decision.ruling);
            }
            other => panic!("{case} is {other:?}"),
        }
    };
    decision("Entry.v1.duplicate", &|ruling| {
        let Ruling::Duplicate { ids, of, .. } = ruling else { panic!("{ruling:?}") };
        assert_eq!((ids.account_id.as_str(), ids.strategy_id.as_str()), ("A1", "S1"));
        assert_eq!((ids.intent_id.as_str(), ids.client_order_id.as_str()), ("i-1", "o-1"));
        assert_eq!(ids.instrument_id.as_str(), "BTC-PERP.XDEX");
        assert_eq!((of.seq, of.reason), (9, None));
        assert_eq!(of.order_id.unwrap().to_string(), "66b2ccceddb57e04ce745fedd16ebfa2");
    });
    decision("Entry.v1.conflict", &|ruling| {
        let Ruling::Conflict { of, .. } = ruling else { panic!("{ruling:?}") };
        assert_eq!((of.seq, of.reason, of.order_id), (9, Some(Reason::IntentTooOld), None));
    });
    decision("Entry.v1.accepted", &|ruling| {
        let Ruling::Accepted { references, after, converted_to_cancel, .. } = ruling else {
            panic!("{ruling:?}")
        };
        let after = after.unwrap();
        assert_eq!(after.position.to_string(), "-3.5");
        assert_eq!(
            (after.reserved_buy_qty.to_string(), after.reserved_sell_qty.to_string()),
            ("2".into(), "0".into())
        );
        assert_eq!((after.gross_notional.unwrap().to_string(), after.open_orders), ("1000.125".into(), 1));
        assert_eq!((references[0].partition, references[0].offset), (1, 99));
        assert!(!converted_to_cancel);
    });
    decision("Entry.v1.malformed", &|ruling| {
        let Ruling::Malformed { raw, detail } = ruling else { panic!("{ruling:?}") };
        assert_eq!((raw.key, &**detail), (Some(&b"A1\xff"[..]), "order_qty is missing: a NEW needs it"));
    });
    decision("Entry.v1.tombstone", &|ruling| {
        let Ruling::Malformed { raw, .. } = ruling else { panic!("{ruling:?}") };
        assert_eq!((raw.key, raw.sha256), (None, onefill::core::ids::Digest::of(b"")));
    });
}
