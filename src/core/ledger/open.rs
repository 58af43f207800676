//! The orders that may still be filled, in order of acceptance.

use std::collections::BTreeMap;

use super::ordered::Ordered;
use crate::core::ids::OrderId;

/// Open orders, by the entry that accepted them.
#[derive(Debug, Default)]
pub struct OpenOrders {
    settled: BTreeMap<u64, OrderId>,
    /// Whether each order that the batch touched is open.
    staged: Ordered<u64, (OrderId, bool)>,
}

impl OpenOrders {
    /// Stages whether an order is open.
    pub fn put(&mut self, accepted_seq: u64, order_id: OrderId, is_open: bool) {
        self.staged.put(accepted_seq, (order_id, is_open));
    }

    /// Those that are open, in order of acceptance.
    pub fn iter(&self) -> impl Iterator<Item = OrderId> {
        let settled = self.settled.iter().filter(|(seq, _)| self.staged.find(seq).is_none());
        let staged = self.staged.rows().filter(|(_, (_, is_open))| *is_open);
        // What a batch has touched may be older than what it has not.
        let mut open: Vec<_> = settled.map(|(seq, id)| (*seq, *id)).collect();
        open.extend(staged.map(|(seq, (id, _))| (*seq, *id)));
        open.sort_unstable_by_key(|(seq, _)| *seq);
        open.into_iter().map(|(_, id)| id)
    }

    /// The entries that accepted the settled ones, in order.
    pub fn seqs(&self) -> impl Iterator<Item = u64> {
        self.settled.keys().copied()
    }

    /// The settled ones alone.
    pub fn frozen(&self) -> Self {
        Self { settled: self.settled.clone(), staged: Ordered::default() }
    }

    /// How many are settled.
    pub fn len(&self) -> usize {
        self.settled.len()
    }

    /// Memory that they take, roughly: at least half of each node of an ordered map is in use.
    pub fn bytes(&self) -> usize {
        2 * self.settled.len() * size_of::<(u64, OrderId)>() + self.staged.bytes()
    }

    /// Folds the batch in.
    pub fn settle(&mut self) {
        for (seq, (order_id, is_open)) in self.staged.drain() {
            match is_open {
                true => self.settled.insert(seq, order_id),
                false => self.settled.remove(&seq),
            };
        }
    }

    /// Drops the batch.
    pub fn discard(&mut self) {
        self.staged.clear();
    }
}
