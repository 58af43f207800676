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

/// Rows that are sorted by shard at a time, when an index is made anew: 4 MB of them.
pub(super) const SORTED: usize = 1 << 18;

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

    /// Made anew of so many rows. Some of them are sorted by shard at a time: of all the random places in memory
    /// only those of one shard are in use then.
    pub fn of(numbers: impl Iterator<Item = u32>, count: usize, id_of: impl Fn(u32) -> IdBytes) -> Self {
        let mut index = Self::default();
        index.shards.extend((0..SHARDS).map(|shard| HashTable::with_capacity(due(shard, count))));
        let Self { shards, hasher } = &mut index;
        let hash_of = |number: &u32| hasher.hash_one(id_of(*number));
        let (mut numbers, mut by_shard) = (numbers.peekable(), vec![Vec::new(); SHARDS]);
        while numbers.peek().is_some() {
            for number in numbers.by_ref().take(SORTED) {
                let hash = hash_of(&number);
                by_shard[shard_of(hash)].push((hash, number));
            }
            for (shard, hashed) in shards.iter_mut().zip(&mut by_shard) {
                for (hash, number) in hashed.drain(..) {
                    shard.insert_unique(hash, number, hash_of);
                }
            }
        }
        index
    }
}

/// How many of so many ids go to a shard, about: the first gets two thirds of the mean, the last four.
const fn due(shard: usize, count: usize) -> usize {
    count / SHARDS * (2 * SHARDS + 2 * shard) / (3 * SHARDS)
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
        // More than are sorted at a time.
        let more = SORTED as u32 + 5000;
        for (index, count) in [(grown, 5000), (Index::of(0..more, more as usize, id), more)] {
            assert!((0..count).all(|number| index.find(&id(number), id) == Some(number)));
            assert!((count..count + 1000).all(|number| index.find(&id(number), id).is_none()));
        }
    }

    #[test]
    fn one_that_is_made_anew_takes_as_much_as_one_that_has_grown() {
        let mut grown = Index::default();
        for count in [1, 1000, 30_000, 100_000] {
            let had = grown.shards.iter().map(HashTable::len).sum::<usize>() as u32;
            (had..count).for_each(|number| grown.insert(number, id));
            let made = Index::of(0..count, count as usize, id);
            let part = made.bytes() * 100 / grown.bytes();
            // By chance some shards get fewer than there was room made for.
            assert!((90..=115).contains(&part), "{part} % for {count} rows");
        }
    }
}
