//! The wire layer, from outside: schemas, golden bytes, and agreement with apache-avro.

mod schemas;
