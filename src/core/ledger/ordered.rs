//! Rows that the open batch has staged, in the order in which they came: they are folded in as they lie.

use std::hash::{BuildHasher, Hash};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// A map that keeps the order in which its keys came first.
#[derive(Debug)]
pub struct Ordered<K, V> {
    rows: Vec<(K, V)>,
    /// Where each key's row lies.
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl<K: Eq + Hash, V> Ordered<K, V> {
    /// The row of a key.
    pub fn find(&self, key: &K) -> Option<&V> {
        self.place(key).map(|place| &self.rows[place].1)
    }

    /// The same, to change it.
    pub fn edit(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).map(|place| &mut self.rows[place].1)
    }

    fn place(&self, key: &K) -> Option<usize> {
        if self.rows.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, |place| self.rows[*place].0 == *key).copied()
    }

    /// Takes in a row; one of the same key is replaced where it lies.
    pub fn put(&mut self, key: K, row: V) {
        let Self { rows, index, hasher } = self;
        let hash_of = |place: &usize| hasher.hash_one(&rows[*place].0);
        match index.entry(hasher.hash_one(&key), |place| rows[*place].0 == key, hash_of) {
            Entry::Occupied(place) => rows[*place.get()].1 = row,
            Entry::Vacant(place) => {
                place.insert(rows.len());
                rows.push((key, row));
            }
        }
    }

    /// Takes all rows out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        self.index.clear();
        self.rows.drain(..)
    }

    /// Takes all rows out, sorted by this; of equal ones the order stays.
    pub fn drain_sorted<S: Ord>(&mut self, by: impl Fn(&V) -> S) -> impl Iterator<Item = (K, V)> {
        self.rows.sort_by_key(|(_, row)| by(row));
        self.drain()
    }

    /// Drops all rows.
    pub fn clear(&mut self) {
        self.index.clear();
        self.rows.clear();
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &(K, V)> {
        self.rows.iter()
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<(K, V)>() + self.index.allocation_size()
    }
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_the_order_of_their_keys_and_are_replaced_where_they_lie() {
        let mut rows = Ordered::default();
        for key in (0..1000).rev() {
            rows.put(key, 0);
            rows.put(key, key);
        }
        rows.put(500, 0);
        *rows.edit(&500).unwrap() = 7;
        assert_eq!(rows.edit(&1000), None);
        assert_eq!((rows.find(&500), rows.find(&999), rows.find(&1000)), (Some(&7), Some(&999), None));
        let due = (0..1000).rev().map(|key| (key, if key == 500 { 7 } else { key }));
        assert!(rows.drain().eq(due));
        assert_eq!((rows.find(&500), rows.rows().count()), (None, 0));
        [3, 1, 2, 1].into_iter().for_each(|key| rows.put(key, key / 2));
        assert!(rows.drain_sorted(|row| *row).eq([(1, 0), (3, 1), (2, 1)]));
        rows.put(1, 1);
        rows.clear();
        assert_eq!((rows.find(&1), rows.rows().count()), (None, 0));
    }
}
