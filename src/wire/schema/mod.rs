//! The records that have a schema, and what stands before each of them: ten bytes, or five of the Confluent format.
//!
//! [`Schemas`] knows the writers' schemas and leads their records to the reader's.

mod known;
mod registry;
mod strict;

pub(super) use known::reader_schema;
pub use known::{SchemaError, Schemas, VALUE_LEN_MAX};
pub use registry::{Encoding, Registry, Unregistered, is_confluent};
pub(super) use strict::read_generic;

/// A record of the contract, in its current version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordType {
    /// On `intents`.
    OrderIntent,
    /// On `orders`.
    Order,
    /// On `audit`.
    Entry,
    /// On `executions`.
    Execution,
    /// On `control`.
    ControlRecord,
    /// On `prices`.
    ReferencePrice,
}

/// Single-object encoding: these two bytes, then the schema's fingerprint, then the record.
pub const MARKER: [u8; 2] = [0xC3, 0x01];
/// Length of marker and fingerprint, in bytes.
pub const HEADER_LEN: usize = 10;

impl RecordType {
    /// Every record.
    pub const ALL: &'static [Self] = &[
        Self::OrderIntent,
        Self::Order,
        Self::Entry,
        Self::Execution,
        Self::ControlRecord,
        Self::ReferencePrice,
    ];

    /// The name without its namespace.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderIntent => "OrderIntent",
            Self::Order => "Order",
            Self::Entry => "Entry",
            Self::Execution => "Execution",
            Self::ControlRecord => "ControlRecord",
            Self::ReferencePrice => "ReferencePrice",
        }
    }

    /// The Avro schema, as it is published.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::OrderIntent => include_str!("../../../schemas/OrderIntent.v1.avsc"),
            Self::Order => include_str!("../../../schemas/Order.v1.avsc"),
            Self::Entry => include_str!("../../../schemas/Entry.v1.avsc"),
            Self::Execution => include_str!("../../../schemas/Execution.v1.avsc"),
            Self::ControlRecord => include_str!("../../../schemas/ControlRecord.v1.avsc"),
            Self::ReferencePrice => include_str!("../../../schemas/ReferencePrice.v1.avsc"),
        }
    }

    /// CRC-64-AVRO of the schema's canonical form, as it stands in a header: little-endian.
    ///
    /// Written out, since it is part of every record for ever; a test computes it from the schema.
    pub const fn fingerprint(self) -> [u8; 8] {
        match self {
            Self::OrderIntent => 0xb45f_fe4c_cae1_51a7_u64,
            Self::Order => 0x6790_45ea_d409_a380,
            Self::Entry => 0xe89f_4358_6d3a_dc94,
            Self::Execution => 0x3184_f3e2_f556_3863,
            Self::ControlRecord => 0x31a9_14d9_e0a5_6755,
            Self::ReferencePrice => 0x7440_39e6_df62_cb03,
        }
        .to_be_bytes()
    }

    /// What stands before the record.
    pub const fn header(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d, e, f, g, h] = self.fingerprint();
        [MARKER[0], MARKER[1], a, b, c, d, e, f, g, h]
    }

    /// Whether others write it: then its size is limited.
    pub const fn is_input(self) -> bool {
        !matches!(self, Self::Order | Self::Entry)
    }
}
