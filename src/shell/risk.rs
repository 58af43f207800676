//! What a lane's ledger says of limits and trading states, as `/status` shows it.

use serde::Serialize;

use crate::core::control::Scope;
use crate::core::ledger::Ledger;
use crate::core::ledger::states::TradingState;
use crate::core::ledger::usage::{LimitUse, Measured, Usage};
use crate::core::time::Time;

/// So many limits and so many states are shown of a lane: the tightest.
pub const ROWS_MAX: usize = 100;

/// Limits with what is used of them, and who may not trade.
#[derive(Clone, Debug, Serialize)]
pub struct RiskView {
    /// The limits of which the most is used, the tightest first.
    pub limits: Vec<LimitView>,
    /// How many others are in force.
    pub limits_left_out: usize,
    /// Every scope that is not ACTIVE, the strictest first.
    pub states: Vec<StateView>,
    /// How many other scopes are not ACTIVE.
    pub states_left_out: usize,
    /// Cancels that commands owe to orders that are still open.
    pub owed_cancels: usize,
    /// Of each of [`Measured`] the most that is used of any; `None` where none is set.
    #[serde(skip)]
    pub worst: [Option<f64>; Measured::ALL.len()],
    /// The strictest state of each of [`Scope`].
    #[serde(skip)]
    pub strictest: [TradingState; Scope::ALL.len()],
}

/// How much of one limit one account or strategy uses.
#[derive(Clone, Debug, Serialize)]
pub struct LimitView {
    /// Names the set of limits.
    pub limit_id: String,
    /// Whom the set is for.
    pub scope: &'static str,
    /// Who is measured.
    pub owner: String,
    /// What is measured.
    pub instrument_id: String,
    /// Which limit of the set.
    pub field: &'static str,
    /// Of `max_orders` its window.
    pub window_ms: Option<i64>,
    /// What is allowed.
    pub limit: String,
    /// What is used.
    pub used: Option<String>,
    /// Used of allowed.
    pub ratio: f64,
}

/// A scope that is not ACTIVE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StateView {
    /// What kind of scope.
    pub scope: &'static str,
    /// Which; empty for GLOBAL.
    pub scope_id: String,
    /// How strict.
    pub state: &'static str,
    /// The command or anomaly that holds it.
    pub holder: String,
}

impl RiskView {
    /// Of a ledger, now.
    pub fn of(ledger: &Ledger, now: Time) -> Self {
        let Usage { tightest, left_out, worst_ppm } = ledger.usage(now, ROWS_MAX);
        let mut restrictions: Vec<_> = ledger
            .restrictions()
            .map(|(key, row)| (std::cmp::Reverse(row.state), ledger.scope_text(key), &row.holder))
            .collect();
        restrictions.sort_unstable();
        let mut strictest = [TradingState::Active; Scope::ALL.len()];
        for (state, (scope, _), _) in &restrictions {
            let held = &mut strictest[scope.index()];
            *held = state.0.max(*held);
        }
        let states_left_out = restrictions.len().saturating_sub(ROWS_MAX);
        let states = restrictions.into_iter().take(ROWS_MAX).map(|(state, (scope, scope_id), holder)| {
            StateView { scope: scope.name(), scope_id, state: state.0.name(), holder: holder.to_string() }
        });
        Self {
            limits: tightest.into_iter().map(LimitView::of).collect(),
            limits_left_out: left_out,
            states: states.collect(),
            states_left_out,
            owed_cancels: ledger.owed_len(),
            worst: worst_ppm.map(|ppm| ppm.map(ratio)),
            strictest,
        }
    }
}

impl LimitView {
    fn of(one: LimitUse) -> Self {
        let LimitUse { limit_id, scope, owner, instrument_id, field, window_ms, limit, used, ppm } = one;
        Self {
            limit_id,
            scope: scope.name(),
            owner,
            instrument_id,
            field: field.name(),
            window_ms,
            limit: limit.to_string(),
            used: used.map(|used| used.to_string()),
            ratio: ratio(ppm),
        }
    }
}

fn ratio(ppm: u64) -> f64 {
    ppm as f64 / 1e6
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lane with one limit, half used, and one account that is halted.
    pub fn half_used() -> RiskView {
        let mut strictest = [TradingState::Active; Scope::ALL.len()];
        strictest[Scope::Account.index()] = TradingState::Halted;
        let text = str::to_owned;
        RiskView {
            limits: vec![LimitView {
                limit_id: text("DESK"),
                scope: Scope::Account.name(),
                owner: text("A1"),
                instrument_id: text("*"),
                field: Measured::OpenOrders.name(),
                window_ms: None,
                limit: text("4"),
                used: Some(text("2")),
                ratio: ratio(500_000),
            }],
            limits_left_out: 3,
            states: vec![StateView {
                scope: Scope::Account.name(),
                scope_id: text("A1"),
                state: TradingState::Halted.name(),
                holder: text("anomaly-3-7"),
            }],
            states_left_out: 0,
            owed_cancels: 1,
            worst: [None, None, Some(ratio(500_000)), None],
            strictest,
        }
    }
}
