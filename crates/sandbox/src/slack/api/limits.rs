//! The documented tiers of the Web API, counted per method and workspace over a sliding minute.

use std::collections::{BTreeMap, VecDeque};

const MINUTE_MICROS: i64 = 60_000_000;

/// Posting has a rule of its own: about one per second and channel, with short bursts.
const POSTS_WINDOW_MICROS: i64 = 10_000_000;
const POSTS_PER_WINDOW: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    Two,
    Three,
    Four,
    /// Hundreds per minute.
    Special,
    Posting,
}

#[derive(Debug, Default)]
pub struct Limits {
    calls: BTreeMap<String, VecDeque<i64>>,
}

impl Limits {
    /// Counts a call, or says after how many seconds to come again.
    pub fn pass(&mut self, tier: Tier, key: String, now_micros: i64) -> Result<(), u64> {
        let (most, window) = match tier {
            Tier::Two => (20, MINUTE_MICROS),
            Tier::Three => (50, MINUTE_MICROS),
            Tier::Four => (100, MINUTE_MICROS),
            Tier::Special => (600, MINUTE_MICROS),
            Tier::Posting => (POSTS_PER_WINDOW, POSTS_WINDOW_MICROS),
        };
        let calls = self.calls.entry(key).or_default();
        while calls.front().is_some_and(|first| first + window <= now_micros) {
            calls.pop_front();
        }
        if calls.len() >= most {
            let oldest = calls.front().copied().unwrap_or(now_micros);
            let micros = (oldest + window - now_micros).max(0);
            return Err(u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1));
        }
        calls.push_back(now_micros);
        Ok(())
    }
}
