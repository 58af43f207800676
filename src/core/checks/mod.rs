//! The checks, one small file per family, in the order of the contract's table.
//!
//! A check looks at a [`Question`] and passes, or says what it compared with what. A missing fact
//! refuses; nothing passes by default.

pub mod increments;
pub mod numbers;
pub mod permission;
pub mod shape;
pub mod state;
pub mod time;

use super::ledger::Ledger;
use super::ledger::order::OrderRow;
use super::time::Time;
use super::verdict::FailedCheck;
use crate::core::intent::{Intent, IntentTerms};

/// What a check passes with, or is refused by.
pub type Checked<T = ()> = Result<T, FailedCheck>;

/// Everything that a check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q, 'a> {
    /// The state, the open batch included.
    pub ledger: &'q Ledger,
    /// What is asked for.
    pub intent: &'q Intent<'a>,
    /// The terms to judge: a NEW's own; of a REPLACE the order's, with what it gives in their place.
    pub terms: IntentTerms<'a>,
    /// The order that a REPLACE is about.
    pub replaced: Option<&'q OrderRow>,
    /// The time of the decision.
    pub now: Time,
}
