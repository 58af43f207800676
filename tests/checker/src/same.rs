//! Whether two records say the same: numbers by value, for they are written in canonical form.

use crate::avro::Value;
use crate::number::canonical;

/// Every field of a record, of whatever kind, that is a decimal.
const DECIMALS: [&str; 20] = [
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
    "qty",
    "price_collar_abs",
];

/// The fields in which two records differ. Tags may come in any order.
pub fn differences(one: &Value<'_>, other: &Value<'_>) -> Vec<String> {
    let Value::Record(record) = one else { return vec!["record".to_owned()] };
    let names = record.schema.fields.iter().map(|(name, _)| name.as_str());
    let differ = |name: &&str| match (&one[*name], &other[*name]) {
        (Value::Text(one), Value::Text(other)) if DECIMALS.contains(name) => {
            canonical(one) != canonical(other)
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() != other.len() || one.iter().any(|tag| !other.contains(tag))
        }
        (one, other) => one != other,
    };
    names.filter(differ).map(str::to_owned).collect()
}
