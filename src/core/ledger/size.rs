//! How much memory a ledger takes, for people who size machines: nothing is decided by it.

use super::Ledger;

impl Ledger {
    /// Memory that the tables take.
    pub fn bytes(&self) -> usize {
        let by_key = self.decided.bytes() + self.executions.bytes() + self.names.bytes();
        let by_owner = self.holdings.bytes() + self.spans.allocation_size() + self.open_counts.bytes();
        let limits = self.limits.bytes() + self.groups.bytes() + self.named_accounts.bytes();
        let commands = self.instruments.bytes() + self.states.bytes() + self.commands.bytes();
        let queues = self.open_orders.bytes() + self.owed.bytes() + self.windows.bytes();
        by_key + by_owner + limits + commands + queues
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ledger::Placement;

    #[test]
    fn a_ledger_that_knows_more_takes_more() {
        let mut ledger = Ledger::new(Placement { partition: 0, count: 1 });
        let empty = ledger.bytes();
        for index in 0..1_000 {
            ledger.names.intern(&format!("account-{index}"));
        }
        // A thousand texts of 10 to 11 bytes, twice each, and the tables over them.
        assert!((20_000..200_000).contains(&(ledger.bytes() - empty)), "{} {empty}", ledger.bytes());
    }
}
