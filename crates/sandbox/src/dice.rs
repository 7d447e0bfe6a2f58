//! Chance out of a seed: the same seed throws the same numbers.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

pub struct Dice(ChaCha12Rng);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A number from 0 up to, not including, `limit`.
    pub fn below(&mut self, limit: i64) -> i64 {
        let limit = u64::try_from(limit).unwrap_or(0).max(1);
        i64::try_from(self.0.next_u64() % limit).unwrap_or(0)
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        // No throw where there is no chance, so that switching one kind of chaos on does not move the others.
        probability > 0.0 && (self.0.next_u64() >> 11) as f64 / ((1u64 << 53) as f64) < probability
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(i64::try_from(items.len()).unwrap_or(i64::MAX));
        items.get(usize::try_from(index).unwrap_or(0))
    }
}
