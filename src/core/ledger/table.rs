//! Rows in two layers: what is settled, and what the open batch has staged over it.
//!
//! Deciding reads through both, so that a batch sees its own effects. Nothing staged outlives the
//! batch: it is folded in once its transaction has committed, or dropped whole (`G7`).

use std::hash::Hash;

use hashbrown::{Equivalent, HashMap};

/// A map with a staged layer.
#[derive(Debug)]
pub struct Table<K, V> {
    settled: HashMap<K, V>,
    staged: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Table<K, V> {
    /// The row, as the open batch sees it.
    pub fn find<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        if !self.staged.is_empty()
            && let Some(row) = self.staged.get(key)
        {
            return Some(row);
        }
        self.settled.get(key)
    }

    /// Stages a row.
    pub fn put(&mut self, key: K, row: V) {
        self.staged.insert(key, row);
    }

    /// The staged copy of a row, made from the settled one, or from `fresh` where there is none.
    pub fn edit(&mut self, key: K, fresh: impl FnOnce() -> V) -> &mut V {
        let settled = &self.settled;
        self.staged.entry(key).or_insert_with_key(|key| settled.get(key).cloned().unwrap_or_else(fresh))
    }

    /// Removes a settled row.
    pub fn forget<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) {
        self.settled.remove(key);
    }

    /// Folds the staged rows in.
    pub fn settle(&mut self) {
        // One by one: most rows are there already, and need no room.
        for (key, row) in self.staged.drain() {
            self.settled.insert(key, row);
        }
    }

    /// Drops the staged rows.
    pub fn discard(&mut self) {
        self.staged.clear();
    }

    /// The rows as the open batch sees them, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &V)> {
        let covered = self.settled.iter().filter(|(key, _)| !self.staged.contains_key(*key));
        covered.chain(&self.staged)
    }

    /// The settled rows, in no order.
    pub fn settled(&self) -> impl Iterator<Item = (&K, &V)> {
        self.settled.iter()
    }

    /// A table of these settled rows.
    pub fn settled_of(rows: impl IntoIterator<Item = (K, V)>) -> Self {
        Self { settled: rows.into_iter().collect(), staged: HashMap::new() }
    }

    /// A table of the settled rows alone.
    pub fn frozen(&self) -> Self {
        Self { settled: self.settled.clone(), staged: HashMap::new() }
    }

    /// How many rows are settled.
    pub fn len(&self) -> usize {
        self.settled.len()
    }

    /// Whether no row is settled.
    pub fn is_empty(&self) -> bool {
        self.settled.is_empty()
    }

    /// Memory that both layers take, what rows hold elsewhere left out.
    pub fn bytes(&self) -> usize {
        self.settled.allocation_size() + self.staged.allocation_size()
    }

    /// Whether the open batch has staged anything.
    pub fn is_staged(&self) -> bool {
        !self.staged.is_empty()
    }
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { settled: HashMap::new(), staged: HashMap::new() }
    }
}

/// One value with a staged layer.
#[derive(Debug, Default)]
pub struct Staged<T> {
    settled: T,
    staged: Option<T>,
}

impl<T: Clone> Staged<T> {
    /// The value, as the open batch sees it.
    pub fn now(&self) -> &T {
        self.staged.as_ref().unwrap_or(&self.settled)
    }

    /// The value without the open batch.
    pub const fn settled(&self) -> &T {
        &self.settled
    }

    /// The settled value alone.
    pub fn frozen(&self) -> Self {
        Self { settled: self.settled.clone(), staged: None }
    }

    /// Of this settled value.
    pub const fn of(settled: T) -> Self {
        Self { settled, staged: None }
    }

    /// The staged copy.
    pub fn edit(&mut self) -> &mut T {
        let settled = &self.settled;
        self.staged.get_or_insert_with(|| settled.clone())
    }

    /// Folds the staged value in.
    pub fn settle(&mut self) {
        if let Some(staged) = self.staged.take() {
            self.settled = staged;
        }
    }

    /// Drops the staged value.
    pub fn discard(&mut self) {
        self.staged = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_sees_its_own_rows_and_a_discard_leaves_no_trace() {
        let mut table = Table::default();
        table.put("a", 1);
        table.settle();
        *table.edit("a", || 0) += 1;
        *table.edit("b", || 10) += 1;
        assert_eq!((table.find("a"), table.find("b")), (Some(&2), Some(&11)));
        table.discard();
        assert_eq!((table.find("a"), table.find("b")), (Some(&1), None));
        *table.edit("a", || 0) += 1;
        table.settle();
        assert_eq!((table.find("a"), table.is_staged(), table.len()), (Some(&2), false, 1));
    }
}
