//! Chance that repeats itself: what is rolled follows from what it is rolled for.

/// Rolls for one thing.
pub(crate) struct Dice(u64);

impl Dice {
    /// Those of the thing with that number among those of its kind.
    pub(crate) fn of(kind: &str, number: u64) -> Self {
        let kind = kind.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(kind ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// 64 random bits (splitmix64).
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// From 0 up to 1, which it never is.
    pub(crate) fn part(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether it happens, of `of` times once.
    pub(crate) fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// A rank below `end`: the first half as often again as the second, as in Zipf's law with exponent 1.
    pub(crate) fn rank(&mut self, end: u64) -> u64 {
        let rank = ((end as f64 + 1.0).ln() * self.part()).exp() as u64 - 1;
        rank.min(end - 1)
    }
}

/// Which of `end` has that rank: the popular are spread over all.
pub(crate) fn ranked(rank: u64, end: u64) -> u64 {
    // A prime above any `end`, so that each is hit once.
    (rank.wrapping_mul(982_451_653) + 7) % end
}
