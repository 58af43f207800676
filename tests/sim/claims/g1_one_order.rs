//! G1: at most one record on `orders` for a NEW; each accepted cancel or replace exactly once.

use std::collections::BTreeMap;

use onefill::core::entry::{Body, Entry, Ruling};
use onefill::core::intent::IntentType;

use super::must;
use crate::outside::{Lane, Outside};

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(lane)
}

fn lane(lane: &Lane) -> Result<(), String> {
    let at = |text: String| format!("orders[{}]: {text}", lane.partition);
    let (entries, orders) = (lane.entries()?, lane.orders()?);
    let mut versions = BTreeMap::new();
    for order in &orders {
        let before = versions.insert(order.order_id, order.order_version).unwrap_or(0);
        must(order.order_version == before + 1, || {
            at(format!("version {} of {} follows {before}", order.order_version, order.order_id))
        })?;
        must((order.command == IntentType::New) == (before == 0), || {
            at(format!("{} of {} is its {}th record", order.command, order.order_id, before + 1))
        })?;
    }
    let publishing: Vec<u64> =
        entries.iter().filter(|entry| publishes(entry)).map(|entry| entry.seq).collect();
    let published: Vec<u64> = orders.iter().map(|order| order.audit_seq).collect();
    must(publishing == published, || {
        let differs = publishing.iter().zip(&published).position(|(due, found)| due != found);
        at(format!(
            "{} entries publish, {} orders stand there; the first that differs: {differs:?}",
            publishing.len(),
            published.len()
        ))
    })
}

/// Whether an entry has an order.
pub fn publishes(entry: &Entry<'_>) -> bool {
    match &entry.body {
        Body::Decision(decision) => matches!(decision.ruling, Ruling::Accepted { .. }),
        Body::OwedCancel(_) => true,
        _ => false,
    }
}
