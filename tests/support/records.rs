//! Records, written and read with apache-avro's generic writer and reader and the published schemas alone, and what
//! the contract derives from them: placement, order ids, leaf hashes. Nothing of onefill's own wire code is used.

use std::sync::LazyLock;

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// A published schema and the ten bytes that begin each value of it.
pub struct Format {
    schema: Schema,
    header: Vec<u8>,
}

macro_rules! format_of {
    ($name:literal) => {
        LazyLock::new(|| Format::parse(include_str!(concat!("../../schemas/", $name, ".v1.avsc"))))
    };
}

pub static INTENT: LazyLock<Format> = format_of!("OrderIntent");
pub static ORDER: LazyLock<Format> = format_of!("Order");
pub static ENTRY: LazyLock<Format> = format_of!("Entry");
pub static CONTROL: LazyLock<Format> = format_of!("ControlRecord");
pub static EXECUTION: LazyLock<Format> = format_of!("Execution");
pub static PRICE: LazyLock<Format> = format_of!("ReferencePrice");

impl Format {
    /// Of a schema of one's own.
    pub fn parse(text: &str) -> Self {
        let schema = Schema::parse_str(text).expect("a published schema is a schema");
        let header = [&[0xC3, 0x01], &*schema.fingerprint::<Rabin>().bytes].concat();
        Self { schema, header }
    }

    /// The value in single-object encoding; what is left out takes its default.
    pub fn encode(&self, record: &Json) -> Vec<u8> {
        self.encode_value(plain(record))
    }

    /// The same, from a value that was decoded.
    pub fn encode_value(&self, value: Value) -> Vec<u8> {
        let value = value.resolve(&self.schema).expect("the record fits its schema");
        let writer = GenericDatumWriter::builder(&self.schema).build().expect("a writer");
        [self.header.clone(), writer.write_value_to_vec(value).expect("a datum")].concat()
    }

    /// Whether a value says that it is one of these.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(&self.header)
    }

    /// The value in the Confluent format, with this id for the schema.
    pub fn encode_by(&self, id: u32, record: &Json) -> Vec<u8> {
        confluent(id, &self.encode(record))
    }

    /// The value as it was written, to be altered and written again. An id of the Confluent format stands for the schema.
    pub fn decode_value(&self, bytes: &[u8]) -> Value {
        let by_id = || bytes.split_at_checked(CONFLUENT_HEADER_LEN).filter(|(header, _)| header[0] == 0);
        let rest = bytes.strip_prefix(&*self.header).or_else(|| by_id().map(|(_, rest)| rest));
        let mut rest = rest.expect("the fingerprint is the published schema's");
        let reader = GenericDatumReader::builder(&self.schema).build().expect("a reader");
        let value = reader.read_value(&mut rest).expect("the value fits its schema");
        assert!(rest.is_empty(), "{} bytes follow the value", rest.len());
        value
    }

    /// The value as JSON; bytes are arrays of numbers.
    pub fn decode(&self, bytes: &[u8]) -> Json {
        Json::try_from(self.decode_value(bytes)).expect("records of onefill are no stranger than JSON")
    }
}

/// A zero byte and an id, in bytes.
const CONFLUENT_HEADER_LEN: usize = 5;

/// A value of single-object encoding in the Confluent format.
pub fn confluent(id: u32, value: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], &value[10..]].concat()
}

/// JSON as Avro knows it, without a schema.
fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => Value::Long(number.as_i64().expect("a whole number")),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Json::Object(fields) => {
            Value::Map(fields.iter().map(|(name, one)| (name.clone(), plain(one))).collect())
        }
    }
}

/// Sets a field of a decoded record.
pub fn set(record: &mut Value, field: &str, to: Value) {
    let Value::Record(fields) = record else { panic!("{record:?} is no record") };
    let (_, value) = fields.iter_mut().find(|(name, _)| name == field).expect("the field is the schema's");
    *value = to;
}

/// A limit order of 2 at 100.00, good for the instrument of every test.
pub fn new_intent(account: &str, intent_id: &str, client_order_id: &str) -> Json {
    json!({
        "intent_type": "NEW", "intent_id": intent_id, "account_id": account, "strategy_id": "momentum",
        "client_order_id": client_order_id, "instrument_id": INSTRUMENT, "created_at": 1_700_000_000_000_000_000_i64,
        "side": "BUY", "order_type": "LIMIT", "order_qty": "2", "price": "100.00", "time_in_force": "DAY",
    })
}

/// The same record with other fields.
pub fn with(record: &Json, fields: &Json) -> Json {
    let mut changed = record.clone();
    let into = changed.as_object_mut().expect("a record");
    into.extend(fields.as_object().expect("fields").clone());
    changed
}

pub const INSTRUMENT: &str = "ACME.XTST";

