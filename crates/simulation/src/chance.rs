//! Chance out of a seed: the run's own, and what the engine is given.

use model::world::Random;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A source of chance. The same seed gives the same.
pub struct Chance(Mutex<ChaCha12Rng>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }

    fn source(&self) -> MutexGuard<'_, ChaCha12Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `limit`; 0 if there is none.
    pub fn below(&self, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        let number = self.source().next_u64() % limit as u64;
        usize::try_from(number).unwrap_or(0)
    }

    /// True once in `times`, on average.
    pub fn one_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the items, if there are any.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

impl Random for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        self.source().fill_bytes(bytes);
    }
}
