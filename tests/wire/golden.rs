//! Golden bytes: each is a value as it stands in a topic, with the same record as JSON beside it.
//! They were made by hand once and are never made anew: old bytes stay readable.

use std::collections::BTreeMap;
use std::path::Path;

use apache_avro::Schema;
use apache_avro::schema::{ResolvedSchema, UnionSchema};
use apache_avro::types::Value;
use onefill::wire::schema::HEADER_LEN;
use onefill::wire::{RecordType, Schemas, json::to_json};
use serde_json::Value as Json;

use crate::{reference, typed};

pub struct Golden {
    pub case: String,
    pub record: RecordType,
    pub value: Vec<u8>,
    pub json: Json,
}

impl Golden {
    pub fn body(&self) -> &[u8] {
        &self.value[HEADER_LEN..]
    }
}

/// Every golden value, by the name of its file.
pub fn all() -> BTreeMap<String, Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/golden");
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let case = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let name = case.split('.').next().unwrap();
        let record = *RecordType::ALL.iter().find(|record| record.name() == name).unwrap();
        let value = from_hex(&std::fs::read_to_string(&path).unwrap());
        let json = serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).unwrap());
        found.insert(case.clone(), Golden { case, record, value, json: json.unwrap() });
    }
    found
}

/// One golden value.
pub fn one(case: &str) -> Golden {
    all().remove(case).unwrap_or_else(|| panic!("no golden bytes of {case}"))
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// The Avro value of readable JSON, by the schema alone.
fn value_of(schema: &Schema, json: &Json, names: &ResolvedSchema<'_>) -> Value {
    match schema {
        Schema::Ref { name } => value_of(names.get_names()[name], json, names),
        Schema::Boolean => Value::Boolean(json.as_bool().unwrap()),
        Schema::Int => Value::Int(json.as_i64().unwrap() as i32),
        Schema::Long => Value::Long(json.as_i64().unwrap()),
        Schema::String => Value::String(json.as_str().unwrap().to_owned()),
        Schema::Bytes => Value::Bytes(from_hex(json.as_str().unwrap())),
        Schema::Fixed(fixed) => Value::Fixed(fixed.size, from_hex(json.as_str().unwrap())),
        Schema::Enum(symbols) => {
            let symbol = json.as_str().unwrap();
            let index = symbols.symbols.iter().position(|other| other == symbol).unwrap();
            Value::Enum(index as u32, symbol.to_owned())
        }
        Schema::Array(array) => {
            let items = json.as_array().unwrap().iter();
            Value::Array(items.map(|item| value_of(&array.items, item, names)).collect())
        }
        Schema::Map(map) => {
            let pairs = json.as_object().unwrap().iter();
            Value::Map(pairs.map(|(key, item)| (key.clone(), value_of(&map.types, item, names))).collect())
        }
        Schema::Union(union) => {
            let branch = branch_of(union, json, names);
            let value = match json {
                Json::Null => Value::Null,
                _ => value_of(&union.variants()[branch], json, names),
            };
            Value::Union(branch as u32, Box::new(value))
        }
        Schema::Record(record) => {
            let value = |name: &str, schema| value_of(schema, json.get(name).unwrap_or(&Json::Null), names);
            let fields = record.fields.iter();
            Value::Record(
                fields.map(|field| (field.name.clone(), value(&field.name, &field.schema))).collect(),
            )
        }
        other => panic!("no golden record has {other:?}"),
    }
}

fn branch_of(union: &UnionSchema, json: &Json, names: &ResolvedSchema<'_>) -> usize {
    let fits = |schema: &Schema| match schema {
        Schema::Null => json.is_null(),
        Schema::Record(record) => json.as_object().is_some_and(|object| {
            object.keys().all(|key| record.fields.iter().any(|field| field.name == *key))
        }),
        _ => !json.is_null(),
    };
    let fits = |schema: &Schema| match schema {
        Schema::Ref { name } => fits(names.get_names()[name]),
        schema => fits(schema),
    };
    union.variants().iter().position(fits).unwrap()
}

#[test]
fn every_record_has_golden_bytes() {
    let golden = all();
    for record in RecordType::ALL {
        assert!(golden.values().any(|golden| golden.record == *record), "{record:?}");
    }
}

#[test]
fn golden_bytes_read_as_the_json_beside_them() {
    let schemas = Schemas::compiled();
    for Golden { case, record, value, json } in all().values() {
        let body = schemas.open(*record, value).unwrap();
        assert_eq!(to_json(*record, &body).unwrap(), *json, "{case}");
    }
}

#[test]
fn our_encoder_writes_golden_bytes() {
    for golden in all().values() {
        let again = typed::encode_again(golden.record, golden.body());
        assert_eq!(again.as_ref(), Ok(&golden.value), "{}", golden.case);
    }
}

#[test]
fn apache_avros_writer_writes_golden_bytes() {
    for golden in all().values() {
        let schema = reference::schema(golden.record);
        let value = value_of(schema, &golden.json, &ResolvedSchema::new(schema).unwrap());
        let body = reference::write(golden.record, &value).unwrap();
        assert_eq!(body, golden.body(), "{}", golden.case);
    }
}
