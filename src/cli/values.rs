//! Values of flags: a slip is a usage error that names its flag, before anybody is asked.

use std::io::{self, BufReader};
use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Failure;
use crate::core::amount::Decimal;
use crate::core::ids::{Id, OrderId};
use crate::shell::clock;
use crate::shell::submit::{Format, Input, Row, read_rows};

/// An id.
pub(super) fn id(text: &str) -> Result<String, String> {
    let id = Id::parse(text).ok_or("an id is 1 to 64 letters, digits and _ . : -")?;
    Ok(id.as_str().to_owned())
}

/// An order id.
pub(super) fn order_id(text: &str) -> Result<String, String> {
    let id = OrderId::parse(text).ok_or("an order id is 32 lower-case hex digits")?;
    Ok(id.to_string())
}

/// Words for people.
pub(super) fn words(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it says nothing".to_owned()) } else { Ok(text.to_owned()) }
}

/// A decimal.
pub(super) fn decimal(text: &str) -> Result<String, String> {
    exact(text).map(|_| text.to_owned())
}

/// A decimal that is not below zero.
pub(super) fn amount(text: &str) -> Result<String, String> {
    above(text, exact(text)?.signum() >= 0, "it cannot be below zero")
}

/// A decimal above zero.
pub(super) fn step(text: &str) -> Result<String, String> {
    above(text, exact(text)?.signum() > 0, "it must be above zero")
}

fn exact(text: &str) -> Result<Decimal, String> {
    let wanted = "a decimal is such as 0.01, with at most 20 digits before the point and 18 after it";
    Decimal::parse(text).ok_or_else(|| wanted.to_owned())
}

fn above(text: &str, fits: bool, rule: &str) -> Result<String, String> {
    if fits { Ok(text.to_owned()) } else { Err(rule.to_owned()) }
}

/// A time: nanoseconds since 1970, or `now`.
pub(super) fn time(text: &str) -> Result<i64, String> {
    if text.eq_ignore_ascii_case("now") {
        return Ok(clock::now().0);
    }
    text.parse().map_err(|_| "a time is nanoseconds since 1970, or now".to_owned())
}

/// One of these names, in upper or lower case where the flag ignores it.
pub(super) fn symbol(names: impl Iterator<Item = &'static str>) -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(names).map(|name| name.to_uppercase())
}

/// Flags that are named as the fields of a record.
pub(super) fn fields(flags: &impl Serialize) -> Map<String, Value> {
    let fields = serde_json::to_value(flags).ok().and_then(|value| value.as_object().cloned());
    fields.expect("flags are a struct of texts and numbers")
}

/// The rows of a file of JSON lines; `-` is the standard input.
pub(super) fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    let rows: Result<Vec<_>, _> = if path.as_os_str() == "-" {
        read_rows("standard input", Format::Json, BufReader::new(io::stdin())).collect()
    } else {
        Input::File { path: path.to_owned(), format: Format::Json }.rows()?.collect()
    };
    let rows = rows?;
    if rows.is_empty() {
        let message = format!("{} has no records", path.display());
        return Err(Failure::usage(
            message,
            "give one JSON object a line, with the field names of the schema",
        ));
    }
    Ok(rows)
}
