//! The writers' schemas that are known, and the way from their records to the reader's.
//!
//! A record of the compiled-in schema is only checked for its header: that is the hot path. One
//! of another known schema is resolved by Avro's rules and encoded anew. Any other is malformed:
//! nothing is guessed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic;
use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::error::Details;
use apache_avro::rabin::Rabin;
use apache_avro::schema::ResolvedSchema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::types::Value;
use serde_json::{Map, Value as Json, json};

use super::registry::{Ids, is_confluent, split_confluent};
use super::strict::{read_generic, write_generic};
use super::{HEADER_LEN, MARKER, RecordType};
use crate::wire::avro::Writer;
use crate::wire::malformed::{Malformed, quote};

/// Longest value of an input record, header included, in bytes.
pub const VALUE_LEN_MAX: usize = 64 * 1024;

/// Writers' schemas by record and fingerprint.
#[derive(Debug)]
pub struct Schemas {
    writers: HashMap<(RecordType, [u8; 8]), Schema>,
    /// What the ids of a registry stand for, where there is one.
    pub(super) ids: Option<Ids>,
}

/// Why a schema of the configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schema {name}: {detail}")]
pub struct SchemaError {
    /// What the configuration calls it.
    pub name: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Schemas {
    /// The schemas of this version alone.
    pub fn compiled() -> Self {
        Self { writers: HashMap::new(), ids: None }
    }

    /// These and further ones, each with a name for messages and its JSON text. A schema is for
    /// the record whose name it bears, in whatever namespace.
    ///
    /// # Errors
    /// [`SchemaError`] when one is no schema, is for no record, or cannot be resolved.
    pub fn with_extras<N, J>(extras: impl Iterator<Item = (N, J)>) -> Result<Self, SchemaError>
    where
        N: Into<String>,
        J: AsRef<str>,
    {
        let mut schemas = Self::compiled();
        for (name, json) in extras {
            schemas.add(json.as_ref()).map_err(|detail| SchemaError { name: name.into(), detail })?;
        }
        Ok(schemas)
    }

    fn add(&mut self, json: &str) -> Result<(), String> {
        let json = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let writer = parse_plain(&json).map_err(|error| error.to_string())?;
        let name = writer.name().map_or("", |name| name.name());
        let record = RecordType::ALL.iter().find(|record| record.name() == name);
        let record = *record.ok_or_else(|| format!("{} is the name of no record", quote(name)))?;
        SchemaCompatibility::can_read(&writer, reader_schema(record))
            .map_err(|error| format!("its records cannot be read as {name}: {error}"))?;
        self.writers.insert((record, rabin(&writer)), writer);
        Ok(())
    }

    /// Whether the writer's schema of a value is known; of a value without one there is nothing to know.
    pub fn knows_writer(&self, record: RecordType, value: &[u8]) -> bool {
        match self.split_header(value) {
            Ok((fingerprint, _)) => {
                fingerprint == record.fingerprint() || self.writers.contains_key(&(record, fingerprint))
            }
            Err(_) => !is_confluent(value),
        }
    }

    /// The body of a value in the reader's schema, without its header.
    ///
    /// # Errors
    /// [`Malformed`] when the header is none, its schema is not known, the value of an input
    /// record is longer than [`VALUE_LEN_MAX`], or its bytes do not fit its schema.
    pub fn open<'b>(&self, record: RecordType, value: &'b [u8]) -> Result<Cow<'b, [u8]>, Malformed> {
        if record.is_input() && value.len() > VALUE_LEN_MAX {
            let detail = format!("the value has {} bytes, {VALUE_LEN_MAX} are allowed", value.len());
            return Err(Malformed::value(detail));
        }
        let (fingerprint, body) = self.split_header(value)?;
        if fingerprint == record.fingerprint() {
            return Ok(Cow::Borrowed(body));
        }
        match self.writers.get(&(record, fingerprint)) {
            Some(writer) => resolve(writer, reader_schema(record), body).map(Cow::Owned),
            None => Err(unknown(record, fingerprint)),
        }
    }

    /// The fingerprint of the writer's schema, and the body.
    fn split_header<'b>(&self, value: &'b [u8]) -> Result<([u8; 8], &'b [u8]), Malformed> {
        let wrong = |found: String| {
            let remedy = "single-object encoding begins with C3 01 and the schema's fingerprint";
            Malformed::value(format!("the value {found}: {remedy}"))
        };
        match value.split_first_chunk::<HEADER_LEN>() {
            Some(([a, b, fingerprint @ ..], body)) if [*a, *b] == MARKER => return Ok((*fingerprint, body)),
            _ => {}
        }
        if let Some((id, body)) = split_confluent(value) {
            return Ok((self.fingerprint_by(id)?, body));
        }
        match value {
            [] => Err(wrong("is empty".to_owned())),
            [0, _, _, _, _, ..] => Err(wrong("begins with 00 and no id that a registry gives".to_owned())),
            [first, ..] if *first == 0 || value.starts_with(&MARKER) => {
                Err(wrong(format!("ends after {} bytes", value.len())))
            }
            [first, ..] => Err(wrong(format!("begins with {first:02X}"))),
        }
    }
}

