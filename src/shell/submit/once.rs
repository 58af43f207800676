//! JSON in which no object names a field twice: of two values nobody could say which one was meant.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value that was read so.
struct Once(Value);

/// The object of a line.
///
/// # Errors
/// What is wrong with it, and in which column.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Once(Value::Object(fields))) => Ok(fields),
        Ok(Once(_)) => Err("no JSON object".to_owned()),
        Err(error) => {
            let said = error.to_string();
            // A line is read alone: it is the first of the parser's, and another one of the input.
            let place = format!(" at line {} column {}", error.line(), error.column());
            let said = said.strip_suffix(&place).unwrap_or(&said);
            Err(format!("no JSON object: {said} at column {}", error.column()))
        }
    }
}

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` is named twice")));
            }
            let Once(value) = members.next_value()?;
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_once_is_read_as_it_stands() {
        let text = r#"{"b":[1,-2,0.5,null,true,{"x":"y"}],"a":18446744073709551615}"#;
        assert_eq!(Value::Object(object(text).unwrap()).to_string(), text);
    }

    #[test]
    fn a_field_that_is_named_twice_is_a_fault() {
        let said = object(r#"{"a":1,"a":1}"#).unwrap_err();
        assert_eq!(said, "no JSON object: `a` is named twice at column 10");
        assert!(object(r#"{"tags":{"k":"x","k":"y"}}"#).unwrap_err().contains("`k` is named twice"));
        assert!(object(r#"{"a":{"k":1},"b":{"k":1}}"#).is_ok());
    }

    #[test]
    fn what_is_no_object_is_a_fault() {
        for text in ["", "[]", "1", "{", "{}{}", "{\"a\":}"] {
            assert!(object(text).unwrap_err().starts_with("no JSON object"), "{text}");
        }
    }
}
