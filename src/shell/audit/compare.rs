//! In which fields two records differ, for people: bytes that differ say nothing.

use serde_json::Value;

use crate::wire::json;
use crate::wire::schema::{RecordType, Schemas};

/// A field that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Its name; of a field inside a field, both with a dot.
    pub field: String,
    /// What is there.
    pub found: String,
    /// What should be.
    pub due: String,
}

/// The fields in which two values of one record type differ, of which the bytes do; never empty.
pub fn fields(schemas: &Schemas, record: RecordType, found: &[u8], due: &[u8]) -> Vec<Differing> {
    let read = |value| {
        let body = schemas.open(record, value).map_err(|malformed| malformed.to_string())?;
        json::to_json(record, &body).map_err(|malformed| malformed.to_string())
    };
    let whole =
        |found: String, due: &str| vec![Differing { field: "value".to_owned(), found, due: due.to_owned() }];
    match (read(found), read(due)) {
        (Err(detail), _) => whole(detail, "a readable record"),
        (_, Err(detail)) => whole("a record".to_owned(), &detail),
        (Ok(found), Ok(due)) => {
            let mut differing = Vec::new();
            collect(&mut differing, "", &found, &due);
            match differing.is_empty() {
                true => whole("the same fields in other bytes".to_owned(), "the bytes that onefill writes"),
                false => differing,
            }
        }
    }
}

fn collect(differing: &mut Vec<Differing>, name: &str, found: &Value, due: &Value) {
    let (Value::Object(found_fields), Value::Object(due_fields)) = (found, due) else {
        if found != due {
            differing.push(Differing { field: name.to_owned(), found: text(found), due: text(due) });
        }
        return;
    };
    let added = found_fields.keys().filter(|key| !due_fields.contains_key(*key));
    for key in due_fields.keys().chain(added) {
        let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        let of = |fields: &serde_json::Map<String, Value>| fields.get(key).cloned().unwrap_or(Value::Null);
        collect(differing, &inner, &of(found_fields), &of(due_fields));
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differing_fields_are_named_with_their_paths() {
        let mut differing = Vec::new();
        let found = json!({"a": 1, "b": {"c": "x", "d": 2}, "e": true});
        let due = json!({"a": 1, "b": {"c": "y", "d": 2, "f": 3}});
        collect(&mut differing, "", &found, &due);
        let said: Vec<_> = differing.iter().map(|it| (&*it.field, &*it.found, &*it.due)).collect();
        assert_eq!(said, [("b.c", "x", "y"), ("b.f", "absent", "3"), ("e", "true", "absent")]);
    }
}
