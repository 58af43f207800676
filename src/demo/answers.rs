//! What strategies hear of their intents, from the audit trail, as `onefill submit --wait` does.
//!
//! It is what they act by; the report does not believe it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Fault;
use super::plan::{PARTITIONS, Plan};
use crate::core::entry::{Body, Ruling};
use crate::core::verdict::Reason;
use crate::shell::follow::Follower;
use crate::shell::submit::decoded;
use crate::wire::Schemas;

/// The verdicts that strategies could have heard of.
#[derive(Debug, Default)]
pub struct Answers {
    /// Orders that were decided about: their client order ids.
    decided: Mutex<HashSet<String>>,
    /// Intents that were refused.
    refused: AtomicU64,
    /// Of those, because of a halt.
    halted: AtomicU64,
}

impl Answers {
    /// Listens until `closed`.
    ///
    /// # Errors
    /// Kafka's, when the trail cannot be followed.
    pub fn listen(&self, plan: &Plan, closed: &AtomicBool) -> Result<(), Fault> {
        let (follower, schemas) = (Follower::open(&plan.config, PARTITIONS)?, Schemas::compiled());
        while !closed.load(Ordering::Relaxed) {
            let Some(record) = follower.next(Duration::from_millis(50)) else { continue };
            let verdict = decoded(&schemas, &record, |entry| match &entry.body {
                Body::Decision(decision) => match &decision.ruling {
                    ruling @ (Ruling::Accepted { intent, .. } | Ruling::Rejected { intent, .. }) => {
                        Some((intent.client_order_id.to_string(), ruling.reason()))
                    }
                    _ => None,
                },
                _ => None,
            });
            if let Some((client_order_id, reason)) = verdict {
                self.put(client_order_id, reason);
            }
        }
        Ok(())
    }

    /// An order of that identity was decided about: accepted, or refused for a reason.
    fn put(&self, client_order_id: String, reason: Option<Reason>) {
        let refused = reason.is_some();
        let halted = reason == Some(Reason::TradingHalted);
        self.refused.fetch_add(u64::from(refused), Ordering::Relaxed);
        self.halted.fetch_add(u64::from(halted), Ordering::Relaxed);
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).insert(client_order_id);
    }

    /// Whether a verdict on the order of that identity could be heard.
    pub fn hold(&self, client_order_id: &str) -> bool {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).contains(client_order_id)
    }

    /// Intents that were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Intents that were refused because of a halt.
    pub fn halted(&self) -> u64 {
        self.halted.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_answers_too_and_halts_are_counted() {
        let answers = Answers::default();
        for (order, reason) in
            [("a", None), ("b", Some(Reason::TradingHalted)), ("c", Some(Reason::PriceCollarBreached))]
        {
            answers.put(order.to_owned(), reason);
        }
        assert!(["a", "b", "c"].iter().all(|order| answers.hold(order)) && !answers.hold("d"));
        assert_eq!((answers.refused(), answers.halted()), (2, 1));
    }
}
