//! apache-avro's generic reader, made strict, and a generic writer that is deterministic.
//!
//! By itself that reader takes a record that is cut off for one whose last fields are null, takes
//! padded integers, and reserves memory by lengths that it was told. So the bytes are walked
//! first, by the same rules as the decoders written out by hand; only then it may read them.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{Name, NamespaceRef, ResolvedSchema};
use apache_avro::types::Value;

use crate::wire::avro::{Reader, Writer};
use crate::wire::malformed::{Malformed, quote};

/// Deepest nesting of a record. The published ones need 5; a recursive schema could need any.
const DEPTH_MAX: usize = 32;

/// The field of a message, where the schema is known at run time only.
const ANY: &str = "record";

/// Reads a whole body as a record of this schema.
///
/// # Errors
/// [`Malformed`] when it is none, or something follows it.
pub(in crate::wire) fn read_generic(schema: &Schema, body: &[u8]) -> Result<Value, Malformed> {
    let unreadable = |error: apache_avro::Error| Malformed::value(error.to_string());
    let names = ResolvedSchema::new(schema).map_err(unreadable)?;
    let mut reader = Reader::new(body);
    Walk { names: names.get_names() }.walk(schema, None, &mut reader, DEPTH_MAX)?;
    reader.end()?;
    let generic = apache_avro::reader::datum::GenericDatumReader::builder(schema)
        .resolved_writer_schemata(names)
        .build()
        .map_err(unreadable)?;
    generic.read_value(&mut &*body).map_err(unreadable)
}

struct Walk<'s> {
    names: &'s HashMap<Name, &'s Schema>,
}

impl Walk<'_> {
    fn walk(
        &self,
        schema: &Schema,
        namespace: NamespaceRef<'_>,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| Malformed::value(format!("the record nests deeper than {DEPTH_MAX}")))?;
        match schema {
            Schema::Null => Ok(()),
            Schema::Boolean => reader.boolean(ANY).map(drop),
            Schema::Int => reader.int(ANY).map(drop),
            Schema::Long => reader.long(ANY).map(drop),
            Schema::Float => reader.take(ANY, 4).map(drop),
            Schema::Double => reader.take(ANY, 8).map(drop),
            Schema::Bytes => reader.bytes(ANY).map(drop),
            Schema::String => reader.string(ANY).map(drop),
            Schema::Fixed(fixed) => reader.take(ANY, fixed.size).map(drop),
            Schema::Enum(symbols) => reader.index(ANY, symbols.symbols.len()).map(drop),
            Schema::Array(array) => {
                reader.blocks(ANY, |reader| self.walk(&array.items, namespace, reader, depth))
            }
            Schema::Map(map) => self.walk_map(&map.types, namespace, reader, depth),
            Schema::Union(union) => {
                let branch = reader.index(ANY, union.variants().len())?;
                self.walk(&union.variants()[branch], namespace, reader, depth)
            }
            Schema::Record(record) => {
                let name = record.name.fully_qualified_name(namespace);
                let walk = |field: &apache_avro::schema::RecordField| {
                    self.walk(&field.schema, name.namespace(), reader, depth)
                };
                record.fields.iter().try_for_each(walk)
            }
            Schema::Ref { name } => {
                let name = name.fully_qualified_name(namespace);
                let named = self.names.get(&*name).copied();
                let named = named.ok_or_else(|| Malformed::value("the schema names a type that it lacks"))?;
                self.walk(named, name.namespace(), reader, depth)
            }
            // Logical types were taken off the schema when it was read.
            _ => Err(Malformed::value("the schema has a type that no record of the contract has")),
        }
    }

    fn walk_map(
        &self,
        values: &Schema,
        namespace: NamespaceRef<'_>,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<(), Malformed> {
        let mut keys = std::collections::BTreeSet::new();
        reader.blocks(ANY, |reader| {
            let key = reader.string(ANY)?;
            if !keys.insert(key) {
                return Err(Malformed::value(format!("a map names the key {} twice", quote(key))));
            }
            self.walk(values, namespace, reader, depth)
        })
    }
}

/// Writes a value that has the shape of its schema already. Maps are written in order of their
/// keys: the same record must give the same bytes in every process.
///
/// # Errors
/// [`Malformed`] for a type that no record of the contract has.
pub(super) fn write_generic(writer: &mut Writer<'_>, value: &Value) -> Result<(), Malformed> {
    match value {
        Value::Null => {}
        Value::Boolean(flag) => writer.boolean(*flag),
        Value::Int(number) => writer.long((*number).into()),
        Value::Long(number) => writer.long(*number),
        Value::Bytes(bytes) => writer.bytes(bytes),
        Value::String(text) => writer.string(text),
        Value::Fixed(_, bytes) => writer.fixed(bytes),
        Value::Enum(index, _) => writer.long((*index).into()),
        Value::Union(branch, value) => {
            writer.long((*branch).into());
            write_generic(writer, value)?;
        }
        Value::Array(items) => {
            if !items.is_empty() {
                writer.index(items.len());
            }
            items.iter().try_for_each(|item| write_generic(writer, item))?;
            writer.index(0);
        }
        Value::Map(pairs) => {
            let pairs: std::collections::BTreeMap<_, _> = pairs.iter().collect();
            if !pairs.is_empty() {
                writer.index(pairs.len());
            }
            for (key, value) in pairs {
                writer.string(key);
                write_generic(writer, value)?;
            }
            writer.index(0);
        }
        Value::Record(fields) => fields.iter().try_for_each(|(_, value)| write_generic(writer, value))?,
        _ => return Err(Malformed::value("the schema has a type that no record of the contract has")),
    }
    Ok(())
}
