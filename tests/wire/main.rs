//! The wire layer, from outside: schemas, golden bytes, and agreement with apache-avro.

mod agreement;
mod allocation;
mod arbitrary;
mod entry_refusals;
mod fingerprint;
mod golden;
mod json;
mod meaning;
mod opinions;
mod reference;
mod refusals;
mod registry;
mod resolution;
mod roundtrip;
mod schemas;
mod typed;
