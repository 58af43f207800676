//! The only source of chance: SplitMix64. One seed gives one run, on any machine.

use std::cell::Cell;

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Dice(Cell<u64>);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut mixed = self.0.get();
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `count`.
    pub fn below(&self, count: u64) -> u64 {
        assert!(count > 0, "nothing to choose from");
        self.next() % count
    }

    /// From `least` to `most`, both included.
    pub fn between(&self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1).unsigned_abs()) as i64
    }

    /// Whether something happens that happens so often in a thousand times.
    pub fn chance(&self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    pub fn pick<'t, T>(&self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len() as u64) as usize]
    }
}

#[test]
fn the_numbers_are_those_of_splitmix64() {
    // The first numbers of the reference implementation for this seed.
    let dice = Dice::new(1_234_567);
    let first: [u64; 3] = std::array::from_fn(|_| dice.next());
    assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}
