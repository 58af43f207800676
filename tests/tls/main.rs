//! What onefill does behind TLS and SASL, on a real Kafka with certificates of its own.
//!
//! Needs the feature `tls`, which builds OpenSSL, and is tried by `make tls-test` alone. Routers and commands come by
//! the secured listeners; the tests read back what lies in the topics by one that is not. Start reading at [`secured`].

mod authority;
mod halted;
mod mutual;
mod refused;
mod registry;
mod renewed;
mod sasl;
mod secured;

#[path = "../support/mod.rs"]
mod support;
use support::{broker, loud, producer, reader, records, router, world};
