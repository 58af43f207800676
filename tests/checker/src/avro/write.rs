//! Records from JSON, for tests: enums by name, bytes as hex, a union's record under its name where there are several.

use serde_json::Value as Json;

use super::schema::Schema;

/// Appends the encoding of a value; what is absent is null, false, or empty.
pub fn write(schema: &Schema, json: &Json, out: &mut Vec<u8>) {
    match schema {
        Schema::Null => {}
        Schema::Boolean => out.push(u8::from(json.as_bool().unwrap_or_default())),
        Schema::Int | Schema::Long => long(json.as_i64().unwrap_or_default(), out),
        Schema::Bytes => counted(&unhex(json), out),
        Schema::Text => counted(json.as_str().unwrap_or_default().as_bytes(), out),
        Schema::Fixed(size) => {
            let bytes = if json.is_null() { vec![0; *size] } else { unhex(json) };
            assert_eq!(bytes.len(), *size);
            out.extend(bytes);
        }
        Schema::Enum(symbols) => {
            let index =
                symbols.iter().position(|one| json == one).unwrap_or_else(|| panic!("a symbol: {json}"));
            long(index as i64, out);
        }
        Schema::Array(items) => {
            let given = json.as_array().cloned().unwrap_or_default();
            if !given.is_empty() {
                long(given.len() as i64, out);
                given.iter().for_each(|item| write(items, item, out));
            }
            long(0, out);
        }
        Schema::Map(values) => {
            let given = json.as_object().cloned().unwrap_or_default();
            if !given.is_empty() {
                long(given.len() as i64, out);
                for (name, value) in &given {
                    counted(name.as_bytes(), out);
                    write(values, value, out);
                }
            }
            long(0, out);
        }
        Schema::Union(branches) => union(branches, json, out),
        Schema::Record(record) => {
            for (name, field) in &record.fields {
                let given = match (&json[name], name.as_str()) {
                    (Json::Null, "contract_multiplier") => &Json::String("1".to_owned()),
                    (given, _) => given,
                };
                write(field, given, out);
            }
        }
    }
}

fn union(branches: &[std::sync::Arc<Schema>], json: &Json, out: &mut Vec<u8>) {
    let fits = |schema: &Schema| match schema {
        Schema::Null => json.is_null(),
        // Of several records, the one that has all these fields.
        Schema::Record(record) => json
            .as_object()
            .is_some_and(|object| object.keys().all(|key| record.fields.iter().any(|(name, _)| name == key))),
        _ => !json.is_null(),
    };
    let index =
        branches.iter().position(|schema| fits(schema)).unwrap_or_else(|| panic!("no branch: {json}"));
    long(index as i64, out);
    write(&branches[index], json, out);
}

fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    long(bytes.len() as i64, out);
    out.extend(bytes);
}

fn long(number: i64, out: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn unhex(json: &Json) -> Vec<u8> {
    let hex = json.as_str().unwrap_or_default();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}
