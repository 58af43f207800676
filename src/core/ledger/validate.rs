//! What is true of every ledger, at any time, whatever has happened.
//!
//! Tests run this after every step. It recomputes by hand what the ledger carries along, so that a
//! sum that was forgotten on some path cannot hide.

use hashbrown::HashMap;

use super::names::Name;
use super::order::OrderRow;
use super::report_index::ExecRow;
use super::{Account, Holding, Ledger};
use crate::core::amount::Lots;
use crate::core::ids::OrderId;
use crate::core::intent::Side;

impl Ledger {
    /// Every invariant, the open batch included.
    ///
    /// # Errors
    /// The first that does not hold, in words.
    pub fn validate(&self) -> Result<(), String> {
        for (order_id, row) in self.orders.rows() {
            self.validate_order(row).map_err(|broken| format!("order {order_id}: {broken}"))?;
        }
        self.validate_sums()?;
        self.validate_fills()?;
        self.validate_keys()?;
        self.validate_head()
    }

    fn validate_order(&self, row: &OrderRow) -> Result<(), String> {
        let quantity = &row.quantity;
        let counts =
            [quantity.total, quantity.filled, quantity.leaves, quantity.pending_total.unwrap_or_default()];
        let due = match quantity.dead {
            true => 0,
            false => {
                quantity.leaves.0.max(quantity.pending_total.map_or(0, |total| total.0 - quantity.filled.0))
            }
        };
        let terms_total = self.instrument(self.text(row.instrument)).map(|it| it.lots(row.terms.order_qty));
        all([
            (counts.iter().all(|count| count.0 >= 0), "a quantity is below zero"),
            (quantity.reserved().0 == due.max(0), "it reserves another quantity than it may still fill"),
            (row.is_open() == (due > 0), "it is open without a reservation, or not open with one"),
            (quantity.pending_total.is_some() == row.pending_terms.is_some(), "half a replace is pending"),
            (terms_total == Some(Ok(quantity.total)), "its terms have another total than its quantities"),
            (row.version >= 1, "it was never published"),
            (row.accepted_seq < self.head().next_seq, "it was accepted by an entry to come"),
            (row.previous_intent_id.is_some() == (row.version > 1), "its chain of intents has a gap"),
        ])
    }

    /// Reservations and open orders are the sums over the orders.
    fn validate_sums(&self) -> Result<(), String> {
        let mut reserved: HashMap<(Name, Name), Holding> = HashMap::new();
        let mut open: HashMap<Name, i32> = HashMap::new();
        for (_, row) in self.orders.rows() {
            let holding = reserved.entry((row.account, row.instrument)).or_default();
            let sum = match row.side() {
                Side::Buy => &mut holding.reserved_buys,
                Side::Sell => &mut holding.reserved_sells,
            };
            sum.0 =
                sum.0.checked_add(row.quantity.reserved().0).ok_or("a sum of reservations does not fit")?;
            *open.entry(row.account).or_default() += i32::from(row.is_open());
        }
        for (pair, holding) in self.holdings.rows() {
            let due = reserved.remove(pair).unwrap_or_default();
            let same =
                (holding.reserved_buys, holding.reserved_sells) == (due.reserved_buys, due.reserved_sells);
            self.about(pair.0, same, "a reservation is not the sum over the orders")?;
        }
        for (account, Account { open_orders }) in self.accounts.rows() {
            let due = open.remove(account).unwrap_or_default();
            self.about(*account, *open_orders == due, "open orders are miscounted")?;
        }
        let nothing =
            reserved.values().all(|due| due.reserved_buys == Lots(0) && due.reserved_sells == Lots(0));
        all([(nothing && open.values().all(|due| *due == 0), "an account with orders has no row")])
    }

    /// Positions and fills are the sums over the trades, as busts and corrections left them.
    fn validate_fills(&self) -> Result<(), String> {
        let mut positions: HashMap<(Name, Name), i128> = HashMap::new();
        let mut fills: HashMap<OrderId, i128> = HashMap::new();
        for (_, row) in self.executions.rows() {
            let ExecRow::Trade { counted, .. } = row else { continue };
            let worth = i128::from(counted.worth.0);
            let signed = if counted.side == Side::Buy { worth } else { -worth };
            *positions.entry((counted.account, counted.instrument)).or_default() += signed;
            if let Some(order_id) = counted.order_id {
                *fills.entry(order_id).or_default() += worth;
            }
        }
        for (pair, holding) in self.holdings.rows() {
            let due = positions.remove(pair).unwrap_or_default();
            self.about(
                pair.0,
                i128::from(holding.position.0) == due,
                "a position is not the sum of its trades",
            )?;
        }
        for (order_id, row) in self.orders.rows() {
            let due = fills.remove(order_id).unwrap_or_default();
            self.about(
                row.account,
                i128::from(row.quantity.filled.0) == due,
                "an order's fills are not its trades",
            )?;
        }
        all([
            (positions.values().all(|due| *due == 0), "an account with trades has no row"),
            (fills.is_empty(), "a trade filled an order that is not there"),
        ])
    }

    fn validate_keys(&self) -> Result<(), String> {
        let next_seq = self.head().next_seq;
        for (_, row) in self.keys.rows() {
            let found = row.order_id.is_none_or(|id| self.order(id).is_some());
            all([
                (row.seq < next_seq, "a key was decided by an entry to come"),
                (found, "a key names an order that is not there"),
                (row.order_id.is_some() || row.reason.is_some(), "an accepted key has no order"),
            ])?;
        }
        Ok(())
    }

    fn validate_head(&self) -> Result<(), String> {
        let head = self.head();
        let newest = |id: OrderId| self.order(id).map(|row| row.version);
        let published = head.published.is_none_or(|last| {
            last.audit_seq < head.next_seq
                && last.decided_at <= head.decided_at
                && newest(last.order_id) == Some(last.order_version)
        });
        all([
            (published, "the last record on orders is not the last version of its order"),
            (head.published.is_some() == self.orders.rows().next().is_some(), "an order was never published"),
            (self.opened().is_some() == (head.next_seq > 0), "there are entries before the first opening"),
        ])
    }

    fn about(&self, account: Name, holds: bool, broken: &str) -> Result<(), String> {
        if holds { Ok(()) } else { Err(format!("account {}: {broken}", self.text(account))) }
    }
}

fn all<const N: usize>(claims: [(bool, &str); N]) -> Result<(), String> {
    match claims.into_iter().find(|(holds, _)| !holds) {
        Some((_, broken)) => Err(broken.to_owned()),
        None => Ok(()),
    }
}
