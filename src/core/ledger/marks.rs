//! A bit for each of many rows, which have a number for as long as they are there.

extern crate alloc;

use alloc::collections::VecDeque;

const BITS: usize = u64::BITS as usize;

/// Which rows are marked. A copy is an eighth of a byte a row.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    words: VecDeque<u64>,
    /// The number of the first row whose bit is there, in words.
    first: usize,
}

impl Marks {
    /// Marks the row of this number.
    pub fn mark(&mut self, number: usize) {
        let place = number / BITS - self.first;
        if self.words.len() <= place {
            self.words.resize(place + 1, 0);
        }
        self.words[place] |= 1 << (number % BITS);
    }

    /// Whether it is marked.
    pub fn has(&self, number: usize) -> bool {
        let word = self.words.get(number / BITS - self.first);
        word.is_some_and(|word| word >> (number % BITS) & 1 == 1)
    }

    /// Rows before this one are no longer there.
    pub fn forget_before(&mut self, number: usize) {
        let gone = number / BITS - self.first;
        self.words.drain(..gone.min(self.words.len()));
        self.first += gone;
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_marked_by_their_numbers_and_forgotten_from_the_front() {
        let mut marks = Marks::default();
        let marked = |number: usize| number.is_multiple_of(7);
        (0..1000).filter(|number| marked(*number)).for_each(|number| marks.mark(number));
        for first in [0, 1, 63, 64, 200, 999] {
            marks.forget_before(first);
            assert!((first..1000).all(|number| marks.has(number) == marked(number)), "from {first} on");
        }
        // Behind all that are there.
        marks.forget_before(5000);
        assert_eq!((marks.has(5000), marks.bytes() > 0), (false, true));
        marks.mark(5001);
        assert!(marks.has(5001) && !marks.has(5000));
    }
}
