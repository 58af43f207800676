//! What must be true of the topics after every run: one file for each guarantee.

pub mod g1_one_order;
pub mod g2_one_verdict;
pub mod g3_nothing_lost;
pub mod g4_stop_when_in_doubt;
pub mod g5_no_limit_passed;
pub mod g6_no_quiet_rewriting;
pub mod g7_same_ledger;
pub mod halts;
pub mod liveness;

use crate::outside::Outside;

/// A claim's name, and what asks whether it holds.
pub type Claim = (&'static str, fn(&Outside) -> Result<(), String>);

/// The claims about topics alone. The chain comes first: it finds most, and the others lean on it.
pub const CLAIMS: [Claim; 7] = [
    ("G6 no quiet rewriting", g6_no_quiet_rewriting::check),
    ("G1 one order", g1_one_order::check),
    ("G2 one verdict", g2_one_verdict::check),
    ("G3 nothing lost", g3_nothing_lost::check),
    ("G4 stop when in doubt", g4_stop_when_in_doubt::check),
    ("G5 no limit passed", g5_no_limit_passed::check),
    ("G7 same inputs, same ledger", g7_same_ledger::check),
];

/// An error unless it holds.
pub fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
