//! The Confluent format: what an id stands for is asked once, never guessed, and asked again where there was none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use onefill::core::time::Time;
use onefill::wire::schema::{Encoding, Registry, Unregistered, is_confluent};
use onefill::wire::{RecordType, Schemas, VALUE_LEN_MAX, order};
use serde_json::json;

use crate::golden;

const INTENT: RecordType = RecordType::OrderIntent;
const NOW: Time = Time(1_000_000_000_000);
const SECOND: i64 = 1_000_000_000;

type Answers = BTreeMap<u32, Result<String, Unregistered>>;

/// What it answers can be changed, and it counts how often it is asked.
#[derive(Clone, Debug, Default)]
struct Fake(Arc<Mutex<(Answers, usize)>>);

impl Fake {
    fn answer(&self, id: u32, answer: Result<&str, Unregistered>) {
        self.0.lock().unwrap().0.insert(id, answer.map(str::to_owned));
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }

    fn schemas(&self) -> Schemas {
        Schemas::compiled().with_registry(Box::new(self.clone()))
    }
}

impl Registry for Fake {
    fn schema(&self, id: u32) -> Result<String, Unregistered> {
        let (answers, asked) = &mut *self.0.lock().unwrap();
        *asked += 1;
        answers.get(&id).cloned().unwrap_or_else(|| Err(unsaid()))
    }

    /// By the length of the subject.
    fn register(&self, subject: &str, _: &str) -> Result<u32, Unregistered> {
        Ok(subject.len() as u32)
    }

    fn reach(&self) -> Result<(), Unregistered> {
        Ok(())
    }
}

fn unsaid() -> Unregistered {
    Unregistered::Unsaid("nobody is there".to_owned())
}

fn by_id(id: u32) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], golden::one("OrderIntent.v1.new").body()].concat()
}

fn now() -> Time {
    NOW
}

fn later(seconds: i64) -> Time {
    Time(NOW.0 + seconds * SECOND)
}

#[test]
fn an_id_is_asked_for_once_and_stands_for_its_schema() {
    let (registry, value) = (Fake::default(), by_id(7));
    let schemas = registry.schemas();
    registry.answer(7, Ok(INTENT.schema()));
    assert_eq!(schemas.lacks(&value, NOW), Some(7));
    assert!(!schemas.knows_writer(INTENT, &value));
    schemas.learn_of(Some(&value), now).unwrap();
    assert_eq!((schemas.lacks(&value, later(1_000_000)), schemas.never_learnt(&value)), (None, None));
    assert!(schemas.knows_writer(INTENT, &value));
    assert_eq!(schemas.open(INTENT, &value).unwrap(), golden::one("OrderIntent.v1.new").body());
    schemas.learn_of(Some(&value), || later(1_000_000)).unwrap();
    assert_eq!((registry.asked(), schemas.unsaid()), (1, None));
}

#[test]
fn no_answer_is_no_word_on_the_value() {
    let (registry, value) = (Fake::default(), by_id(7));
    let schemas = registry.schemas();
    assert_eq!(schemas.learn(7, now), Err(unsaid()));
    assert_eq!((schemas.lacks(&value, NOW), schemas.unsaid()), (Some(7), Some(unsaid())));
    // Whoever reads a whole topic does not wait for it at each record.
    assert_eq!((schemas.learn_once(Some(&value), now), registry.asked()), (Err(unsaid()), 1));
    assert_eq!((schemas.reach_registry(), Schemas::compiled().reach_registry()), (Ok(()), Ok(())));
    registry.answer(7, Ok(INTENT.schema()));
    schemas.learn(7, now).unwrap();
    assert!(schemas.open(INTENT, &value).is_ok());
    assert_eq!(schemas.learn_once(Some(&value), now), Ok(()));
}

