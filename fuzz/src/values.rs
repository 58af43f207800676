//! A whole value: the ten bytes before a record, and records of other writers' schemas.

use std::borrow::Cow;
use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use apache_avro::reader::datum::GenericDatumReader;
use onefill::wire::schema::{HEADER_LEN, MARKER};
use onefill::wire::{RecordType, Schemas, VALUE_LEN_MAX};
use serde_json::{Value as Json, json};

use crate::{assert_is_clear, bodies, reference, typed};

/// A schema that some client writes by.
struct Writer {
    record: RecordType,
    json: String,
    schema: Schema,
    header: Vec<u8>,
}

impl Writer {
    /// `None` where the change leaves no schema, for a name may be used before it is said; or the published one.
    fn new(record: RecordType, json: String) -> Option<Self> {
        let schema = Schema::parse_str(&json).ok()?;
        let header = [&MARKER[..], &schema.fingerprint::<Rabin>().bytes].concat();
        (header != record.header()).then_some(Self { record, json, schema, header })
    }
}

/// Of each record what another version of it, or another team, may write.
static WRITERS: LazyLock<Vec<Writer>> = LazyLock::new(|| {
    let changed = |record: &RecordType| {
        let record = *record;
        let writers: Vec<_> =
            changes(record).into_iter().filter_map(|json| Writer::new(record, json)).collect();
        assert!(writers.len() >= 3, "{record:?} has {} other writers", writers.len());
        writers
    };
    RecordType::ALL.iter().flat_map(changed).collect()
});

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let extras = WRITERS.iter().map(|writer| (writer.record.name(), &writer.json));
    Schemas::with_extras(extras).expect("each can be read as ours")
});

fn changes(record: RecordType) -> Vec<String> {
    let published: Json = serde_json::from_str(record.schema()).expect("a published schema is JSON");
    let changed = |change: &dyn Fn(&mut Vec<Json>)| {
        let mut schema = published.clone();
        change(schema["fields"].as_array_mut().expect("a record has fields"));
        schema.to_string()
    };
    let added = json!({"name": "added", "type": ["null", "string"], "default": null});
    let mut changes = vec![
        // Older ones, without the last field or all fields that have a default; a newer one, with one more.
        changed(&|fields| drop(fields.pop_if(|field| field.get("default").is_some()))),
        changed(&|fields| fields.retain(|field| field.get("default").is_none())),
        changed(&|fields| fields.push(added.clone())),
        // Another order of fields, and numbers that Avro promotes.
        changed(&|fields| fields.reverse()),
        published.to_string().replace("\"long\"", "\"int\""),
    ];
    if record.is_input() {
        changes.push(published.to_string().replace("io.onefill.v1", "com.client"));
    }
    changes
}

/// The first byte says whose value the rest is: of which record, and by which writer's schema. By none
/// it is a whole value; else what stands before the record is put there.
pub fn check(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let choice = usize::from(*choice);
    match WRITERS.get(choice) {
        Some(writer) => check_writer(writer, rest),
        None => check_value(RecordType::ALL[choice % RecordType::ALL.len()], rest),
    }
}

/// Only what begins as it must is opened, and whoever is refused is told what to do.
fn check_value(record: RecordType, value: &[u8]) {
    let known = WRITERS.iter().any(|writer| writer.record == record && value.starts_with(&writer.header));
    let too_long = record.is_input() && value.len() > VALUE_LEN_MAX;
    match SCHEMAS.open(record, value) {
        Ok(Cow::Borrowed(body)) => {
            assert!(value.starts_with(&record.header()) && !too_long);
            assert_eq!(body, &value[HEADER_LEN..]);
        }
        Ok(Cow::Owned(_)) => assert!(known && !too_long),
        Err(malformed) => {
            assert!(too_long || known || !value.starts_with(&record.header()), "{malformed}");
            assert_is_clear(&malformed.to_string());
        }
    }
}

/// What is resolved is what apache-avro resolves, in bytes that our decoder takes or refuses as any others.
fn check_writer(writer: &Writer, body: &[u8]) {
    let record = writer.record;
    let value = [&writer.header, body].concat();
    let opened = SCHEMAS.open(record, &value);
    assert_eq!(opened, SCHEMAS.open(record, &value), "the same bytes resolve to the same bytes");
    let resolved = match opened {
        Ok(resolved) => resolved,
        Err(malformed) => return assert_is_clear(&malformed.to_string()),
    };
    // A map has no order, and what apache-avro ignores is refused: only what is taken can be compared.
    let reader = GenericDatumReader::builder(&writer.schema).reader_schema(reference::schema(record));
    let theirs = reader.build().expect("they can be resolved").read_value(&mut &*body);
    let theirs = theirs.expect("what ours resolves theirs does");
    assert_eq!(reference::read(record, &resolved), Some(theirs), "{record:?} {body:02x?}");
    match typed::body_again(record, &resolved) {
        Ok(_) => bodies::check(record, &resolved),
        Err(malformed) => bodies::assert_said(record, &malformed),
    }
}
