//! Halts: deliberate stops of one lane, each with a code that an operator can look up.

use super::symbols::symbols;

symbols! {
    /// Why a lane stopped. `docs/halts/` has a page for each: what it means, what to do.
    pub enum HaltCode {
        /// A link, a number or a checkpoint does not match, or an entry is erased.
        ChainBroken = "CHAIN_BROKEN",
        /// Group offset and trail disagree, in either direction.
        CursorMismatch = "CURSOR_MISMATCH",
        /// `orders` and `audit` disagree at the tail.
        OutputMismatch = "OUTPUT_MISMATCH",
        /// Records after the cursor may be gone.
        InputLost = "INPUT_LOST",
        /// Partition count, topic id or group differs from the recorded one.
        TopologyChanged = "TOPOLOGY_CHANGED",
        /// The ledger's hash differs from the recorded one at equal rules.
        StateDiverged = "STATE_DIVERGED",
        /// The outcome of a transaction could not be settled although brokers answer.
        OutcomeUnresolved = "OUTCOME_UNRESOLVED",
        /// Fenced again and again although the lane was owned.
        Fenced = "FENCED",
        /// A topic is not as safe as required.
        UnsafeTopic = "UNSAFE_TOPIC",
        /// An entry cannot be decoded.
        AuditUnreadable = "AUDIT_UNREADABLE",
        /// The clock is behind the last entry.
        ClockUnsafe = "CLOCK_UNSAFE",
        /// The control topic is truncated, re-created or unreadable.
        ControlInvalid = "CONTROL_INVALID",
    }
}

/// A halt: its code, and what was found, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Halt {
    /// The code.
    pub code: HaltCode,
    /// What was found where, with the numbers that differ.
    pub detail: String,
}

impl Halt {
    /// A halt with this finding.
    pub fn new(code: HaltCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}
