//! Writers of other schemas: older and newer ones are resolved, unknown ones are refused by name.

use std::borrow::Cow;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use onefill::core::fingerprint::fingerprint;
use onefill::wire::{RecordType, Schemas, VALUE_LEN_MAX, intent};
use serde_json::{Value as Json, json};

use crate::golden;

/// The published schema after a change to its fields.
fn changed(record: RecordType, change: impl FnOnce(&mut Vec<Json>)) -> String {
    let mut schema: Json = serde_json::from_str(record.schema()).unwrap();
    change(schema["fields"].as_array_mut().unwrap());
    schema.to_string()
}

/// The schema of intents before the last optional field was added.
pub fn older_intent() -> String {
    changed(RecordType::OrderIntent, |fields| drop(fields.pop()))
}

/// A schema of intents with an optional field more.
fn newer_intent() -> String {
    let added = json!({"name": "parent_id", "type": ["null", "string"], "default": null, "doc": "."});
    changed(RecordType::OrderIntent, |fields| fields.push(added))
}

/// What stands before records of this schema.
pub fn header(schema: &str) -> Vec<u8> {
    let schema = Schema::parse_str(schema).unwrap();
    [&[0xC3, 0x01][..], &schema.fingerprint::<Rabin>().bytes].concat()
}

/// A golden record as a writer of this schema would have written it.
fn written(schema: &str, case: &str, change: impl FnOnce(&mut Vec<(String, Value)>)) -> Vec<u8> {
    let golden = golden::one(case);
    let Some(Value::Record(mut fields)) = crate::reference::read(golden.record, golden.body()) else {
        panic!("{case} is no record")
    };
    change(&mut fields);
    let parsed = Schema::parse_str(schema).unwrap();
    let writer = GenericDatumWriter::builder(&parsed).build().unwrap();
    [header(schema), writer.write_value_to_vec(Value::Record(fields)).unwrap()].concat()
}

fn with(schema: &str) -> Schemas {
    Schemas::with_extras([("extra", schema)].into_iter()).unwrap()
}

#[test]
fn a_record_of_an_older_writer_is_read_and_keeps_its_fingerprint() {
    let schema = older_intent();
    let value = written(&schema, "OrderIntent.v1.new", |fields| drop(fields.pop()));
    let schemas = with(&schema);
    let body = schemas.open(RecordType::OrderIntent, &value).unwrap();
    assert!(matches!(body, Cow::Owned(_)));
    let golden = golden::one("OrderIntent.v1.new");
    let (older, current) = (intent::decode(&body).unwrap(), intent::decode(golden.body()).unwrap());
    assert_eq!(fingerprint(&older), fingerprint(&current));
    assert_eq!(older, onefill::core::intent::Intent { tags: Vec::new(), ..current });
}

#[test]
fn a_record_of_a_newer_writer_is_read_and_keeps_its_fingerprint() {
    let schema = newer_intent();
    let parent = Value::Union(1, Box::new(Value::String("p-1".to_owned())));
    let value =
        written(&schema, "OrderIntent.v1.new", |fields| fields.push(("parent_id".to_owned(), parent)));
    let schemas = with(&schema);
    let body = schemas.open(RecordType::OrderIntent, &value).unwrap();
    let golden = golden::one("OrderIntent.v1.new");
    assert_eq!(&*body, golden.body());
}

#[test]
fn the_same_record_resolves_to_the_same_bytes_every_time() {
    let schema = newer_intent();
    let value = written(&schema, "OrderIntent.v1.new", |fields| {
        let tags = (0..16).map(|tag| (format!("k{tag}"), Value::String(String::new()))).collect();
        fields.pop();
        fields.push(("tags".to_owned(), Value::Union(1, Box::new(Value::Map(tags)))));
        fields.push(("parent_id".to_owned(), Value::Union(0, Box::new(Value::Null))));
    });
    let schemas = with(&schema);
    let first = schemas.open(RecordType::OrderIntent, &value).unwrap().into_owned();
    for _ in 0..8 {
        assert_eq!(&*schemas.open(RecordType::OrderIntent, &value).unwrap(), &first[..]);
    }
}

#[test]
fn every_record_of_an_older_writer_is_read() {
    // Each without its last field, which is optional, or made so.
    for (case, last) in [
        ("Execution.v1.trade", "text"),
        ("Order.v1.new", "expires_at"),
        ("Entry.v1.accepted", "lane"),
        ("Entry.v1.execution", "lane"),
        ("Entry.v1.control", "lane"),
    ] {
        let golden = golden::one(case);
        let schema = changed(golden.record, |fields| fields.retain(|field| field["name"] != last));
        let value = written(&schema, case, |fields| fields.retain(|(name, _)| name != last));
        let schemas = with(&schema);
        let body = schemas.open(golden.record, &value).unwrap();
        assert!(matches!(body, Cow::Owned(_)));
        let again = crate::typed::body_again(golden.record, &body).unwrap();
        let mut expected = golden.json.clone();
        expected.as_object_mut().unwrap().remove(last);
        assert_eq!(onefill::wire::json::to_json(golden.record, &again).unwrap(), expected, "{case}");
    }
}

