//! From an id to the number of its row: five bytes each, nine where rows are numbered for ever.
//!
//! The rows hold the ids; the index holds numbers only. It is cut into shards of different sizes, the largest
//! twice the smallest, so that they grow one after the other: no intent waits until ten million others are
//! moved, and the room that is not used yet stays the same part of the whole. It is never copied, hashed or written: it is
//! made anew from the rows.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// How many: one that is full holds some thousands of ten million.
const SHARDS: usize = 1024;

/// Rows that are sorted by shard at a time, when an index is made anew of rows that all differ: 4 MB of them.
const SORTED: usize = 1 << 18;

/// Where each id's row is: ids of so many bytes, by default 128 bits of a digest.
#[derive(Debug)]
pub struct Index<Number = u32, const LEN: usize = 16> {
    shards: Vec<HashTable<Number>>,
    /// Of its own, so that nobody can choose ids that collide.
    hasher: DefaultHashBuilder,
}

impl<Number, const LEN: usize> Default for Index<Number, LEN> {
    fn default() -> Self {
        Self { shards: Vec::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<Number: Copy + Eq, const LEN: usize> Index<Number, LEN> {
    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(HashTable::allocation_size).sum()
    }

    /// The number under which this id's row is found: the one whose row has the id.
    pub fn find(&self, id: &[u8; LEN], id_of: impl Fn(Number) -> [u8; LEN]) -> Option<Number> {
        let hash = self.hasher.hash_one(id);
        let shard = self.shards.get(shard_of(hash))?;
        shard.find(hash, |number| id_of(*number) == *id).copied()
    }

    /// Takes in a number whose id is not there yet.
    pub fn insert(&mut self, number: Number, id_of: impl Fn(Number) -> [u8; LEN]) {
        let hash = self.hasher.hash_one(id_of(number));
        let hasher = &self.hasher;
        shard_in(&mut self.shards, hash).insert_unique(hash, number, |it| hasher.hash_one(id_of(*it)));
    }

    /// Takes in a number in place of another one of the same id, where there is one.
    pub fn replace(&mut self, number: Number, id_of: impl Fn(Number) -> [u8; LEN]) {
        let (id, hasher) = (id_of(number), &self.hasher);
        let hash = hasher.hash_one(id);
        let shard = shard_in(&mut self.shards, hash);
        match shard.entry(hash, |it| id_of(*it) == id, |it| hasher.hash_one(id_of(*it))) {
            Entry::Occupied(mut had) => *had.get_mut() = number,
            Entry::Vacant(place) => drop(place.insert(number)),
        }
    }

    /// Forgets a number, if its id is found under this one and no other.
    pub fn remove(&mut self, number: Number, id: &[u8; LEN]) {
        let hash = self.hasher.hash_one(id);
        let shard = self.shards.get_mut(shard_of(hash));
        if let Some(Ok(found)) = shard.map(|shard| shard.find_entry(hash, |it| *it == number)) {
            found.remove();
        }
    }

    /// Made anew of so many rows, each with an id of its own: none is compared with another.
    pub fn of(
        numbers: impl Iterator<Item = Number>,
        count: usize,
        id_of: impl Fn(Number) -> [u8; LEN],
    ) -> Self {
        let hasher = DefaultHashBuilder::default();
        let hash_of = |number: &Number| hasher.hash_one(id_of(*number));
        let mut shards: Vec<_> =
            (0..SHARDS).map(|shard| HashTable::with_capacity(due(shard, count))).collect();
        let (mut numbers, mut by_shard) = (numbers.peekable(), vec![Vec::new(); SHARDS]);
        while numbers.peek().is_some() {
            sort_by_shard(numbers.by_ref().take(SORTED), hash_of, &mut by_shard);
            for (shard, hashed) in shards.iter_mut().zip(&mut by_shard) {
                for (hash, number) in hashed.drain(..) {
                    shard.insert_unique(hash, number, hash_of);
                }
            }
        }
        Self { shards, hasher }
    }
}

/// Sorts numbers, with their hashes, by shard: of all the random places in memory only those of one shard are in use
/// when they are taken in.
fn sort_by_shard<Number>(
    numbers: impl Iterator<Item = Number>,
    hash_of: impl Fn(&Number) -> u64,
    by_shard: &mut [Vec<(u64, Number)>],
) {
    for number in numbers {
        let hash = hash_of(&number);
        by_shard[shard_of(hash)].push((hash, number));
    }
}

/// The shard of a hash. There are none before the first id comes.
fn shard_in<Number>(shards: &mut Vec<HashTable<Number>>, hash: u64) -> &mut HashTable<Number> {
    if shards.is_empty() {
        shards.resize_with(SHARDS, HashTable::new);
    }
    &mut shards[shard_of(hash)]
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

    fn id(number: u32) -> [u8; 16] {
        let mut id = [7; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        let mut grown = Index::default();
        assert_eq!(grown.find(&id(0), id), None);
        grown.remove(0, &id(0));
        (0..5000).for_each(|number| grown.insert(number, id));
        // More than are sorted at a time.
        let more = SORTED as u32 + 5000;
        for (index, count) in [(grown, 5000), (Index::of(0..more, more as usize, id), more)] {
            assert!((0..count).all(|number| index.find(&id(number), id) == Some(number)));
            assert!((count..count + 1000).all(|number| index.find(&id(number), id).is_none()));
        }
    }

    #[test]
    fn a_number_that_was_replaced_is_found_no_more_and_its_removal_forgets_no_other() {
        let again = |number: u32| id(number % 1000);
        let found = |index: &Index, number| index.find(&again(number), again);
        let mut index = Index::of(0..1000, 1000, again);
        index.replace(1011, again);
        assert_eq!((found(&index, 10), found(&index, 11)), (Some(10), Some(1011)));
        index.remove(11, &again(11));
        index.remove(10, &again(10));
        assert_eq!((found(&index, 10), found(&index, 11)), (None, Some(1011)));
        assert_eq!(index.shards.iter().map(HashTable::len).sum::<usize>(), 999);
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
