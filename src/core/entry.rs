//! The audit trail's entries: one for every input record, and for every opening of a lane.
//!
//! An [`Entry`] says everything that a replay needs. On the wire it is one flat record; here each
//! kind has exactly the fields that it may have.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::amount::Decimal;
use super::control::{ControlRecord, ControlResult};
use super::execution::Execution;
use super::halt::HaltCode;
use super::ids::{Digest, Fingerprint, Id, KeyId, OrderId};
use super::intent::Intent;
use super::price::{PriceQuality, PriceSource};
use super::symbols::symbols;
use super::time::Time;
use super::verdict::{FailedCheck, Reason, Verdict};

symbols! {
    /// What an entry is about.
    pub enum EntryKind {
        /// The first opening of a lane.
        Genesis = "GENESIS",
        /// A later opening.
        LaneOpened = "LANE_OPENED",
        /// An intent was decided.
        Decision = "DECISION",
        /// An execution report was taken in.
        Execution = "EXECUTION",
        /// A control record was taken in.
        Control = "CONTROL",
        /// A cancel that a command owed was published.
        OwedCancel = "OWED_CANCEL",
        /// An operator led the lane past a halt.
        Recovery = "RECOVERY",
    }
}

symbols! {
    /// What was odd about an execution report.
    pub enum Anomaly {
        /// Same id, same content.
        DuplicateExec = "DUPLICATE_EXEC",
        /// A fill of a dead order.
        LateFill = "LATE_FILL",
        /// A fill beyond the order's total.
        Overfill = "OVERFILL",
        /// A fill of an order that is not known.
        UnknownOrderFill = "UNKNOWN_ORDER_FILL",
        /// A bust or correction before its trade.
        UnknownExecRef = "UNKNOWN_EXEC_REF",
        /// The venue does not know an order that was routed to it.
        VenueUnknownOrder = "VENUE_UNKNOWN_ORDER",
        /// Same id, other content.
        ExecIdConflict = "EXEC_ID_CONFLICT",
        /// The account differs from the order's.
        AccountMismatch = "ACCOUNT_MISMATCH",
        /// It could not be applied.
        ExecutionUnapplied = "EXECUTION_UNAPPLIED",
    }
}

/// One audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Dense per partition, from 0.
    pub seq: u64,
    /// Leaf hash of the entry before; zeros for the first.
    pub prev: Digest,
    /// Where each input stood just before this entry's own input.
    pub as_of: Cursors,
    /// The router's clock, never decreasing in a partition.
    pub decided_at: Time,
    /// The control offset that the effective limits came from; -1 for none.
    pub limits_version: i64,
    /// What happened.
    pub body: Body<'a>,
}

/// The next offset of each input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// Of `intents[p]`.
    pub intents: i64,
    /// Of `executions[p]`.
    pub executions: i64,
    /// Of `control[0]`.
    pub control: i64,
}

impl fmt::Display for Cursors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { intents, executions, control } = self;
        write!(out, "intents {intents}, executions {executions}, control {control}")
    }
}

