//! Avro schemas, as they stand in the published files.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

/// What a value may be.
#[derive(Debug)]
pub enum Schema {
    Null,
    Boolean,
    Int,
    Long,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    Array(Arc<Schema>),
    Map(Arc<Schema>),
    Union(Vec<Arc<Schema>>),
    Record(RecordSchema),
}

/// A record's name and fields, in the order in which they are written.
#[derive(Debug)]
pub struct RecordSchema {
    pub name: String,
    pub fields: Vec<(String, Arc<Schema>)>,
}

impl Schema {
    /// Reads a schema file.
    ///
    /// # Panics
    ///
    /// If it is none: the files are compiled in, and a test reads each of them.
    pub fn parse(text: &str) -> Arc<Self> {
        let json: Json = serde_json::from_str(text).expect("a schema file is JSON");
        schema(&json, &mut HashMap::new())
    }
}

fn schema(json: &Json, named: &mut HashMap<String, Arc<Schema>>) -> Arc<Schema> {
    match json {
        Json::String(name) => primitive(name).unwrap_or_else(|| Arc::clone(&named[name])),
        Json::Array(branches) => {
            Arc::new(Schema::Union(branches.iter().map(|branch| schema(branch, named)).collect()))
        }
        _ => complex(json, named),
    }
}

fn primitive(name: &str) -> Option<Arc<Schema>> {
    let found = match name {
        "null" => Schema::Null,
        "boolean" => Schema::Boolean,
        "int" => Schema::Int,
        "long" => Schema::Long,
        "bytes" => Schema::Bytes,
        "string" => Schema::Text,
        _ => return None,
    };
    Some(Arc::new(found))
}

fn complex(json: &Json, named: &mut HashMap<String, Arc<Schema>>) -> Arc<Schema> {
    let text = |field: &str| json[field].as_str().map(str::to_owned);
    let found = match json["type"].as_str().expect("a schema says its type") {
        "fixed" => Schema::Fixed(usize::try_from(json["size"].as_u64().expect("a size")).expect("a size")),
        "enum" => {
            let symbols = json["symbols"].as_array().expect("symbols");
            Schema::Enum(symbols.iter().map(|one| one.as_str().expect("a symbol").to_owned()).collect())
        }
        "array" => Schema::Array(schema(&json["items"], named)),
        "map" => Schema::Map(schema(&json["values"], named)),
        "record" => {
            let fields = json["fields"].as_array().expect("fields");
            let field = |field: &Json, named: &mut _| {
                (field["name"].as_str().expect("a name").to_owned(), schema(&field["type"], named))
            };
            let fields = fields.iter().map(|one| field(one, named)).collect();
            Schema::Record(RecordSchema { name: text("name").expect("a name"), fields })
        }
        name => return primitive(name).expect("a type that Avro knows"),
    };
    let found = Arc::new(found);
    if let Some(name) = text("name") {
        named.insert(name, Arc::clone(&found));
    }
    found
}