/// The compiled-in schema of a record, parsed once.
pub(in crate::wire) fn reader_schema(record: RecordType) -> &'static Schema {
    static PARSED: LazyLock<HashMap<RecordType, Schema>> = LazyLock::new(|| {
        let parse = |record: &RecordType| {
            let schema = Schema::parse_str(record.schema()).expect("a test parses every published schema");
            (*record, schema)
        };
        RecordType::ALL.iter().map(parse).collect()
    });
    &PARSED[&record]
}

/// The schema without logical types: they change neither the bytes nor, by the specification, the
/// fingerprint, but apache-avro would fingerprint and resolve them otherwise.
fn parse_plain(json: &Json) -> Result<Schema, apache_avro::Error> {
    Schema::parse(&stripped(json))
}

/// What of a schema decides how its records are read, as Avro's canonical form strips it: names, types and what they
/// are made of. apache-avro keeps whatever else stands at a field, and is not ready for all of that.
fn stripped(json: &Json) -> Json {
    let of_type = |keys: &[&str], map: &Map<String, Json>| {
        let kept = keys.iter().filter_map(|key| Some(((*key).to_owned(), map.get(*key)?.clone())));
        kept.collect::<Map<_, _>>()
    };
    let nested = |map: &Map<String, Json>, key: &str| map.get(key).map_or(Json::Null, stripped);
    match json {
        Json::Array(branches) => branches.iter().map(stripped).collect(),
        Json::Object(map) => match map.get("type").and_then(Json::as_str) {
            Some("record") => {
                let field = |field: &Json| json!({"name": field["name"], "type": stripped(&field["type"])});
                let mut kept = of_type(&["type", "name", "namespace"], map);
                if let Some(fields) = map.get("fields").and_then(Json::as_array) {
                    kept.insert("fields".to_owned(), fields.iter().map(field).collect());
                }
                kept.into()
            }
            Some("enum") => of_type(&["type", "name", "namespace", "symbols"], map).into(),
            Some("fixed") if map.get("size").is_some_and(Json::is_i64) => {
                of_type(&["type", "name", "namespace", "size"], map).into()
            }
            Some("fixed") => of_type(&["type", "name", "namespace"], map).into(),
            Some("array") => json!({"type": "array", "items": nested(map, "items")}),
            Some("map") => json!({"type": "map", "values": nested(map, "values")}),
            _ => nested(map, "type"),
        },
        other => other.clone(),
    }
}

/// CRC-64-AVRO of the schema that this JSON is, as it stands in a header. Anybody may have written it: one that
/// apache-avro breaks over is refused like any other.
pub(super) fn fingerprint_of(json: &str) -> Result<[u8; 8], String> {
    let json = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let parsed = panic::catch_unwind(|| parse_plain(&json).map(|schema| rabin(&schema)));
    let parsed = parsed.map_err(|_| "it cannot be parsed".to_owned())?;
    parsed.map_err(|error| error.to_string())
}

fn rabin(schema: &Schema) -> [u8; 8] {
    schema.fingerprint::<Rabin>().bytes.try_into().expect("CRC-64 has 8 bytes")
}

#[cold]
fn unknown(record: RecordType, fingerprint: [u8; 8]) -> Malformed {
    let hex = |bytes: [u8; 8]| bytes.map(|byte| format!("{byte:02x}")).concat();
    if let Some(other) = RecordType::ALL.iter().find(|other| other.fingerprint() == fingerprint) {
        return Malformed::value(format!("the value is a record {}, not {}", other.name(), record.name()));
    }
    let (known, name) = (hex(record.fingerprint()), record.name());
    Malformed::value(format!(
        "no {name} schema of fingerprint {} is known: write {known}, or add the writer's schema to schemas.extra",
        hex(fingerprint)
    ))
}

fn resolve(writer: &Schema, reader: &Schema, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let value = read_generic(writer, body)?;
    let unresolved = |error: apache_avro::Error| {
        let detail = match error.into_details() {
            // The whole schema would be shown besides, as Rust writes it.
            Details::FindUnionVariant { value, .. } => format!("no type of a field takes {value:?}"),
            other => other.to_string(),
        };
        Malformed::value(format!("the record does not fit the reader's schema: {detail}"))
    };
    let names = ResolvedSchema::new(reader).map_err(unresolved)?;
    let value: Value = value.resolve_with_names(reader, names.get_names()).map_err(unresolved)?;
    let mut resolved = Vec::with_capacity(body.len() + 16);
    write_generic(&mut Writer::new(&mut resolved), &value)?;
    Ok(resolved)
}
