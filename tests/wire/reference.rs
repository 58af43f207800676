//! What a body means to apache-avro and to a plain reading of the contract: the other opinion that
//! the decoders written out by hand are compared with.

use std::collections::HashMap;
use std::sync::LazyLock;

use apache_avro::types::Value;
use apache_avro::{Schema, reader::datum::GenericDatumReader, writer::datum::GenericDatumWriter};
use onefill::wire::RecordType;

static SCHEMAS: LazyLock<HashMap<RecordType, Schema>> = LazyLock::new(|| {
    // apache-avro reserves memory by lengths that it reads; without a bound random bytes are slow.
    apache_avro::util::max_allocation_bytes(1 << 20);
    let parse = |record: &RecordType| (*record, Schema::parse_str(record.schema()).unwrap());
    RecordType::ALL.iter().map(parse).collect()
});

pub fn schema(record: RecordType) -> &'static Schema {
    &SCHEMAS[&record]
}

/// What apache-avro's generic reader reads, followed by whatever.
pub fn read(record: RecordType, body: &[u8]) -> Option<Value> {
    let reader = GenericDatumReader::builder(schema(record)).build().unwrap();
    reader.read_value(&mut &*body).ok()
}

/// What apache-avro's generic writer writes; `None` when the value does not fit the schema.
pub fn write(record: RecordType, value: &Value) -> Option<Vec<u8>> {
    let writer = GenericDatumWriter::builder(schema(record)).build().unwrap();
    let mut body = Vec::new();
    writer.write_value_ref(&mut body, value).ok().map(|_| body)
}

/// The value with decimals in canonical form, and no tags for an empty map of them.
pub fn normal(value: Value) -> Value {
    named("", value)
}

fn named(field: &str, value: Value) -> Value {
    match value {
        Value::Record(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = named(&name, value);
                (name, value)
            });
            Value::Record(fields.collect())
        }
        Value::Union(_, value) if matches!(&*value, Value::Map(tags) if tags.is_empty()) => {
            Value::Union(0, Box::new(Value::Null))
        }
        Value::Union(branch, value) => Value::Union(branch, Box::new(named(field, *value))),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| named("", item)).collect()),
        Value::String(text) if is_decimal_field(field) => Value::String(canonical(text)),
        other => other,
    }
}

fn canonical(text: String) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if whole.trim_start_matches('-').len() > 20 || fraction.len() > 18 {
        return text;
    }
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

const DECIMALS: &[&str] = &[
    "order_qty",
    "price",
    "trigger_price",
    "last_qty",
    "last_px",
    "cum_qty",
    "leaves_qty",
    "tick_size",
    "lot_size",
    "min_qty",
    "max_qty",
    "min_notional",
    "contract_multiplier",
    "max_order_qty",
    "max_order_notional",
    "max_long_qty",
    "max_short_qty",
    "max_gross_notional",
    "price_collar_abs",
    "qty",
    "limit",
    "observed",
    "position",
    "reserved_buy_qty",
    "reserved_sell_qty",
    "gross_notional",
];

fn is_decimal_field(field: &str) -> bool {
    DECIMALS.contains(&field)
}

/// Whether a record is well formed, by a plain reading of the contract.
pub fn is_well_formed(record: RecordType, value: &Value) -> bool {
    let Value::Record(fields) = value else { return false };
    let fields = Fields(fields);
    match record {
        RecordType::OrderIntent => {
            let ids = ["intent_id", "account_id", "strategy_id", "client_order_id", "instrument_id"];
            ids.iter().all(|id| fields.is_id(id))
                && fields.decimals_are_decimals()
                && fields.is_no_longer_than("correlation_id", 256)
                && fields.tags_are_small()
                && intent_is_complete(&fields)
        }
        RecordType::Execution => {
            ["venue", "account_id", "instrument_id"].iter().all(|id| fields.is_id(id))
                && fields.decimals_are_decimals()
                && fields.is_no_longer_than("exec_id", 64)
                && fields.text("exec_id") != Some("")
                && fields.is_no_longer_than("text", 256)
                && execution_is_complete(&fields)
        }
        RecordType::Order => order_is_complete(&fields),
        RecordType::ControlRecord => match fields.get("record") {
            Some(Value::Union(branch, value)) => control_is_well_formed(*branch, value),
            _ => false,
        },
        RecordType::ReferencePrice => fields.is_id("instrument_id") && fields.decimals_are_decimals(),
        // Which entries there are is for other tests to say.
        RecordType::Entry => true,
    }
}

