//! On what a verdict stands: what was compared with what, and what would have let it pass.
//!
//! Everything is what the checks themselves say, asked again of the ledger right before the entry
//! and of the prices that the entry recorded.

use super::limits::{self, LimitLine};
use super::scopes::{self, StateLine};
use crate::core::amount::Decimal;
use crate::core::bounds::Bounds;
use crate::core::checks::witness::Comparison;
use crate::core::checks::{Question, pace, value};
use crate::core::decide::{compare, decide, question};
use crate::core::entry::{Body, Entry, Ruling};
use crate::core::intent::Intent;
use crate::core::ledger::Ledger;
use crate::core::nearest::{Change, nearest};
use crate::core::recompute::{arrival_of, prices_of};
use crate::core::time::Time;
use crate::core::verdict::FailedCheck;

/// What stood right before a deciding entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// Every comparison with a limit, of each check from the narrow scope to the wide.
    pub comparisons: Vec<Comparison>,
    /// The price that a collar measures, and from where.
    pub collar: Option<(Decimal, Decimal)>,
    /// The smallest change of a refused order that would have passed.
    pub nearest: Option<Change>,
    /// From when on the rates have room for one more; `None` for never.
    pub room_again: Option<Time>,
    /// Oldest intent that was taken; `None` for no bound.
    pub max_intent_age_ms: Option<i64>,
    /// Oldest price that was used; `None` for no bound.
    pub ref_max_age_ms: Option<i64>,
    /// Tick and lot of the instrument; `None` where it is not known.
    pub sizes: Option<(Decimal, Decimal)>,
    /// The trading states of all scopes of the intent, from narrow to wide.
    pub states: Vec<StateLine>,
    /// The limits that counted, from narrow to wide.
    pub limits: Vec<LimitLine>,
    /// Deciding it anew gives what the entry says.
    pub agrees: bool,
}

/// The grounds of an entry that decided an intent. The ledger stands right before it.
pub fn grounds(ledger: &Ledger, entry: &Entry<'_>) -> Option<Grounds> {
    let intent = super::explain::intent(&entry.body)?;
    let (prices, now, settings) = (prices_of(entry), entry.decided_at, ledger.settings());
    let asked = question(ledger, &prices, intent, now);
    let age = |of: fn(&Bounds) -> Option<i64>, default_ms: i64| {
        let set = asked.as_ref().and_then(|asked| asked.limits.strictest(of));
        set.or((default_ms > 0).then_some(default_ms))
    };
    let is_refused = matches!(&entry.body, Body::Decision(decision) if decision.ruling.reason().is_some());
    let account = intent.account_id.as_str();
    let levels = asked.iter().flat_map(|asked| asked.limits.levels());
    Some(Grounds {
        comparisons: compare(ledger, &prices, intent, now),
        collar: asked.as_ref().and_then(collared),
        nearest: is_refused.then(|| nearest(ledger, &prices, intent, now)).flatten(),
        room_again: asked.as_ref().and_then(pace::room_again),
        max_intent_age_ms: age(|bounds| bounds.max_intent_age_ms, settings.max_intent_age_ms),
        ref_max_age_ms: age(|bounds| bounds.ref_max_age_ms, settings.ref_max_age_ms),
        sizes: ledger.instrument(intent.instrument_id.as_str()).map(|it| (it.tick_size, it.lot_size)),
        states: states(ledger, intent),
        limits: limits::lines(ledger, account, levels),
        agrees: agrees(ledger, entry),
    })
}

fn collared(asked: &Question<'_, '_>) -> Option<(Decimal, Decimal)> {
    let held = asked.prices.find(asked.intent.instrument_id.as_str());
    value::collared(&asked.pricing().ok()?, held.map(|held| held.price))
}

fn states(ledger: &Ledger, intent: &Intent<'_>) -> Vec<StateLine> {
    let order = ledger.order(intent.order_id());
    let own = order.map(|order| ledger.text(order.strategy));
    let mut strategies = vec![intent.strategy_id.as_str()];
    strategies.extend(own.filter(|own| *own != intent.strategy_id.as_str()));
    scopes::of_order(ledger, intent.account_id.as_str(), &strategies, intent.instrument_id.as_str())
}

fn agrees(ledger: &Ledger, entry: &Entry<'_>) -> bool {
    let Some(arrival) = arrival_of(entry) else { return false };
    match (&entry.body, decide(ledger, &prices_of(entry), &arrival, entry.decided_at)) {
        (Body::Decision(recorded), Body::Decision(anew)) => said(&recorded.ruling) == said(&anew.ruling),
        _ => false,
    }
}

/// What a ruling says of its intent, but for what came of it.
fn said<'r>(ruling: &'r Ruling<'_>) -> (bool, &'r [FailedCheck]) {
    match ruling {
        Ruling::Rejected { failed_checks, .. } => (false, failed_checks),
        Ruling::Accepted { .. } => (true, &[]),
        Ruling::Malformed { .. } | Ruling::Misplaced { .. } => (false, &[]),
        Ruling::Duplicate { .. } | Ruling::Conflict { .. } => (false, &[]),
    }
}