/// What happened, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// The first opening.
    Genesis(Opening<'a>),
    /// A later opening.
    LaneOpened(Opening<'a>),
    /// An intent was decided.
    Decision(Decision<'a>),
    /// An execution report was taken in.
    Execution(ExecutionTaken<'a>),
    /// A control record was taken in.
    Control(ControlTaken<'a>),
    /// An owed cancel was published.
    OwedCancel(OwedCancel<'a>),
    /// An operator led the lane past a halt.
    Recovery(Recovery<'a>),
}

/// The record that caused an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// Partition number.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Kafka's timestamp of the record.
    pub timestamp: Time,
}

/// What identifies a record that could not be decoded, or was misplaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// The record's key; `None` for a null key.
    pub key: Option<&'a [u8]>,
    /// Of the record's value; of no bytes for a tombstone.
    pub sha256: Digest,
}

/// Who runs the lane, by which rules, on which topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening<'a> {
    /// Who opened it.
    pub router_id: Cow<'a, str>,
    /// Version of the program.
    pub version: Cow<'a, str>,
    /// Version of the rules of deciding and applying.
    pub rules_version: i32,
    /// The consumer group.
    pub group: Cow<'a, str>,
    /// Partitions of `intents`, `executions`, `orders`, `audit`.
    pub partition_count: i32,
    /// Topic name to topic id.
    pub topic_ids: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// The deciding settings, by name.
    pub settings: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Of the ledger just before this entry.
    pub ledger_hash: Digest,
}

/// An intent was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The record on `intents`.
    pub input: Input<'a>,
    /// What was decided.
    pub ruling: Ruling<'a>,
}

/// What was decided of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling<'a> {
    /// It could not be read. Decides nothing.
    Malformed {
        /// Which record it was.
        raw: RawRecord<'a>,
        /// What was wrong with the bytes.
        detail: Cow<'a, str>,
    },
    /// It lies where its account does not belong. Decides nothing.
    Misplaced {
        /// Which record it was.
        raw: RawRecord<'a>,
        /// What it says it is.
        ids: IntentIds<'a>,
        /// Where it belongs.
        detail: Cow<'a, str>,
    },
    /// Its key was decided before, with the same payload.
    Duplicate {
        /// Which intent.
        ids: IntentIds<'a>,
        /// Of its payload.
        fingerprint: Fingerprint,
        /// What was decided then.
        of: Prior,
    },
    /// Its key was decided before, with another payload.
    Conflict {
        /// As decoded.
        intent: Intent<'a>,
        /// Of its payload.
        fingerprint: Fingerprint,
        /// What was decided then.
        of: Prior,
    },
    /// It was refused.
    Rejected {
        /// As decoded.
        intent: Intent<'a>,
        /// Its key.
        key: KeyId,
        /// Of its payload.
        fingerprint: Fingerprint,
        /// Every check that failed; the first is the reason. Never empty.
        failed_checks: Vec<FailedCheck>,
        /// The NEW that already took the order's identity.
        of: Option<Prior>,
        /// Each price that was looked at.
        references: Vec<Reference<'a>>,
        /// The account's state in the instrument, where both are known.
        after: Option<After>,
    },
    /// It became an order.
    Accepted {
        /// As decoded.
        intent: Intent<'a>,
        /// Its key.
        key: KeyId,
        /// The order that it is about.
        order_id: OrderId,
        /// Of its payload.
        fingerprint: Fingerprint,
        /// A replace to no more than is filled became a cancel of the balance.
        converted_to_cancel: bool,
        /// Each price that was looked at.
        references: Vec<Reference<'a>>,
        /// The account's state in the instrument.
        after: Option<After>,
    },
}

/// Which intent an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntentIds<'a> {
    /// FIX 1.
    pub account_id: Id<'a>,
    /// Who is responsible.
    pub strategy_id: Id<'a>,
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// The idempotency key within the account.
    pub intent_id: Id<'a>,
    /// The order's identity within the account.
    pub client_order_id: Id<'a>,
}

/// The entry that decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prior {
    /// Its number.
    pub seq: u64,
    /// What it said: accepted, or rejected for this reason.
    pub reason: Option<Reason>,
    /// Its order, if it became or changed one.
    pub order_id: Option<OrderId>,
}

impl Prior {
    /// What the deciding entry said.
    pub const fn verdict(self) -> Verdict {
        match self.reason {
            None => Verdict::Accepted,
            Some(_) => Verdict::Rejected,
        }
    }
}

/// A price that was looked at, stale or invalid ones too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// `SYMBOL.VENUE`.
    pub instrument_id: Id<'a>,
    /// The price.
    pub price: Decimal,
    /// Time of the market data.
    pub as_of: Time,
    /// Where it comes from.
    pub source: PriceSource,
    /// How far it can be trusted.
    pub quality: PriceQuality,
    /// Partition of `prices`.
    pub partition: i32,
    /// Offset in `prices`.
    pub offset: i64,
}

/// An account's state in one instrument, this entry included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// Signed.
    pub position: Decimal,
    /// What open buy orders may still add.
    pub reserved_buy_qty: Decimal,
    /// What open sell orders may still take.
    pub reserved_sell_qty: Decimal,
    /// Gross exposure, where it is measured.
    pub gross_notional: Option<Decimal>,
    /// The account's open orders, over all instruments.
    pub open_orders: i32,
}