/// The instrument of every test.
pub fn instrument(version: i64) -> Vec<u8> {
    control(
        0,
        vec![
            ("instrument_id", text(INSTRUMENT)),
            ("venue", text("XTST")),
            ("currency", text("USD")),
            ("tick_size", text("0.01")),
            ("lot_size", text("1")),
            ("min_qty", none()),
            ("max_qty", none()),
            ("min_notional", none()),
            ("contract_multiplier", text("1")),
            ("allow_negative_price", Value::Boolean(false)),
            ("status", Value::Enum(0, "TRADING".to_owned())),
            ("version", Value::Long(version)),
        ],
    )
}

/// Limits that name an account and hold nobody up.
pub fn wide_limit(account: &str) -> Vec<u8> {
    limit(account, 1, "1000000000")
}

/// Limits of an account: so much in an order, and in a position of either side.
pub fn limit(account: &str, version: i64, most: &str) -> Vec<u8> {
    let unset = [
        "max_order_notional",
        "max_gross_notional",
        "currency",
        "max_open_orders",
        "price_collar_bps",
        "price_collar_abs",
        "ref_max_age_ms",
        "max_orders",
        "orders_window_ms",
        "dup_window_ms",
        "max_intent_age_ms",
        "market_orders",
        "on_anomaly",
    ];
    let set = vec![
        ("limit_id", text(account)),
        ("version", Value::Long(version)),
        ("scope_type", Value::Enum(1, "ACCOUNT".to_owned())),
        ("scope_id", text(account)),
        ("instrument_id", text("*")),
        ("max_order_qty", some(text(most))),
        ("max_long_qty", some(text(most))),
        ("max_short_qty", some(text(most))),
        ("set_by", text("risk")),
        ("reason", text("test")),
    ];
    control(1, set.into_iter().chain(unset.map(|name| (name, none()))).collect())
}

/// Halts a strategy, or resumes it from the halt that is named.
pub fn strategy_command(id: &str, account: &str, strategy: &str, resumes: Option<&str>) -> Vec<u8> {
    let command = resumes.map_or((0, "HALT"), |_| (2, "RESUME"));
    let unset = ["account_id", "order_id", "instrument_id", "qty", "strategy_id", "issued_at"];
    let set = vec![
        ("command_id", text(id)),
        ("command", Value::Enum(command.0, command.1.to_owned())),
        ("scope_type", Value::Enum(3, "STRATEGY".to_owned())),
        ("scope_id", text(&format!("{account}/{strategy}"))),
        ("cancel_open_orders", Value::Boolean(false)),
        ("resumes", resumes.map_or_else(none, |holder| some(text(holder)))),
        ("issued_by", text("risk")),
        ("reason", text("test")),
    ];
    control(2, set.into_iter().chain(unset.map(|name| (name, none()))).collect())
}

/// A control record of a branch of the union.
fn control(branch: u32, fields: Vec<(&str, Value)>) -> Vec<u8> {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let one = Value::Union(branch, Box::new(Value::Record(fields)));
    CONTROL.encode_value(Value::Record(vec![("record".to_owned(), one)]))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn some(value: Value) -> Value {
    Value::Union(1, Box::new(value))
}

fn none() -> Value {
    Value::Union(0, Box::new(Value::Null))
}

/// The bytes of a field of a decoded record.
pub fn bytes(field: &Json) -> Vec<u8> {
    let numbers = field.as_array().expect("bytes");
    numbers.iter().map(|number| u8::try_from(number.as_u64().expect("a byte")).expect("a byte")).collect()
}

/// SHA-256 over one zero byte and an entry's value.
pub fn leaf(value: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(value).finalize().into()
}

pub fn sha256_hex(value: &[u8]) -> String {
    hex(&Sha256::digest(value))
}

pub fn order_id(account: &str, client_order_id: &str) -> String {
    let mut hash = Sha256::new().chain_update(b"onefill/order/v1");
    for part in [account, client_order_id] {
        let length = u32::try_from(part.len()).expect("ids are short");
        hash = hash.chain_update(length.to_be_bytes()).chain_update(part);
    }
    hex(&hash.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where Java's default partitioner puts a key.
pub fn place(key: &str, partitions: i32) -> i32 {
    let positive = i32::try_from(murmur2(key.as_bytes()) & 0x7fff_ffff).expect("31 bits");
    positive % partitions
}

fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(key.len()).expect("keys are short");
    let mut hash = 0x9747_b28c ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut mixed = u32::from_le_bytes(word.try_into().expect("four bytes")).wrapping_mul(M);
        mixed = (mixed ^ (mixed >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ mixed;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// An account that lies in a partition.
pub fn account_in(partition: i32, partitions: i32) -> String {
    let names = (0..).map(|number| format!("A{number}"));
    names.into_iter().find(|name| place(name, partitions) == partition).expect("there are many accounts")
}

#[test]
fn placement_is_that_of_java() {
    // As measured with Kafka's own partitioner: on 12 partitions `A1` is on 3.
    assert_eq!(place("A1", 12), 3);
}
