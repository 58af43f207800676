//! The ledger of a lane, recomputed from its entries by the contract alone, in exact fractions.
//!
//! Every entry is judged by what was true before it, then what it says is taken to have happened: one wrong verdict is
//! found once, and does not make all that follow wrong. [`walk()`] goes through a trail; `judge`, `early` and `risk` are
//! section 4 of the contract, `reports` section 7, `control` and `commands` section 8.

mod after;
mod applicable;
mod commands;
mod control;
mod early;
mod gross;
mod holdings;
mod judge;
mod limits;
mod orders;
mod prices;
mod published;
mod reports;
mod risk;
mod states;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{HashMap, HashSet};

use holdings::{Holdings, Whose};
use limits::{Instrument, Limits};
use orders::Order;
use reports::{Claim, Report, ReportId};
use states::States;
pub use walk::{Source, walk};

/// Everything that a lane's decisions depend on.
#[derive(Clone, Debug, Default)]
pub struct Model<'a> {
    partition: i32,
    lanes: i32,
    /// Of the entry that is looked at.
    seq: i64,
    clock: i64,
    settings: HashMap<String, i64>,
    limits_version: i64,
    instruments: HashMap<&'a str, Instrument<'a>>,
    limits: Limits<'a>,
    states: States,
    commands: HashSet<&'a str>,
    /// By order id.
    orders: HashMap<String, Order<'a>>,
    /// In order of acceptance.
    accepted: Vec<String>,
    holdings: Holdings<'a>,
    /// When NEW and REPLACE were accepted: by whose, and in what, `*` for all.
    pace: HashMap<(Whose, &'a str), Vec<i64>>,
    /// When an equal NEW was accepted last.
    twins: HashMap<String, i64>,
    reports: HashMap<ReportId<'a>, Report<'a>>,
    /// What a trade will be worth that was busted or corrected before it came.
    awaited: HashMap<ReportId<'a>, Claim<'a>>,
    /// Cancels that commands owe: the order, the command, and its offset.
    owed: Vec<(String, &'a str, i64)>,
}

impl<'a> Model<'a> {
    pub fn new(partition: i32, lanes: i32) -> Self {
        Self { partition, lanes, limits_version: -1, ..Self::default() }
    }

    fn setting(&self, name: &str) -> i64 {
        self.settings.get(name).copied().unwrap_or_default()
    }

    /// Changes an order, and all sums with it.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut Order<'a>)) {
        if let Some(order) = self.orders.get_mut(id) {
            self.holdings.reserve(order, -1);
            change(order);
            self.holdings.reserve(order, 1);
        }
    }

    fn is_placed_here(&self, account: &str) -> bool {
        let count = usize::try_from(self.lanes).unwrap_or_default();
        crate::identity::partition_of(account.as_bytes(), count) == self.partition
    }

    fn anomaly_holder(&self) -> String {
        format!("anomaly-{}-{}", self.partition, self.seq)
    }
}