#[test]
fn control_records_of_an_older_writer_keep_their_branch() {
    let schema = changed(RecordType::ControlRecord, |fields| {
        for branch in fields[0]["type"].as_array_mut().unwrap() {
            branch["fields"].as_array_mut().unwrap().retain(|field| {
                !["issued_at", "on_anomaly", "min_notional"].contains(&field["name"].as_str().unwrap())
            });
        }
    });
    for case in ["ControlRecord.v1.instrument", "ControlRecord.v1.risk_limit", "ControlRecord.v1.command"] {
        let value = written(&schema, case, |fields| {
            let Value::Union(_, record) = &mut fields[0].1 else { panic!("record is no union") };
            let Value::Record(fields) = &mut **record else { panic!("a branch is no record") };
            fields.retain(|(name, _)| !["issued_at", "on_anomaly", "min_notional"].contains(&name.as_str()));
        });
        let schemas = with(&schema);
        let body = schemas.open(RecordType::ControlRecord, &value).unwrap();
        assert_eq!(body[0], golden::one(case).body()[0], "{case}");
        assert!(crate::typed::body_again(RecordType::ControlRecord, &body).is_ok(), "{case}");
    }
}

#[test]
fn a_cut_off_record_of_an_older_writer_is_malformed() {
    let schema = older_intent();
    let value = written(&schema, "OrderIntent.v1.new", |fields| drop(fields.pop()));
    let schemas = with(&schema);
    for end in 0..value.len() {
        assert!(schemas.open(RecordType::OrderIntent, &value[..end]).is_err(), "cut off at {end}");
    }
    let followed = [&value[..], &[0]].concat();
    assert!(schemas.open(RecordType::OrderIntent, &followed).is_err());
}

#[test]
fn logical_types_and_another_namespace_change_nothing() {
    let schema = newer_intent()
        .replace("\"io.onefill.v1\"", "\"com.client\"")
        .replace("\"type\":\"long\"", "\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}");
    let plain = newer_intent().replace("\"io.onefill.v1\"", "\"com.client\"");
    assert_ne!(schema, plain);
    let null = || ("parent_id".to_owned(), Value::Union(0, Box::new(Value::Null)));
    // The bytes and, by the specification, the fingerprint are those without logical types.
    let value = written(&plain, "OrderIntent.v1.new", |fields| fields.push(null()));
    let schemas = with(&schema);
    let body = schemas.open(RecordType::OrderIntent, &value).unwrap();
    assert_eq!(&*body, golden::one("OrderIntent.v1.new").body());
}

#[test]
fn a_symbol_that_the_reader_lacks_is_malformed() {
    let schema = newer_intent().replace("\"GTD\"]", "\"GTD\",\"AT_OPEN\"]");
    let value = written(&schema, "OrderIntent.v1.new", |fields| {
        let at_open = Value::Enum(5, "AT_OPEN".to_owned());
        for (name, value) in fields.iter_mut() {
            if name == "time_in_force" {
                *value = Value::Union(1, Box::new(at_open.clone()));
            }
        }
        fields.push(("parent_id".to_owned(), Value::Union(0, Box::new(Value::Null))));
    });
    let error = with(&schema).open(RecordType::OrderIntent, &value).unwrap_err();
    assert!(error.to_string().contains("AT_OPEN"), "{error}");
}

#[test]
fn a_schema_that_cannot_serve_is_refused_when_it_is_configured() {
    let lacks_a_required_field = changed(RecordType::OrderIntent, |fields| drop(fields.remove(1)));
    let nobody = r#"{"type": "record", "name": "Trade", "fields": []}"#;
    for (schema, detail) in [
        ("{", "EOF"),
        (r#""string""#, "is the name of no record"),
        (nobody, "\"Trade\" is the name of no record"),
        (&lacks_a_required_field, "intent_id"),
    ] {
        let error = Schemas::with_extras([("mine.avsc", schema)].into_iter()).unwrap_err();
        assert_eq!(error.name, "mine.avsc");
        assert!(error.detail.contains(detail), "{error}");
    }
}

#[test]
fn an_unknown_schema_is_named() {
    let value = written(&older_intent(), "OrderIntent.v1.new", |fields| drop(fields.pop()));
    let fingerprint: String = value[2..10].iter().map(|byte| format!("{byte:02x}")).collect();
    let error = Schemas::compiled().open(RecordType::OrderIntent, &value).unwrap_err();
    assert!(error.to_string().contains(&fingerprint), "{error}");
    assert!(error.to_string().contains("b45ffe4ccae151a7"), "{error}");
}

#[test]
fn what_is_no_single_object_is_told_what_is() {
    let schemas = Schemas::compiled();
    let open = |value: &[u8]| schemas.open(RecordType::OrderIntent, value).unwrap_err().to_string();
    let remedy = "single-object encoding begins with C3 01 and the schema's fingerprint";
    assert_eq!(open(b""), format!("the value is empty: {remedy}"));
    assert_eq!(open(b"\xC3\x01\xB4"), format!("the value ends after 3 bytes: {remedy}"));
    assert_eq!(open(b"{}"), format!("the value begins with 7B: {remedy}"));
    assert_eq!(open(b"\0\0"), format!("the value ends after 2 bytes: {remedy}"));
    let trade = golden::one("Execution.v1.trade");
    assert_eq!(open(&trade.value), "the value is a record Execution, not OrderIntent");
}

#[test]
fn only_inputs_are_limited_in_size() {
    let schemas = Schemas::compiled();
    for record in RecordType::ALL {
        let fits = [&record.header()[..], &vec![0; VALUE_LEN_MAX - 10]].concat();
        assert!(schemas.open(*record, &fits).is_ok(), "{record:?}");
        let longer = [&fits[..], &[0]].concat();
        let limited = !matches!(record, RecordType::Order | RecordType::Entry);
        assert_eq!(schemas.open(*record, &longer).is_err(), limited, "{record:?}");
    }
}
