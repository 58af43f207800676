//! Who looks on while the limits are compared: deciding wants the first refusal of each check,
//! explaining wants every number.
//!
//! Both see the same comparisons, made once, so that an explanation can never tell another story
//! than the verdict.

use crate::core::amount::Decimal;
use crate::core::control::Scope;
use crate::core::verdict::{FailedCheck, Reason};

/// What was allowed, and what was asked for or would have become; `None` where there is no such
/// number, or it has more digits than a decimal may have.
pub type Numbers = (Option<Decimal>, Option<Decimal>);

/// Somebody who is shown every comparison, of each check from the narrow scope to the wide.
pub trait Witness {
    /// Sees a comparison that `holds` or not. Its numbers are made only when they are asked for.
    fn see(&mut self, reason: Reason, scope: Option<Scope>, holds: bool, numbers: impl FnOnce() -> Numbers);

    /// Sees a check that failed before anything could be compared.
    fn see_failure(&mut self, failure: FailedCheck) {
        let FailedCheck { reason, scope, limit, observed } = failure;
        self.see(reason, scope, false, || (limit, observed));
    }
}

/// Of each check the first refusal.
#[derive(Debug, Default)]
pub struct Failures(pub Vec<FailedCheck>);

/// Everything that was compared.
#[derive(Debug, Default)]
pub struct Comparisons(pub Vec<Comparison>);

/// A limit, and what stood against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What would be the reason of a refusal.
    pub reason: Reason,
    /// Whose limit or state it is.
    pub scope: Option<Scope>,
    /// Whether it holds.
    pub holds: bool,
    /// What is allowed.
    pub limit: Option<Decimal>,
    /// What was asked for, or would have become.
    pub observed: Option<Decimal>,
}

impl Comparison {
    /// How much more would have been allowed; below zero, by how much it was too much. `None` where
    /// there are no such numbers.
    pub fn headroom(&self) -> Option<Decimal> {
        let (limit, observed) = self.limit.zip(self.observed)?;
        match self.reason {
            // The one number that must not be too small: how long ago an equal order was accepted.
            Reason::DuplicateOrderSuspected => observed.minus(limit),
            _ => limit.minus(observed),
        }
    }
}

impl Witness for Failures {
    fn see(&mut self, reason: Reason, scope: Option<Scope>, holds: bool, numbers: impl FnOnce() -> Numbers) {
        if holds || self.0.iter().any(|failure| failure.reason == reason) {
            return;
        }
        let (limit, observed) = numbers();
        self.0.push(FailedCheck { reason, scope, limit, observed });
    }
}

impl Witness for Comparisons {
    fn see(&mut self, reason: Reason, scope: Option<Scope>, holds: bool, numbers: impl FnOnce() -> Numbers) {
        let (limit, observed) = numbers();
        self.0.push(Comparison { reason, scope, holds, limit, observed });
    }
}
