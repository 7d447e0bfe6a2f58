//! When to try again, and when to stop.

use crate::time::Timestamp;
use std::time::Duration;

/// The wait after the first failure; it doubles with each one.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// No wait is longer, unless a platform asks for it.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);
/// A command that could not be performed for so long is given up.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// An outcome that could not be proved for so long becomes `uncertain`.
pub const UNCERTAIN_AFTER: Duration = Duration::from_secs(10 * 60);
/// No outcome becomes `uncertain` before it was looked into so often: a server that was down is no proof.
pub const LOOKS_BEFORE_UNCERTAIN: u32 = 6;
/// The longest time that a platform may ask us to wait before we give up instead.
pub const LONGEST_BUSY: Duration = Duration::from_secs(60 * 60);

/// The time of the next try after `failures` in a row. `chance` from 0 to 255 spreads it over the
/// upper half of the wait, so that what failed together does not return together.
pub fn next_try(now: Timestamp, failures: u32, chance: u8) -> Timestamp {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let wait = doubled.min(LONGEST_WAIT);
    now + wait / 2 + (wait / 2).mul_f64(f64::from(chance) / 255.0)
}

/// The time of the next try where the platform named a wait.
pub fn after_busy(now: Timestamp, asked: Duration, chance: u8) -> Timestamp {
    let wait = asked.clamp(Duration::from_millis(100), LONGEST_BUSY);
    now + wait + Duration::from_millis(u64::from(chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_their_limit_and_never_vanish() {
        let now = Timestamp::from_micros(0);
        assert_eq!(next_try(now, 1, 255), now + FIRST_WAIT);
        assert_eq!(next_try(now, 1, 0), now + FIRST_WAIT / 2);
        assert_eq!(next_try(now, 60, 255), now + LONGEST_WAIT);
        assert!(next_try(now, 0, 0) > now);
    }
}