/// A registry's word that it has no such schema holds for 5 s: it may be registered later.
#[test]
fn a_schema_that_is_not_there_is_asked_for_again() {
    let (registry, value) = (Fake::default(), by_id(7));
    let schemas = registry.schemas();
    registry.answer(7, Err(Unregistered::Absent));
    schemas.learn(7, now).unwrap();
    assert_eq!((schemas.lacks(&value, later(4)), schemas.never_learnt(&value)), (None, None));
    let refused = schemas.open(INTENT, &value).unwrap_err();
    assert_eq!(refused.to_string(), "the registry's schema 7 is unknown to it");
    assert_eq!((schemas.lacks(&value, later(5)), schemas.lacks(&value, later(-1))), (Some(7), Some(7)));
    registry.answer(7, Ok(INTENT.schema()));
    schemas.learn(7, || later(5)).unwrap();
    assert!(schemas.open(INTENT, &value).is_ok());
    // Who was answered before that, and is slow to say so, changes nothing.
    registry.answer(7, Err(Unregistered::Absent));
    schemas.learn(7, || later(6)).unwrap();
    assert!(schemas.open(INTENT, &value).is_ok());
    // What is something else is so for ever.
    registry.answer(9, Err(Unregistered::NoUse("is JSON".to_owned())));
    schemas.learn(9, now).unwrap();
    assert_eq!(schemas.lacks(&by_id(9), later(60)), None);
}

#[test]
fn ids_without_number_are_not_remembered_for_ever() {
    let registry = Fake::default();
    let schemas = registry.schemas();
    registry.answer(0, Ok(INTENT.schema()));
    schemas.learn(0, now).unwrap();
    let learn = |id, seconds| {
        registry.answer(id, Err(Unregistered::Absent));
        schemas.learn(id, || later(seconds)).unwrap();
    };
    (1..10_000).for_each(|id| learn(id, 0));
    assert_eq!(schemas.never_learnt(&by_id(1)), None);
    learn(10_000, 6);
    assert_eq!(
        [0, 1, 9_999, 10_000].map(|id| schemas.never_learnt(&by_id(id))),
        [None, Some(1), Some(9_999), None]
    );
}

#[test]
fn the_schemas_that_are_known_are_the_same_as_without_a_registry() {
    let registry = Fake::default();
    let schemas = registry.schemas();
    let older = crate::resolution::older_intent();
    for (id, schema, detail) in [
        (1, RecordType::Order.schema(), "the value is a record Order, not OrderIntent"),
        (2, &older, "no OrderIntent schema of fingerprint "),
        (3, "{}", "the registry's schema 3 is no Avro schema: "),
        (4, "<html>", "the registry's schema 4 is no Avro schema: "),
    ] {
        registry.answer(id, Ok(schema));
        schemas.learn(id, now).unwrap();
        let refused = schemas.open(INTENT, &by_id(id)).unwrap_err().to_string();
        assert!(refused.starts_with(detail), "{refused}");
    }
    let extra = Schemas::with_extras([("extra", &*older)].into_iter()).unwrap();
    let extra = extra.with_registry(Box::new(registry));
    extra.learn(2, now).unwrap();
    assert!(extra.knows_writer(INTENT, &by_id(2)));
}

#[test]
fn without_a_registry_nothing_is_lacking_and_the_value_says_what_is() {
    let (schemas, value) = (Schemas::compiled(), by_id(7));
    assert_eq!((schemas.lacks(&value, NOW), schemas.learn(7, now)), (None, Ok(())));
    let refused = schemas.open(INTENT, &value).unwrap_err().to_string();
    let remedy = "name the registry that knows its schema 7 in schemas.registry";
    assert!(refused.contains(remedy), "{refused}");
}

