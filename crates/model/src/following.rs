//! News that a platform keeps in one line for an account, and how far they were read.
//!
//! Such a platform tells at most that there is something new. What it is stands in its line, which is read on from
//! a cursor; so nothing is lost while nobody is told, as long as the platform keeps that part of the line.

use crate::{
    customer::CustomerId,
    id::{ConnectionId, Cursor},
    retry,
    store::StoreError,
    time::{Timestamp, exact, exact_if_any},
};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often a line is looked at although the platform would tell of news.
pub const LOOK_ANYWAY: Duration = Duration::from_secs(10 * 60);
/// How long after it told of something it is looked at once more: of what happens within a moment, platforms tell the
/// first and drop the rest.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often the platform is asked anew to tell of news.
pub const WATCH_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands in a line after a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// A page of it, as the platform wrote it, to be kept and routed like a request; none if nothing is new.
    pub news: Option<Bytes>,
    /// Where the next page begins.
    pub next: Cursor,
    /// Whether there is more by now.
    pub more: bool,
}

/// How far a connection has read the line of its account, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// For which connection.
    pub connection_id: ConnectionId,
    /// Raised by one with every write; a write decided on an older one is refused.
    pub revision: u64,
    /// Where the next page begins; none where the platform no longer knew the place.
    pub cursor: Option<Cursor>,
    /// When the end of the line was last reached: what came before was read.
    #[serde(with = "exact")]
    pub reached_at: Timestamp,
    /// How long the platform tells of news; none where it does not.
    #[serde(with = "exact_if_any")]
    pub watched_until: Option<Timestamp>,
    /// When it is asked again to tell of them.
    #[serde(with = "exact")]
    pub watch_at: Timestamp,
    /// The platform told that there is something new since it was last read.
    #[serde(default)]
    pub told: bool,
    /// How often in a row reading broke off.
    pub failures: u32,
    /// When the next page is read.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
}

impl Following {
    /// Of a connection that is made now.
    pub fn new(customer_id: CustomerId, connection_id: ConnectionId, cursor: Cursor, now: Timestamp) -> Self {
        Self {
            customer_id,
            connection_id,
            revision: 1,
            cursor: Some(cursor),
            reached_at: now,
            watched_until: None,
            watch_at: now,
            told: false,
            failures: 0,
            due_at: now,
        }
    }

    /// Whether the platform tells of news by itself.
    pub fn is_watched(&self, now: Timestamp) -> bool {
        self.watched_until.is_some_and(|until| until > now)
    }

    /// A page was read that was asked for at a time. `poll` is how often it is looked where nobody tells.
    #[must_use]
    pub fn read(self, followed: &Followed, asked_at: Timestamp, poll: Duration) -> Self {
        let rest = match (followed.more, self.is_watched(asked_at)) {
            (true, _) => Duration::ZERO,
            (false, true) if self.told || followed.news.is_some() => LOOK_AGAIN,
            (false, true) => LOOK_ANYWAY,
            (false, false) => poll,
        };
        let reached_at = if followed.more { self.reached_at } else { asked_at };
        let (cursor, told, due_at) = (Some(followed.next.clone()), followed.more && self.told, asked_at + rest);
        Self { cursor, reached_at, told, failures: 0, due_at, ..self }
    }

    /// Reading broke off, and nothing is known of when to come again.
    #[must_use]
    pub fn broke_off(self, now: Timestamp, chance: u8) -> Self {
        let failures = self.failures + 1;
        Self { failures, due_at: retry::next_try(now, failures, chance), ..self }
    }
}

/// The part of a store that lines of news use.
#[async_trait]
pub trait Followings: Send + Sync {
    /// How far a connection has read its line.
    async fn following(&self, customer: &CustomerId, connection: ConnectionId)
    -> Result<Option<Following>, StoreError>;
    /// Those whose next page is due, those that wait longest first.
    async fn due_followings(&self, now: Timestamp, limit: usize) -> Result<Vec<Following>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::uuid_v7;

    const POLL: Duration = Duration::from_secs(15);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn followed(more: bool) -> Followed {
        Followed { news: None, next: Cursor("7".to_owned()), more }
    }

    #[test]
    fn a_line_is_read_to_its_end_and_then_looked_at_now_and_then() {
        let connection = uuid_v7(at(0), [0; 10]).into();
        let new = Following::new(CustomerId::new("ana").unwrap(), connection, Cursor("1".to_owned()), at(1));
        let on = new.clone().read(&followed(true), at(10), POLL);
        assert_eq!((on.due_at, on.reached_at, on.cursor.clone()), (at(10), at(1), Some(Cursor("7".to_owned()))));
        let end = on.read(&followed(false), at(20), POLL);
        assert_eq!((end.due_at, end.reached_at), (at(35), at(20)));
        let watched = Following { watched_until: Some(at(10_000)), ..end };
        assert_eq!(watched.clone().read(&followed(false), at(30), POLL).due_at, at(30) + LOOK_ANYWAY);
        assert_eq!(watched.read(&followed(false), at(10_000), POLL).due_at, at(10_015), "nobody tells any more");
    }

    /// A notice that comes within a second of another one is dropped, whatever it would have told.
    #[test]
    fn what_was_told_is_looked_at_once_more() {
        let connection = uuid_v7(at(0), [0; 10]).into();
        let new = Following::new(CustomerId::new("ana").unwrap(), connection, Cursor("1".to_owned()), at(1));
        let told = Following { watched_until: Some(at(10_000)), told: true, ..new };
        let begun = told.read(&followed(true), at(10), POLL);
        let read = begun.read(&followed(false), at(11), POLL);
        assert_eq!((read.due_at, read.told), (at(11) + LOOK_AGAIN, false));
        let news = Followed { news: Some(Bytes::from_static(b"{}")), ..followed(false) };
        let dropped = read.read(&news, at(13), POLL);
        assert_eq!(dropped.due_at, at(13) + LOOK_AGAIN, "there was something that nobody told");
        assert_eq!(dropped.read(&followed(false), at(15), POLL).due_at, at(15) + LOOK_ANYWAY);
    }

    #[test]
    fn what_broke_off_waits_longer_each_time() {
        let connection = uuid_v7(at(0), [0; 10]).into();
        let new = Following::new(CustomerId::new("ana").unwrap(), connection, Cursor("1".to_owned()), at(1));
        let once = new.broke_off(at(10), 0);
        let twice = once.clone().broke_off(at(10), 0);
        assert!(at(10) < once.due_at && once.due_at < twice.due_at, "{once:?} {twice:?}");
        assert_eq!(twice.read(&followed(false), at(100), POLL).failures, 0);
    }
}
