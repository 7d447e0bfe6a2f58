//! Where an emulator's time comes from: the system, or a test that decides what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time, as microseconds since 1970 in UTC.
pub trait Clock: Send + Sync {
    fn now_micros(&self) -> i64;
}

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_micros(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
