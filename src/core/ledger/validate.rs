//! What is true of every ledger, at any time, whatever has happened.
//!
//! Tests run this after every step. It recomputes by hand what the ledger carries along, so that a
//! sum that was forgotten on some path cannot hide.

use hashbrown::HashMap;

use super::Ledger;
use super::commands::Adjustment;
use super::holdings::{Holding, Reserve};
use super::limits::Target;
use super::names::Name;
use super::order::OrderRow;
use super::owner::Owner;
use super::report_index::ExecRow;
use crate::core::amount::Overflow;
use crate::core::bounds::Bounds;
use crate::core::ids::OrderId;
use crate::core::intent::Side;

impl Ledger {
    /// Every invariant, the open batch included.
    ///
    /// # Errors
    /// The first that does not hold, in words.
    pub fn validate(&self) -> Result<(), String> {
        for (order_id, row) in self.decided.orders() {
            self.validate_order(&row).map_err(|broken| format!("order {order_id}: {broken}"))?;
        }
        self.validate_sums()?;
        self.validate_open()?;
        self.validate_fills()?;
        self.validate_limits()?;
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
            (row.pending_terms.is_some() == row.pending_valuation.is_some(), "a replace without a valuation"),
            (terms_total == Some(Ok(quantity.total)), "its terms have another total than its quantities"),
            (row.version >= 1, "it was never published"),
            (row.accepted_seq < self.head().next_seq, "it was accepted by an entry to come"),
            (row.previous_intent_id.is_some() == (row.version > 1), "its chain of intents has a gap"),
        ])
    }

    /// Reservations and open orders are the sums over the orders: of the account, and of each strategy.
    fn validate_sums(&self) -> Result<(), String> {
        let mut sums: HashMap<(Owner, Name), Holding> = HashMap::new();
        let mut open: HashMap<Owner, i32> = HashMap::new();
        for (_, row) in self.decided.orders() {
            let reserve = Reserve::of(&row).map_err(|Overflow| "an order's worth does not fit")?;
            for owner in Owner::both(row.account, row.strategy) {
                let sum = sums.entry((owner, row.instrument)).or_default();
                let next = sum.reserving(row.side(), Reserve::default(), reserve);
                *sum = next.map_err(|Overflow| "a sum of reservations does not fit")?;
                *open.entry(owner).or_default() += i32::from(row.is_open());
            }
        }
        for (pair, holding) in self.holdings.rows() {
            let due = Holding { position: holding.position, ..sums.remove(pair).unwrap_or_default() };
            self.about(pair.0, *holding == due, "a reservation is not the sum over the orders")?;
        }
        for (owner, open_orders) in self.open_counts.rows() {
            let due = open.remove(owner).unwrap_or_default();
            self.about(*owner, *open_orders == due, "open orders are miscounted")?;
        }
        let nothing = sums.values().all(Holding::is_empty) && open.values().all(|due| *due == 0);
        all([(nothing, "an account with orders has no row")])
    }

    /// The index of open orders has just those, in order of acceptance.
    fn validate_open(&self) -> Result<(), String> {
        let open = self.decided.orders().filter(|(_, row)| row.is_open());
        let mut due: Vec<(u64, OrderId)> = open.map(|(id, row)| (row.accepted_seq, id)).collect();
        due.sort_unstable();
        let same = self.open_orders.iter().eq(due.into_iter().map(|(_, id)| id));
        all([(same, "the index of open orders has others")])
    }

    /// Positions and fills are the sums over the trades, as busts and corrections left them, and over
    /// what was adjusted by hand.
    fn validate_fills(&self) -> Result<(), String> {
        let mut positions: HashMap<(Owner, Name), i128> = HashMap::new();
        let mut fills: HashMap<OrderId, i128> = HashMap::new();
        let mut move_by = |account, strategy: Option<Name>, instrument, lots: i128| {
            let own = strategy.map(|strategy| Owner::strategy(account, strategy));
            for owner in std::iter::once(Owner::account(account)).chain(own) {
                *positions.entry((owner, instrument)).or_default() += lots;
            }
        };
        for row in self.executions.all(&self.decided) {
            let ExecRow::Trade { counted, .. } = row else { continue };
            let worth = i128::from(counted.worth.0);
            let signed = if counted.side == Side::Buy { worth } else { -worth };
            let order = counted.order_id.and_then(|id| self.order(id));
            move_by(counted.account, order.map(|order| order.strategy), counted.instrument, signed);
            if let Some(order_id) = counted.order_id {
                *fills.entry(order_id).or_default() += worth;
            }
        }
        for (_, adjustment) in self.commands.rows() {
            let Some(Adjustment { account, strategy, instrument, lots }) = *adjustment else { continue };
            move_by(account, strategy, instrument, i128::from(lots));
        }
        for (pair, holding) in self.holdings.rows() {
            let due = positions.remove(pair).unwrap_or_default();
            let same = i128::from(holding.position.0) == due;
            self.about(pair.0, same, "a position is not the sum of its trades and adjustments")?;
        }
        for (order_id, row) in self.decided.orders() {
            let due = fills.remove(&order_id).unwrap_or_default();
            let same = i128::from(row.quantity.filled.0) == due;
            self.about(Owner::account(row.account), same, "an order's fills are not its trades")?;
        }
        all([
            (positions.values().all(|due| *due == 0), "an account with trades has no row"),
            (fills.is_empty(), "a trade filled an order that is not there"),
        ])
    }

    /// Of each target the group has just the records that name it, and their strictest bounds.
    fn validate_limits(&self) -> Result<(), String> {
        let mut due: HashMap<Target, Bounds> = HashMap::new();
        let mut named: HashMap<Name, i32> = HashMap::new();
        for (_, row) in self.limits.rows() {
            due.entry(row.target).or_default().tighten(&row.bounds);
            if let Some(Owner { account, strategy: None }) = row.target.owner {
                *named.entry(account).or_default() += 1;
            }
        }
        let grouped =
            self.groups.rows().all(|(target, group)| due.remove(target).unwrap_or_default() == group.bounds);
        let counted = self
            .named_accounts
            .rows()
            .all(|(account, records)| named.remove(account).unwrap_or_default() == *records);
        all([
            (grouped && due.is_empty(), "limits in force are not those recorded"),
            (counted && named.is_empty(), "the accounts that limits name are miscounted"),
        ])
    }

    fn validate_keys(&self) -> Result<(), String> {
        let next_seq = self.head().next_seq;
        for row in self.decided.keys() {
            let found = row.order_id.is_none_or(|id| self.has_order(id));
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
        let published = head.published.as_ref().is_none_or(|last| {
            last.audit_seq < head.next_seq
                && last.decided_at <= head.decided_at
                && newest(last.order_id) == Some(last.order_version)
        });
        all([
            (published, "the last record on orders is not the last version of its order"),
            (
                head.published.is_some() == self.decided.orders().next().is_some(),
                "an order was never published",
            ),
            (self.opened().is_some() == (head.next_seq > 0), "there are entries before the first opening"),
        ])
    }

    fn about(&self, owner: Owner, holds: bool, broken: &str) -> Result<(), String> {
        if holds {
            return Ok(());
        }
        let strategy = owner.strategy.map(|strategy| format!(", strategy {}", self.text(strategy)));
        Err(format!("account {}{}: {broken}", self.text(owner.account), strategy.unwrap_or_default()))
    }
}

fn all<const N: usize>(claims: [(bool, &str); N]) -> Result<(), String> {
    match claims.into_iter().find(|(holds, _)| !holds) {
        Some((_, broken)) => Err(broken.to_owned()),
        None => Ok(()),
    }
}
