//! When a run that reads history should end.
//!
//! Platforms do not say how many messages a chat holds. So what is left is taken to be as dense as what was
//! read, and to come no faster than it did, nor than the platform's limits let it. An estimate, and said so.

use crate::time::Timestamp;
use std::time::Duration;

/// Nobody can tell what will be in so long.
const LONGEST: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);

/// How a run has gone so far. It reads the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// When its first page was asked for.
    pub started_at: Timestamp,
    /// The time by now.
    pub now: Timestamp,
    /// How many pages were read.
    pub pages: u64,
    /// When the newest message was written. Since then nobody wrote, which tells nothing of before.
    pub newest: Timestamp,
    /// Nothing newer is left to read.
    pub reached: Timestamp,
    /// Nothing older is wanted, or there.
    pub oldest: Timestamp,
    /// How long the platform's limits make one page last, with all who wait for the same.
    pub each: Duration,
}

impl Course {
    /// When it should end; none if nothing can be told.
    pub fn expected_end(&self) -> Option<Timestamp> {
        let (read, left) = (self.newest.since(self.reached), self.reached.since(self.oldest));
        if self.pages == 0 || read.is_zero() {
            return None;
        }
        let pages = (left.as_secs_f64() / read.as_secs_f64() * self.pages as f64).ceil();
        let measured = self.now.since(self.started_at).as_secs_f64() / self.pages as f64;
        let seconds = pages * measured.max(self.each.as_secs_f64());
        let lasts = Duration::try_from_secs_f64(seconds).ok().filter(|lasts| *lasts <= LONGEST)?;
        Some(self.now + lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(i64::try_from(seconds * 1_000_000).unwrap())
    }

    /// Ten pages of ten days were read in 20 seconds, in a chat that was silent for long.
    fn course() -> Course {
        let (started_at, newest) = (at(2_000 * DAY), at(1_000 * DAY));
        let each = Duration::from_secs(1);
        Course {
            started_at,
            now: started_at + 20 * each,
            pages: 10,
            newest,
            reached: at(990 * DAY),
            oldest: at(900 * DAY),
            each,
        }
    }

    #[test]
    fn what_is_left_takes_as_long_as_what_was_read_did() {
        let held = course();
        assert_eq!(held.expected_end(), Some(held.now + Duration::from_secs(180)));
        assert_eq!(Course { oldest: held.reached, ..held }.expected_end(), Some(held.now), "at its end");
    }

    #[test]
    fn what_is_left_comes_no_faster_than_the_platform_allows() {
        let held = Course { each: Duration::from_secs(60), ..course() };
        assert_eq!(held.expected_end(), Some(held.now + Duration::from_secs(90 * 60)));
    }

    #[test]
    fn nothing_is_said_where_nothing_can_be_told() {
        let held = course();
        assert_eq!(Course { pages: 0, ..held }.expected_end(), None);
        assert_eq!(Course { reached: held.newest, ..held }.expected_end(), None);
        let endless = Course { each: Duration::from_secs(400 * DAY), ..held };
        assert_eq!(endless.expected_end(), None, "later than anybody could tell");
    }
}
