//! Bytes to the core's types and back.
//!
//! What lives here is written out by hand, exhaustively: a field that is added to a core type
//! breaks the build where it must be encoded. Decoding decides whether a record is well formed
//! (check 0); it never judges whether it makes sense, and never touches Kafka, a clock or a file.
//!
//! Start at [`schema`], which strips and checks what stands before a record; [`intent`] is the
//! hot path and the pattern of the others; [`entry`] is the audit trail. The schemas themselves,
//! with the rules for changing them, are in `schemas/`.

pub mod avro;
pub mod control;
pub mod entry;
pub mod execution;
pub mod format;
pub mod intent;
pub mod json;
mod malformed;
pub mod order;
pub mod price;
pub mod schema;

pub use malformed::Malformed;
pub use schema::{RecordType, SchemaError, Schemas, VALUE_LEN_MAX};
