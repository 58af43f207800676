//! G2: exactly one entry decides a key; every later arrival names it.

use std::collections::BTreeMap;

use onefill::core::entry::{Body, Prior, Ruling};
use onefill::core::ids::Id;

use super::must;
use crate::outside::{Lane, Outside};

pub fn check(outside: &Outside) -> Result<(), String> {
    outside.lanes.iter().try_for_each(lane)
}

fn lane(lane: &Lane) -> Result<(), String> {
    let mut decided = BTreeMap::new();
    for entry in lane.entries()? {
        let Body::Decision(decision) = &entry.body else { continue };
        let at = |text: &str| format!("entry {} of {}: {text}", entry.seq, lane.partition);
        let named = |account: Id<'_>, key: Id<'_>| (account.to_string(), key.to_string());
        match &decision.ruling {
            Ruling::Malformed { .. } | Ruling::Misplaced { .. } => {}
            Ruling::Accepted { intent, .. } | Ruling::Rejected { intent, .. } => {
                let reason = decision.ruling.reason();
                let former = decided.insert(named(intent.account_id, intent.intent_id), (entry.seq, reason));
                must(former.is_none(), || at(&format!("decides a key that {former:?} decided")))?;
            }
            Ruling::Duplicate { ids, of, .. } => {
                same(decided.get(&named(ids.account_id, ids.intent_id)), of).map_err(|it| at(&it))?;
            }
            Ruling::Conflict { intent, of, .. } => {
                same(decided.get(&named(intent.account_id, intent.intent_id)), of).map_err(|it| at(&it))?;
            }
        }
    }
    Ok(())
}

fn same(decided: Option<&(u64, Option<onefill::core::verdict::Reason>)>, of: &Prior) -> Result<(), String> {
    must(decided == Some(&(of.seq, of.reason)), || format!("names {of:?}, decided by {decided:?}"))
}
