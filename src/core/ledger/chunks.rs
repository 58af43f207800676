//! Rows in chunks that a copy shares until one of both changes them.
//!
//! A ledger of ten million keys is copied in a millisecond that way: its lane goes on, and whoever holds
//! the copy writes it to disk meanwhile. Nothing here locks or waits; a chunk that is shared is never
//! changed, but replaced by its own copy first.

extern crate alloc;

use alloc::collections::VecDeque;
// The pointer alone: what is behind it never changes while it is shared, so that nothing is synchronised.
use alloc::sync::Arc;

/// Rows that have a number for as long as they are there: appended at the end, forgotten from the front.
#[derive(Clone, Debug)]
pub struct Chunks<T, const ROWS: usize> {
    chunks: VecDeque<Arc<Vec<T>>>,
    /// The number of the first row that is there.
    first: usize,
    /// The number that the next row takes.
    next: usize,
}

impl<T, const ROWS: usize> Default for Chunks<T, ROWS> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), first: 0, next: 0 }
    }
}

impl<T: Clone, const ROWS: usize> Chunks<T, ROWS> {
    /// Appends a row; its number.
    pub fn push(&mut self, row: T) -> usize {
        if self.next.is_multiple_of(ROWS) || self.chunks.is_empty() {
            self.chunks.push_back(Arc::default());
        }
        let tail = Arc::make_mut(self.chunks.back_mut().expect("pushed just now, or before"));
        if tail.len() == tail.capacity() {
            // Twice as much each time, but never more than a chunk may hold.
            tail.reserve_exact(tail.len().max(4).min(ROWS - tail.len()));
        }
        tail.push(row);
        self.next += 1;
        self.next - 1
    }

    /// Appends rows.
    pub fn extend(&mut self, mut rows: &[T]) {
        while !rows.is_empty() {
            let room = ROWS - self.next % ROWS;
            if room == ROWS || self.chunks.is_empty() {
                self.chunks.push_back(Arc::new(Vec::with_capacity(room.min(rows.len()))));
            }
            let (now, later) = rows.split_at(room.min(rows.len()));
            let tail = self.chunks.back_mut().expect("pushed just now, or before");
            let tail = Arc::make_mut(tail);
            // More may come for this chunk, but never more than it may hold.
            tail.reserve_exact(now.len());
            tail.extend_from_slice(now);
            self.next += now.len();
            rows = later;
        }
    }

    fn place(&self, number: usize) -> (usize, usize) {
        assert!((self.first..self.next).contains(&number), "a row that is not there");
        (number / ROWS - self.first / ROWS, number % ROWS)
    }

    /// The row of this number.
    pub fn row(&self, number: usize) -> &T {
        let (chunk, place) = self.place(number);
        &self.chunks[chunk][place]
    }

    /// The same, to change it.
    pub fn edit(&mut self, number: usize) -> &mut T {
        let (chunk, place) = self.place(number);
        &mut Arc::make_mut(&mut self.chunks[chunk])[place]
    }

    /// Forgets the first row.
    pub fn forget_first(&mut self) {
        if self.first < self.next {
            self.first += 1;
            if self.first.is_multiple_of(ROWS) || self.first == self.next {
                self.chunks.pop_front();
                // An empty tail that was not full is begun anew.
                if self.first == self.next {
                    self.next = self.next.next_multiple_of(ROWS);
                    self.first = self.next;
                }
            }
        }
    }

    /// The numbers of the rows that are there.
    pub const fn numbers(&self) -> core::ops::Range<usize> {
        self.first..self.next
    }

    /// How many are there.
    pub const fn len(&self) -> usize {
        self.next - self.first
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        let rows: usize = self.chunks.iter().map(|chunk| chunk.capacity()).sum();
        rows * size_of::<T>() + self.chunks.capacity() * size_of::<Arc<Vec<T>>>()
    }

    /// The first row.
    pub fn first(&self) -> Option<&T> {
        (self.len() > 0).then(|| self.row(self.first))
    }

    /// The last row.
    pub fn last(&self) -> Option<&T> {
        self.next.checked_sub(1).filter(|_| self.len() > 0).map(|number| self.row(number))
    }

    /// All rows, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slices().flatten()
    }

    /// The same, a chunk at a time.
    pub fn slices(&self) -> impl Iterator<Item = &[T]> {
        let skipped = self.first % ROWS;
        let slices = self.chunks.iter().enumerate();
        slices.map(move |(index, chunk)| if index == 0 { &chunk[skipped..] } else { &chunk[..] })
    }

    /// The number of the first row that this does not hold of, where it holds of all before.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> usize {
        let (mut from, mut to) = (self.first, self.next);
        while from < to {
            let middle = from + (to - from) / 2;
            if holds(self.row(middle)) { from = middle + 1 } else { to = middle }
        }
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_was_made_of() {
        let mut rows: Chunks<u32, 4> = Chunks::default();
        (0..10).for_each(|row| assert_eq!(rows.push(row), row as usize));
        let copy = rows.clone();
        *rows.edit(1) = 100;
        rows.push(10);
        rows.forget_first();
        assert!(copy.iter().copied().eq(0..10));
        assert!(rows.iter().copied().eq([100, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        assert_eq!((rows.first(), rows.last(), rows.len()), (Some(&100), Some(&10), 10));
    }

    #[test]
    fn rows_are_forgotten_from_the_front_and_keep_their_numbers() {
        let mut rows: Chunks<usize, 4> = Chunks::default();
        for row in 0..100 {
            let number = rows.push(row);
            assert_eq!(*rows.row(number), row);
            if rows.len() > 6 {
                rows.forget_first();
            }
            let due: Vec<usize> = (row.saturating_sub(5)..=row).collect();
            assert!(rows.iter().copied().eq(due), "after {row}");
            assert_eq!(*rows.row(rows.partition_point(|one| *one < row)), row);
        }
        while rows.len() > 0 {
            rows.forget_first();
        }
        assert_eq!((rows.first(), rows.last(), rows.iter().count()), (None, None, 0));
        let number = rows.push(7);
        assert_eq!((*rows.row(number), rows.numbers()), (7, number..number + 1));
    }
}