fn intent_is_complete(fields: &Fields<'_>) -> bool {
    match fields.symbol("intent_type") {
        "NEW" => fields.have(&["side", "order_type", "order_qty", "time_in_force"]),
        "REPLACE" => ["order_qty", "price", "trigger_price"].iter().any(|name| fields.have(&[name])),
        _ => true,
    }
}

fn execution_is_complete(fields: &Fields<'_>) -> bool {
    match fields.symbol("exec_type") {
        "TRADE" => fields.have(&["last_qty", "last_px"]),
        "TRADE_CORRECT" => fields.have(&["last_qty", "last_px", "exec_ref_id"]),
        "TRADE_CANCEL" => fields.have(&["exec_ref_id"]),
        "REPLACED" => fields.have(&["order_qty"]),
        "RESTATED" => fields.have(&["order_qty", "leaves_qty"]),
        _ => true,
    }
}

fn order_is_complete(fields: &Fields<'_>) -> bool {
    let ids = ["intent_id", "client_order_id", "account_id", "strategy_id", "instrument_id"];
    let hex =
        |text: &str| text.len() == 32 && text.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f'));
    let short = |name: &&str| {
        fields.text(name).is_none_or(|text| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            whole.trim_start_matches('-').len() <= 20 && fraction.len() <= 18
        })
    };
    ids.iter().all(|id| fields.is_id(id))
        && fields.is_id_or_null("orig_intent_id")
        && fields.text("order_id").is_some_and(hex)
        && fields.decimals_are_decimals()
        && ["order_qty", "price", "trigger_price"].iter().all(short)
        && fields.have(&["side", "order_type", "order_qty", "time_in_force"])
        && !matches!(fields.get("audit_seq"), Some(Value::Long(..0)))
}

fn control_is_well_formed(branch: u32, value: &Value) -> bool {
    let Value::Record(fields) = value else { return false };
    let fields = Fields(fields);
    fields.decimals_are_decimals()
        && match branch {
            0 => ["instrument_id", "venue", "currency"].iter().all(|id| fields.is_id(id)),
            1 => fields.is_id("limit_id") && fields.is_id_or_null("currency"),
            _ => {
                let ids = ["resumes", "account_id", "instrument_id", "strategy_id"];
                fields.is_id("command_id")
                    && ids.iter().all(|id| fields.is_id_or_null(id))
                    && match fields.symbol("command") {
                        "FORCE_RELEASE" => fields.have(&["account_id", "order_id"]),
                        "POSITION_ADJUST" => fields.have(&["account_id", "instrument_id", "qty"]),
                        _ => true,
                    }
            }
        }
}

struct Fields<'v>(&'v [(String, Value)]);

impl<'v> Fields<'v> {
    /// The field, out of its union with null; a record union stays a union.
    fn get(&self, name: &str) -> Option<&'v Value> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        match value {
            Value::Union(_, inner) if !matches!(**inner, Value::Record(_)) => Some(inner),
            value => Some(value),
        }
    }

    fn text(&self, name: &str) -> Option<&'v str> {
        match self.get(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn symbol(&self, name: &str) -> &'v str {
        match self.get(name) {
            Some(Value::Enum(_, symbol)) => symbol,
            other => panic!("{name} is no enum: {other:?}"),
        }
    }

    fn have(&self, names: &[&str]) -> bool {
        names.iter().all(|name| !matches!(self.get(name), None | Some(Value::Null)))
    }

    fn is_id(&self, name: &str) -> bool {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.:-".contains(letter);
        self.text(name).is_some_and(|text| (1..=64).contains(&text.len()) && text.chars().all(allowed))
    }

    fn is_id_or_null(&self, name: &str) -> bool {
        !self.have(&[name]) || self.is_id(name)
    }

    fn is_no_longer_than(&self, name: &str, length_max: usize) -> bool {
        self.text(name).is_none_or(|text| text.len() <= length_max)
    }

    fn decimals_are_decimals(&self) -> bool {
        self.0
            .iter()
            .filter(|(name, _)| is_decimal_field(name))
            .all(|(name, _)| self.text(name).is_none_or(is_number))
    }

    fn tags_are_small(&self) -> bool {
        let Some(Value::Map(tags)) = self.get("tags") else { return true };
        let small = |value: &Value| matches!(value, Value::String(text) if text.len() <= 128);
        tags.len() <= 16 && tags.iter().all(|(key, value)| key.len() <= 128 && small(value))
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?` and not minus nothing, of any length: too many digits are an
/// overflow, which is another check.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let mut parts = unsigned.split('.');
    let whole = parts.next().unwrap_or_default();
    let (fraction, more) = (parts.next(), parts.next());
    let negative_nothing =
        text.starts_with('-') && !unsigned.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    digits(whole) && !leading_zero && fraction.is_none_or(digits) && more.is_none() && !negative_nothing
}
