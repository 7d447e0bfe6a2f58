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

/// Tokens are refreshed so long before they end, so that a platform may be away for a while.
pub const REFRESH_MARGIN: Duration = Duration::from_secs(2 * 60 * 60);

/// When tokens that end at `expires_at` are refreshed: a named margin before, or after half of a shorter life.
/// `chance` spreads it over a quarter of that, so that what was granted together does not return together.
pub fn refresh_at(now: Timestamp, expires_at: Timestamp, chance: u8) -> Timestamp {
    let margin = REFRESH_MARGIN.min(expires_at.since(now) / 2);
    expires_at - margin - (margin / 4).mul_f64(f64::from(chance) / 255.0)
}

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
    fn tokens_are_refreshed_well_before_they_end_and_not_in_a_circle() {
        let (now, hour) = (Timestamp::from_micros(0), Duration::from_secs(60 * 60));
        assert_eq!(refresh_at(now, now + hour * 12, 0), now + hour * 10);
        assert_eq!(refresh_at(now, now + hour * 12, 255), now + hour * 19 / 2);
        assert_eq!(refresh_at(now, now + hour, 0), now + hour / 2);
        assert!(refresh_at(now, now + hour, 255) > now + hour / 4);
        assert_eq!(refresh_at(now, now - hour, 9), now - hour, "what has ended is refreshed at once");
    }

    #[test]
    fn waits_grow_up_to_their_limit_and_never_vanish() {
        let now = Timestamp::from_micros(0);
        assert_eq!(next_try(now, 1, 255), now + FIRST_WAIT);
        assert_eq!(next_try(now, 1, 0), now + FIRST_WAIT / 2);
        assert_eq!(next_try(now, 60, 255), now + LONGEST_WAIT);
        assert!(next_try(now, 0, 0) > now);
    }
}
