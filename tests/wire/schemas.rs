//! The published schemas are what the code says they are, and complete.

use std::collections::BTreeMap;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use onefill::core::control::{
    AnomalyPolicy, CommandType, ControlResult, InstrumentStatus, LimitScope, MarketOrders, Scope,
};
use onefill::core::entry::{Anomaly, EntryKind};
use onefill::core::execution::ExecType;
use onefill::core::intent::{IntentType, OrderType, Side, TimeInForce};
use onefill::core::order::Origin;
use onefill::core::price::{PriceQuality, PriceSource};
use onefill::core::verdict::{Reason, Verdict};
use onefill::wire::RecordType;
use serde_json::Value as Json;

/// Calls `visit` with every named type that is written out in the schema.
fn visit_named(schema: &Json, visit: &mut dyn FnMut(&str, &Json)) {
    if let (Some(name), Some(_)) = (schema.get("name").and_then(Json::as_str), schema.get("type")) {
        visit(name, schema);
    }
    let nested = match schema {
        Json::Array(branches) => branches.iter().collect(),
        Json::Object(_) => {
            let fields = schema.get("fields").and_then(Json::as_array).into_iter().flatten();
            let types = fields.map(|field| &field["type"]);
            types.chain(schema.get("items")).chain(schema.get("values")).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    for schema in nested {
        visit_named(schema, visit);
    }
}

fn json(record: RecordType) -> Json {
    serde_json::from_str(record.schema()).unwrap()
}

/// The schema with every name replaced by what it names, so that files can be compared.
fn written_out(schema: &Json, named: &BTreeMap<String, Json>) -> Json {
    match schema {
        Json::String(name) => match named.get(name) {
            Some(schema) => written_out(schema, named),
            None => schema.clone(),
        },
        Json::Array(branches) => branches.iter().map(|branch| written_out(branch, named)).collect(),
        Json::Object(_) => {
            let mut schema = schema.clone();
            schema.as_object_mut().unwrap().remove("namespace");
            for member in ["items", "values"] {
                if let Some(inner) = schema.get_mut(member) {
                    *inner = written_out(inner, named);
                }
            }
            for field in schema.get_mut("fields").and_then(Json::as_array_mut).into_iter().flatten() {
                field["type"] = written_out(&field["type"], named);
            }
            schema
        }
        _ => schema.clone(),
    }
}

#[test]
fn the_fingerprints_written_out_are_those_of_the_schemas() {
    for record in RecordType::ALL {
        let schema = Schema::parse_str(record.schema()).unwrap();
        assert_eq!(schema.fingerprint::<Rabin>().bytes, record.fingerprint(), "{record:?}");
    }
}

#[test]
fn the_readme_names_the_header_of_every_record() {
    let readme = include_str!("../../schemas/README.md");
    for record in RecordType::ALL {
        let header = record.header().map(|byte| format!("{byte:02X}")).join(" ");
        assert!(readme.contains(&format!("| {} | `{header}` |", record.name())), "{record:?} {header}");
    }
}

#[test]
fn every_schema_stands_alone_under_its_own_name() {
    for record in RecordType::ALL {
        let schema = Schema::parse_str(record.schema()).unwrap();
        let name = schema.name().unwrap();
        assert_eq!((name.name(), name.namespace()), (record.name(), Some("io.onefill.v1")));
    }
}

#[test]
fn every_record_field_and_enum_has_a_word() {
    let documented = |schema: &Json| schema["doc"].as_str().is_some_and(|doc| !doc.is_empty());
    for record in RecordType::ALL {
        visit_named(&json(*record), &mut |name, schema| {
            assert!(documented(schema), "{record:?}: {name}");
            for field in schema.get("fields").and_then(Json::as_array).into_iter().flatten() {
                assert!(documented(field), "{record:?}: {name}.{}", field["name"]);
            }
        });
    }
}

#[test]
fn optional_fields_are_unions_with_null_and_null_unless_given() {
    for record in RecordType::ALL {
        visit_named(&json(*record), &mut |name, schema| {
            for field in schema.get("fields").and_then(Json::as_array).into_iter().flatten() {
                let optional = field["type"].get(0) == Some(&Json::from("null"));
                let null_by_default = field.get("default") == Some(&Json::Null);
                assert_eq!(optional, null_by_default, "{record:?}: {name}.{}", field["name"]);
            }
        });
    }
}

#[test]
fn every_enum_has_the_symbols_of_the_core_in_their_order() {
    macro_rules! symbols {
        ($($name:ident),+ $(,)?) => {
            BTreeMap::from([$((stringify!($name), $name::ALL.iter().map(|it| it.name()).collect::<Vec<_>>())),+])
        };
    }
    let mut unseen = symbols!(
        IntentType,
        Side,
        OrderType,
        TimeInForce,
        Origin,
        ExecType,
        InstrumentStatus,
        LimitScope,
        MarketOrders,
        AnomalyPolicy,
        CommandType,
        Scope,
        ControlResult,
        EntryKind,
        Anomaly,
        Verdict,
        Reason,
        PriceSource,
        PriceQuality,
    );
    let expected = unseen.clone();
    for record in RecordType::ALL {
        visit_named(&json(*record), &mut |name, schema| {
            if let Some(symbols) = schema.get("symbols").and_then(Json::as_array) {
                let symbols: Vec<_> = symbols.iter().map(|symbol| symbol.as_str().unwrap()).collect();
                assert_eq!(Some(&symbols), expected.get(name), "{record:?}: {name}");
                unseen.remove(name);
            }
        });
    }
    assert!(unseen.is_empty(), "in no schema: {unseen:?}");
}

#[test]
fn a_type_is_the_same_in_every_file_that_has_it() {
    let mut known: BTreeMap<String, (RecordType, Json)> = BTreeMap::new();
    for record in RecordType::ALL {
        let schema = json(*record);
        let mut named = BTreeMap::new();
        visit_named(&schema, &mut |name, schema| {
            let before = named.insert(name.to_owned(), schema.clone());
            assert!(before.is_none(), "{record:?} defines {name} twice");
        });
        for (name, schema) in &named {
            let schema = written_out(schema, &named);
            let (first, known) = known.entry(name.clone()).or_insert((*record, schema.clone()));
            assert_eq!(*known, schema, "{name} in {first:?} and {record:?}");
        }
    }
}
