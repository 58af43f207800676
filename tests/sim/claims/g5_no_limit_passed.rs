//! G5: right after any accept, every limit that was checked holds on the order's side, at worst-case fills.
//!
//! The sums are a second model's, added up anew from the trail alone.

use std::collections::BTreeMap;

use onefill::core::control::{ControlRecord, ControlResult, RiskLimit};
use onefill::core::entry::{Body, Entry, Ruling};
use onefill::core::intent::{Intent, IntentType, Side};

use super::must;
use crate::model::{Model, Order};
use crate::outside::{Lane, Outside};

/// Largest order, largest position, most open orders: of an account.
#[derive(Clone, Copy, Debug)]
struct Limits {
    order: i128,
    position: i128,
    open: usize,
}

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(lane)
}

fn lane(lane: &Lane) -> Result<(), String> {
    let (mut model, mut limits) = (Model::default(), BTreeMap::new());
    for entry in lane.entries()? {
        model.follow(&entry);
        match &entry.body {
            Body::Control(taken) if taken.result == ControlResult::Applied => {
                if let Ok(ControlRecord::RiskLimit(limit)) = &taken.record {
                    limits.insert(limit.scope_id.to_owned(), read(limit));
                }
            }
            Body::Decision(decision) => {
                if let Ruling::Accepted { intent, converted_to_cancel: false, .. } = &decision.ruling {
                    accepted(&model, &limits, &entry, intent)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read(limit: &RiskLimit<'_>) -> Limits {
    let whole = |number: Option<onefill::core::amount::Numeral<'_>>| {
        number.and_then(|number| number.to_string().parse().ok()).unwrap_or_default()
    };
    Limits {
        order: whole(limit.max_order_qty),
        position: whole(limit.max_long_qty),
        open: limit.max_open_orders.unwrap_or_default() as usize,
    }
}

fn accepted(
    model: &Model,
    limits: &BTreeMap<String, Limits>,
    entry: &Entry<'_>,
    intent: &Intent<'_>,
) -> Result<(), String> {
    if intent.intent_type == IntentType::Cancel {
        return Ok(());
    }
    let (account, instrument) = (intent.account_id.as_str(), intent.instrument_id.as_str());
    let limits = limits.get(account).ok_or_else(|| format!("entry {}: no limits", entry.seq))?;
    let order_id = onefill::core::ids::OrderId::of(intent.account_id, intent.client_order_id);
    let order = &model.orders[&order_id];
    let open = |of: &&Order| of.account == account && of.reserved() > 0;
    let side = |of: &&Order| open(of) && of.instrument == instrument && of.side == order.side;
    let reserved: i128 = model.orders.values().filter(side).map(Order::reserved).sum();
    let held = model.position(account, instrument) * if order.side == Side::Buy { 1 } else { -1 };
    let total = order.pending.unwrap_or(order.total);
    let at = |what: &str| format!("entry {}: {what} beyond {limits:?} of {account}", entry.seq);
    must(total <= limits.order, || at(&format!("an order of {total}")))?;
    // A replace may take no more, where what is held is beyond a limit that was lowered since.
    let adds = intent.intent_type == IntentType::New
        || order.pending.is_some_and(|it| it - order.filled > order.leaves);
    must(!adds || held + reserved <= limits.position, || {
        at(&format!("{held} held and {reserved} reserved"))
    })?;
    let count = model.orders.values().filter(open).count();
    must(intent.intent_type != IntentType::New || count <= limits.open, || {
        at(&format!("{count} open orders"))
    })
}