/// An execution report was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionTaken<'a> {
    /// The record on `executions`.
    pub input: Input<'a>,
    /// What it said, or which bytes they were and what was wrong with them.
    pub report: Result<Execution<'a>, Unreadable<'a>>,
    /// Of a readable report that does not lie where its account belongs: which record it was.
    pub misplaced: Option<RawRecord<'a>>,
    /// What was odd about it.
    pub anomaly: Option<Anomaly>,
    /// For people: why it was not applied.
    pub detail: Option<Cow<'a, str>>,
    /// The account's state in the instrument, where both are known.
    pub after: Option<After>,
}

/// Bytes that are no record of their topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable<'a> {
    /// Which record it was.
    pub raw: RawRecord<'a>,
    /// What was wrong with the bytes.
    pub detail: Cow<'a, str>,
}

/// A control record was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlTaken<'a> {
    /// The record on `control`.
    pub input: Input<'a>,
    /// What it said, or which bytes they were and what was wrong with them.
    pub record: Result<ControlRecord<'a>, Unreadable<'a>>,
    /// What became of it here.
    pub result: ControlResult,
    /// For people: why it did not apply.
    pub detail: Option<Cow<'a, str>>,
}

/// An owed cancel was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedCancel<'a> {
    /// The record on `control` that owed it. Moves no cursor.
    pub input: Input<'a>,
    /// Whose order; `intent_id` is the command's id.
    pub ids: IntentIds<'a>,
    /// The account's state in the instrument.
    pub after: Option<After>,
}

/// An operator led the lane past a halt. The entry's `as_of` says where the inputs stand from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery<'a> {
    /// What was accepted.
    pub accepted: HaltCode,
    /// Why, in the operator's words.
    pub reason: Cow<'a, str>,
}

impl Body<'_> {
    /// The kind, as it stands in the record.
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Genesis(_) => EntryKind::Genesis,
            Self::LaneOpened(_) => EntryKind::LaneOpened,
            Self::Decision(_) => EntryKind::Decision,
            Self::Execution(_) => EntryKind::Execution,
            Self::Control(_) => EntryKind::Control,
            Self::OwedCancel(_) => EntryKind::OwedCancel,
            Self::Recovery(_) => EntryKind::Recovery,
        }
    }
}

impl Ruling<'_> {
    /// The verdict, as it stands in the record.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Malformed { .. } | Self::Misplaced { .. } => Verdict::Rejected,
            Self::Conflict { .. } | Self::Rejected { .. } => Verdict::Rejected,
            Self::Duplicate { .. } => Verdict::Duplicate,
            Self::Accepted { .. } => Verdict::Accepted,
        }
    }

    /// The reason of a rejection.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Malformed { .. } => Some(Reason::MalformedIntent),
            Self::Misplaced { .. } => Some(Reason::WrongPartition),
            Self::Conflict { .. } => Some(Reason::IdempotencyKeyConflict),
            Self::Rejected { failed_checks, .. } => failed_checks.first().map(|check| check.reason),
            Self::Duplicate { .. } | Self::Accepted { .. } => None,
        }
    }
}

impl<'a> Intent<'a> {
    /// Which intent this is.
    pub const fn ids(&self) -> IntentIds<'a> {
        IntentIds {
            account_id: self.account_id,
            strategy_id: self.strategy_id,
            instrument_id: self.instrument_id,
            intent_id: self.intent_id,
            client_order_id: self.client_order_id,
        }
    }

    /// Its key. A digest: whoever needs it twice keeps it.
    pub fn key(&self) -> KeyId {
        KeyId::of(self.account_id, self.intent_id)
    }

    /// The order that it is about, likewise.
    pub fn order_id(&self) -> OrderId {
        OrderId::of(self.account_id, self.client_order_id)
    }
}

impl IntentIds<'_> {
    /// The order that the intent is about.
    pub fn order_id(&self) -> OrderId {
        OrderId::of(self.account_id, self.client_order_id)
    }
}

super::saved::saved!(Cursors { intents, executions, control });
