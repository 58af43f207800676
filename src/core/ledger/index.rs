//! From an id to the number of its row, five bytes each.
//!
//! The rows hold the ids; the index holds numbers only. It is cut into shards of different sizes, the largest
//! twice the smallest, so that they grow one after the other: no intent waits until ten million others are
//! moved, and the room that is not used yet stays the same part of the whole. It is never copied, hashed or written: it is
//! made anew from the rows.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// How many: one that is full holds some thousands of ten million.
const SHARDS: usize = 1024;

/// Rows that are sorted by shard at a time, when an index is made anew: 40 MB of them.
const SORTED: usize = 2_500_000;

/// Ids as they are digested: 128 bits.
pub type IdBytes = [u8; 16];

/// Where each id's row is.
#[derive(Debug, Default)]
pub struct Index {
    shards: Vec<HashTable<u32>>,
    /// Of its own, so that nobody can choose ids that collide.
    hasher: DefaultHashBuilder,
}

impl Index {
    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }

    /// The number under which this id's row is found: the one whose row has the id.
    pub fn find(&self, id: &IdBytes, id_of: impl Fn(u32) -> IdBytes) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        let shard = self.shards.get(shard_of(hash))?;
        shard.find(hash, |number| id_of(*number) == *id).copied()
    }

    /// Takes in a number whose id is not there yet.
    pub fn insert(&mut self, number: u32, id_of: impl Fn(u32) -> IdBytes) {
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, HashTable::new);
        }
        let hash = self.hasher.hash_one(id_of(number));
        let hasher = &self.hasher;
        self.shards[shard_of(hash)].insert_unique(hash, number, |it| hasher.hash_one(id_of(*it)));
    }

    /// Made anew of all rows. Sorted by shard first: of ten million random places in memory only some
    /// thousand are in use at a time then.
    pub fn of(rows: impl Iterator<Item = (u32, IdBytes)> + Clone, count: usize) -> Self {
        let mut index = Self::default();
        if count == 0 {
            return index;
        }
        let passes = count.div_ceil(SORTED).next_power_of_two().min(SHARDS);
        let width = SHARDS / passes;
        let mut by_shard: Vec<Vec<(u64, u32)>> = Vec::new();
        by_shard.resize_with(width, Vec::new);
        for from in (0..SHARDS).step_by(width) {
            for (number, id) in rows.clone() {
                let hash = index.hasher.hash_one(id);
                if let Some(hashed) = shard_of(hash).checked_sub(from).and_then(|it| by_shard.get_mut(it)) {
                    hashed.push((hash, number));
                }
            }
            for hashed in &mut by_shard {
                let mut shard = HashTable::with_capacity(hashed.len());
                for (hash, number) in hashed.drain(..) {
                    // Room for all is there: nothing is ever moved.
                    shard.insert_unique(hash, number, |_| unreachable!("there is room"));
                }
                index.shards.push(shard);
            }
        }
        index
    }
}

/// By neither the bits that a table looks at first nor those that it tells rows apart by. Of three ids two
/// go to any shard, and one to the later of two: the last shard gets twice as many as the first.
fn shard_of(hash: u64) -> usize {
    let any = (hash >> 20) as usize % SHARDS;
    let later = any.max((hash >> 30) as usize % SHARDS);
    if (hash >> 40 & 0xffff) % 3 < 2 { any } else { later }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> IdBytes {
        let mut id = [7; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        let mut grown = Index::default();
        assert_eq!(grown.find(&id(0), id), None);
        (0..5000).for_each(|number| grown.insert(number, id));
        let made = Index::of((0..5000).map(|number| (number, id(number))), 5000);
        for index in [&grown, &made] {
            assert!((0..5000).all(|number| index.find(&id(number), id) == Some(number)));
            assert!((5000..6000).all(|number| index.find(&id(number), id).is_none()));
        }
    }
}