/// There is nobody to ask for an id of more than 31 bits, and whoever has one would be waited for for ever.
#[test]
fn what_has_no_id_that_a_registry_gives_is_malformed_at_once() {
    let schemas = Fake::default().schemas();
    let single = golden::one("OrderIntent.v1.new").value;
    for (value, detail) in [
        (vec![], Some("the value is empty")),
        (vec![0], Some("the value ends after 1 bytes")),
        (vec![0, 0, 0, 7], Some("the value ends after 4 bytes")),
        (vec![0, 0x80, 0, 0, 7], Some("the value begins with 00 and no id that a registry gives")),
        (by_id(u32::MAX), Some("the value begins with 00 and no id that a registry gives")),
        (single, None),
    ] {
        let refused = schemas.open(INTENT, &value).err().map(|refused| refused.to_string());
        let begins = refused.as_deref().map(|refused| refused.split(':').next().unwrap_or_default());
        assert_eq!((is_confluent(&value), schemas.lacks(&value, NOW), begins), (false, None, detail));
    }
    assert_eq!(schemas.lacks(&by_id(i32::MAX as u32), NOW), Some(i32::MAX as u32));
    // Malformed for its length, whatever its schema.
    let long = [by_id(7), vec![0; VALUE_LEN_MAX]].concat();
    assert_eq!((schemas.lacks(&long, NOW), schemas.never_learnt(&long)), (None, None));
}

/// Anybody may register what they like: it is refused, and what says nothing of how records are read changes nothing.
#[test]
fn schemas_are_fingerprinted_by_what_reads_their_records() {
    let registry = Fake::default();
    let schemas = registry.schemas();
    let changed = |field: &str, to: serde_json::Value| {
        let mut schema: serde_json::Value = serde_json::from_str(INTENT.schema()).unwrap();
        let fields = schema["fields"].as_array_mut().unwrap();
        fields.iter_mut().for_each(|one| one[field] = to.clone());
        schema[field] = to;
        schema.to_string()
    };
    for (id, schema) in (1..).zip([
        changed("size", json!("L")),
        changed("precision", json!(7)),
        changed("items", json!({"type": 7})),
        changed("order", json!("ignore")),
        changed("aliases", json!(["other"])),
        changed("doc", json!({"of": "anything"})),
    ]) {
        registry.answer(id, Ok(&schema));
        schemas.learn(id, now).unwrap();
        assert!(schemas.open(INTENT, &by_id(id)).is_ok(), "{schema}");
    }
    for (id, schema) in (100..).zip([
        r#"{"type":"record","name":"OrderIntent"}"#,
        r#"{"type":"record","name":"OrderIntent","fields":7}"#,
        r#"{"type":"record","name":"OrderIntent","fields":[{"type":"string"}]}"#,
        r#"{"type":"record","name":"OrderIntent","fields":[{"name":"a","type":{"type":"array"}}]}"#,
        r#"{"type":"fixed","name":"OrderIntent","size":"L"}"#,
        r#"{"type":"enum","name":"OrderIntent","symbols":[7]}"#,
        r#"{"type":"map","values":{}}"#,
        r#"["null","null"]"#,
        "7",
    ]) {
        registry.answer(id, Ok(schema));
        schemas.learn(id, now).unwrap();
        let refused = schemas.open(INTENT, &by_id(id)).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("the registry's schema {id} is no Avro schema: ")), "{refused}");
    }
}

#[test]
fn an_order_is_written_by_the_id_that_the_registry_gives_its_schema() {
    let registry = Fake::default();
    let schemas = registry.schemas();
    let register = |subject| schemas.register(RecordType::Order, subject, now);
    registry.answer(5, Ok(RecordType::Order.schema()));
    registry.answer(6, Ok(INTENT.schema()));
    assert_eq!(register("five5"), Ok(Encoding::Confluent(5)));
    let another = "its schema 6 of subject sixsix is another one than Order".to_owned();
    assert_eq!(register("sixsix"), Err(Unregistered::Unsaid(another)));
    assert_eq!(register("seven77"), Err(unsaid()));
    let golden = golden::one("Order.v1.new");
    let body = golden.body();
    let mut value = Vec::new();
    order::encode_as(&order::decode(body).unwrap(), Encoding::Confluent(5), &mut value);
    assert_eq!(value, [&[0, 0, 0, 0, 5], body].concat());
    assert_eq!(schemas.open(RecordType::Order, &value).unwrap(), body);
}
