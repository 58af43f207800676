//! Chance that can be repeated: the same seed throws the same numbers on every machine.

/// A generator of numbers, after `SplitMix64`. Good enough for a story, and for nothing secret.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Throws what this seed throws; `player` sets those apart who share a seed.
    pub const fn new(seed: u64, player: u64) -> Self {
        Self(seed ^ player.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// From `least` to below `bound`.
    pub fn between(&mut self, least: u64, bound: u64) -> u64 {
        assert!(least < bound, "there is something to choose from");
        least + self.next() % (bound - least)
    }

    /// Whether something happens that happens `percent` times of 100.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.between(0, 100) < percent
    }

    /// Whether something happens that happens `count` times of 1,000.
    pub fn per_mille(&mut self, count: u64) -> bool {
        self.between(0, 1_000) < count
    }

    /// One of these.
    pub fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.between(0, things.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_players_differ() {
        let throws = |seed, player| {
            let mut dice = Dice::new(seed, player);
            (0..20).map(|_| dice.between(5, 1_000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7, 1), throws(7, 1));
        assert_ne!(throws(7, 1), throws(7, 2));
        assert_ne!(throws(7, 1), throws(8, 1));
        assert!(throws(7, 1).iter().all(|throw| (5..1_000).contains(throw)));
    }
}
